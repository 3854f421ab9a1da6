"""What is folded away: which folds stand open is in the address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_up_studies import write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import opened_page
from streamlit.testing.v1 import AppTest


def groups() -> None:
    from dashboard.views.groups.page import groups_page
    groups_page()


def similarity() -> None:
    from dashboard.views.similarity.page import similarity_page
    similarity_page()


def is_open(app: AppTest, label: str) -> bool:
    (found,) = [one for one in app.expander if one.label == label]
    return bool(found.proto.expanded)


@pytest.mark.parametrize(("query", "shown"), [
    ({}, False), ({"folds": "cut"}, True), ({"folds": ["edit", "cut"]}, True),
    ({"folds": "-cut"}, False), ({"strategy": "agglomerative"}, True),
    ({"strategy": "agglomerative", "folds": "-cut"}, False)])
def test_a_fold_is_as_the_address_says_or_as_usual(query: dict[str, Any], shown: bool,
                                                   cache: Path) -> None:
    write_study(cache)
    assert is_open(opened_page(groups, **query), "Cut the tree at a height") is shown


def test_tables_are_known_by_their_chart(cache: Path) -> None:
    write_study(cache)
    app = opened_page(similarity, folds="table-mds", arrangement="mds")
    assert [one.proto.expanded for one in app.expander if one.label == "Table"] == [False, True]


@pytest.mark.parametrize("usual", [False, True])
def test_turning_a_fold_twice_leaves_the_address_as_it_was(usual: bool) -> None:
    def page(usual: bool) -> None:
        import streamlit as st

        from dashboard.views.folds import _turned

        for is_open in (not usual, usual):
            changes = _turned("own", is_open, usual)
            st.text(repr(changes["folds"]))
            st.query_params["folds"] = list(changes["folds"])

    app = AppTest.from_function(page, args=(usual,))
    app.query_params["folds"] = ["other"]
    app.run()
    assert not app.exception
    turned = "-own" if usual else "own"
    assert [one.value for one in app.text] == [f"('other', '{turned}')", "('other',)"]
