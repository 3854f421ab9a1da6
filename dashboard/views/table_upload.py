"""A table that comes from the reader's own disk: the upload, a look at it, and its columns.

Conventions
-----------
Bytes stay in memory under the name that the reader gave the file, so that errors name it; nothing
is written before the reader keeps the table with a study.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.views.chart import table_height
from gradsim_core import (
    USUAL_NAMES,
    GradSimError,
    HeldFile,
    Language,
    TablePreview,
    wrong_cells,
)

MOST_MEGABYTES = 5
"""A long table of 100 languages with 5 seeds takes about 2 MB."""

MOST_WRONG = 20
"""Cells that cannot be read, up to which each is told."""

_REQUIRED = ("source", "target", "score")
_ROLE_WORDS = {"source": "Source (trained on)", "target": "Target (tested on)",
               "score": "Score", "seed": "Seed", "metric": "Metric", "split": "Split"}
_NOT_THERE = "none"
_LONGEST_NAME = 60


def held_file(uploaded: Any) -> HeldFile:
    """What was uploaded, in memory.

    Raises
    ------
    GradSimError
        If it is larger than a table of languages can sensibly be.
    """
    if uploaded.size > MOST_MEGABYTES * 1_000_000:
        raise GradSimError(f"{plain_text(uploaded.name, 120)}: has {uploaded.size / 1e6:.1f} MB, "
                           f"and a table may have {MOST_MEGABYTES} MB. Keep only the columns for "
                           "source, target and score, or use `gradsim import-scores`.")
    return HeldFile(uploaded.name, uploaded.getvalue())


def ask_anew(key: str, uploaded: Sequence[Any], answers: Sequence[str] = ()) -> None:
    """Forget what was answered for other files than these: unit and columns are never guessed.

    Parameters
    ----------
    key : of the widgets
    answers : keys of further ones
    """
    ids, of = [one.file_id for one in uploaded], f"{key}.of"
    if st.session_state.get(of) != ids:
        for name in [str(one) for one in st.session_state]:
            if name.startswith(f"{key}.") or name in answers:
                del st.session_state[name]
        st.session_state[of] = ids


def show_preview(preview: TablePreview, name: str) -> None:
    """The first rows of a table, as they are written."""
    st.caption(f"The first rows of {markdown_text(name, 120)}:")
    titles: list[str] = []
    for at, column in enumerate(preview.columns, 1):
        title = plain_text(column, 40) or f"column {at}"
        titles.append(title if title not in titles else f"{title} ({at})")
    st.dataframe({title: [plain_text(row[at], 60) for row in preview.rows]
                  for at, title in enumerate(titles)}, hide_index=True,
                 height=table_height(len(preview.rows)))


def choose_columns(preview: TablePreview, key: str,
                   roles: Sequence[str] = tuple(_ROLE_WORDS)) -> dict[str, str] | None:
    """Say how the table is read, and let the reader say it otherwise.

    Parameters
    ----------
    key : of the widgets
    roles : that may be given

    Returns
    -------
    dict or None
        Role -> column, empty where the usual names do; None while one is wanting.
    """
    if preview.is_long:
        st.caption("Read as a long table, one row a pair: " + ", ".join(
            f"{role} is *{markdown_text(preview.roles[role], 40)}*" for role in _REQUIRED) + ".")
    else:
        st.caption("Read as a wide table: languages in the first column and in the header"
                   + ("; trained on in the rows, tested on in the columns." if "seed" in roles
                      else "."))
    if not st.toggle("It is a long table with other columns" if not preview.is_long else
                     "The columns are others", key=f"{key}.map",
                     help="Lets you say which column is what, where the header does not say it."):
        return {}
    chosen: dict[str, str] = {}
    for column, role in zip(st.columns(len(roles)), roles, strict=True):
        offered = [*([] if role in _REQUIRED else [_NOT_THERE]), *preview.columns]
        usual = preview.roles.get(role)
        found = column.selectbox(
            _ROLE_WORDS[role], offered, key=f"{key}.{role}", placeholder="choose",
            help="The column of the table that holds it.",
            index=offered.index(usual) if usual else None if role in _REQUIRED else 0,
            format_func=lambda name: plain_text(name, 40))
        if found is not None and found != _NOT_THERE:
            chosen[role] = found
    lacking = [role for role in _REQUIRED if role not in chosen]
    if lacking:
        st.info(f"Choose the column for {lacking[0]}.")
        return None
    twice = [name for name in chosen.values() if list(chosen.values()).count(name) > 1]
    if twice:
        st.info(f"The column {markdown_text(twice[0], 40)} is chosen twice. Choose another.")
        return None
    return chosen


@contextmanager
def wrong_cells_told(files: Sequence[HeldFile], unit: str | None, **rows: Any) -> Iterator[None]:
    """Where reading fails for single cells, tell them all with their lines, and stop the page.

    Parameters
    ----------
    unit, rows : as in `wrong_cells`
    """
    try:
        yield
    except GradSimError:
        told: list[str] = []
        for file in files:
            if len(told) < MOST_WRONG:
                told += wrong_cells(file, unit, most=MOST_WRONG - len(told), **rows)
        if len(told) < 2:
            raise
        least = "At least " if len(told) == MOST_WRONG else ""
        st.error("\n".join([f"{least}{len(told)} cells cannot be read:", "",
                            *(f"- {markdown_text(one)}" for one in told)]))
        st.stop()


def show_understood(languages: Mapping[str, Language], sentences: Sequence[str]) -> None:
    """What was understood of a table, and which language each spelling was taken for."""
    st.markdown("**What was understood**")
    st.markdown("\n".join(f"- {markdown_text(line, 600)}" for line in sentences))
    with st.expander(f"The {len(languages)} spellings and their languages"):
        st.dataframe({
            "Written": [plain_text(spelling, 40) for spelling in languages],
            "Read as": [plain_text(one.name, 60) for one in languages.values()],
            "Code": [plain_text(one.code, 20) for one in languages.values()],
            "Note": [plain_text(one.note or ("" if one.iso639_3 else "not known: kept as written"),
                                120) for one in languages.values()]},
            hide_index=True, height=table_height(len(languages)))


def kept_name(stem: str, key: str, taken: Sequence[str]) -> str:
    """Let the reader name what is kept; the file's name, without its ending, is offered."""
    offered = re.sub("[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:_LONGEST_NAME] or "imported"
    name = st.text_input("Keep it under the name", offered, key=f"{key}.name",
                         max_chars=_LONGEST_NAME, width=340,
                         help="Letters, digits, '-' and '_'.").strip()
    if name in taken:
        st.caption(f"There is a {markdown_text(name, 60)} already: it will be replaced.")
    return name


assert set(_ROLE_WORDS) == set(USUAL_NAMES)
