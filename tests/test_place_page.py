"""Where a run is computed, chosen on a page; and what is then queued."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from page_cases import button, opened_page, shown_cache, words
from run_cases import end_all

from dashboard.views import place
from gradsim_core import Run, Store, list_runs, submit_study
from gradsim_core.runs import steering

ONE = "0123456789abcdef"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder, on which nothing is started."""
    monkeypatch.setattr(steering, "ensure_alive", lambda table: None)
    monkeypatch.setattr(place, "has_ray", lambda: True)
    yield from shown_cache(tmp_path, monkeypatch)
    end_all(Store(tmp_path))


def page() -> None:
    import streamlit as st

    from dashboard.loads.data import store
    from dashboard.views.place import choose_place
    from gradsim_core import computed_at, submit_study

    where = choose_place("test")
    if st.button("Start"):
        with computed_at(where):
            submit_study(store(), "0123456789abcdef", "steps: 9\n")


def queued(cache: Path) -> Run:
    (run,) = list_runs(Store(cache))
    return run


def test_a_run_is_computed_here_unless_a_cluster_is_chosen(cache: Path) -> None:
    button(opened_page(page), "Start").click().run()
    assert "--backend" not in queued(cache).argv


def test_a_run_is_sent_to_the_cluster_at_the_address(cache: Path) -> None:
    app = opened_page(page)
    assert not app.text_input
    assert "for this machine" not in words(app)
    app.button_group(key="place.test").set_value("Ray cluster").run()
    assert "a cluster's workers are not counted" in words(app)
    app.text_input[0].set_value(" head:6379 ").run()
    button(app, "Start").click().run()
    assert not app.exception
    assert queued(cache).argv[-4:] == ("--backend", "ray", "--address", "head:6379")


def test_without_ray_there_is_nothing_to_choose(cache: Path, monkeypatch) -> None:
    monkeypatch.setattr(place, "has_ray", lambda: False)
    app = opened_page(page)
    assert not app.get("button_group")
    button(app, "Start").click().run()
    assert "--backend" not in queued(cache).argv


def test_a_run_goes_on_where_it_was_sent(cache: Path) -> None:
    from gradsim_core import Place, computed_at

    with computed_at(Place("ray")):
        submit_study(Store(cache), ONE, "steps: 9\n")
    assert queued(cache).argv[-2:] == ("--backend", "ray")
