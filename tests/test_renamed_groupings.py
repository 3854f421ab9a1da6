"""Saved groupings under another name: their id stays, and what names it goes on to work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_up_studies import SIGNATURE, write_study
from page_cases import opened_page, shown_cache, words

from gradsim_core import (
    GradSimError,
    Reading,
    Results,
    Rule,
    Store,
    decide,
    decision_json,
    delete_saved,
    load_results,
    load_saved,
    rename_saved,
    save_grouping,
    saved_groupings,
)
from gradsim_core.decisions.kept_groupings import _id
from gradsim_core.errors import StoreError
from gradsim_core.storage import atomic


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    yield from shown_cache(tmp_path, monkeypatch)


@pytest.fixture
def store(cache: Path) -> Store:
    return write_study(cache)


@pytest.fixture
def results(store: Store) -> Results:
    return load_results(store, SIGNATURE)


def decided(results: Results, k: int) -> dict[str, Any]:
    return decide(results, Reading(), Rule(k=k))


def names(store: Store) -> dict[str, str]:
    return {one.id: one.name for one in saved_groupings(store, SIGNATURE)}


def file_of(store: Store, name: str) -> Path:
    return store.root / SIGNATURE / "groupings" / f"{name}.json"


def test_the_id_stays_and_the_decision_with_it(store: Store, results: Results) -> None:
    decision = decided(results, 2)
    name = save_grouping(store, SIGNATURE, "A", decision)
    before = file_of(store, name).read_bytes()
    for new in ("B", " C\n", "Só & <b>"):
        assert rename_saved(store, SIGNATURE, name, new) == name
        kept = load_saved(store, SIGNATURE, name)
        assert kept is not None
        assert kept.name == new.strip()
        assert decision_json(dict(kept.decision)) == decision_json(decision)
    assert len(names(store)) == 1
    rename_saved(store, SIGNATURE, name, "A")
    assert file_of(store, name).read_bytes() == before, "as it was kept"
    delete_saved(store, SIGNATURE, name)
    assert names(store) == {}
    with pytest.raises(GradSimError, match="keeps no grouping"):
        rename_saved(store, SIGNATURE, name, "D")


def test_entries_of_the_older_layout_are_read_and_renamed(store: Store, results: Results) -> None:
    decision = decided(results, 3)
    old = _id("Old", decision)  # name and decision, of which the id was made
    store.write_json(SIGNATURE, f"groupings/{old}.json", {"name": "Old", "decision": decision})
    assert names(store) == {old: "Old"}
    assert save_grouping(store, SIGNATURE, "Old", decision) == old, "kept already"
    rename_saved(store, SIGNATURE, old, "New")
    assert names(store) == {old: "New"}
    assert json.loads(file_of(store, old).read_text())["content"]["kept_as"] == "Old"


def test_the_first_name_is_free_again(store: Store, results: Results) -> None:
    decision = decided(results, 2)
    first = save_grouping(store, SIGNATURE, "A", decision)
    rename_saved(store, SIGNATURE, first, "B")
    second = save_grouping(store, SIGNATURE, "A", decision)
    assert names(store) == {first: "B", second: "A"}
    assert save_grouping(store, SIGNATURE, "A", decision) == second, "one entry, kept twice"
    rename_saved(store, SIGNATURE, second, "C")
    third = save_grouping(store, SIGNATURE, "A", decision)
    assert names(store) == {first: "B", second: "C", third: "A"}


def test_a_name_that_is_taken_gets_a_number(store: Store, results: Results) -> None:
    one, other = (save_grouping(store, SIGNATURE, name, decided(results, k))
                  for name, k in (("A", 2), ("B", 3)))
    rename_saved(store, SIGNATURE, other, "A")
    assert names(store) == {one: "A", other: "A 2"}
    rename_saved(store, SIGNATURE, other, "A")
    assert names(store) == {one: "A", other: "A 2"}, "not a third"
    with pytest.raises(GradSimError, match="under a name"):
        rename_saved(store, SIGNATURE, other, " \n")
    assert names(store)[other] == "A 2"


@pytest.mark.parametrize("change", [{"kept_as": "X"}, {"kept_as": None}, {"name": None}])
def test_an_entry_whose_id_is_not_its_own_is_none(store: Store, results: Results,
                                                  change: dict[str, Any]) -> None:
    name = save_grouping(store, SIGNATURE, "A", decided(results, 2))
    content = store.read_json(SIGNATURE, f"groupings/{name}.json")
    assert content is not None
    store.write_json(SIGNATURE, f"groupings/{name}.json", {**content, **change})
    assert load_saved(store, SIGNATURE, name) is None
    assert names(store) == {}


def test_a_full_disk_leaves_the_old_name(store: Store, results: Results,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    name = save_grouping(store, SIGNATURE, "A", decided(results, 2))

    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "publish", full)
    with pytest.raises(StoreError, match="No space left"):
        rename_saved(store, SIGNATURE, name, "B")
    assert names(store) == {name: "A"}


def groups() -> None:
    from dashboard.views.groups.page import groups_page

    groups_page()


def test_links_and_comparisons_go_on_after_a_rename(store: Store, results: Results) -> None:
    mine, other = (save_grouping(store, SIGNATURE, f"K {k}", decided(results, k)) for k in (2, 3))
    app = opened_page(groups, opened=mine, compared=other)
    app.text_input(key=f"saved.rename.{mine}").set_value("Ours")
    app.button(key="saved.rename").click().run()
    assert not app.exception
    assert app.query_params["opened"] in (mine, [mine])
    assert app.query_params["compared"] in (other, [other])
    rename_saved(store, SIGNATURE, other, "Theirs")
    for link in (app.run(), opened_page(groups, opened=mine, compared=other)):
        assert "**Ours**, a saved grouping, is shown" in words(link)
        table = next(one.value for one in link.dataframe if "Objective of the first" in one.value)
        assert set(table.iloc[0, :2]) == {"shown: Ours", "Theirs"}
