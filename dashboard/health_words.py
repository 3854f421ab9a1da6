"""The health of data in small tables and lines.

Conventions
-----------
Pure. Tables hold plain text and numbers; lines are Markdown, with what comes from data escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.escaping import markdown_text, plain_text
from gradsim_core import Corpus, Language, own_name

MOST_LABELS = 40
"""Labels up to which the balance is shown; tags of morphology can be hundreds."""


def names_of(languages: Mapping[str, Language], naming: str) -> dict[str, str]:
    """Code -> what a language is called: in English, or in itself where that is known."""
    return {code: (own_name(one.iso639_3 or code, one.script) if naming == "own" else None)
            or one.name for code, one in languages.items()}


def warning_line(sentence: str, code: str, names: Mapping[str, str]) -> str:
    """A warning, which begins with a language's code, with the language's name before it."""
    name = names.get(code, code)
    if not code or name == code or not sentence.startswith(f"{code} "):
        return markdown_text(sentence)
    return f"**{markdown_text(name, 60)}** {markdown_text(f'({code}){sentence[len(code):]}')}"


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
        "Script": [f"{plain_text(row.script, 20)} ({row.script_share:.0%})" if row.script else "–"
                   for row in rows]}


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
