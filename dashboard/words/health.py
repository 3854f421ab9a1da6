"""The health of data in small tables and lines.

Conventions
-----------
Pure. Tables hold plain text and numbers; lines are Markdown, with what comes from data escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.escaping import markdown_text, plain_text
from gradsim_core import Corpus, Language, own_name, script_name

MOST_NAMED = 20
"""Languages of which the same is said, up to which they are named."""

MOST_LABELS = 40
"""Labels up to which the balance is shown; tags of morphology can be hundreds."""


def names_of(languages: Mapping[str, Language], naming: str) -> dict[str, str]:
    """Code -> what a language is called: in English, or in itself where that is known."""
    return {code: (own_name(one.iso639_3 or code, one.script) if naming == "own" else None)
            or one.name for code, one in languages.items()}


def warning_lines(warnings: Sequence[Any], names: Mapping[str, str]) -> list[str]:
    """Warnings with languages by their names; one line for what is said of several."""
    said: dict[str, list[str]] = {}
    for one in warnings:
        own = bool(one.language) and one.sentence.startswith(f"{one.language} ")
        rest = one.sentence[len(one.language) + 1:] if own else one.sentence
        said.setdefault(rest, []).extend([one.language] if own else [])
    return [_line(rest, [_label(code, names) for code in codes]) for rest, codes in said.items()]


def _line(rest: str, languages: Sequence[str]) -> str:
    if not languages:
        return markdown_text(rest)
    if len(languages) == 1:
        return f"**{languages[0]}** {markdown_text(rest)}"
    more = len(languages) - MOST_NAMED
    listed = languages[:MOST_NAMED] if more > 0 else languages[:-1]
    last = f"{more} more" if more > 0 else languages[-1]
    return f"Each of **{', '.join(listed)}** and **{last}** {markdown_text(rest)}"


def _label(code: str, names: Mapping[str, str]) -> str:
    name = names.get(code, code)
    return markdown_text(name if name == code else f"{name} ({code})", 80)


def health_table(health: Any, names: Mapping[str, str]) -> dict[str, list[Any]]:
    """The facts of every language, as columns of a table."""
    rows = health.rows
    return {
        "Language": [plain_text(names.get(row.language, row.name), 60) for row in rows],
        "Code": [plain_text(row.language, 20) for row in rows],
        "Train": [row.train for row in rows], "Dev": [row.dev for row in rows],
        "Test": [row.test for row in rows], "Empty": [row.dropped for row in rows],
        "Duplicates": [row.duplicates for row in rows], "Leaks": [row.leaks for row in rows],
        "Labels": [row.classes for row in rows],
        "Commonest": [f"{plain_text(row.majority_label, 30)} ({row.majority_share:.0%})"
                      if row.majority_label else "–" for row in rows],
        "Length": [row.median_length for row in rows],
        "Long": [row.p95_length for row in rows],
        "Script": [f"{plain_text(script_name(row.script), 30)} ({row.script_share:.0%})"
                   if row.script else "–" for row in rows]}


def label_table(health: Any, corpus: Corpus, names: Mapping[str, str]) -> dict[str, list[Any]]:
    """The share of every label among each language's training rows in percent; empty for many."""
    if len(corpus.labels) > MOST_LABELS:
        return {}
    rows = [row for row in health.rows if row.train]
    table: dict[str, list[Any]] = {
        "Language": [plain_text(names.get(row.language, row.name), 60) for row in rows],
        "Code": [plain_text(row.language, 20) for row in rows]}
    for label in corpus.labels:
        title = plain_text(label, 30) or "–"
        table[title if title not in table else f"{title} "] = [
            round(100 * row.label_shares[label], 1) for row in rows]
    return table
