"""What is being looked at: one frozen selection, as it stands in the page's address.

Conventions
-----------
Pure: `state` joins it to the page. Defaults are left out of the address, so that a short address
means the standard view. Whatever is no possible value is taken as the default: an address is
typed by hand and must never break a page.

Codes may hold any character, so lists are repeated keys (``together=hau&together=ibo``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import combinations, pairwise
from typing import Any

from gradsim_core import (
    CORRECTIONS,
    READINGS,
    STRATEGIES,
    GradSimError,
    GramSeries,
    Reading,
    Rule,
    block_indexes,
)

PRESET_BLOCKS = ("layers", "encoder", "lower", "higher", "all")
PICTURES = ("svg", "png")
MOST_SEEDS, MOST_DRAWS = 20, 1000
STRIPS = ("branch", "family", "script", "size", "group")
_LONGEST = {"draft": 20_000, "edits": 8000, "aside": 60_000}
_USUAL_LONGEST = 120


@dataclass(frozen=True)
class Selection:
    """Everything that makes a view.

    Attributes
    ----------
    study : signature of a study, or its first digits; "" for the newest
    blocks : as in `block_indexes`
    reading, correction, snapshot : as in `Reading`; correction "" is the study's own, snapshot −1
        the last
    language : code whose nearest languages are shown; "" for the first
    strategy : name in STRATEGIES
    k : number of groups; 0 lets the objective choose
    smallest, largest : languages a group may hold; largest 0 means no limit
    sure : 1 resamples groups even where that takes long
    together, apart : codes that must share a group, codes no two of which may
    health : 1 shows the health of the study's data, 0 does not
    picture : file type that a chart's camera button gives
    planning : 1 shows what a new comparison would take, 0 what has been found
    without : strategies that a new comparison leaves out
    seeds, draws : how often a new comparison trains, and its random groupings
    experiment : id of the comparison that is shown, or its first digits; "" for the newest
    gains : 1 shows gains over one model for all, 0 scores
    left, right : blocks that are held against each other, as in `block_indexes`
    lower_or_higher, topic_or_language : id of the experiment on layers that is shown, or its first
        digits; "" for the newest
    correlating : what the Correlation page shows: "found", "plan" or "import"
    correlation : id of the correlation that is shown, or its first digits; "" for the newest
    measure : name of the measure whose pairs, targets and layers are shown; "" for the first
    within : 1 takes each target's mean out of similarity and transfer, 0 shows them as they are
    against : imported scores that a new correlation takes; "" for the study's own transfer
    bringing : what is imported: "scores" or "similarity"
    chosen : codes of the languages that are marked in every picture
    naming : "english" names of languages, or their "own"
    families, scripts, fewest : languages shown: of these families and scripts (none: all), with
        at least so many training rows
    only : codes of the languages shown, out of a picture of many; none for all
    strips : what the strips beside a heatmap tell of each language
    arrangement : how the map of similarities is laid out: "umap" or "mds"
    beside : a second study to hold this one against, or its first digits; "" for none
    film : 1 shows how the similarities grew over training
    studying : what the Study page shows: "chosen", "new" or "beside"
    draft : a study that is being described, as YAML
    folds : names of the folds of pages that stand open, or with a "-" before it, shut
    opened : id of the saved grouping that is shown; "" for what the rule makes
    edits, undone : changes made to groups by hand, in order, and how many of the last are undone
    compared : ids of saved groupings that are held against the one shown
    guide : step of the first tour that is shown, from 1; 0 for none
    trial_steps, trial_rows : steps of every new model, rows a language and step; 0 as usual
    measuring, pairs : measures of a new correlation, none for all; 1 predicts gains of pairs
    aside : edited groups that were left for others, each as `put_aside` writes it
    """

    study: str = ""
    blocks: str = "layers"
    reading: str = "cosine_of_mean"
    correction: str = ""
    snapshot: int = -1
    language: str = ""
    strategy: str = "exact"
    k: int = 0
    smallest: int = 1
    largest: int = 0
    sure: int = 0
    together: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    health: int = 0
    picture: str = "svg"
    planning: int = 0
    without: tuple[str, ...] = ()
    seeds: int = 3
    draws: int = 20
    experiment: str = ""
    gains: int = 0
    left: str = "lower"
    right: str = "higher"
    lower_or_higher: str = ""
    topic_or_language: str = ""
    correlating: str = "found"
    correlation: str = ""
    measure: str = ""
    within: int = 0
    against: str = ""
    bringing: str = "scores"
    chosen: tuple[str, ...] = ()
    naming: str = "english"
    families: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    fewest: int = 0
    only: tuple[str, ...] = ()
    strips: tuple[str, ...] = ("branch",)
    arrangement: str = "umap"
    beside: str = ""
    film: int = 0
    studying: str = "chosen"
    draft: str = ""
    folds: tuple[str, ...] = ()
    opened: str = ""
    edits: tuple[str, ...] = ()
    undone: int = 0
    compared: tuple[str, ...] = ()
    guide: int = 1
    trial_steps: int = 0
    trial_rows: int = 0
    measuring: tuple[str, ...] = ()
    pairs: int = 0
    aside: tuple[str, ...] = ()


DEFAULT = Selection()

_POSSIBLE: dict[str, Callable[[Any], bool]] = {
    "reading": READINGS.__contains__, "correction": CORRECTIONS.__contains__,
    "strategy": STRATEGIES.__contains__, "picture": PICTURES.__contains__,
    **dict.fromkeys(("planning", "gains", "sure", "health", "within", "film", "pairs"),
                    (0, 1).__contains__),
    **dict.fromkeys(("k", "largest", "fewest", "undone", "trial_steps"), lambda n: n >= 0),
    "snapshot": lambda at: at >= -1, "smallest": lambda n: n >= 1,
    "correlating": ("found", "plan", "import").__contains__, "guide": (0, 1, 2, 3).__contains__,
    "bringing": ("scores", "similarity").__contains__, "trial_rows": lambda n: n % 2 == 0 <= n,
    "naming": ("english", "own").__contains__, "arrangement": ("umap", "mds").__contains__,
    "studying": ("chosen", "new", "beside").__contains__,
    "seeds": lambda n: 1 <= n <= MOST_SEEDS, "draws": lambda n: 1 <= n <= MOST_DRAWS,
}


def selection_from(query: Mapping[str, Sequence[str]]) -> Selection:
    """Read a selection from an address; what cannot be is the default.

    Parameters
    ----------
    query : key -> its values, as in a query string
    """
    found: dict[str, Any] = {}
    for field in fields(Selection):
        longest = _LONGEST.get(field.name, _USUAL_LONGEST)
        values = [value[:longest] for value in query.get(field.name, ())]
        default = getattr(DEFAULT, field.name)
        if not values:
            continue
        if isinstance(default, tuple):
            found[field.name] = _fitting(field.name, values)
            continue
        value: Any = values[-1]
        if isinstance(default, int):
            number = value.removeprefix("-")
            if not (number.isascii() and number.isdigit() and len(number) < 7):
                continue
            value = int(value)
        if _POSSIBLE.get(field.name, lambda _: True)(value):
            found[field.name] = value
    return Selection(**found)


def _fitting(name: str, values: Sequence[str]) -> tuple[str, ...]:
    """A list as an address gives it: edits in order, all others once each; strips by name."""
    if name == "edits":
        return tuple(values)
    known = dict.fromkeys(values)
    return tuple(one for one in known if one in STRIPS) if name == "strips" else tuple(known)


def query_of(selection: Selection) -> dict[str, list[str]]:
    """The address of a selection, without what stands at its default."""
    query = {}
    for field in fields(Selection):
        value = getattr(selection, field.name)
        if value != getattr(DEFAULT, field.name):
            query[field.name] = (list(value) or [""]) if isinstance(value, tuple) else [str(value)]
    return query


def fitted(selection: Selection, series: GramSeries, correction: str = "") -> Selection:
    """The selection with everything that this study does not have put back to its default.

    Parameters
    ----------
    correction : what the study is read with if the selection does not say
    """
    known, count = set(series.languages), len(series.languages)
    try:
        block_indexes(selection.blocks, series.blocks)
        blocks = selection.blocks
    except GradSimError:
        blocks = DEFAULT.blocks
    kept: Any = {name: tuple(code for code in getattr(selection, name) if code in known)
                 for name in ("together", "apart", "chosen", "only")}
    return replace(
        selection, blocks=blocks, correction=selection.correction or correction,
        snapshot=selection.snapshot if selection.snapshot < len(series.snapshots) - 1 else -1,
        language=selection.language if selection.language in known else "",
        k=selection.k if selection.k <= count else 0,
        smallest=min(selection.smallest, count),
        largest=selection.largest if selection.largest < count else 0,
        **kept)


def reading_of(selection: Selection) -> Reading:
    """How the engine is asked to read the similarity."""
    return Reading(blocks=selection.blocks, reading=selection.reading,
                   correction=selection.correction or None, snapshot=selection.snapshot)


def rule_of(selection: Selection) -> Rule:
    """How the engine is asked to group; languages kept together form a chain of links."""
    chain, apart = selection.together, selection.apart
    return Rule.model_validate({
        "strategy": selection.strategy, "k": selection.k or None,
        "smallest": selection.smallest, "largest": selection.largest or None,
        "must_link": tuple(pairwise(chain)), "cannot_link": tuple(combinations(apart, 2))})
