"""What a comparison of readings says, in one plain sentence, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradsim_core.findings.transfer.measures_words import p_words, short
from gradsim_core.findings.transfer.reading_stack import FACTORS
from gradsim_core.statistics.jackknife import what_is_left_out

_LONGEST = 300
_CHANCE = 0.05

LEVELS: Mapping[str, str] = {
    "none": "plain gradients", "adam": "scaled as Adam", "cosine_of_mean": "cosine of the mean",
    "mean_cosine": "mean of cosines", "raw": "raw", "noise_corrected": "noise-corrected",
    "centred": "centred", "all_but_top": "all but the top direction", "last": "at the end",
    "half": "at half of the training", "quarter": "at a quarter of the training",
    "lower": "lower layers", "higher": "higher layers", "all": "all blocks"}
FACTOR_TITLES: Mapping[str, str] = {
    "preconditioner": "Gradients", "reading": "Averaging", "correction": "Correction",
    "blocks": "Blocks", "snapshot": "Snapshot"}


def level_words(level: str) -> str:
    """A level of a factor as people read it; blocks keep their names."""
    return LEVELS.get(level, level)


def reading_words(one: Mapping[str, Any]) -> str:
    """A reading in a few words: what differs from the plain one.

    Examples
    --------
    >>> reading_words({"preconditioner": "none", "reading": "cosine_of_mean",
    ...                "correction": "centred", "blocks": "layer.2", "snapshot": "half"})
    'centred, layer.2, at half of the training'
    >>> reading_words({"preconditioner": "none", "reading": "cosine_of_mean",
    ...                "correction": "raw", "blocks": "layers", "snapshot": "last"})
    'raw, layers'
    """
    silent = ("none", "cosine_of_mean", "last")
    return ", ".join(level_words(one[factor]) for factor in FACTORS if one[factor] not in silent)


def verdict(content: Mapping[str, Any]) -> str:
    """Say in one sentence of at most 300 characters what choosing a reading is worth."""
    best, n = content["readings"][0], len(content["readings"])
    found = best["target_spearman"]
    if found["value"] is None:
        return f"Nothing can be said: none of {n} readings can be correlated with the scores."
    clear = found["p_corrected"] is not None and found["p_corrected"] <= _CHANCE
    start = (f"The highest of {n} readings ({reading_words(best)}) has a mean rank correlation of "
             f"{short(found['value'])}"
             + ("" if clear else ", which may be chance")
             + f" ({p_words(found['p_corrected'])} corrected for all)")
    clauses = [_choosing(content), _default(content)]
    for kept in (clauses, clauses[:1], []):
        text = "; ".join(filter(None, [start, *kept])) + "."
        if len(text) <= _LONGEST:
            return text
    return start[:_LONGEST]


def _choosing(content: Mapping[str, Any]) -> str:
    choice = content["choice"]
    if choice is None or choice["scored"]["mean"] is None:
        return (f"too few languages ({len(content['languages'])}) to choose on one half and score "
                "on the other")
    default = choice["fixed"].get("default", {}).get("mean")
    against = "" if default is None else f", the study's default {short(default)}"
    return (f"chosen on half of the languages, a reading has {short(choice['scored']['mean'])} on "
            f"the other half{against}")


def _default(content: Mapping[str, Any]) -> str:
    default = next((one for one in content["fixed"] if one["name"] == "default"), None)
    if default is None or default["target_spearman"]["value"] is None:
        return ""
    return (f"on all languages the default has {short(default['target_spearman']['value'])} "
            f"(rank {default['rank']})")


def method_sentences(content: Mapping[str, Any]) -> list[str]:
    """How the numbers were made, one sentence a choice."""
    draws, choice, scores = content["permutations"], content["choice"], content["scores"]
    n, n_read = len(content["languages"]), len(content["readings"])
    orders = (f"all {draws['count']:,} orders" if draws["exact"] else
              f"{draws['count']:,} random orders")
    halves = ("Choosing: not tried, because halves of fewer than "
              f"{content['fewest_languages']} languages rank nothing." if choice is None else
              f"Choosing: in {choice['halvings']:,} random halvings of the languages, the reading "
              "with the highest headline among the pairs of one half is scored on the pairs of the "
              "other, and the other way round. Halvings share languages, so their spread (the "
              "range of nine of ten) is no interval.")
    return [
        f"Readings: every combination of {', '.join(FACTOR_TITLES[one].lower() for one in FACTORS)}"
        f"; {n_read:,} of them have at least half of the pairs, {len(content['undefined']):,} have "
        "not and take no part.",
        f"Predicted: {scores['origin']}, {scores['split'] or 'unnamed'} rows of {n} languages, "
        f"mean of {len(scores['seeds'])} seed{'s' * (len(scores['seeds']) != 1)}. Readings scaled "
        "as Adam come from a second joint run; the scores stay the same.",
        "Headline: for each target, Spearman's correlation between how near every other language "
        "is and what it scores there; then the mean over targets. Pooled: Pearson's over all "
        "pairs, each target's mean taken out.",
        f"p: two-sided, by permuting the languages' labels, rows and columns together ({orders}), "
        "corrected for having looked at all readings by the maximum statistic of the same "
        "permutations.",
        f"Intervals: 95%, leaving out {what_is_left_out(n)} with all its pairs (jackknife); not "
        "corrected for their number.",
        halves,
        "One choice at a time: mean difference of readings that differ in this choice alone from "
        "the plain one (plain gradients, cosine of the mean, raw, all layers, at the end)."]
