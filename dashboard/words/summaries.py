"""What a picture says, in words and small tables, worked out from its numbers.

Conventions
-----------
Functions here are pure and return plain text; who shows it escapes it. Similarities and
reliabilities are shown with two decimals and a true minus sign; shares are fractions inside and
percent only in a sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.words.blocks import MODULE_WORDS, block_words, span_words
from gradsim_core import Certainty, Grouping, Similarity, Stability

LOW_RELIABILITY = {"cosine_of_mean": 0.5, "mean_cosine": 0.0}
"""Reading -> reliability below which a language is marked. Halves of single steps are noisy by
nature, so there only halves that disagree outright are marked."""

CORRECTION_WORDS = {"raw": "raw", "noise_corrected": "corrected for noise",
                    "centred": "centred on the mean language",
                    "all_but_top": "centred, without the leading direction"}
READING_WORDS = {"cosine_of_mean": "cosine of the gradients summed over training",
                 "mean_cosine": "mean over steps of each step's gradient cosine"}
_LAYER = re.compile(rf"\blayer\.\d+(?:\.(?:{'|'.join(MODULE_WORDS)}))?\b")
_BARE = re.compile(r"(?<![^\s(−])\.(?=\d)")


@dataclass(frozen=True)
class Neighbour:
    """Another language, as near to a chosen one as `similarity` says."""

    code: str
    similarity: float
    reliability: float


def number(value: float | None, digits: int = 2) -> str:
    """+0.31, −0.17, or "undefined"."""
    if value is None or not math.isfinite(value):
        return "undefined"
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")  # never −0.00


def coefficient(value: float | None) -> str:
    """A correlation as papers print it, with a zero and no plus: 0.31, −0.17, or "undefined"."""
    return number(value).lstrip("+")


def between(interval: Sequence[float]) -> str:
    """Both ends of an interval of a correlation."""
    low, high = interval
    return f"{coefficient(low)} to {coefficient(high)}"


def verdict_words(content: Mapping[str, Any]) -> str:
    """A finding's verdict, fractions and layers written as in the charts and tables below it.

    Examples
    --------
    >>> verdict_words({"verdict": "In layer.3 it is .47 (−.23 to .85, p < .001), v.2 has 0.1."})
    'In layer 3 it is 0.47 (−0.23 to 0.85, p < 0.001), v.2 has 0.1.'
    """
    said = _LAYER.sub(lambda found: block_words(found[0]), str(content["verdict"]))
    return _BARE.sub("0.", said)


def p_words(p: float | None) -> str:
    """p = 0.012, p < 0.001, or "p undefined"."""
    if p is None or not math.isfinite(p):
        return "p undefined"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def count(n: int, thing: str) -> str:
    """1 language, 12 languages."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def unreliable(found: Similarity) -> list[int]:
    """Positions of languages whose own halves agree too little to be trusted."""
    with np.errstate(invalid="ignore"):
        low = ~(found.reliability > LOW_RELIABILITY[found.reading])
    return [int(i) for i in np.flatnonzero(low)]


def branch_means(found: Similarity,
                 branches: Mapping[str, str | None]) -> tuple[float | None, float | None]:
    """Mean similarity of pairs of one branch, and of all other pairs.

    Returns
    -------
    tuple
        None where there is no such pair with a value; languages of unknown branch are left out.
    """
    own = np.array([branches.get(code) or "" for code in found.languages])
    known = np.isfinite(found.matrix) & np.triu((own[:, None] != "") & (own != ""), 1)
    same = own[:, None] == own
    return _mean(found.matrix[known & same]), _mean(found.matrix[known & ~same])


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def picture_sentence(found: Similarity, names: Mapping[str, str],
                     branches: Mapping[str, str | None]) -> str:
    """One or two sentences that say what the heatmap shows."""
    same, other = branch_means(found, branches)
    parts = []
    if same is not None and other is not None:
        parts.append(f"Pairs within a branch average {number(same)}, other pairs {number(other)}")
    else:
        parts.append(f"Two different languages average {number(found.mean_off_diagonal)}")
    known = [(float(r), code) for r, code in zip(found.reliability, found.languages, strict=True)
             if math.isfinite(r)]
    if known:
        lowest, code = min(known)
        mean = sum(r for r, _ in known) / len(known)
        parts.append(f"a language's two halves agree with reliability {mean:.2f} on average "
                     f"(lowest: {names.get(code, code)}, {number(lowest).lstrip('+')})")
    return "; ".join(parts) + "."


def method_lines(found: Similarity, signature: str, steps: int, limit: float,
                 order: str = "average linkage, optimal leaf order") -> tuple[str, str]:
    """How the picture was made: what was measured, and how it is drawn."""
    measured = (f"{READING_WORDS[found.reading].capitalize()}, "
                f"{CORRECTION_WORDS.get(found.correction, found.correction)}; blocks "
                f"{span_words(found.blocks)}; step {found.step} of {steps}")
    if unreliable(found):
        measured += f"; hatched: reliability up to {LOW_RELIABILITY[found.reading]:.1f}"
    drawn = (f"{len(found.languages)} languages; {order}; mean off the diagonal "
             f"{number(found.mean_off_diagonal)}; colours to ±{limit:.2f}, from the cells off "
             f"the diagonal; study {signature}")
    return measured, drawn


def neighbours(found: Similarity, code: str) -> list[Neighbour]:
    """The other languages, most similar first; those without a similarity are left out."""
    row = found.languages.index(code)
    rows = [Neighbour(other, float(found.matrix[row, i]), float(found.reliability[i]))
            for i, other in enumerate(found.languages)
            if i != row and math.isfinite(found.matrix[row, i])]
    return sorted(rows, key=lambda one: (-one.similarity, one.code))


def proof_sentence(made: Grouping) -> str:
    """How sure it is that no grouping under the same limits is better."""
    if made.proved:
        return "Proved optimal: under these limits no grouping scores higher."
    if made.gap is not None and made.gap <= 0.0005:
        return "It reaches the best possible score to three decimals."
    if made.gap is not None:
        return f"No grouping can score more than {made.gap:.3f} higher (bound {made.bound:.3f})."
    return "This strategy does not look for the best score, so there is no bound for it."


def ties_sentence(made: Grouping) -> str:
    """How many other groupings are as good to within 1%."""
    if made.near_ties is None:
        return "Near ties were not counted."
    if made.near_ties == 0:
        return "No other grouping comes within 1% of it."
    count = f"{'At least ' if made.near_ties_at_least else ''}{made.near_ties:,}"
    plural = "s score" if made.near_ties != 1 else " scores"
    return f"{count} other grouping{plural} within 1% of it."


def moved_members(groups: Sequence[Sequence[int]], other: Sequence[Sequence[int]]) -> list[int]:
    """Members that change company: fewest to move so that the groups become the others.

    Notes
    -----
    Groups are matched greedily by the size of their overlap, which can overstate the moves.
    """
    overlaps = sorted(((len(set(a) & set(b)), -i, -j) for i, a in enumerate(groups)
                       for j, b in enumerate(other)), reverse=True)
    matched: dict[int, int] = {}
    for size, i, j in overlaps:
        if size and -i not in matched and -j not in matched.values():
            matched[-i] = -j
    stay = {member for i, j in matched.items() for member in set(groups[i]) & set(other[j])}
    return sorted({member for group in groups for member in group} - stay)


def duration(seconds: float | None) -> str:
    """A length of time as people say it: "40 s", "3 min 20 s", "2 h 5 min"."""
    if seconds is None:
        return "not known yet"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def about(seconds: float) -> str:
    """A length of time that is only an estimate: steps of 5 s, then of a minute."""
    return duration(max(5, 5 * round(seconds / 5)) if seconds < 90 else 60 * round(seconds / 60))


def size(n_bytes: float) -> str:
    """A number of bytes as people say it: "512 MB", "1.2 GB"."""
    if n_bytes < 1e6:
        return f"{max(1, round(n_bytes / 1e3))} kB"
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def support_line(sure: Certainty | None) -> tuple[str, ...]:
    """What the dots on a tree say; nothing where it is not known."""
    if sure is None:
        return ()
    return (f"Dots on the tree: filled where at least half of {count(sure.resamples, 'resample')} "
            "of the training's steps have the branch; intervals: 95% over the same",)


def stability_sentence(found: Stability, names: Mapping[str, str]) -> str:
    """How often the groups come out again, and who wavers most."""
    order = np.argsort(-found.changes, kind="stable")
    wavering = [f"{names.get(found.languages[i], found.languages[i])} "
                f"({100 * found.changes[i]:.0f}%)" for i in order[:3] if found.changes[i] >= 0.005]
    start = (f"With the training's steps drawn anew {found.resamples:,} times, just these groups "
             f"come out in {100 * found.same:.0f}% of the resamples")
    if not wavering:
        return f"{start}, and no language changes group."
    return f"{start}. Most often {_listed(wavering)} change{'s' * (len(wavering) == 1)} group."


def _listed(items: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
