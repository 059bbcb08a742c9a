"""The benchmark's training step in PyTorch: forward, GRPO's clipped loss, backward, clipping by the global norm, AdamW.

Reads a case (policy, batch, weights in `weights.bin` beside it, and what the lab found of its first step), takes the
same step, compares loss and gradient norm, then times further steps, as they are and under `torch.compile`. Prints one
JSON object. float32 throughout, TF32 off. Runs with PyTorch from 1.13 on. Used by torch.mjs.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time

TOLERANCE = 1e-3


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", help="case.json, with weights.bin beside it")
    parser.add_argument("--rounds", type=int, default=7, help="rounds that are timed (default 7)")
    parser.add_argument("--seconds", type=float, default=0.5, help="least length of a round (default 0.5)")
    parser.add_argument("--most-seconds", type=float, default=30, help="rounds end by then (default 30)")
    parser.add_argument("--threads", type=int, help="of the processor; else the faster of its own choice and all")
    parser.add_argument("--device", help="cuda or cpu; the GPU where there is one")
    given = parser.parse_args(argv)
    if given.rounds < 1:
        parser.error(f"--rounds: expected at least 1, got {given.rounds}")
    if not os.path.exists(given.case):
        parser.error(f"case: expected a file, got {given.case}")
    return given


def read_case(torch, path, device):
    with open(path, encoding="utf8") as file:
        case = json.load(file)
    with open(os.path.join(os.path.dirname(os.path.abspath(path)), "weights.bin"), "rb") as file:
        flat = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    weights, at = {}, 0
    for name, shape in case["shapes"]:
        size = math.prod(shape)
        weights[name] = flat[at : at + size].reshape(shape).clone().to(device).requires_grad_()
        at += size
    if at != len(flat):
        raise SystemExit(f"weights.bin: expected {at} values, got {len(flat)}")
    return case, weights


def attention(torch, q, k, v):
    """Causal; [rows, heads, length, size] each."""
    fused = getattr(torch.nn.functional, "scaled_dot_product_attention", None)
    if fused is not None:  # Since PyTorch 2.0.
        return fused(q, k, v, is_causal=True)
    length = q.shape[-2]
    later = torch.ones(length, length, dtype=torch.bool, device=q.device).triu(1)
    scores = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).masked_fill(later, -math.inf)
    return scores.softmax(-1) @ v


def loss_of(torch, config, weights, batch):
    """GRPO's clipped loss: the mean over all tokens of -min(ratio A, clip(ratio, 0.8, 1.2) A)."""
    functional = torch.nn.functional
    heads, kv_heads, size = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]

    def norm(x, weight):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + config["rms_norm_eps"]) * weight

    def turned(x):
        first, second = x.chunk(2, -1)
        return x * batch["cos"] + torch.cat((-second, first), -1) * batch["sin"]

    rows, length = batch["inputs"].shape
    x = functional.embedding(batch["inputs"], weights["model.embed_tokens.weight"])
    for layer in range(config["num_hidden_layers"]):

        def weight(name, layer=layer):
            return weights[f"model.layers.{layer}.{name}.weight"]

        h = norm(x, weight("input_layernorm"))
        q = functional.linear(h, weight("self_attn.q_proj")).view(rows, length, heads, size).transpose(1, 2)
        k = functional.linear(h, weight("self_attn.k_proj")).view(rows, length, kv_heads, size).transpose(1, 2)
        v = functional.linear(h, weight("self_attn.v_proj")).view(rows, length, kv_heads, size).transpose(1, 2)
        if kv_heads != heads:
            k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (k, v))
        attended = attention(torch, turned(q), turned(k), v)
        attended = attended.transpose(1, 2).reshape(rows, length, heads * size)
        x = x + functional.linear(attended, weight("self_attn.o_proj"))
        h = norm(x, weight("post_attention_layernorm"))
        inner = functional.silu(functional.linear(h, weight("mlp.gate_proj")))
        inner = inner * functional.linear(h, weight("mlp.up_proj"))
        x = x + functional.linear(inner, weight("mlp.down_proj"))
    head = weights["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"]
    logits = functional.linear(norm(x, weights["model.norm.weight"]), head)
    logp = torch.log_softmax(logits, -1).gather(-1, batch["targets"].unsqueeze(-1)).squeeze(-1)
    ratio = (logp - batch["old"]).exp()
    advantages = batch["advantages"].unsqueeze(-1)
    return -torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean()


def batch_of(torch, case, device):
    tokens = torch.tensor(case["tokens"], device=device)
    config = case["config"]
    size, length = config["head_dim"], tokens.shape[1] - 1
    frequency = config["rope_theta"] ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * frequency[None, :]
    angles = torch.cat((angles, angles), -1)
    return {
        "inputs": tokens[:, :-1].contiguous(),
        "targets": tokens[:, 1:].contiguous(),
        "old": torch.tensor(case["old_logps"], device=device),
        "advantages": torch.tensor(case["advantages"], device=device),
        "cos": angles.cos().float().to(device),
        "sin": angles.sin().float().to(device),
    }


def main(argv):
    given = arguments(argv)
    import torch

    device = given.device or ("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_float32_matmul_precision("highest")
    if device == "cpu":
        threads = [given.threads] if given.threads else sorted({torch.get_num_threads(), len(os.sched_getaffinity(0))})
        torch.set_num_threads(threads[0])
    case, weights = read_case(torch, given.case, device)
    batch = batch_of(torch, case, device)
    settings = case["optimizer"]
    # As the lab has it: norm weights do not decay.
    groups = [
        {
            "params": [w for w in weights.values() if (w.dim() > 1) == decays],
            "weight_decay": settings["weight_decay"] if decays else 0.0,
        }
        for decays in (True, False)
    ]
    optimizer = torch.optim.AdamW(
        groups,
        lr=settings["learning_rate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        # One kernel for all tensors, since PyTorch 2.0.
        **({"fused": True} if device == "cuda" and int(torch.__version__.split(".")[0]) >= 2 else {}),
    )

    def step(loss_function):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_function(torch, case["config"], weights, batch)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(weights.values(), settings["max_grad_norm"])
        optimizer.step()
        return loss, norm

    def finish():
        if device == "cuda":
            torch.cuda.synchronize()

    def timed(loss_function):
        begin = time.perf_counter()
        for _ in range(4):  # Warms up, less often where a step takes long.
            start = time.perf_counter()
            step(loss_function)
            finish()
            once = time.perf_counter() - start
            if time.perf_counter() - begin > given.most_seconds / 4:
                break
        units = max(1, round(given.seconds / max(1e-6, once)))
        rounds = []
        begin = time.perf_counter()
        while len(rounds) < given.rounds and (not rounds or time.perf_counter() - begin < given.most_seconds):
            start = time.perf_counter()
            for _ in range(units):
                step(loss_function)
            finish()
            rounds.append((time.perf_counter() - start) / units)
        return statistics.median(rounds)

    loss, norm = (value.item() for value in step(loss_of))
    off = max(
        abs(loss - case["loss"]) / abs(case["loss"]),
        abs(norm - case["gradient_norm"]) / case["gradient_norm"],
    )
    seconds = timed(loss_of)
    if device == "cpu":
        # All of a processor's threads may be slower than fewer, which wait for each other less.
        for count in threads[1:]:
            torch.set_num_threads(count)
            more = timed(loss_of)
            if more < seconds:
                seconds = more
            else:
                torch.set_num_threads(threads[0])
    if not hasattr(torch, "compile"):
        compiled, why = None, f"expected PyTorch 2.0 or newer, got {torch.__version__}"
    else:
        try:
            compiled, why = timed(torch.compile(loss_of)), None
        except Exception as error:  # A machine may have no compiler for it.
            compiled, why = None, str(error).splitlines()[0]
    print(
        json.dumps(
            {
                "device": torch.cuda.get_device_name() if device == "cuda" else device,
                "version": torch.__version__,
                "threads": torch.get_num_threads(),
                "seconds": seconds,
                "seconds_compiled": compiled,
                "not_compiled": why,
                "loss_agrees": off <= TOLERANCE,
                "difference": off,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
