"""MASA Lab's verifier and meta reward in the standard library alone, for engines that call Python.

The settings (vocabulary, form of predictions, reward variants) are read from settings.json beside this file; the file
is the same for every export. Functions with the signatures that engines document stand at the end:

  verl  compute_score(data_source, solution_str, ground_truth, extra_info=None)
        compute_score_batched(data_sources, solution_strs, ground_truths, extra_infos)
  TRL   solution_reward(prompts, completions, **columns), masa_reward(prompts, completions, **columns)

Texts are words of the vocabulary parted by spaces; a rollout is a list of words, EOS included when it was reached.
Source of the meta reward: MASA, arXiv 2510.03259, section 3.2.
"""

import json
from pathlib import Path

READS_VERSION = 1


def load_settings(path=None):
    """The settings of an export. A newer version than this file knows is refused."""
    path = Path(path) if path is not None else Path(__file__).resolve().parent / "settings.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    if settings["version"] > READS_VERSION:
        raise ValueError(
            f"{path}: expected version {READS_VERSION} or older, got {settings['version']}; "
            "use the masa_rewards.py it came with"
        )
    return settings


_settings = None


def settings_in_use():
    """Those of settings.json, read at the first call."""
    global _settings
    if _settings is None:
        _settings = load_settings()
    return _settings


# Rollouts


def is_meta(data_source):
    """Whether a row asks for a prediction instead of a solution."""
    return data_source.endswith("/meta")


def words_of_text(text, settings, limit):
    """The words of a decoded completion, with the end that decoding may have left out.

    Engines decode without special tokens, so EOS is not to be seen. A rollout ends by EOS or by its limit: one of fewer
    words than the limit had an EOS behind it, one of as many had none.
    """
    words = text.split()
    special = {settings["eos"], settings["bos"], settings["pad"]}
    if special.isdisjoint(words) and len(words) < limit:
        words.append(settings["eos"])
    return words


def verify(words, answer, settings):
    """1.0 when the last words are exactly ANS, the answer, EOS; else 0.0."""
    end = [settings["answer"], *answer, settings["eos"]]
    return 1.0 if len(words) >= len(end) and words[-len(end) :] == end else 0.0


def notions_in(words, settings):
    """The distinct notions of a rollout, in the order of the vocabulary."""
    return [notion for notion in settings["meta"]["notions"] if notion in words]


# Predictions


def _content(text, part, settings):
    """What follows a part's marker, up to the next marker or the end; None unless the marker is there exactly once."""
    markers = settings["meta"]["markers"]
    if text.count(markers[part]) != 1:
        return None
    content = []
    for word in text[text.index(markers[part]) + 1 :]:
        if word in markers.values():
            break
        content.append(word)
    return content


def _number(content, most):
    """A single digit from 0 to most; None for anything else."""
    if content is None or len(content) != 1 or content[0] not in list("0123456789"):
        return None
    value = int(content[0])
    return value if value <= most else None


def parse_meta(words, settings):
    """What a prediction says, each part None where it does not parse: notions, bucket, pass_count; and parsed, whether
    the whole output is exactly a prediction."""
    meta = settings["meta"]
    text = words[: words.index(settings["eos"])] if settings["eos"] in words else words
    notions = _content(text, "notions", settings)
    if notions is not None and not (
        1 <= len(notions) <= meta["max_notions"]
        and all(notion in meta["notions"] for notion in notions)
        and len(set(notions)) == len(notions)
    ):
        notions = None
    bucket = _number(_content(text, "length", settings), meta["last_bucket"])
    pass_count = _number(_content(text, "pass", settings), meta["pass_of"])
    parsed = False
    if notions is not None and bucket is not None and pass_count is not None:
        said = {"notions": notions, "length": [str(bucket)], "pass": [str(pass_count)]}
        whole = [word for part in meta["order"] for word in (meta["markers"][part], *said[part])]
        parsed = words == [*whole, settings["eos"]]
    return {"parsed": parsed, "notions": notions, "bucket": bucket, "pass_count": pass_count}


def group_truth(rollouts):
    """A group's rollouts, each {correct, length, notions}, as predictions are held against them."""
    if not rollouts:
        raise ValueError("group_truth: expected at least one rollout, got none")
    lengths = [rollout["length"] for rollout in rollouts if rollout["correct"]]
    return {
        "rollouts": rollouts,
        "lengths": lengths,
        "correct": len(lengths),
        "incorrect": len(rollouts) - len(lengths),
        "pass_rate": len(lengths) / len(rollouts),
    }


def length_reward(bucket, truth, settings):
    """r_length. strict: min(L+) < l < max(L+) for the middle l of the predicted bucket. closed: any length of the bucket
    lies in [min(L+) - tolerance, max(L+) + tolerance]. 0 where nothing was correct."""
    if bucket is None or truth["correct"] == 0:
        return 0.0
    meta, rewards = settings["meta"], settings["rewards"]
    shortest, longest = min(truth["lengths"]), max(truth["lengths"])
    low = bucket * meta["length_bucket"]
    if rewards["length"] == "strict":
        middle = low + (meta["length_bucket"] - 1) / 2
        return 1.0 if shortest < middle < longest else 0.0
    is_open = bucket == meta["last_bucket"]
    tolerance = rewards["length_tolerance"]
    reaches = is_open or low + meta["length_bucket"] - 1 >= shortest - tolerance
    return 1.0 if low <= longest + tolerance and reaches else 0.0


def difficulty_reward(pass_count, truth, settings):
    """r_difficulty. paper: 0.01^|d - k/n|. brier: 1 - (d - k/n)^2."""
    if pass_count is None:
        return 0.0
    error = abs(pass_count / settings["meta"]["pass_of"] - truth["pass_rate"])
    return 0.01**error if settings["rewards"]["pass_rate"] == "paper" else 1 - error * error


def notion_holds(notion, truth, comparison):
    """Whether more correct than incorrect rollouts have it. counts: by number; rates: by share of either side."""
    having = [rollout for rollout in truth["rollouts"] if notion in rollout["notions"]]
    in_correct = sum(1 for rollout in having if rollout["correct"])
    in_incorrect = len(having) - in_correct
    if comparison == "counts":
        return in_correct > in_incorrect
    return in_correct * max(1, truth["incorrect"]) > in_incorrect * max(1, truth["correct"])


def notion_reward(notions, problem, truth, settings):
    """r_notion: the share of the predicted notions that hold, those in the problem's own text left out."""
    counted = [notion for notion in notions or [] if notion not in problem]
    if not counted:
        return 0.0
    comparison = settings["rewards"]["notions"]
    return sum(1 for notion in counted if notion_holds(notion, truth, comparison)) / len(counted)


def meta_rewards(words, problem, truth, settings):
    """The three rewards of a prediction of a problem (its solution prompt's words) and their mean, meta."""
    prediction = parse_meta(words, settings)
    length = length_reward(prediction["bucket"], truth, settings)
    difficulty = difficulty_reward(prediction["pass_count"], truth, settings)
    notion = notion_reward(prediction["notions"], problem, truth, settings)
    return {"length": length, "difficulty": difficulty, "notion": notion, "meta": (length + difficulty + notion) / 3}


def solved(words, answer, settings):
    """A solution rollout as predictions are about it."""
    notions = notions_in(words, settings) if settings["meta"] else []
    return {"correct": verify(words, answer, settings) == 1.0, "length": len(words), "notions": notions}


# Whole batches


def score_batch(rows, settings):
    """Rewards of rows {data_source, words, ground_truth, problem}; problem names what solutions and predictions belong
    together. A prediction is held against the rollouts recorded in its ground truth, or, where there are none, against
    the solutions of its problem in the same batch."""
    groups = {}
    for row in rows:
        if not is_meta(row["data_source"]):
            rollout = solved(row["words"], row["ground_truth"].split(), settings)
            groups.setdefault(row["problem"], []).append(rollout)
    rewards = []
    for row in rows:
        if not is_meta(row["data_source"]):
            rewards.append(verify(row["words"], row["ground_truth"].split(), settings))
            continue
        rollouts = json.loads(row["ground_truth"])["rollouts"] or groups.get(row["problem"])
        if not rollouts:
            raise ValueError(
                f"score_batch: expected solution rollouts of \"{row['problem']}\" beside its predictions, got none; "
                "keep both rows of a problem in one batch, in their order"
            )
        scores = meta_rewards(row["words"], row["problem"].split(), group_truth(rollouts), settings)
        rewards.append(scores["meta"])
    return rewards


# verl


def _verl_row(data_source, solution_str, ground_truth, extra_info, settings):
    extra_info = extra_info or {}
    limit = extra_info.get("max_completion_length", settings["max_completion_length"])
    return {
        "data_source": data_source,
        "words": words_of_text(solution_str, settings, limit),
        "ground_truth": ground_truth,
        "problem": extra_info.get("problem", ""),
    }


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    """verl's custom reward function: the verifier's word on a solution, or the meta reward of a prediction."""
    return compute_score_batched([data_source], [solution_str], [ground_truth], [extra_info])[0]


def compute_score_batched(data_sources, solution_strs, ground_truths, extra_infos, **_):
    """The same for verl's reward manager `batch`, which hands over many rollouts at once."""
    settings = settings_in_use()
    rows = zip(data_sources, solution_strs, ground_truths, extra_infos)
    return score_batch([_verl_row(*row, settings) for row in rows], settings)


# TRL


def _trl_words(completion, ids, limit, settings):
    if ids is not None:
        words = [settings["words"][token] for token in ids]
        # What follows the end is padding.
        return words[: words.index(settings["eos"]) + 1] if settings["eos"] in words else words
    text = completion if isinstance(completion, str) else completion[-1]["content"]
    return words_of_text(text, settings, limit)


def masa_reward(prompts, completions, completion_ids=None, **columns):
    """TRL's reward function for solutions and predictions in one batch, by the columns of the exported problems."""
    settings = settings_in_use()
    rows = []
    for i, completion in enumerate(completions):
        extra_info = columns["extra_info"][i]
        limit = extra_info.get("max_completion_length", settings["max_completion_length"])
        rows.append(
            {
                "data_source": columns["data_source"][i],
                "words": _trl_words(completion, completion_ids[i] if completion_ids else None, limit, settings),
                "ground_truth": columns["reward_model"][i]["ground_truth"],
                "problem": extra_info["problem"],
            }
        )
    return score_batch(rows, settings)


def solution_reward(prompts, completions, completion_ids=None, **columns):
    """TRL's reward function for solutions alone; None, not applicable, for predictions."""
    settings = settings_in_use()
    rewards = []
    for i, completion in enumerate(completions):
        limit = columns["extra_info"][i].get("max_completion_length", settings["max_completion_length"])
        words = _trl_words(completion, completion_ids[i] if completion_ids else None, limit, settings)
        answer = columns["reward_model"][i]["ground_truth"].split()
        rewards.append(None if is_meta(columns["data_source"][i]) else verify(words, answer, settings))
    return rewards
