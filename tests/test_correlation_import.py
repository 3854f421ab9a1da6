"""Own scores, uploaded on the Correlation page: read, refused, and kept."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from correlation_import_cases import LONG, WIDE, scored, uploaded
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import button, live_markup, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture

from dashboard.views.table_upload import MOST_MEGABYTES
from gradsim_core import imported_measures, imported_names, load_imported, read_scores

ODD = LONG.replace("train_lang,test_lang,f1", "von,nach,guete")


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
    assert live_markup(said) == []
    button(app, "Keep with the study").click().run()
    assert not app.exception
    assert imported_names(store, SIGNATURE) + imported_measures(store, SIGNATURE)
