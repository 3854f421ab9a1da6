"""What a comparison of strategies says, in one plain sentence and in numbers for people.

Conventions
-----------
Fractions come in; percent and percentage points come out, with a true minus sign. "Better" and
"worse" are said only where the 95% interval of the gain holds no zero, otherwise "no clear
difference"; that random groupings are beaten is said only with p at most 0.05. The intervals are
not corrected for their number: the sentence speaks of one strategy that was named beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradsim_core.experiments.comparison import (
    RANDOM,
    Comparison,
    Gain,
    RandomStanding,
    side_of_zero,
)
from gradsim_core.spreadsheet import plain_text

METRICS = {"accuracy": "accuracy", "macro_f1": "macro F1", "weighted_f1": "weighted F1",
           "entity_f1": "entity F1"}

PHRASES = {"all_languages": "one model for all", "monolingual": "one model a language",
           "family": "family groups", "gradient": "gradient groups",
           "hand": "hand-made groups", "table": "groups from a table",
           "oracle": "oracle groups (chosen on test scores)", RANDOM: "random groupings"}
"""Strategies in the middle of a sentence; others go by their title."""

_AGAINST = ("all_languages", "monolingual", "family")
_LONGEST = 300
_CHANCE = 0.05
_WORDS = {1: "better than", -1: "worse than", 0: "no clear difference from",
          None: "no interval for the difference from"}


def percent(fraction: float) -> str:
    """A score in percent, without its sign.

    Examples
    --------
    >>> percent(0.7129)
    '71.3'
    """
    return f"{100 * fraction:.1f}"


def points(fraction: float, digits: int = 1) -> str:
    """A difference of scores in percentage points.

    Examples
    --------
    >>> points(0.018), points(-0.003), points(-0.0001)
    ('+1.8', '−0.3', '0.0')
    """
    value = round(100 * fraction, digits)
    return f"{value:+.{digits}f}".replace("-", "−") if value else f"{0:.{digits}f}"


def points_between(interval: Sequence[float] | None) -> str:
    """An interval of a difference; two digits where one would hide that it holds no zero.

    Examples
    --------
    >>> points_between((-0.003, 0.012)), points_between((0.0002, 0.011))
    ('−0.3 to +1.2', '+0.02 to +1.10')
    """
    if interval is None:
        return "no interval"
    clear = side_of_zero(interval)
    digits = 2 if clear and points(interval[0 if clear > 0 else 1]) == "0.0" else 1
    return " to ".join(points(bound, digits) for bound in interval)


def verdict(found: Comparison, name: str, metric: str, titles: Mapping[str, str] | None = None,
            against: Sequence[str] = _AGAINST) -> str:
    """Say in one sentence of at most 300 characters whether a strategy helps.

    Parameters
    ----------
    name : the strategy it is about
    metric : as in trials, such as "weighted_f1"
    titles : strategy -> its title, for strategies without a phrase in `PHRASES`
    against : strategies to hold it against, as many as fit; where none of them was compared, the
        others in their order
    """
    others = [other for other in against if other in found.gains[name]] or [
        other for other in found.gains[name] if other != RANDOM]
    sentences = [_sentence(found, name, metric, titles or {}, others[:n])
                 for n in range(min(3, len(others)), -1, -1)]
    return next((text for text in sentences if len(text) <= _LONGEST), sentences[-1])


def caution(best: float, least: float, found: str) -> str:
    """What is said in place of a verdict where the models had not learned the task.

    Parameters
    ----------
    best : mean score of the best strategy
    least : mean over the same languages of always giving the most frequent label
    found : what the verdict would be
    """
    return (f"Nothing is said of groups yet: the best strategy scores {percent(best)}% where the "
            f"most frequent label gives {percent(least)}%. The models have not learned the task; "
            f"train them longer (--steps). Without that the verdict would be: {found}")


def metric_name(metric: str) -> str:
    """A metric as people write it."""
    return METRICS.get(metric) or plain_text(metric, 40)


def phrase(name: str, titles: Mapping[str, str]) -> str:
    """A strategy in the middle of a sentence."""
    return PHRASES.get(name) or plain_text(titles.get(name, name), 40)


def _sentence(found: Comparison, name: str, metric: str, titles: Mapping[str, str],
              others: Sequence[str]) -> str:
    subject = phrase(name, titles)
    verb = "scores" if subject.startswith("one model") else "score"
    sign = "%" if metric == "accuracy" else ""
    start = (f"{subject[:1].upper()}{subject[1:]} {verb} "
             f"{percent(found.strategies[name].mean)}{sign} {metric_name(metric)}")
    clauses = _clauses({other: found.gains[name][other] for other in others}, titles)
    if found.random is not None and name != RANDOM:
        clauses.append(_against_random(found.random, name))
    if found.n_seeds == 1:
        clauses.append("all of this with one seed")
    listed = ", and ".join(filter(None, [", ".join(clauses[:-1]), *clauses[-1:]]))
    return f"{start}: {listed}." if listed else f"{start}."


def _clauses(gains: Mapping[str, Gain], titles: Mapping[str, str]) -> list[str]:
    """One clause for all that are beaten, one for those that beat, one for no difference."""
    kinds = {other: gain.clear if gain.interval else None for other, gain in gains.items()}
    clauses, unit, word = [], " points", "95% interval "
    for kind, words in _WORDS.items():
        items = []
        for other in (other for other in gains if kinds[other] == kind):
            gain = gains[other]
            between = points_between(gain.interval)
            items.append(f"{phrase(other, titles)} ({points(gain.mean)}{unit}" + (
                f", {word}{between})" if gain.interval else ")"))
            unit = word = ""  # said once
        if items:
            clauses.append(f"{words} {(' or ' if kind == 0 else ' and ').join(items)}")
    return clauses


def _against_random(standing: RandomStanding, name: str) -> str:
    draws, below, p = len(standing.means), standing.below[name], standing.p[name]
    share = "none" if below == 0 else "all" if below == draws else str(below)
    groupings = "random grouping" if draws == 1 else "random groupings"
    rank = f"{share} of {draws} {groupings} (p = {p:.2g}"
    return f"better than {rank})" if p <= _CHANCE else f"above {rank}: no clear difference)"
