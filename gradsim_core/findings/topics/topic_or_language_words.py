"""What `topic-or-language` says in words: verdict, crossover, and how it was found.

Conventions
-----------
In a block language or topic *leads* only where the 95% interval of the difference holds no zero.
A crossover is said only where the lead is clear on both sides: some block is led by the one, and
a block after it by the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradsim_core.data.rows import listing
from gradsim_core.experiments.comparison import side_of_zero
from gradsim_core.findings.topics.cell_comparison import RELIABLE
from gradsim_core.findings.transfer.measures_words import between, p_words, short
from gradsim_core.spreadsheet import plain_text
from gradsim_core.statistics.jackknife import what_is_left_out

_LONGEST = 300
_WHICH = {1: "same language", -1: "same topic"}
_CORRECTIONS = {
    "centred": "centred: relative to the mean over all cells", "raw": "raw",
    "noise_corrected": "free of noise cell by cell",
    "all_but_top": "centred, without the leading direction"}


def crossover(blocks: Sequence[Mapping[str, Any]]) -> str | None:
    """The first block in depth order that is led by the other one than a block before; or None."""
    leads = [(one["block"], side_of_zero(one["difference"]["interval"])) for one in blocks]
    clear = [(name, side) for name, side in leads if side]
    return next((name for (name, side), (_, before) in zip(clear[1:], clear, strict=False)
                 if side != before), None)


def statement(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Which leads in which blocks, in plain words."""
    if all(one["difference"]["interval"] is None for one in blocks):
        return "no block is decided: intervals take five languages, and every cell defined"
    sides = {one["block"]: side_of_zero(one["difference"]["interval"]) for one in blocks}
    led = {side: [name for name, own in sides.items() if own == side] for side in (1, -1)}
    if led[1] and led[-1]:
        first = next(side for side in sides.values() if side)
        return (f"{_WHICH[first]} leads in {_names(led[first])}, {_WHICH[-first]} in "
                f"{_names(led[-first])}")
    side = 1 if led[1] else -1
    if not led[side]:
        return "in no block is it clear which leads"
    if len(led[side]) == len(sides):
        least = min(blocks, key=lambda one: abs(one["difference"]["value"]))["block"]
        return f"{_WHICH[side]} leads in every block, least in {least}"
    return (f"{_WHICH[side]} leads in {len(led[side])} of {len(sides)} blocks "
            f"({_names(led[side])}), {_WHICH[-side]} in none")


def verdict(content: Mapping[str, Any]) -> str:
    """Say in at most 300 characters which matters more, where, and whether depth changes it."""
    whole = next(one for one in content["spans"] if one["block"] == "layers")
    apart, side = whole["difference"], side_of_zero(whole["difference"]["interval"])
    if apart["value"] is None:
        return "The cells' similarity is undefined in the layers: nothing can be compared."
    start = {1: "Same language matters more than same topic",
             -1: "Same topic matters more than same language",
             0: "Whether language or topic matters more is not clear"}[side]
    parts = [f"{start}: similarity {short(whole['within_language']['value'])} against "
             f"{short(whole['within_topic']['value'])} in the layers (difference "
             f"{short(apart['value'])}, {between(apart['interval'])}, {p_words(apart['p'])})",
             statement(content["blocks"]), trend_words(content["trend"]),
             *_otherwise(content, side)]
    while len(parts) > 1 and len("; ".join(parts)) >= _LONGEST:
        parts.pop()
    return plain_text("; ".join(parts) + ".", _LONGEST)


def _otherwise(content: Mapping[str, Any], side: int) -> list[str]:
    """Which other corrections, at the same step, say something else of all layers."""
    other = {one["correction"].replace("_", " "): side_of_zero(one["difference"]["interval"])
             for one in content["readings"] if one["step"] == content["reading"]["step"]}
    said = [(own, [name for name, one in other.items() if one == own])
            for own in (0, 1, -1) if own != side]
    return [f"{'not clear' if own == 0 else f'{_WHICH[own]} leads'} if read {' or '.join(names)}"
            for own, names in said if names]


def trend_words(trend: Mapping[str, Any]) -> str:
    """Whether the lead changes with depth."""
    if trend["slope"] is None or trend["p"] is None:
        return "no trend over depth can be told"
    clear = side_of_zero(trend["interval"]) and trend["p"] <= 0.05
    if not clear:
        return f"no clear trend over depth ({p_words(trend['p'])})"
    towards = "language" if trend["slope"] > 0 else "topic"
    return f"deeper blocks shift towards {towards} ({short(trend['slope'])}, {p_words(trend['p'])})"


def method_sentences(content: Mapping[str, Any]) -> list[str]:
    """How the cells were made, trained and compared."""
    plan, by_topic, read = content["plan"], content["by_topic"], content["reading"]
    n_languages, n_topics = len(content["languages"]), len(content["topics"])
    rows = min(cell["rows"] for cell in content["cells"])
    several = plan["permutations"]
    found = [
        f"{n_languages} languages x {n_topics} topics ({listing(content['topics'])}) are "
        f"{n_languages * n_topics} cells of {rows:,} training rows each"
        + (", with the same number of each label in every cell: otherwise shares of labels would "
           "pass for topic or language." if content["study"]["task"] == "sequence" else "."),
        f"One joint run on all cells (study {by_topic['signature']}, {by_topic['steps']:,} steps, "
        f"{by_topic['batch_size']} rows a cell and step); similarity of the cells' gradients at "
        f"step {read['step']:,}: {read['reading'].replace('_', ' ')}, "
        f"{_CORRECTIONS[read['correction']]}.",
        "Within language: one language, different topics. Within topic: one topic, different "
        "languages. Neither: both differ. Difference: within language minus within topic.",
        f"Intervals: 95%, from leaving out {what_is_left_out(n_languages)} with all its cells. "
        "Topics and "
        "the seed are taken as they are: nothing is said of other topics or another training.",
        f"p, {several:,} permutations: of language labels within each topic (language), of topic "
        "labels within each language (topic), and of the signs of the languages' own differences "
        "and slopes (difference, trend). p are not corrected for the number of blocks.",
        f"Trend: slope of the difference over {len(content['trend']['blocks'])} blocks of the "
        "encoder, from depth 0 to depth 1. The head stands outside it."]
    if any(one["corrected"] for one in content["blocks"]):
        found.append("Without noise: products between disjoint halves of the rows alone, as shares "
                     "of the cells' mean squared length; told where the cells' halves "
                     f"agree by {RELIABLE:.2f} or more.")
    return [*found, *by_topic["notes"]]


def _names(blocks: Sequence[str]) -> str:
    return listing(blocks, 80)
