"""The first tour: three steps, one button each, and gone once somebody knows the way."""

from __future__ import annotations

from pathlib import Path

from made_up_experiments import made_up_experiment, write_experiment
from made_up_studies import SIGNATURE, write_study
from page_cases import button, labels, opened_page, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture

from dashboard.views.guide import LAST, STEPS


def similarity() -> None:
    from made_up_studies import SIGNATURE

    from dashboard.state import current_selection
    from dashboard.views.guide import show_guide

    show_guide("similarity", current_selection(), SIGNATURE)


def groups() -> None:
    from made_up_studies import SIGNATURE

    from dashboard.state import current_selection
    from dashboard.views.guide import show_guide

    show_guide("groups", current_selection(), SIGNATURE)


def test_a_new_user_is_shown_where_to_look(cache: Path) -> None:
    write_study(cache)
    app = opened_page(similarity)
    assert "1 of 3 · Look." in words(app)
    assert labels(app) == ["Next: choose groups", "Skip the tour"]


def test_steps_on_the_groups_page_lead_to_the_end(cache: Path) -> None:
    write_study(cache)
    app = opened_page(groups, guide="2")
    button(app, "Next: take them away").click().run()
    assert "3 of 3 · Take them away." in words(app)
    assert app.query_params["guide"] in ("3", ["3"])
    assert labels(app) == ["Done"]
    button(app, "Done").click().run()
    assert words(app) == ""
    assert app.query_params["guide"] in ("0", ["0"])


def test_who_turns_to_the_groups_alone_is_at_the_second_step(cache: Path) -> None:
    write_study(cache)
    assert "2 of 3 · Choose groups." in words(opened_page(groups))
    assert words(opened_page(similarity, guide="2")) == "", "never in the way of a look back"


def test_it_can_be_skipped(cache: Path) -> None:
    write_study(cache)
    app = opened_page(similarity)
    button(app, "Skip the tour").click().run()
    assert words(app) == ""
    assert app.query_params["guide"] in ("0", ["0"])


def test_it_is_over_once_anything_was_made(cache: Path) -> None:
    store = write_study(cache)
    write_experiment(store, made_up_experiment())
    assert words(opened_page(similarity)) == ""
    store.remove(SIGNATURE, f"experiments/{made_up_experiment()['id']}.json")
    assert words(opened_page(similarity)) != ""
    store.write_json(SIGNATURE, "groupings/00ff.json", {"name": "mine"})
    assert words(opened_page(similarity)) == ""
    store.remove(SIGNATURE, "groupings/00ff.json")
    write_study(cache, signature="fedcba9876543210")
    assert words(opened_page(similarity)) == ""


def test_words_name_what_stands_on_the_pages() -> None:
    root = Path(__file__).parents[1] / "dashboard" / "views"
    pages = "".join(file.read_text(encoding="utf-8") for file in root.rglob("*.py")
                    if file.stem != "guide")
    assert list(STEPS) == list(range(1, LAST + 1))
    for named in ("From … to", "Decision as JSON", "Train these groups"):
        assert any(named in step.words for step in STEPS.values())
        assert f'"{named}"' in pages, "the tour would send people to what is not there"
