"""What the experiments on layers say around their charts: lines, methods and tables.

Conventions
-----------
Functions are pure and return plain text and numbers; who shows it escapes it. Shares are fractions
in a content, percent in a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.escaping import plain_text
from dashboard.figures.depth_lines import DepthLine
from dashboard.figures.frame import ChartText
from dashboard.words.blocks import MODULE_WORDS, block_words
from dashboard.words.summaries import CORRECTION_WORDS, READING_WORDS, count, p_words, verdict_words
from gradsim_core import block_place

SHARES, SPANS = "lower-or-higher", "topic-or-language"
SIDES = {"linguistic": "Linguistic measures", "task": "Measures of the task"}
WITHIN = {"within_language": "Within a language, across topics",
          "within_topic": "Within a topic, across languages",
          "neither": "Neither shared"}


def share_lines(content: Mapping[str, Any]) -> list[DepthLine]:
    """What each side with measures explains, block by block."""
    return [DepthLine(word, *_columns([block[side] for block in content["blocks"]], "share"))
            for side, word in SIDES.items() if content["predictors"][side]]


def module_lines(content: Mapping[str, Any]) -> tuple[tuple[str, ...], list[DepthLine]]:
    """What the languages explain of a module more than the task, layer by layer; a line a module.

    Returns
    -------
    tuple
        The layers, and no lines where layers are not taken apart or one side has no measures.
    """
    several = content.get("modules", ())
    if not several or not all(content["predictors"][side] for side in SIDES):
        return (), []
    layers = tuple(one["block"] for one in content["blocks"] if one["block"].startswith("layer."))
    lines = []
    for module in several:
        of = {block_place(row["block"]): row for row in module["blocks"]}
        values = tuple(_difference(of.get(layer)) for layer in layers)
        lines.append(DepthLine(MODULE_WORDS[module["module"]], values, (None,) * len(layers),
                               (None,) * len(layers)))
    return layers, lines


def module_table(content: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The numbers of `module_lines`, a layer a row, in percent."""
    layers, lines = module_lines(content)
    return {"Layer": [plain_text(block_words(layer), 30) for layer in layers],
            **{f"{line.title}, %": [_percent(value) for value in line.values] for line in lines}}


def _difference(row: Mapping[str, Any] | None) -> float | None:
    language, task = (row[side]["share"] if row else None for side in SIDES)
    return None if language is None or task is None else float(language - task)


def module_text(content: Mapping[str, Any], study: str) -> ChartText:
    """Title, axis and method lines of the chart of modules."""
    return ChartText(
        f"Language or task, module by module: {study}", "linguistic minus task share",
        ("Above zero the languages explain more of a module's similarity, below it the task does; "
         "shares as above", _read(content), f"{_languages(content)}; {_marks(content)}"))


def span_lines(content: Mapping[str, Any]) -> list[DepthLine]:
    """Mean similarity within languages, within topics and of the rest, block by block."""
    return [DepthLine(word, *_columns([block[key] for block in content["blocks"]], "value"))
            for key, word in WITHIN.items()]


def _columns(rows: Sequence[Mapping[str, Any]], key: str) -> tuple[Any, Any, Any]:
    return (tuple(row[key] for row in rows),
            tuple(None if row["interval"] is None else (row["interval"][0], row["interval"][1])
                  for row in rows),
            tuple(row.get("p") for row in rows))


def share_text(content: Mapping[str, Any], study: str) -> ChartText:
    """Title, axis and method lines of the chart of shares."""
    titles = content["titles"]
    measures = "; ".join(f"{word}: {', '.join(titles.get(name, name) for name in names)}"
                         for side, word in SIDES.items() if (names := content["predictors"][side]))
    return ChartText(
        f"What explains the similarity, block by block: {study}",
        "share of the variance, above chance",
        ("General dominance of each side in R², less its mean under permuted labels; bands: 95% "
         "intervals over languages; hollow: p above 0.05",
         measures, _read(content) + "; doubly centred" * content["plan"]["centred"],
         f"{_languages(content)}, {count(content['n_pairs'], 'pair')}; {_marks(content)}"))


def span_text(content: Mapping[str, Any], study: str) -> ChartText:
    """Title, axis and method lines of the chart of cells that share a language or a topic."""
    turn = "; dotted: from here on topic counts more" if content["crossover"] else ""
    return ChartText(
        f"Topic or language, block by block: {study}", "mean similarity",
        ("Every language split by topic into cells; mean similarity of two cells' gradients; "
         "bands: 95% intervals; hollow: p above 0.05" + turn, _read(content),
         f"{_languages(content)}, {count(len(content['topics']), 'topic')}, "
         f"{count(len(content['cells']), 'cell')}; {_marks(content)}"))


def _read(content: Mapping[str, Any]) -> str:
    """How the similarity was read."""
    read = content["reading"]
    return (f"{READING_WORDS[read['reading']].capitalize()}, "
            f"{CORRECTION_WORDS[read['correction']]}; step {read['step']}")


def share_table(content: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Shares, intervals, p and R² of both sides, a block a row, in percent."""
    columns: dict[str, list[Any]] = {"Block": [_block(one) for one in content["blocks"]]}
    for side in SIDES:
        if content["predictors"][side]:
            rows = [one[side] for one in content["blocks"]]
            word = side.capitalize()
            columns |= {f"{word}, %": [_percent(row["share"]) for row in rows],
                        f"{word}, 95% interval": [_between(row["interval"], 100) for row in rows],
                        f"{word}, p": [_p(row["p"]) for row in rows],
                        f"{word} alone, R² %": [_percent(row["r2"]) for row in rows]}
    return columns | {"Both, R² %": [_percent(one["total_r2"]) for one in content["blocks"]]}


def span_table(content: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Mean similarities with intervals, and their difference, a block a row."""
    columns: dict[str, list[Any]] = {"Block": [_block(one) for one in content["blocks"]]}
    for key, word in {"within_language": "Within language", "within_topic": "Within topic",
                      "neither": "Neither", "difference": "Language − topic"}.items():
        rows = [one[key] for one in content["blocks"]]
        columns |= {word: [_rounded(row["value"]) for row in rows],
                    f"{word}, 95% interval": [_between(row["interval"], 1) for row in rows]}
    return columns | {"p of the difference": [_p(one["difference"]["p"])
                                              for one in content["blocks"]]}


def finding_label(content: Mapping[str, Any]) -> str:
    """One line that tells a finding from a study's others of its kind."""
    return plain_text(f"{verdict_words(content)[:60]}… · {content['id'][:8]}", 90)


def facts_line(content: Mapping[str, Any]) -> str:
    """What could not take part, in one line; "" where everything did."""
    titles = content.get("titles", {})
    unused = "; ".join(f"{titles.get(one['name'], one['name'])} ({one['reason'].rstrip('.')})"
                       for one in content.get("unused", ()))
    return f"Left out: {unused}." if unused else ""


def _languages(content: Mapping[str, Any]) -> str:
    return count(len(content["languages"]), "language")


def _marks(content: Mapping[str, Any]) -> str:
    return f"study {content['study']['signature']}; experiment {content['id']}"


def _block(row: Mapping[str, Any]) -> str:
    return plain_text(block_words(row["block"]), 30)


def _percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _p(value: float | None) -> str:
    return "–" if value is None else p_words(value).removeprefix("p ").removeprefix("= ")


def _between(interval: Sequence[float] | None, factor: int) -> str:
    if interval is None:
        return "–"
    digits = 1 if factor == 100 else 3
    return " to ".join(f"{factor * end:.{digits}f}".replace("-", "−") for end in interval)
