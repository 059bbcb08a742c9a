#!/usr/bin/env python3
"""Goes on with a run of MASA Lab by TRL's GRPOTrainer: accelerate launch train.py

Reads run.json (the run's settings as GRPOConfig), the problems, model/ and masa_rewards.py beside this file. Needs trl,
datasets and accelerate.
"""

import argparse
import json
import os
import sys
from pathlib import Path

READS_VERSION = 1


def batch_sizes(run, processes):
    """How a step's rollouts are shared out: a micro-batch is one problem with all that belongs to it, so that
    predictions are always rewarded beside the solutions they are about."""
    prompts = run["prompts_per_step"]
    if prompts % processes != 0:
        raise ValueError(f"train.py: expected a number of processes that divides {prompts} prompts a step, got {processes}")
    samples = run["grpo_config"]["num_generations_eval"]
    return {
        "per_device_train_batch_size": run["grpo_config"]["num_generations"] * run["rows_per_problem"],
        "gradient_accumulation_steps": prompts // processes,
        "per_device_eval_batch_size": samples * max(1, 256 // samples),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default=None, help="where checkpoints go (default: checkpoints/ here)")
    parser.add_argument("--vllm", action="store_true", help="generate with vLLM in the same processes")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    arguments = parser.parse_args()
    here = Path(__file__).resolve().parent
    run = json.loads((here / "run.json").read_text(encoding="utf-8"))
    if run["version"] > READS_VERSION:
        print(f"run.json: expected version {READS_VERSION} or older, got {run['version']}", file=sys.stderr)
        return 2
    sizes = batch_sizes(run, int(os.environ.get("WORLD_SIZE", "1")))

    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    import masa_rewards

    config = GRPOConfig(
        output_dir=arguments.output or str(here / "checkpoints"),
        **run["grpo_config"],
        **sizes,
        **({"use_vllm": True, "vllm_mode": "colocate"} if arguments.vllm else {}),
    )
    files = {"train": str(here / "train.parquet"), "held_out": str(here / "held_out.parquet")}
    # The problems are in the form of chats; what the policy reads is their text alone.
    problems = load_dataset("parquet", data_files=files).map(
        lambda row: {"prompt": row["prompt"][0]["content"]}, remove_columns=["prompt"]
    )
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(here / "model").float(),
        processing_class=AutoTokenizer.from_pretrained(here / "model"),
        reward_funcs=[masa_rewards.masa_reward],
        args=config,
        train_dataset=problems["train"],
        eval_dataset=problems["held_out"],
    )
    trainer.train(resume_from_checkpoint=arguments.resume or None)
    trainer.save_model()
    return 0


if __name__ == "__main__":
    sys.exit(main())
