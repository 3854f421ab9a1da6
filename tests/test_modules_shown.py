"""Studies whose layers are taken apart, as pages, findings, reports and the command show them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_cases import Gradsim
from lower_or_higher_cases import CODES, FAMILY, LABELS, PLAN, alike, series
from made_up_studies import EUROPEAN, SIGNATURE, made_up_series, write_study
from page_cases import figures, opened_page, shown_cache, titles, words
from streamlit.testing.v1 import AppTest

from dashboard.agreement import agreement_rows, agreement_sentence
from dashboard.layers import Sides, block_choices, fitting_sides
from dashboard.report.assembling import study_report
from dashboard.words.blocks import block_words, reliability_sentence, short_words, span_words
from dashboard.words.layers import module_lines, module_table
from gradsim_core import MODULES, GramSeries, Reading, Rule, Store, load_results
from gradsim_core.findings.layers.lower_or_higher import lower_or_higher
from gradsim_core.findings.layers.lower_or_higher_report import report_files
from gradsim_core.measures import Measure
from gradsim_core.measures.gradient import gradient
from gradsim_core.similarities.block_ranges import block_module
from gradsim_core.similarities.settled import settling

SHARES = {"attention": 0.6, "feed_forward": 0.3, "norms": 0.1}


def apart(whole: GramSeries, shares: dict[str, float] = SHARES) -> GramSeries:
    """The same run with every layer in three modules, each alike to the layer in its own way."""
    rng = np.random.default_rng(1)
    names, sums, steps = [], [], []
    for i, name in enumerate(whole.blocks):
        parts = [""] if not name.startswith("layer.") else list(MODULES)
        left = (whole.sums[:, i], whole.steps[:, i])
        for part in parts:
            own = rng.normal(size=(whole.sums.shape[-1], 3)) * 0.01
            extra = own @ own.T
            names.append(f"{name}.{part}".rstrip("."))
            sums.append(left[0] * shares.get(part, 1.0) + extra)
            steps.append((left[1] * shares.get(part, 1.0) + extra).astype(np.float32))
    return replace(whole, blocks=tuple(names), sums=np.stack(sums, axis=1),
                   steps=np.stack(steps, axis=1))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for folder in shown_cache(tmp_path, monkeypatch):
        yield write_study(folder, series=apart(made_up_series([0, 1] * 4)))


def layers() -> None:
    from dashboard.views.layers.page import layers_page

    layers_page()


def blocks_alone() -> None:
    from made_up_studies import SIGNATURE

    from dashboard.state import current_selection
    from dashboard.views.sidebar import _choose_blocks

    _choose_blocks(current_selection(), SIGNATURE)


# words


def test_blocks_in_words() -> None:
    names = apart(made_up_series([0, 1] * 4)).blocks
    assert short_words("layer.11.feed_forward") == "feed-forward 11"
    assert block_words("layer.0.attention:layer.2.attention") == (
        "layer 0 attention:layer 2 attention")
    assert span_words(names) == "embeddings to head"
    assert span_words([name for name in names if block_module(name) == "norms"]) == (
        "norms of layer 0 to layer 3")
    assert Sides("attention", "layer.3.norms").words == (
        "the attention of all layers", "layer 3 norms")
    assert Sides("feed_forward", "lower").titles == ("Feed-forward of all layers", "Lower layers")
    choices = block_choices(names)
    assert choices[:8] == ("lower", "higher", "layers", "encoder", *MODULES, "embeddings")
    assert choices[8:10] == ("layer.0", "layer.0.attention")
    assert len(choices) == len(set(choices)) == 4 + 3 + 2 + 4 * 4
    assert fitting_sides("layer.1", "layer.1.norms", names) == Sides("layer.1", "layer.1.norms")
    assert fitting_sides("lower", "layer.9", names) == Sides("embeddings", "layer.3")


def test_agreement_by_hand_tells_neighbours_from_modules_of_one_layer() -> None:
    names = agreement_rows(("layer.0.attention", "layer.0.norms", "layer.1.attention",
                            "layer.1.norms", "head"))
    assert names == ("layer.0.attention", "layer.1.attention", "layer.0.norms", "layer.1.norms",
                     "head")
    table = np.eye(5)
    for (i, j), value in {(0, 1): 0.9, (2, 3): 0.7, (0, 2): 0.3, (1, 3): 0.1, (1, 2): -0.5,
                          (0, 3): 0.4, (3, 4): 0.2}.items():
        table[i, j] = table[j, i] = value
    said = agreement_sentence(table, names)
    assert said == ("The same module of neighbouring layers agrees at 0.80 on average; two "
                    "modules of one layer at 0.20; the two that agree least are layer 1 attention "
                    "and layer 0 norms (−0.50).")
    plain = ("embeddings", "layer.0", "layer.1", "head")
    assert agreement_rows(plain) == plain
    assert agreement_sentence(np.full((4, 4), 0.5), plain).startswith("Neighbouring blocks agree")


def test_where_halves_agree_most_and_least() -> None:
    assert reliability_sentence({"layer.0.norms": -0.02, "layer.1.attention": 0.5,
                                 "layer.2.norms": float("nan")}) == (
        "The two halves of a language agree most in layer 1 attention (0.50) and least in layer 0 "
        "norms (−0.02), on average over languages.")
    assert "No module" in reliability_sentence({"layer.0.norms": float("nan")})


# what reads a study


def test_measures_settling_and_exports_take_modules(store: Store) -> None:
    results = load_results(store, SIGNATURE)
    found = gradient(results.series)
    assert found.layers == ("embeddings", *(f"layer.{i}" for i in range(4)), "head")
    for blocks in ("attention", "layer.1.norms:layer.2.norms", "layer.2"):
        assert settling(results, Reading(blocks=blocks), Rule(k=2)).step in results.series.snapshots


MEASURES = {"family": Measure("family", "Genealogy", CODES, alike(FAMILY), "made up"),
            "distribution.labels": Measure("distribution.labels", "Labels", CODES, alike(LABELS),
                                           "made up")}


def found_in(series_: GramSeries, tmp_path: Path) -> dict:
    store = write_study(tmp_path, series=series_)
    return lower_or_higher(load_results(store, SIGNATURE), MEASURES, PLAN)


def test_lower_or_higher_explains_layers_and_each_module(tmp_path: Path) -> None:
    whole = series((0.4, 0.32, 0.24, 0.16, 0.08, 0.0), (0.0, 0.08, 0.16, 0.24, 0.32, 0.4))
    plain = found_in(whole, tmp_path / "plain")
    assert "modules" not in plain
    assert module_lines(plain) == ((), [])
    content = found_in(apart(whole), tmp_path / "apart")
    assert [one["block"] for one in content["blocks"]] == [one["block"] for one in plain["blocks"]]
    assert content["trend"]["slope"] == pytest.approx(plain["trend"]["slope"], abs=0.02)
    assert [part["module"] for part in content["modules"]] == list(MODULES)
    for part in content["modules"]:
        assert [one["block"] for one in part["blocks"]] == part["trend"]["blocks"] == [
            f"layer.{i}.{part['module']}" for i in range(4)]
        assert part["trend"]["slope"] < 0  # the task counts more with depth, in every module
    layers_, lines = module_lines(content)
    assert layers_ == tuple(f"layer.{i}" for i in range(4))
    assert [line.title for line in lines] == ["Attention", "Feed-forward", "Norms"]
    first = content["modules"][0]["blocks"][0]
    assert lines[0].values[0] == pytest.approx(
        first["linguistic"]["share"] - first["task"]["share"])
    assert lines[0].values[0] > 0 > lines[0].values[-1]
    assert list(module_table(content)) == ["Layer", "Attention, %", "Feed-forward, %", "Norms, %"]
    files = report_files(content)
    assert "## Module by module" in files["report.md"]
    assert "## Module by module" not in report_files(plain)["report.md"]
    rows = list(csv.DictReader(io.StringIO(files["table.csv"].lstrip("\ufeff"))))
    assert [row["block"] for row in rows if row["in trend"] == "yes"][-1] == "layer.3.norms"
    assert len(rows) == 6 + 12


# pages


@pytest.mark.parametrize("query", [
    {}, {"blocks": "attention", "left": "attention", "right": "layer.3.norms"},
    {"blocks": "layer.1.norms:layer.2.norms", "left": "layer.1", "right": "layer.1.feed_forward"},
    {"blocks": "layer.1:head", "correction": "noise_corrected"},
    {"blocks": "layer.0.attention:layer.1", "left": "layer.9.norms", "right": "nowhere"}])
def test_the_layers_page_stands_and_draws_a_line_a_module(store: Store, query: dict) -> None:
    app = opened_page(layers, **query)
    assert not app.exception
    found = [title for title in titles(app) if title.startswith("How sure each module is")]
    assert len(found) == 1
    said = words(app)
    assert "Attention, feed-forward or norms?" in said
    assert "The same module of neighbouring layers agrees" in said
    for drawn in figures(app):
        if drawn["layout"]["title"]["text"] == found[0]:
            assert [one["name"] for one in drawn["data"] if one.get("name")] == [
                "Attention", "Feed-forward", "Norms"]
            assert drawn["layout"]["xaxis"]["ticktext"] == [f"layer {i}" for i in range(4)]


def test_a_study_of_whole_layers_says_nothing_of_modules(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in shown_cache(tmp_path, monkeypatch):
        write_study(folder)
        app = opened_page(layers)
        assert "feed-forward or norms" not in words(app)
        app = opened_page(blocks_alone)
        assert [control.label for control in app.get("button_group")] == ["Blocks"]


def slider(app: AppTest) -> tuple[list[str], tuple[str, ...]]:
    one, = app.select_slider
    return list(one.options), tuple(one.value)


def test_the_slider_goes_over_layers_and_the_module_stays(store: Store) -> None:
    app = opened_page(blocks_alone, blocks="layer.1.norms:layer.2.norms")
    options, ends = slider(app)
    assert options == ["embeddings", *(f"layer {i}" for i in range(4)), "head"]
    assert ends == ("layer.1", "layer.2")
    app.select_slider[0].set_value(("layer.0", "layer.3")).run()
    assert app.query_params["blocks"] == "norms"
    app.select_slider[0].set_value(("layer.3", "layer.3")).run()
    assert app.query_params["blocks"] == "layer.3.norms"
    module, = (one for one in app.get("button_group") if one.label == "Of these layers")
    module.set_value("").run()
    assert app.query_params["blocks"] == "layer.3"
    assert not app.exception


def test_the_report_of_a_study_takes_a_module(store: Store) -> None:
    written = study_report(store, SIGNATURE, Reading(blocks="attention"), Rule(k=2))
    assert "attention of layer 0 to layer 3" in written


# the command


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gradsim:
    return Gradsim(monkeypatch, capsys)


def test_the_command_reads_modules_and_says_what_there_is(store: Store, gradsim: Gradsim,
                                                          tmp_path: Path) -> None:
    asked = ("similarity", SIGNATURE, "--cache", str(tmp_path), "--blocks")
    done = gradsim(*asked, "attention", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["blocks"] == [f"layer.{i}.attention" for i in range(4)]
    done = gradsim(*asked, "layer.2", "--json")
    assert json.loads(done.out)["blocks"] == [f"layer.2.{module}" for module in MODULES]
    done = gradsim(*asked, "layer.0.attention:layer.2")
    assert done.code != 0
    assert "both whole layers" in " ".join(done.err.split())
    exported = tmp_path / "decision.json"
    assert gradsim("export", SIGNATURE, "--cache", str(tmp_path), "--blocks", "norms", "--k", "2",
                   "--file", str(exported)).code == 0
    assert json.loads(exported.read_text())["similarity"]["block_names"] == [
        f"layer.{i}.norms" for i in range(4)]
    assert gradsim("verify", str(exported), "--cache", str(tmp_path)).code == 0


def test_made_up_modules_are_those_of_known_languages(store: Store) -> None:
    series_ = load_results(store, SIGNATURE).series
    assert series_.languages == EUROPEAN
    assert len(series_.blocks) == 2 + 4 * 3
