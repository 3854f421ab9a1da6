"""What a ranking of measures says, in one plain sentence, and how it was made.

Conventions
-----------
A measure is called the best only where its lead over every other one holds no zero in its 95%
interval; otherwise it is "first", and the next is named as not clearly behind. That anything is
predicted at all is said only with p at most 0.05, corrected for having looked at every measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradsim_core.experiments.verdict import metric_name
from gradsim_core.measures import MEASURES
from gradsim_core.spreadsheet import plain_text
from gradsim_core.statistics.jackknife import what_is_left_out

_LONGEST = 300
_CHANCE = 0.05
_OWN = "gradient"


def short(value: float | None) -> str:
    """A correlation with two digits and a true minus sign.

    Examples
    --------
    >>> short(0.513), short(-0.021), short(None), short(1.0)
    ('.51', '−.02', '–', '1.00')
    """
    if value is None:
        return "–"
    text = f"{abs(value):.2f}".removeprefix("0")
    return f"−{text}" if value < 0 and text.strip("0") != "." else text


def between(interval: Sequence[float] | None) -> str:
    """An interval of correlations."""
    return "no interval" if interval is None else " to ".join(map(short, interval))


def p_words(p: float | None) -> str:
    """A p as people write it.

    Examples
    --------
    >>> p_words(0.0001), p_words(0.0123), p_words(0.4), p_words(None)
    ('p < .001', 'p = .012', 'p = .40', 'no p')
    """
    if p is None:
        return "no p"
    if p < 0.001:
        return "p < .001"
    return f"p = {p:.{3 if p < 0.0995 else 2}f}".replace(" 0.", " .")


def measure_phrase(measure: Mapping[str, Any]) -> str:
    """A measure in the middle of a sentence.

    Examples
    --------
    >>> measure_phrase({"name": "typology.syntactic", "title": "Typology: syntax"})
    'typology (syntax)'
    """
    if measure["name"] == _OWN:
        return "the gradient"
    title = plain_text(measure["title"], 50)
    head, colon, rest = title.partition(": ")
    words = f"{head} ({rest})" if colon and rest else title
    own = str(measure["name"]).startswith("imported.")
    return words if own else words[:1].lower() + words[1:]


def verdict(content: Mapping[str, Any]) -> str:
    """Say in one sentence of at most 300 characters which measure predicts transfer."""
    ranked = content["measures"]
    leader = ranked[0]
    if leader["target_spearman"]["value"] is None:
        return (f"Nothing can be said: none of {_counted(ranked)} varies enough over these "
                f"{len(content['languages'])} languages to be correlated with the scores.")
    start = _start(leader, ranked)
    clauses = [*filter(None, [_others_shown(ranked), _lead(leader, ranked[1:]),
                              _gradient(ranked), _share(leader)])]
    for n_kept in range(len(clauses), -1, -1):
        text = "; ".join([start, *clauses[:n_kept]]) + "."
        if len(text) <= _LONGEST:
            return text
    return plain_text(start, _LONGEST)


def _start(leader: Mapping[str, Any], ranked: Sequence[Mapping[str, Any]]) -> str:
    """What the first measure is, and whether it predicts anything."""
    found, name = leader["target_spearman"], measure_phrase(leader)
    corrected = f" corrected for {len(ranked)} measures" * (len(ranked) > 1)
    numbers = (f"mean rank correlation over targets {short(found['value'])} (95% interval "
               f"{between(found['interval'])}, {p_words(found['p_corrected'])}{corrected})")
    if len(ranked) == 1:
        word = "predicts" if _shown(leader) else "does not clearly predict"
        return f"{_capital(name)} {word} transfer: {numbers}"
    if not any(map(_shown, ranked)):
        return f"None of {_counted(ranked)} clearly predicts transfer; first is {name}: {numbers}"
    best = _shown(leader) and all(map(_clear, ranked[1:]))
    return (f"{'Best' if best else 'First'} of {_counted(ranked)} at predicting transfer is "
            f"{name}: {numbers}")


def _others_shown(ranked: Sequence[Mapping[str, Any]]) -> str:
    """Which measures do predict transfer, where the first is not shown to."""
    shown = [one for one in ranked if _shown(one)]
    if not shown or _shown(ranked[0]):
        return ""
    named = " and ".join(f"{measure_phrase(one)} ({short(one['target_spearman']['value'])}, "
                         f"{p_words(one['target_spearman']['p_corrected'])})" for one in shown[:2])
    more = f" and {len(shown) - 2} more" if len(shown) > 2 else ""
    return f"that may be chance, while {named}{more} {'is' if len(shown) == 1 else 'are'} clear"


def _lead(leader: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """How far ahead of the next measure the first is, and whether that is clear."""
    compared = [one for one in others if one["behind_first"] and
                one["behind_first"]["value"] is not None]
    if not compared or leader["target_spearman"]["value"] <= 0:
        return ""
    next_one, near = compared[0], [one for one in compared if not _clear(one)]
    difference = next_one["behind_first"]
    words = (f"{measure_phrase(next_one)} ({short(next_one['target_spearman']['value'])}), "
             f"difference {short(difference['value'])} ({between(difference['interval'])})")
    if not near:
        return f"ahead of {words}"
    if near[0] is next_one:
        more = f" and {len(near) - 1} more" if len(near) > 1 else ""
        return f"no clear lead over {words}{more}"
    others_near = "one other" if len(near) == 1 else f"{len(near)} others"
    return f"ahead of {words}, but not clearly of {others_near}"


def _gradient(ranked: Sequence[Mapping[str, Any]]) -> str:
    """Where the gradient stands, unless that is said already."""
    at = next((at for at, one in enumerate(ranked) if one["name"] == _OWN), 0)
    behind = ranked[at]["behind_first"]
    if at < 2 or behind is None:  # the first and the next are named
        return ""
    clear = "clearly" if _clear(ranked[at]) else "not clearly"
    return (f"the gradient is number {at + 1} "
            f"({short(ranked[at]['target_spearman']['value'])}), {clear} behind "
            f"({short(behind['value'])}, {between(behind['interval'])})")


def _share(leader: Mapping[str, Any]) -> str:
    share = leader["ceiling"]["share"]
    if share is None or leader["target_spearman"]["value"] <= 0:
        return ""
    return f"{100 * share:.0f}% of what noise allows" if share <= 1 else "all that noise allows"


def _clear(other: Mapping[str, Any]) -> bool:
    """Whether a measure lies behind the first beyond doubt; one that is undefined does."""
    if other["target_spearman"]["value"] is None:
        return True
    interval = (other["behind_first"] or {}).get("interval")
    return interval is not None and interval[0] > 0


def _shown(measure: Mapping[str, Any]) -> bool:
    """Whether nearness goes with better transfer beyond chance."""
    found = measure["target_spearman"]
    return (found["value"] is not None and found["value"] > 0
            and found["p_corrected"] is not None and found["p_corrected"] <= _CHANCE)


def _counted(ranked: Sequence[Any]) -> str:
    return f"{len(ranked)} measure{'s' * (len(ranked) != 1)}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def method_sentences(content: Mapping[str, Any]) -> list[str]:
    """How the numbers were made, one sentence a choice."""
    scores, draws = content["scores"], content["permutations"]
    n = len(content["languages"])
    orders = (f"all {draws['count']:,} orders" if draws["exact"] else
              f"{draws['count']:,} random orders")
    controls = _controls(content["measures"])
    budget = scores["budget"]
    return [
        f"Predicted: {_table_words(scores)}, {metric_name(scores['metric']) or 'score'} on "
        f"{scores['split'] or 'unnamed'} rows of {n} languages, mean of {len(scores['seeds'])} "
        f"seed{'s' * (len(scores['seeds']) != 1)}" + (
            f"; every model had {budget['steps']:,} steps of {budget['batch_size']} rows a "
            "language." if budget else "."),
        "Headline: for each target, Spearman's correlation between how near every other language "
        "is and what it scores there; then the mean over targets. A language with itself never "
        "counts.",
        f"p: two-sided, by permuting the languages' labels, rows and columns together ({orders}); "
        f"corrected for looking at {len(content['measures'])} measures (and, of layers, at every "
        "layer) by the maximum statistic of the same permutations. Pairs are not independent, so "
        "no p over pairs is given.",
        f"Intervals: 95%, leaving out {what_is_left_out(n)} with all its pairs (jackknife, Student "
        "on Fisher's scale). They answer for the choice of languages and are not corrected for "
        "their number; the first measure was found by looking, so its own lead is flattered.",
        "Order: by the headline; measures with fewer than half of the pairs stand last.",
        "Behind the first: the first one's headline minus the measure's, over the pairs that both "
        "have, with the same languages left out.",
        "Pooled: over all pairs, after taking each target's mean out of the scores (Pearson, "
        "Spearman), or source and target effects out of both tables (doubly centred, Pearson).",
        "Ceiling: the root of the product of two split-half reliabilities, of the similarity "
        "(halves of the rows) and of the scores (halves of the seeds); a similarity without "
        "halves counts as free of noise.",
        "Beyond the others: error explained in languages that were left out, by "
        f"{', '.join(controls)} alone and with the measure (scores less each target's mean); beta "
        "and p by permuting what the controls leave of the measure (double semi-partialling). No "
        "measure is its own control." if controls else
        "Beyond the others: not reckoned, because no control measure is there."]


def _controls(ranked: Sequence[Mapping[str, Any]]) -> list[str]:
    """The controls of any measure, in words; some may not be ranked themselves."""
    titles = {**MEASURES, **{one["name"]: one["title"] for one in ranked}}
    names = {name for one in ranked if one["incremental"]
             for name in one["incremental"]["controls"]}
    return [measure_phrase({"name": name, "title": titles.get(name, name)})
            for name in sorted(names)]


def _table_words(scores: Mapping[str, Any]) -> str:
    if scores["kind"] == "pairs":
        return "what a language gains when another is trained with it"
    base = (f"scores imported as {plain_text(scores['name'], 60)}" if scores["kind"] == "imported"
            else "what a model trained on one language scores on each other")
    return f"{base}, less the target's majority baseline" if scores["gain_over"] else base
