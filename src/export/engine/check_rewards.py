#!/usr/bin/env python3
"""Compares masa_rewards.py with what MASA Lab computed for the 1,000 rollouts of rollouts.jsonl.

Needs Python's standard library alone. Each line is a problem with its solution rollouts and predictions, all of them as
ids, and what each earned: the verifier's word, and the three meta rewards and their mean under every variant of the
reward. Ends with exit code 0 when all agree to 1e-12, 1 when something differs.
"""

import argparse
import json
import sys
from pathlib import Path

import masa_rewards

TOLERANCE = 1e-12


class Checker:
    def __init__(self):
        self.compared = 0
        self.wrong = 0

    def equal(self, what, expected, got):
        self.compared += 1
        if not abs(expected - got) <= TOLERANCE:
            self.wrong += 1
            print(f"{what}: expected {expected!r}, got {got!r}")


def without_special_tokens(words, settings):
    return " ".join(word for word in words if word not in (settings["eos"], settings["bos"], settings["pad"]))


def is_seen_through(words, limit, settings):
    """Whether a rollout is as sampling makes them: ended by its first EOS or by the limit, no other special token."""
    special = (settings["eos"], settings["bos"], settings["pad"])
    ended = bool(words) and words[-1] == settings["eos"]
    inside = words[:-1] if ended else words
    return not any(word in special for word in inside) and (ended or len(words) == limit)


def check_group(group, settings, check):
    problem, answer, limit = group["problem"], group["answer"].split(), group["limit"]
    task = group["task"]
    settings = {**settings, "meta": {**settings["meta"], "order": group["order"]}}
    text = lambda ids: [settings["words"][token] for token in ids]
    info = {"problem": problem, "max_completion_length": limit}
    source = f"masa-lab/{task}/train"
    solutions = [text(rollout["ids"]) for rollout in group["solutions"]]
    for words, rollout in zip(solutions, group["solutions"]):
        check.equal(f"{problem}: verify({' '.join(words)})", rollout["reward"], masa_rewards.verify(words, answer, settings))
        if is_seen_through(words, limit, settings):
            text_seen = without_special_tokens(words, settings)
            got = masa_rewards.compute_score(source, text_seen, group["answer"], info)
            check.equal(f"{problem}: compute_score({text_seen})", rollout["reward"], got)
    truth = masa_rewards.group_truth([masa_rewards.solved(words, answer, settings) for words in solutions])
    predictions = [text(rollout["ids"]) for rollout in group["predictions"]]
    for words, rollout in zip(predictions, group["predictions"]):
        parsed = masa_rewards.parse_meta(words, settings)
        check.equal(f"{problem}: parsed({' '.join(words)})", rollout["parsed"], parsed["parsed"])
        for variant, expected in zip(group["variants"], rollout["rewards"]):
            varied = {**settings, "rewards": variant}
            got = masa_rewards.meta_rewards(words, problem.split(), truth, varied)
            for part, value in zip(("length", "difficulty", "notion", "meta"), expected):
                check.equal(f"{problem}: {part} of {' '.join(words)} under {variant}", value, got[part])
    # Solutions and predictions in one call, as TRL makes it, by the export's own variant of the reward.
    if group["order"] == masa_rewards.settings_in_use()["meta"]["order"] and settings["rewards"] in group["variants"]:
        place = group["variants"].index(settings["rewards"])
        rows = [(source, group["answer"], rollout["ids"]) for rollout in group["solutions"]]
        rows += [(f"masa-lab/{task}/meta", '{"rollouts": null}', rollout["ids"]) for rollout in group["predictions"]]
        got = masa_rewards.masa_reward(
            prompts=[problem] * len(rows),
            completions=[""] * len(rows),
            completion_ids=[ids for _, _, ids in rows],
            data_source=[data_source for data_source, _, _ in rows],
            reward_model=[{"style": "rule", "ground_truth": truth} for _, truth, _ in rows],
            extra_info=[info] * len(rows),
        )
        expected = [r["reward"] for r in group["solutions"]]
        # What follows an EOS is no part of a rollout to TRL, but is to the rollouts made wrong on purpose.
        whole = all(settings["eos"] not in words[:-1] for words in (*solutions, *predictions))
        if whole:
            expected += [r["rewards"][place][3] for r in group["predictions"]]
            for value, reward in zip(expected, got):
                check.equal(f"{problem}: masa_reward", value, reward)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    folder = Path(__file__).resolve().parent
    parser.add_argument("--rollouts", type=Path, default=folder / "rollouts.jsonl")
    arguments = parser.parse_args()
    settings = masa_rewards.settings_in_use()
    if settings["meta"] is None:
        print("check_rewards: expected a task that can be asked for predictions, got one that cannot", file=sys.stderr)
        return 1
    check = Checker()
    rollouts = 0
    for line in arguments.rollouts.read_text(encoding="utf-8").splitlines():
        group = json.loads(line)
        rollouts += len(group["solutions"]) + len(group["predictions"])
        check_group(group, settings, check)
    print(f"{rollouts} rollouts, {check.compared} comparisons, {check.wrong} wrong")
    return 1 if check.wrong or rollouts == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
