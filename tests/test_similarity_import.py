"""Own similarities, uploaded on the Correlation page: one or a layer a file, kept or refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from correlation_import_cases import MATRIX, similar, uploaded
from made_up_correlations import made_up_measures
from made_up_findings import write_finding
from made_up_studies import EUROPEAN, SIGNATURE, write_study
from page_cases import button, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture

from gradsim_core import MeasuresPlan, imported_measures, load_measures


def test_one_similarity_is_kept_as_a_measure(cache: Path) -> None:
    store = write_study(cache)
    app = similar(("mine.csv", MATRIX))
    assert "A wide table of 3 languages" in words(app)
    assert "In the study alone, without similarity: ita, swe, por, dan, fra." in words(app)
    assert imported_measures(store, SIGNATURE) == []
    button(app, "Keep with the study").click().run()
    assert app.query_params["correlating"] == "plan"
    measure = load_measures(store, SIGNATURE)["imported.mine"]
    assert measure.languages == EUROPEAN
    assert measure.values[0, 2] == 0.8, "German and Dutch"
    assert np.isnan(measure.values[0, 3])
    assert measure.layers == ()


def test_finished_correlation_without_it_is_told_to_be_older(cache: Path) -> None:
    write_finding(write_study(cache), made_up_measures(identity=MeasuresPlan().id))
    app = uploaded([], correlating="plan")
    assert "This correlation is finished." in words(app)
    app = similar(("mine.csv", MATRIX))
    button(app, "Keep with the study").click().run()
    assert "Brought in or replaced since it was computed: mine." in words(app)
    assert {"Show the result", "Compute it again"} <= {one.label for one in app.button}


def test_several_files_are_layers(cache: Path) -> None:
    store = write_study(cache)
    app = similar(*((f"layer{at}.csv", MATRIX.replace("0.8", f"0.{at}")) for at in (2, 10, 1)))
    assert app.text_input(key="upload.similarity.name").value == "layer", "what they share"
    app.text_input(key="upload.similarity.name").set_value("deep").run()
    button(app, "Keep with the study").click().run()
    measure = load_measures(store, SIGNATURE)["imported.deep"]
    assert measure.layers == ("layer 1", "layer 2", "layer 10")
    assert measure.by_layer is not None
    assert [layer[0, 2] for layer in measure.by_layer] == [0.1, 0.2, 0.1]


@pytest.mark.parametrize(("files", "message"), [
    ([("a.csv", MATRIX), ("b.csv", MATRIX.replace("0.3", "near"))],
     r"b\.csv:3: 'near' \(nld → spa\) is not a number"),
    ([("a.csv", MATRIX.replace("0.3", "30%"))], r"a\.csv:3: .*written in percent"),
    ([("a.csv", MATRIX), ("a.tsv", MATRIX.replace(",", "\t"))], r"Two files are called"),
    ([("a.csv", "x,deu\nnld,1\n")], r"a\.csv: has 2 languages")])
def test_wrong_similarities_are_refused(files: list[tuple[str, str]], message: str,
                                        cache: Path) -> None:
    store = write_study(cache)
    app = similar(*files)
    assert re.search(message, words(app))
    assert imported_measures(store, SIGNATURE) == []
