#!/usr/bin/env python3
"""Opens this folder with transformers and compares it with what MASA Lab computed.

Needs torch and transformers (pip install torch transformers). The expected numbers in expected_logprobs.json are
natural logarithms of the probability of each token after the first, computed in float64 by the lab's own reference.
Ends with exit code 0 when everything agrees, 1 when something differs, 2 when it cannot be compared.
"""

import argparse
import json
import sys
from pathlib import Path

READS_VERSION = 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest absolute difference (default 1e-4)")
    arguments = parser.parse_args()

    expected = json.loads((arguments.folder / "expected_logprobs.json").read_text(encoding="utf-8"))
    if expected["version"] > READS_VERSION:
        print(
            f"expected_logprobs.json: expected version {READS_VERSION} or older, got {expected['version']}; "
            "use the check_logprobs.py it came with",
            file=sys.stderr,
        )
        return 2
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        print(f"check_logprobs: expected torch and transformers, got: {error}", file=sys.stderr)
        return 2

    tokenizer = AutoTokenizer.from_pretrained(arguments.folder)
    model = AutoModelForCausalLM.from_pretrained(arguments.folder).float().eval()
    wrong = 0
    largest = 0.0
    for row in expected["rows"]:
        ids = tokenizer(row["text"]).input_ids
        if ids != row["ids"]:
            wrong += 1
            print(f"{row['text']}: expected the ids {row['ids']}, got {ids}")
            continue
        text = tokenizer.decode(ids)
        if text != row["text"]:
            wrong += 1
            print(f"expected the text {row['text']!r} back from its ids, got {text!r}")
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, :-1].double()
        logprobs = logits.log_softmax(-1).gather(-1, torch.tensor(ids[1:])[:, None])[:, 0]
        difference = (logprobs - torch.tensor(row["logprobs"], dtype=torch.float64)).abs().max().item()
        largest = max(largest, difference)
        if not difference <= arguments.tolerance:
            wrong += 1
            print(f"{row['text']}: log-probabilities differ by {difference:.3g}")
    print(f"{len(expected['rows'])} texts, largest difference {largest:.3g}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
