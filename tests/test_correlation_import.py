"""Own scores and similarities, uploaded on the Correlation page: read, refused, and kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_correlations import made_up_measures
from made_up_findings import write_finding
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE, made_up_series, write_study
from streamlit.testing.v1 import AppTest

from dashboard.loads import correlations, data
from dashboard.views.table_upload import MOST_MEGABYTES
from gradsim_core import (
    GradSimError,
    HeldFile,
    MeasuresPlan,
    imported_measures,
    imported_names,
    load_imported,
    load_measures,
    preview_table,
    read_scores,
    wrong_cells,
)

WIDE = "trained on;deu;swa;nld;Italian\n" + "".join(
    f"{source};{at}1,5;70;NA;8{at}\n" for at, source in enumerate(("deu", "nld", "swa", "ita"), 1))
LONG = "train_lang,test_lang,f1\n" + "".join(
    f"{a},{b},{0.5 + 0.01 * (i + j):.2f}\n"
    for i, a in enumerate(EUROPEAN[:4]) for j, b in enumerate(EUROPEAN[:4]))
ODD = LONG.replace("train_lang,test_lang,f1", "von,nach,guete")
MATRIX = "x,deu,nld,spa\ndeu,1,0.8,0.2\nnld,0.8,1,0.3\nspa,0.2,0.3,1\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path))
    yield tmp_path
    for cached in (data._results, correlations._estimate):
        cached.clear()


def correlation() -> None:
    from dashboard.views.correlation.page import correlation_page
    from dashboard.views.problems import problems_shown

    with problems_shown():
        correlation_page()


def uploaded(files: list[tuple[str, str | bytes]], **query: object) -> AppTest:
    """The page's import with these files, by name and content."""
    app = AppTest.from_function(correlation, default_timeout=60)
    app.query_params["correlating"] = "import"
    for key, value in query.items():
        app.query_params[key] = value  # type: ignore[assignment]
    app.run()
    if not files:
        return app
    (uploader,) = app.file_uploader
    given = [(name, text if isinstance(text, bytes) else text.encode(), "text/csv")
             for name, text in files]
    uploader.set_value(given if uploader.accept_multiple_files else given[0]).run()
    assert not app.exception
    return app


def scored(text: str | bytes, unit: str | None = "percent", name: str = "mine.csv") -> AppTest:
    """The page after a table of scores and its unit were given."""
    app = uploaded([(name, text)])
    if unit and app.get("button_group") and any(
            one.key == "upload.unit" for one in app.get("button_group")):
        app.button_group(key="upload.unit").set_value(unit).run()
        assert not app.exception
    return app


def similar(*files: tuple[str, str | bytes]) -> AppTest:
    return uploaded(list(files), bringing="similarity")


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in (
        "markdown", "caption", "info", "error", "warning", "success")
        for element in app.get(kind)).replace("\\", "").replace("\u200b", "")


def button(app: AppTest, label: str) -> Any:
    (found,) = [one for one in app.button if one.label == label]
    return found


# scores

def test_first_rows_are_shown_and_the_unit_is_asked_for(cache: Path) -> None:
    write_study(cache)
    app = scored(WIDE, unit=None)
    assert list(app.dataframe[0].value) == ["trained on", "deu", "swa", "nld", "Italian"]
    assert list(app.dataframe[0].value["trained on"]) == ["deu", "nld", "swa", "ita"]
    assert "Choose the unit of the scores: fraction or percent." in words(app)
    assert "Read as a wide table" in words(app)
    assert not app.button, "nothing can be kept yet"


def test_what_was_understood_is_said_before_it_is_kept(cache: Path) -> None:
    store = write_study(cache)
    app = scored(WIDE)
    said = words(app)
    assert "A wide table, 4 sources x 4 targets." in said
    assert "Swa (macrolanguage) read as swh" in said
    assert "Cells missing: 4." in said
    assert "3 languages are in both: deu, nld, ita." in said
    assert "In the table alone, dropped: swh." in said
    assert "In the study alone, without scores: spa, swe, por, dan, fra." in said
    spellings = app.dataframe[1].value
    assert dict(zip(spellings["Written"], spellings["Code"], strict=True))["Italian"] == "ita"
    assert imported_names(store, SIGNATURE) == [], "not before the button is pressed"
    button(app, "Keep with the study").click().run()
    assert not app.exception
    kept = load_imported(store, SIGNATURE, "mine")
    assert kept.sources == ("deu", "nld", "ita")
    assert kept.values[0, 0, 0] == pytest.approx(0.115), "fractions inside"
    assert np.isnan(kept.values[0, 0, 1])
    assert app.query_params["against"] == "mine"
    assert app.query_params["correlating"] == "plan"
    assert app.radio(key="view.against").value == "mine"
    assert "Correlate" in [one.label for one in app.button], "and nothing is trained for it"


def test_page_reads_what_the_engine_reads(cache: Path, tmp_path: Path) -> None:
    store = write_study(cache)
    button(scored(LONG, "fraction", "long.csv"), "Keep with the study").click().run()
    on_disk = tmp_path / "long.csv"
    on_disk.write_text(LONG)
    expected, _ = read_scores(on_disk, "fraction", known=EUROPEAN)
    kept = load_imported(store, SIGNATURE, "long")
    assert (kept.sources, kept.targets) == (expected.sources, expected.targets)
    assert np.array_equal(kept.values, expected.values)


def test_columns_of_a_long_table_can_be_mapped(cache: Path) -> None:
    store = write_study(cache)
    app = scored(ODD, "fraction", "odd.csv")
    assert "'deu'" in app.error[0].value.replace("\\", ""), "read as wide, its cells are no numbers"
    app.toggle(key="upload.scores.map").set_value(True).run()
    assert "Choose the column for source." in words(app)
    for role, column in (("source", "von"), ("target", "nach"), ("score", "guete")):
        app.selectbox(key=f"upload.scores.{role}").set_value(column).run()
    assert not app.error
    assert "A long table, 4 sources x 4 targets." in words(app)
    app.selectbox(key="upload.scores.target").set_value("von").run()
    assert "chosen twice" in words(app)
    app.selectbox(key="upload.scores.target").set_value("nach").run()
    app.text_input(key="upload.scores.name").set_value("guete").run()
    button(app, "Keep with the study").click().run()
    assert load_imported(store, SIGNATURE, "guete").sources == EUROPEAN[:4]


def test_metric_and_split_can_be_named(cache: Path) -> None:
    store = write_study(cache)
    several = LONG.replace("f1\n", "score,metric\n", 1).replace("\n", ",acc\n")
    several = several.replace("score,metric,acc\n", "score,metric\n", 1)
    several += several.partition("\n")[2].replace(",acc", ",macro_f1").replace("0.5", "0.1")
    app = scored(several, "fraction")
    assert "several metrics: acc, macro_f1" in words(app)
    app.text_input(key="upload.metric").set_value("macro_f1").run()
    app.text_input(key="upload.split").set_value("dev").run()
    assert not app.error
    button(app, "Keep with the study").click().run()
    kept = load_imported(store, SIGNATURE, "mine")
    assert (kept.metric, kept.split) == ("macro_f1", "dev")
    assert kept.values.max() < 0.2


@pytest.mark.parametrize(("text", "unit", "message"), [
    (LONG.replace("0.53", "1.53"), "fraction",
     r"mine\.csv:5: '1\.53' \(deu → ita\) is above 1, the most"),
    (LONG.replace("0.5", "5"), "fraction", r"mine\.csv:2: .*say that the unit is percent"),
    (LONG.replace("0.54", "much"), "fraction", r"mine\.csv:9: 'much' \(spa → ita\) is not a num"),
    (LONG + "deu,nld\n", "fraction", r"mine\.csv:18: 2 columns, but the header has 3"),
    (LONG + "deu,nld,0.9\n", "fraction", r"mine\.csv:18: .*another number in line 4"),
    (LONG.replace("0.52", "-0.52"), "fraction", r"mine\.csv:4: .*negative"),
    (LONG.replace("0.51", "0,51"), "fraction", r"mine\.csv:3: 4 columns"),
    (LONG.replace("ita", "xx yy"), "fraction", r"Not known as languages, kept as written: xx yy"),
    ("only\n1\n", "percent", r"mine\.csv: has 1 column, and a table of languages has at least two"),
    ("", "percent", r"mine\.csv: has 0 columns"),
    (b"a,b\n\xff\xfe\n", "percent", r"mine\.csv:2: not UTF-8"),
    ("x,q1,q2,q3\nq1,1,2,3\nq2,1,2,3\nq3,1,2,3\n", "percent", r"0 languages in common"),
])
def test_errors_name_file_and_line_in_plain_words(text: str | bytes, unit: str, message: str,
                                                  cache: Path) -> None:
    write_study(cache)
    app = scored(text, unit)
    assert re.search(message, words(app))
    assert "/tmp" not in words(app), "the reader's own name, no path of the server's"
    assert "Traceback" not in words(app)


def test_all_wrong_cells_are_told_at_once(cache: Path) -> None:
    write_study(cache)
    app = scored(LONG.replace("0.53", "1.53").replace("0.50", "half"), "fraction")
    lines = app.error[0].value.replace("\\", "").replace("\u200b", "").splitlines()
    assert lines[0] == "5 cells cannot be read:"
    assert [line.split(": ")[0] for line in lines[2:]] == [
        f"- mine.csv:{at}" for at in (2, 5, 8, 11, 14)]
    assert "At least 20 cells" in words(scored(
        LONG + "".join(f"x{at},y{at},bad\n" for at in range(30)), "fraction"))


def test_name_that_cannot_be_kept_is_refused(cache: Path) -> None:
    store = write_study(cache)
    app = scored(WIDE)
    app.text_input(key="upload.scores.name").set_value("../../evil").run()
    button(app, "Keep with the study").click().run()
    assert "is not a name to keep scores under" in words(app)
    assert imported_names(store, SIGNATURE) == []
    assert sorted(path.name for path in cache.rglob("*evil*")) == []


def test_name_that_is_taken_is_said(cache: Path) -> None:
    write_study(cache)
    button(scored(WIDE), "Keep with the study").click().run()
    assert "There is a mine already: it will be replaced." in words(scored(WIDE))


def test_file_that_is_too_large_is_refused(cache: Path) -> None:
    write_study(cache)
    app = scored(b"a,b\n" + b"x" * (MOST_MEGABYTES * 1_000_000), unit=None)
    assert "mine.csv: has 5.0 MB, and a table may have 5 MB" in words(app)


@pytest.mark.parametrize("kind", ["scores", "similarity"])
def test_hostile_names_stay_text(kind: str, cache: Path) -> None:
    names = dict(zip(HOSTILE, HOSTILE, strict=True))
    store = write_study(cache, series=made_up_series([0, 1] * 3, codes=HOSTILE), names=names)
    quoted = ['"' + name.replace('"', '""') + '"' for name in HOSTILE]
    text = f"x,{','.join(quoted)}\n" + "".join(f"{name},1,2,3,4,5,6\n" for name in quoted)
    hostile = "![x](http:out.example)<b>.csv"
    app = (uploaded([(hostile, text)], bringing=kind))
    if kind == "scores":
        app.button_group(key="upload.unit").set_value("percent").run()
    assert not app.error
    said = "\n".join(str(element.value) for element_kind in ("markdown", "caption", "info")
                     for element in app.get(element_kind))
    assert "out\\.example" in said
    for live in (r"(?<!\\)<", r"(?<!\\)\[x", r"www\\?\.", r":\\?/", r"(?<!\\)\*bold", ":red"):
        assert not re.search(live, said)
    button(app, "Keep with the study").click().run()
    assert not app.exception
    assert imported_names(store, SIGNATURE) + imported_measures(store, SIGNATURE)


# similarities

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


# tables in memory

def test_held_file_is_read_as_one_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(WIDE)
    held = HeldFile("mine.csv", WIDE.encode())
    (a, report), (b, other) = read_scores(path, "percent"), read_scores(held, "percent")
    assert np.array_equal(a.values, b.values, equal_nan=True)
    assert (a.sources, a.origin) == (b.sources, b.origin)
    assert report.sentences() == other.sentences()
    assert other.path == "mine.csv"
    assert preview_table(held) == preview_table(path)


def test_wrong_cells_are_those_that_reading_refuses() -> None:
    wrong = HeldFile("w.csv", LONG.replace("0.5", "5").encode())
    told = wrong_cells(wrong, "fraction", most=4)
    assert len(told) == 4
    with pytest.raises(GradSimError) as refused:
        read_scores(wrong, "fraction")
    assert told[0] == str(refused.value)
    assert wrong_cells(HeldFile("w.csv", LONG.encode()), "fraction") == []
    assert wrong_cells(wrong, None) == [], "a similarity may be any number"
    with pytest.raises(GradSimError, match="Unit 'points' is not known"):
        wrong_cells(wrong, "points")


def test_preview_tells_roles_and_stops_early() -> None:
    preview = preview_table(HeldFile("long.csv", LONG.encode()), n_rows=2)
    assert preview.columns == ("train_lang", "test_lang", "f1")
    assert preview.roles == {"source": "train_lang", "target": "test_lang", "score": "f1"}
    assert preview.rows == [("deu", "deu", "0.50"), ("deu", "spa", "0.51")]
    assert preview.is_long
    assert not preview_table(HeldFile("wide.csv", WIDE.encode())).is_long
    assert len(preview_table(HeldFile("x.csv", (LONG + "broken\n").encode())).rows) == 6
