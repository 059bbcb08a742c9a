#!/usr/bin/env python3
"""Puts this adapter on its policy with peft and compares both together with what MASA Lab computed.

Needs torch, transformers and peft (pip install torch transformers peft), and the Hugging Face folder of the same step
(--policy). The expected numbers in expected_logprobs.json are natural logarithms of the probability of each token
after the first, computed in float64 by the lab's own reference with the adapter merged into the weights.
Ends with exit code 0 when everything agrees, 1 when something differs, 2 when it cannot be compared.
"""

import argparse
import json
import sys
from pathlib import Path

READS_VERSION = 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", type=Path, required=True, help="folder of the policy, as lab export --hf writes it")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest absolute difference (default 1e-4)")
    arguments = parser.parse_args()

    expected = json.loads((arguments.folder / "expected_logprobs.json").read_text(encoding="utf-8"))
    if expected["version"] > READS_VERSION:
        print(
            f"expected_logprobs.json: expected version {READS_VERSION} or older, got {expected['version']}; "
            "use the check_adapter.py it came with",
            file=sys.stderr,
        )
        return 2
    try:
        import torch
        from peft import PeftModel
        from transformers import AutoModelForCausalLM
    except ImportError as error:
        print(f"check_adapter: expected torch, transformers and peft, got: {error}", file=sys.stderr)
        return 2

    model = AutoModelForCausalLM.from_pretrained(arguments.policy).float()
    model = PeftModel.from_pretrained(model, arguments.folder).eval()
    wrong = 0
    largest = 0.0
    for row in expected["rows"]:
        ids = row["ids"]
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
