"""The groups page without a browser: opened, edited, and what is read off it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from made_up_studies import SIGNATURE
from page_cases import button, opened_page
from page_views import groups
from streamlit.testing.v1 import AppTest

from dashboard.editing import leave_out, merge, new_group, rename
from dashboard.loads.data import results
from dashboard.loads.groupings import ShownGroups, shown_groups
from dashboard.loads.pictures import picture
from dashboard.selection import Selection
from gradsim_core import decision_of

EDITS = (new_group(["deu"]), rename("deu", "Só & <b>"), leave_out(["ita"]), merge("spa", "por"))


def opened(page: Callable[[], None] = groups, **query: object) -> AppTest:
    return opened_page(page, **query)


def again(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert not app.error, [one.value for one in app.error]
    return app


def press(app: AppTest, label: str) -> AppTest:
    button(app, label).click()
    return again(app)


def edits_of(app: AppTest) -> list[str]:
    found = app.query_params.get("edits", [])
    return found if isinstance(found, list) else [found]


def cards(app: AppTest) -> dict[str, str]:
    """Title of each card -> its list of languages."""
    said = [one.value.replace("\\", "") for one in app.markdown]
    return {match[1]: said[at + 1] for at, one in enumerate(said)
            if (match := re.match(r"\*\*(.+)\*\* · \d+ language", one))}


def chooser(app: AppTest, label: str) -> Any:
    """The one select box of a label."""
    (found,) = [one for one in app.selectbox if one.label == label]
    return found


def unmarked(app: AppTest) -> dict[str, str]:
    """The cards, as if no language were marked."""
    return {title: held.replace("**", "").replace(" (marked)", "")
            for title, held in cards(app).items()}


def shown_decision(selection: Selection) -> tuple[ShownGroups, dict[str, Any]]:
    """What the page exports."""
    found = shown_groups(SIGNATURE, selection)
    return found, decision_of(results(SIGNATURE), found.reading, picture(
        SIGNATURE, found.reading).found, found.rule, found.made)
