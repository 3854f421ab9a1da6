"""Two studies side by side: what differs, what agrees, and what cannot be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_up_studies import HOSTILE, made_up_series, write_study
from page_cases import button, opened_page, titles, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from scipy.stats import spearmanr
from streamlit.testing.v1 import AppTest

from dashboard.beside import (
    beside_sentence,
    fitting_readings,
    groupable,
    held_beside,
    rule_for,
    score_changes,
    setting_differences,
)
from dashboard.loads.besides import groups_beside
from gradsim_core import Reading, Results, Rule, load_results

ONE, OTHER = "aa" + "0" * 14, "bb" + "0" * 14
CODES = ("deu", "spa", "nld", "ita", "swe", "por", "dan", "fra")


def study(root: Path, signature: str, clusters: list[int], codes: tuple[str, ...] = CODES,
          seed: int = 0, **more: object) -> Results:
    store = write_study(root, signature=signature, name=f"Study {signature[0]}", **more,
                        series=made_up_series(clusters, codes=codes, seed=seed))
    return load_results(store, signature)


def beside_page(**query: object) -> AppTest:
    def page() -> None:
        from dashboard.views.study.page import study_page
        study_page()
    return opened_page(page, study=ONE, studying="beside", **query)


def test_common_languages_are_compared_in_the_same_order(cache: Path) -> None:
    first = study(cache, ONE, [0, 1] * 4)
    second = study(cache, OTHER, [0, 0, 1, 1, 1, 0], ("fra", "amh", "deu", "swe", "nld", "spa"))
    found = held_beside(first, second, Reading(correction="raw"))
    assert found.languages == ("deu", "spa", "nld", "swe", "fra")
    assert found.first.languages == found.second.languages == found.languages
    upper = np.triu_indices(5, 1)
    assert found.association is not None
    assert found.association.value == pytest.approx(spearmanr(
        found.first.matrix[upper], found.second.matrix[upper]).statistic)
    assert found.association.n_languages == 5
    assert found.association.exact  # 5! orders are few
    assert set(found.by_block) == set(first.series.blocks)
    assert groupable(found) == found.languages


def test_the_same_study_twice_agrees_wholly(cache: Path) -> None:
    first, second = study(cache, ONE, [0, 1] * 4), study(cache, OTHER, [0, 1] * 4)
    found = held_beside(first, second, Reading(correction="raw"))
    assert found.association is not None
    assert found.association.value == pytest.approx(1)
    assert all(value == pytest.approx(1) for value in found.by_block.values())
    assert beside_sentence(found).startswith("The two studies see the same languages as alike: "
                                             "over 8 languages the rank correlation of the pairs "
                                             "is 1.00")
    assert setting_differences(first, second)["Setting"] == []
    groups, reason = groups_beside(ONE, OTHER, Reading(correction="raw"), Rule(k=2))
    assert groups is not None, reason
    assert (groups.agreement, groups.moved) == (1.0, ())


def test_who_moves_between_the_groups_is_named(cache: Path) -> None:
    study(cache, ONE, [0, 1] * 4)
    study(cache, OTHER, [0, 1, 0, 1, 0, 1, 1, 1])  # Danish goes over
    groups, reason = groups_beside(ONE, OTHER, Reading(correction="raw"),
                                   Rule(k=2, must_link=(("deu", "nld"), ("deu", "amh"))))
    assert groups is not None, reason
    assert groups.moved == ("dan",)
    assert 0 < groups.agreement < 1
    assert rule_for(Rule(must_link=(("deu", "nld"), ("deu", "amh"))), CODES).must_link == (
        ("deu", "nld"),)
    none, reason = groups_beside(ONE, OTHER, Reading(correction="raw"), Rule(k=2, smallest=5))
    assert none is None
    assert reason


def test_other_blocks_and_steps_are_fitted_and_said(cache: Path) -> None:
    first, second = study(cache, ONE, [0, 1] * 4), study(cache, OTHER, [0, 1] * 4)
    small = replace(second.series, blocks=("embeddings", "layer.0", "layer.1", "head"),
                    sums=second.series.sums[:, :4], steps=second.series.steps[:, :4],
                    snapshots=(20, 40, 55, 120))
    one, other, notes = fitting_readings(Reading(blocks="layer.3", snapshot=1), first.series, small)
    assert (one.blocks, other.blocks) == ("layers", "layers")
    assert (one.snapshot, other.snapshot) == (1, 2)
    assert "no blocks “layer.3”" in notes[0]
    assert "step 60, the second at step 55" in notes[1]
    found = held_beside(first, replace(second, series=small), Reading(correction="raw"))
    assert found.by_block == {}
    assert found.association is not None
    _, _, silent = fitting_readings(Reading(blocks="lower"), first.series, small)
    assert silent == ()


def test_too_few_common_languages_and_other_defaults_are_said(cache: Path) -> None:
    first = study(cache, ONE, [0, 1], ("deu", "spa"))
    second = study(cache, OTHER, [0, 1, 0], ("deu", "spa", "amh"), preset="builtin")
    found = held_beside(first, second, Reading())
    assert found.association is None
    assert "They share 2 languages" in " ".join(found.notes)
    assert "too few languages" in beside_sentence(found)
    if second.default_correction != first.default_correction:
        assert "On its own pages the second study is read" in " ".join(found.notes)
        assert found.second.correction == first.default_correction


def test_settings_that_differ_are_listed_and_no_others(cache: Path) -> None:
    first = study(cache, ONE, [0, 1] * 4)
    second = study(cache, OTHER, [0, 1, 0], ("deu", "spa", "amh"), preset="masakhaner2")
    asked = {**second.record["study"], "seed": 7}
    del asked["warmup"]  # as in a record from before there was such a setting
    record = {**second.record, "study": asked, "task": "token", "source": "MasakhaNER 2",
              "data_fingerprints": {**second.record["data_fingerprints"], "deu": "f" * 64}}
    table = setting_differences(first, replace(second, record=record))
    rows = dict(zip(table["Setting"], zip(table["First"], table["Second"], strict=True),
                    strict=True))
    assert rows["seed"] == ("0", "7")
    assert rows["data"] == ("builtin, Unicode CLDR names", "MasakhaNER 2")
    assert rows["task"] == ("sequence", "token")
    assert rows["languages"] == ("8; only here: nld, ita, swe, por, dan, fra", "3; only here: amh")
    assert "deu" in rows["texts"][0]
    assert set(rows) == {"seed", "task", "data", "languages", "texts"}


def test_scores_are_compared_by_the_same_metric_alone(cache: Path) -> None:
    first, second = study(cache, ONE, [0, 1] * 4), study(cache, OTHER, [0, 1] * 4)
    scores = {code: {**own, "weighted_f1": own["weighted_f1"] - (0.1 if code == "ita" else 0.02)}
              for code, own in second.scores["scores"]["test"].items()}
    lower = replace(second, scores={**second.scores, "scores": {"test": scores}})
    rows = score_changes(first, lower)
    assert rows[0][0] == "ita"
    assert rows[0][2] - rows[0][1] == pytest.approx(-0.1)
    assert len(rows) == 8
    other = {**second.record, "metric": "accuracy"}
    assert score_changes(first, replace(lower, record=other)) == []
    assert score_changes(first, replace(second, scores=None)) == []


def test_the_page_shows_both(cache: Path) -> None:
    study(cache, ONE, [0, 1] * 4)
    study(cache, OTHER, [0, 1, 0, 1, 0, 1, 1, 1], seed=3)
    app = beside_page(beside=OTHER[:6], k=2)
    said = words(app)
    assert "The two studies see" in said
    assert "Adjusted Rand index" in said
    assert "1 language would have to move: Danish." in said
    assert "On average the second scores +0.0 points against the first, over 8 languages" in said
    assert titles(app) == ["The two studies, one order and one scale",
                           "Change from Study a to Study b"]
    app = beside_page(beside="nowhere")
    assert titles(app)[1] == "Change from Study a to Study b"  # the only other


def test_without_a_second_study_the_way_to_one_is_shown(cache: Path) -> None:
    study(cache, ONE, [0, 1] * 4)
    app = beside_page()
    assert "This takes a second study" in words(app)
    button(app, "Describe a study").click().run()
    assert app.query_params["studying"] in ("new", ["new"])


def test_too_few_common_languages_still_show_settings(cache: Path) -> None:
    study(cache, ONE, [0, 1] * 4)
    study(cache, OTHER, [0, 1, 0], ("amh", "hau", "deu"))
    app = beside_page()
    assert "They share 1 language; to compare similarities, 3 are needed." in words(app)
    assert "What differs in how they were made" in words(app)
    assert titles(app) == []


def test_hostile_titles_are_text(cache: Path) -> None:
    for signature, name in ((ONE, HOSTILE[0]), (OTHER, HOSTILE[1])):
        write_study(cache, signature=signature, name=name)
    app = beside_page()
    for title in titles(app):
        assert "<img" not in title
    assert "](http" not in "\n".join(str(one.value) for one in app.get("markdown"))


def test_the_store_is_left_as_it_was(cache: Path) -> None:
    study(cache, ONE, [0, 1] * 4)
    study(cache, OTHER, [0, 1] * 4)
    before = sorted(path.relative_to(cache) for path in cache.rglob("*"))
    beside_page()
    assert sorted(path.relative_to(cache) for path in cache.rglob("*")) == before
