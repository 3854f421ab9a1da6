"""What a look at own data says, in words and small tables.

Conventions
-----------
Pure. Tables hold plain text; sentences are escaped by whoever shows them, except for
`roles_sentence`, which marks column names and is Markdown.
"""

from __future__ import annotations

from typing import Any

from dashboard.escaping import markdown_text, plain_text
from dashboard.words.summaries import count
from gradsim_core import DataLook

_ROLES = ("text", "label", "language", "split", "topic", "id")
_SPLITS = {"train": "Train", "dev": "Dev", "test": "Test", "": "Not split"}


def roles_sentence(look: DataLook) -> str:
    """Which column was taken for what; Markdown."""
    kind = "column " if look.kind == "conll" else ""
    taken = [f"{role} is *{markdown_text(f'{kind}{look.roles[role]}', 40)}*"
             for role in _ROLES if look.roles.get(role)]
    places = [language for language, _ in look.files.values()]
    by_place = (" The language of each file is what its name or folder says."
                if all(places) and not look.roles.get("language") else "")
    words = f"Columns: {', '.join(taken)}." if taken else "No column was recognised by its name."
    return words + by_place


def lacking_roles(look: DataLook) -> list[str]:
    """Roles without a column, without which nothing can be read."""
    lacking = [role for role in ("text", "label") if not look.roles.get(role)]
    if look.kind == "table" and not look.roles.get("language") and not all(
            language for language, _ in look.files.values()):
        lacking.append("language")
    return lacking if look.preview else []


def problem_lines(look: DataLook, most: int) -> list[str]:
    """The first rows that cannot be read, each in one line of Markdown."""
    lines = []
    for one in look.problems[:most]:
        row = "row" if one.file.lower().endswith(".parquet") else "line"
        place = ", ".join(filter(None, [markdown_text(one.file, 80),
                                        f"{row} {one.line:,}" if one.line else ""]))
        lines.append(f"{f'**{place}**: ' if place else ''}{markdown_text(one.sentence, 400)}")
    return lines


def problem_rows(look: DataLook) -> dict[str, list[Any]]:
    """Rows that cannot be read, as columns of a table."""
    return {"File": [plain_text(one.file, 80) or "–" for one in look.problems],
            "Line": [one.line or None for one in look.problems],
            "What is wrong": [plain_text(one.sentence, 400) for one in look.problems]}


def language_rows(look: DataLook) -> dict[str, list[Any]]:
    """Each spelling, the language it was taken for and its rows, as columns of a table."""
    found = list(look.languages.items())
    table: dict[str, list[Any]] = {
        "Written": [plain_text(spelling, 40) for spelling, _ in found],
        "Read as": [plain_text(one.name, 60) for _, one in found],
        "Code": [plain_text(one.code, 20) for _, one in found],
        "Note": [plain_text("not known: kept as written" if spelling in look.unknown else one.note,
                            120) for spelling, one in found]}
    for split, title in _SPLITS.items():
        counts = [look.rows.get(one.code, {}).get(split, 0) for _, one in found]
        if any(counts):
            table[title] = counts
    if "Not split" in table or look.split_here:
        table["Splits"] = ["made here" if one.code in look.split_here else "as the files say"
                           for _, one in found]
    return table


def splits_sentences(look: DataLook) -> list[str]:
    """How splits come about where the data have none."""
    here = look.split_here
    if not here:
        return ["Splits are those that the files say."]
    key = "id" if look.by_id else "text"
    who = "Every language's rows" if len(here) == len(look.rows) else \
        f"The rows of {count(len(here), 'language')} ({', '.join(here)[:200]})"
    return [f"{who} are split here: 80% train, 10% dev, 10% test, by a hash of each row's {key}. "
            f"The same {key} falls into the same split in every language, and on every machine."]
