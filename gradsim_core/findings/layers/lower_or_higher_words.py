"""What `lower-or-higher` says in words: its verdict in one sentence, and how it was found.

Conventions
-----------
Shares are fractions of a block's variance in the content, percent in a sentence. A trend is called
clear only if its interval holds no zero *and* its p is at most 0.05: the interval answers for the
choice of languages, the p for a relation that is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradsim_core.spreadsheet import plain_text
from gradsim_core.statistics.jackknife import what_is_left_out

SIDE_WORDS = {"linguistic": "the languages", "task": "the task"}
_LONGEST = 300
_CHANCE = 0.05
_AGREEING = 1 / 3
"""Correlation of a measure's halves below which more than half of it is noise (Spearman-Brown)."""


def verdict(content: Mapping[str, Any]) -> str:
    """Say in at most 300 characters what the blocks follow, and whether depth changes it."""
    empty = [side for side, names in content["predictors"].items() if not names]
    if empty:
        return _nothing_to_compare(content, empty)
    trend, told = content["trend"], _told(content)
    if not told:
        return ("Nothing can be explained: in no block of the encoder are some pairs of languages "
                "more alike than others.")
    if trend["slope"] is None:
        only = ("the encoder has one block" if len(trend["blocks"]) == 1 else
                "one block alone tells pairs of languages apart")
        return plain_text(f"There is no depth to follow: {only}, in which {_shares(told[0])}.",
                          _LONGEST)
    between = ("no interval" if trend["interval"] is None else "95% interval " + " to ".join(
        _signed(end) for end in trend["interval"]))
    return plain_text(
        f"{_direction(trend)}: {_shares(told[0])}, {_shares(told[-1])}; over the depth linguistic "
        f"minus task changes by {_signed(trend['slope'])} points ({between}; "
        f"p = {trend['p']:.2g}).", _LONGEST)


def is_clear(trend: Mapping[str, Any]) -> bool:
    """Whether a trend is more than chance."""
    interval = trend["interval"]
    return (interval is not None and trend["p"] is not None and trend["p"] <= _CHANCE
            and (interval[0] > 0 or interval[1] < 0))


def method_sentences(content: Mapping[str, Any]) -> list[str]:
    """How the shares, their intervals and the trend were found."""
    plan, titles = content["plan"], content["titles"]
    sides = "; ".join(f"{side}: " + (", ".join(titles.get(name, name) for name in names) or "none")
                      for side, names in content["predictors"].items())
    treated = (" Similarity and measures are doubly centred: what a language has in common with "
               "all others is taken out of both." if plan["centred"] else "")
    read, several = content["reading"], content["permutations"]
    sentences = [
        f"The similarity of the languages' gradients ({read['reading'].replace('_', ' ')}, "
        f"{read['correction'].replace('_', ' ')}, step {read['step']}) in each block is regressed "
        f"on measures of two sides ({sides}).{treated}",
        "A share is a side's general dominance (the mean R² it adds, let in first and let in "
        "last), less its mean under permuted language labels; it is a fraction of the block's "
        "variance, and can be slightly negative.",
        f"p: {several:,} orders of the language labels, the same in every block. Intervals: 95%, "
        f"from leaving out {what_is_left_out(len(content['languages']))}, the same in every block."
        if several else "",
        f"Trend: slope of linguistic minus task share over {len(content['trend']['blocks'])} "
        "blocks of the encoder, from depth 0 to depth 1; clear if its interval holds no zero and "
        "p is at most 0.05. The head stands outside it.",
        *([f"What the measures say of these languages: {_spreads(content)}."]
          if content["measures"] else []),
        f"{len(content['languages'])} languages, {content['n_pairs']} pairs."]
    if content["unused"]:
        sentences.append("Left out: " + "; ".join(
            f"{titles.get(one['name'], one['name'])} ({one['reason'].rstrip('.')})"
            for one in content["unused"]) + ".")
    return [one for one in sentences if one]


def _spreads(content: Mapping[str, Any]) -> str:
    """Lowest and highest value of each measure; one whose halves disagree is mostly noise."""
    parts = []
    for name, one in content["measures"].items():
        halves, title = one["halves"], content["titles"].get(name, name)
        noise = "" if halves is None or halves >= _AGREEING else (
            f" (mostly noise: its two halves correlate at {halves:.2f})")
        parts.append(f"{title} {one['low']:.4g} to {one['high']:.4g}{noise}")
    return "; ".join(parts).replace("-", "−")


def _nothing_to_compare(content: Mapping[str, Any], empty: Sequence[str]) -> str:
    if len(empty) > 1:
        return plain_text("Nothing can be compared: no measure of the languages and none of the "
                          f"task can be used ({_reasons(content, empty)}).", _LONGEST)
    side, (other,) = empty[0], [one for one in SIDE_WORDS if one not in empty]
    start = (f"Nothing can be compared: no measure of {SIDE_WORDS[side]} can be used "
             f"({_reasons(content, empty)}).")
    told = _told(content)
    if not told:
        return plain_text(start, _LONGEST)
    first, last = told[0], told[-1]
    rest = (f" Measures of {SIDE_WORDS[other]} explain {_percent(first[other]['share'])} in "
            f"{first['block']}, {_percent(last[other]['share'])} in {last['block']}.")
    return plain_text(start if len(start + rest) > _LONGEST else start + rest, _LONGEST)


def _reasons(content: Mapping[str, Any], sides: Sequence[str]) -> str:
    titles = content["titles"]
    return "; ".join(f"{titles.get(one['name'], one['name'])}: {one['reason'].rstrip('.')}"
                     for one in content["unused"] if one["side"] in sides) or "none was asked for"


def _direction(trend: Mapping[str, Any]) -> str:
    if not is_clear(trend):
        return "No clear trend over depth"
    more, less = ("task", "language") if trend["slope"] < 0 else ("language", "task")
    return f"The higher the block, the more {more} and the less {less}"


def _told(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The encoder's blocks whose similarity varies, so that there is something to explain."""
    return [one for one in content["blocks"]
            if one["block"] in content["trend"]["blocks"] and one["total_r2"] is not None]


def _shares(block: Mapping[str, Any]) -> str:
    return (f"in {block['block']} linguistic measures explain "
            f"{_percent(block['linguistic']['share'])}, those of the task "
            f"{_percent(block['task']['share'])}")


def _percent(share: float) -> str:
    """A share in a sentence: one below half a percent is none."""
    whole = round(100 * share)
    return f"{whole}%" if whole > 0 else "nothing"


def _signed(value: float) -> str:
    whole = round(100 * value)
    return f"{whole:+d}".replace("-", "−") if whole else "0"
