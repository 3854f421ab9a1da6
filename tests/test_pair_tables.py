"""Tables of language pairs: whatever people write is read right, or refused with file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from data_cases import refusal, write
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_studies import HOSTILE, SIGNATURE

from gradsim_core.errors import GradSimError, StoreError
from gradsim_core.pair_tables import (
    SimilarityTable,
    TableReport,
    align,
    imported_names,
    load_imported,
    read_scores,
    read_similarity_table,
    save_imported,
    scores_csv,
)
from gradsim_core.scores.tables import Scores
from gradsim_core.storage.store import Store

T = TypeVar("T")
NAN = float("nan")
WIDE = "source,deu,nld,swe\ndeu,0.8,0.6,0.5\nnld,0.7,0.9,NA\nswe,0.4,,0.75\n"
LONG = ("source,target,score\ndeu,deu,0.8\ndeu,nld,0.6\ndeu,swe,0.5\nnld,deu,0.7\nnld,nld,0.9\n"
        "swe,deu,0.4\nswe,swe,0.75\n")
VALUES = [[[0.8, 0.6, 0.5], [0.7, 0.9, NAN], [0.4, NAN, 0.75]]]


def scores_in(root: Path, content: str | bytes, name: str = "t.csv", unit: str = "fraction",
              **more: Any) -> tuple[Scores, TableReport]:
    return read_scores(write(root / name, content), unit, **more)


def similarity_in(root: Path, content: str, name: str = "s.csv") -> tuple[SimilarityTable,
                                                                          TableReport]:
    return read_similarity_table(write(root / name, content))


def check(found: tuple[Scores, TableReport], layout: str) -> None:
    scores, report = found
    assert scores.sources == scores.targets == ("deu", "nld", "swe")
    np.testing.assert_allclose(scores.values, VALUES, rtol=1e-12)
    assert (report.layout, report.missing, report.repeated) == (layout, 2, 0)
    assert report.sentences() == ["Cells missing: 2."]


# what is read

PERCENT = WIDE.replace("0.75", "75").replace("0.", "").replace(",8,6,5", ",80,60,50").replace(
    ",7,9,", ",70,90,").replace("swe,4,", "swe,40,")

WRITTEN = {
    "comma": ("t.csv", WIDE),
    "byte-order mark, CRLF, no last newline": (
        "t.csv", b"\xef\xbb\xbf" + WIDE.replace("\n", "\r\n").rstrip().encode()),
    "UTF-16, as spreadsheets save text": ("t.txt", WIDE.replace(",", "\t").encode("utf-16")),
    "tab": ("t.tsv", WIDE.replace(",", "\t")),
    "tab in .csv": ("t.csv", WIDE.replace(",", "\t")),
    "semicolon and decimal comma": ("t.csv", WIDE.replace(",", ";").replace(".", ",")),
    "tab and decimal comma": ("t.tsv", WIDE.replace(",", "\t").replace(".", ",")),
    "quoted decimal comma": ("t.csv", "\n".join(",".join(
        f'"{cell.replace(".", ",")}"' for cell in line.split(",")) for line in WIDE.split("\n"))),
    "quoted labels in a tab file": (
        "t.tsv", WIDE.replace(",", "\t").replace("deu", '"deu"').replace("nld", '"nld"')),
    "any spelling": ("t.csv", WIDE.replace("deu,0", "German,0").replace("nld,0", "Dutch,0")
                     .replace("source,deu", "trained on,de")),
    "first header cell empty": ("t.csv", WIDE.removeprefix("source")),
    "every word for missing": ("t.csv", WIDE.replace("NA", "–").replace("0.4,,", "0.4, nan ,")),
    "blank rows": ("t.csv", WIDE.replace("\nnld", "\n\n,,,\n,NA,-,\nnld") + ",,,\n"),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_wide_tables_as_people_write_them(tmp_path: Path, case: str) -> None:
    name, content = WRITTEN[case]
    check(scores_in(tmp_path, content, name), "wide")


def test_percent_is_divided(tmp_path: Path) -> None:
    check(scores_in(tmp_path, PERCENT, unit="percent"), "wide")
    check(scores_in(tmp_path, PERCENT.replace("80", "80 %"), unit="percent"), "wide")
    _, report = scores_in(tmp_path, WIDE, unit="percent")
    assert "if these are fractions, say so" in report.sentences()[-1]


@pytest.mark.parametrize(("header", "columns"), [
    ("source,target,score", {}), ("Train_Lang,TEST_LANG,F1", {}), ("src,tgt,Accuracy", {}),
    ("a,b,c", {"source": "a", "target": "b", "score": "c"}),
    ("a,target,score", {"source": "a"})])
def test_long_tables_by_their_columns(tmp_path: Path, header: str, columns: dict) -> None:
    content = LONG.replace("source,target,score", header)
    check(scores_in(tmp_path, content, columns=columns), "long")


def test_seeds_metrics_and_splits_of_a_long_table(tmp_path: Path) -> None:
    rows = [(a, b, seed, metric, split) for a in ("deu", "nld") for b in ("deu", "nld")
            for seed in (7, 3) for metric in ("accuracy", "F1") for split in ("validation", "test")]
    content = "source,target,seed,metric,split,score,note\n" + "".join(
        f"{a},{b},{seed},{metric},{split},0.{i + 10},x\n"
        for i, (a, b, seed, metric, split) in enumerate(rows))
    found, report = scores_in(tmp_path, content, metric="f1", split="dev")
    assert (found.metric, found.split, found.seeds) == ("F1", "dev", (3, 7))
    for k, seed in enumerate((3, 7)):
        assert found.values[k, 0, 1] == pytest.approx(
            0.1 + rows.index(("deu", "nld", seed, "F1", "validation")) / 100)
    assert report.ignored == ("note",)
    assert "several metrics: accuracy, F1" in refusal(lambda: scores_in(tmp_path, content))
    assert "several splits: dev, test" in refusal(
        lambda: scores_in(tmp_path, content, metric="F1"))
    assert "no row of metric 'bleu'; it holds accuracy, F1" in refusal(
        lambda: scores_in(tmp_path, content, metric="bleu"))


def test_what_the_file_does_not_say_is_said_by_the_caller(tmp_path: Path) -> None:
    found, _ = scores_in(tmp_path, WIDE, metric="weighted_f1", split="test")
    assert (found.metric, found.split) == ("weighted_f1", "test")
    found, _ = scores_in(tmp_path, WIDE)
    assert (found.metric, found.split, found.seeds) == ("", "", (0,))


def test_macrolanguages_and_unknown_languages_are_said(tmp_path: Path) -> None:
    found, report = scores_in(tmp_path, "x,swa,zho,Klingonish\nswa,1,.5,0\nyor,,1e-1,5e-1\n")
    assert found.targets == ("swh", "cmn", "Klingonish")
    assert found.sources == ("swh", "yor")
    assert report.unknown == ["Klingonish"]
    assert report.sentences()[:2] == [
        "Swa (macrolanguage) read as swh; zho (macrolanguage) read as cmn.",
        "Not known as languages, kept as written: Klingonish."]
    np.testing.assert_allclose(found.values, [[[1, 0.5, 0], [NAN, 0.1, 0.5]]])


def test_scripts_of_a_language_are_told_apart(tmp_path: Path) -> None:
    content = "x,zho_Hans,zho_Hant,nan\nzho_Hans,.9,.8,.7\nzho_Hant,.6,.5,.4\n"
    found, _ = scores_in(tmp_path, content)
    assert found.targets == ("cmn_Hans", "cmn_Hant", "nan")  # nan is Min Nan, not missing
    assert found.sources == ("cmn_Hans", "cmn_Hant")
    known, _ = scores_in(tmp_path, content, known=("cmn", "deu"))
    assert known.targets == ("cmn", "cmn_Hant", "nan")


def test_a_studys_codes_are_taken(tmp_path: Path) -> None:
    content = "x,sr_Latn,pt-BR,pt\nsr_Latn,1,0,0\n"
    study = ("srp", "srp_Latn", "por", "pt-BR")
    assert scores_in(tmp_path, content, known=study)[0].targets == ("srp_Latn", "pt-BR", "por")
    assert "are one language, Portuguese (por)" in refusal(lambda: scores_in(tmp_path, content))


def test_the_same_number_twice_counts_once(tmp_path: Path) -> None:
    found, report = scores_in(tmp_path, LONG + "nld,deu,0.70\n")
    check((found, TableReport(report.path, report.layout, report.languages, report.missing, 0)),
          "long")
    assert report.repeated == 1


# what is refused

REFUSED = {
    "percent as fraction": (
        WIDE.replace("0.9", "90"), r"t\.csv:3: '90' (nld → nld) is above 1, .*unit is percent"),
    "above 100": (WIDE.replace("0.9", "900"), r":3: '900' .* is above 1, .* Mend the cell"),
    "negative": (WIDE.replace("0.5", "-0.5"), r":2: '-0.5' (deu → swe) is negative"),
    "percent sign": (WIDE.replace("0.5", "0.5%"), r":2: '0.5%' .*written in percent"),
    "word": (WIDE.replace("0.5", "high"), r":2: 'high' (deu → swe) is not a number"),
    "infinity": (WIDE.replace("0.5", "inf"), r":2: 'inf' .*is not a number"),
    "too large": (WIDE.replace("0.5", "1e999"), r":2: '1e999' .*is not a number"),
    "both decimal signs": (
        WIDE.replace(",", ";").replace("0.75", "0,75"),
        r":4: '0,75' .* has a decimal comma, line 2 a point"),
    "bare decimal comma": (LONG.replace("0.5", "0,5"), r":4: 4 columns, .*Decimals take a point"),
    "thousands": (WIDE.replace("0.5", '"1,234.5"'), r":2: '1,234.5' .*not a number"),
    "one language twice, long": (
        LONG + "de,deu,0.8\n", r":9: the sources 'deu' (line 2) and 'de' are one .*German (deu)"),
    "macrolanguage twice": (
        "x,swa,swh\nyor,0,0\n", r"t\.csv: header: the targets 'swa' and 'swh' .*Swahili (swh)"),
    "column twice": (WIDE.replace("nld,swe", "nld,nld"), r"header: column 'nld' stands twice"),
    "column without a name": (WIDE.replace("nld,swe", "nld,"), r"header: column 4 has no name"),
    "two numbers": (LONG + "nld,deu,0.6\n", r":9: '0.6' (nld → deu) has another number in line 5"),
    "row too long": (WIDE.replace("0.5", "0.5,0"), r":2: 5 columns, but the header has 4"),
    "source missing": (WIDE.replace("nld,0", ",0"), r":3: the source is empty"),
    "target missing": (LONG.replace("nld,nld", "nld,"), r":6: the target is empty"),
    "control character": (WIDE.replace("\nnld", "\nn\x07ld"), r":3: .*control character U\+0007"),
    "long name": (WIDE.replace("\nnld", "\n" + "n" * 300), r":3: .*it has 300 letters"),
    "seed": ("source,target,score,seed\na,b,1,x\n", r":2: the seed 'x' is not a whole number"),
    "no score": ("source,target,deu\na,b,1\n", r"no column for score.*score=NAME"),
    "one column": ("source\ndeu\n", r"has 1 column, .*at least two"),
    "nothing": ("", r"has 0 columns"),
    "header alone": ("source,deu\n", r"holds no pair of languages"),
    "not text": (b"\xff\xfe\x00", r"not UTF-16"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_name_file_and_line(tmp_path: Path, case: str) -> None:
    content, message = REFUSED[case]
    pattern = message.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(GradSimError, match=pattern) as caught:
        scores_in(tmp_path, content)
    assert len(str(caught.value)) <= 400
    assert "t.csv" in str(caught.value)


def test_what_is_asked_is_checked_too(tmp_path: Path) -> None:
    assert "Unit 'points' is not known. Use one of: fraction, percent." in refusal(
        lambda: scores_in(tmp_path, WIDE, unit="points"))
    assert "is above 100" in refusal(
        lambda: scores_in(tmp_path, PERCENT.replace("90", "101"), unit="percent"))
    assert "column 'x' (source) is not there" in refusal(
        lambda: scores_in(tmp_path, LONG, columns={"source": "x"}))
    assert "Role 'language' is not known" in refusal(
        lambda: scores_in(tmp_path, LONG, columns={"language": "source"}))
    assert "is a .csv, .tsv or .txt" in refusal(lambda: scores_in(tmp_path, WIDE, "t.xlsx"))
    assert "cannot be read" in refusal(lambda: read_scores(tmp_path / "none.csv", "percent"))


LABELS = ["deu", "de", "German", "swa", "swh", "zho_Hant", "cmn", "nan", "Klingonish", "=1+1", "",
          "x" * 120, "\x07", *HOSTILE]
NUMBERS = ["0", "0.5", "0,5", ".25", "1", "", "NA", "nan", "–", "85", "85%", "-1", "1e400", "high"]
GOOD = st.sampled_from(NUMBERS[:9])


def written(rows: list[list[str]], sign: str, end: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=sign, lineterminator=end).writerows(rows)
    return text.getvalue().encode()


@st.composite
def near_tables(draw: st.DrawFn) -> bytes:
    """Well-formed tables, wide or long, most of whose labels and numbers are good."""
    labels = st.sampled_from(LABELS[:draw(st.sampled_from([3, 9, len(LABELS)]))])
    number = draw(st.sampled_from([GOOD, st.sampled_from(NUMBERS)]))
    if draw(st.booleans()):
        header = ["source", "target", "score", *draw(st.sampled_from([[], ["seed"], ["note"]]))]
        row = st.tuples(labels, labels, number, st.sampled_from(["0", "1", "1", "x"]))
        body = [list(one)[:len(header)] for one in draw(st.lists(row, max_size=6))]
    else:
        header = [draw(st.sampled_from(["", "source"])),
                  *draw(st.lists(labels, min_size=1, max_size=4, unique=True))]
        body = [[source, *draw(st.lists(number, min_size=len(header) - 1,
                                        max_size=len(header) - 1))]
                for source in draw(st.lists(labels, max_size=4, unique=True))]
    return written([header, *body], draw(st.sampled_from(",;\t")),
                   draw(st.sampled_from(["\n", "\r\n"])))


FILES = st.one_of(near_tables(), near_tables(), near_tables(), st.binary(max_size=60),
                  st.text(alphabet='deunl,;\t\n"0.1-%', max_size=80).map(str.encode))


def outcome(call: Callable[[], T]) -> tuple[T | None, str]:
    """What a call gives, or the message of its refusal; any other exception passes."""
    try:
        return call(), ""
    except GradSimError as error:
        return None, str(error)


@settings(max_examples=400)
@given(content=FILES, name=st.sampled_from(["t.csv", "t.tsv", "t.txt"]),
       unit=st.sampled_from(["fraction", "percent"]))
def test_any_file_is_read_right_or_refused(tmp_path_factory: pytest.TempPathFactory,
                                           content: bytes, name: str, unit: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz" / name
    write(path, content)
    read, told = outcome(lambda: read_scores(path, unit))
    if read is None:
        assert name in told
        assert len(told) <= 400
    else:
        found, report = read
        there = found.values[~np.isnan(found.values)]
        assert ((there >= 0) & (there <= 1)).all()
        assert set(found.sources) | set(found.targets) == {
            one.code for one in report.languages.values()}
    similar, told = outcome(lambda: read_similarity_table(path))
    assert len(told) <= 400
    if similar is not None:
        np.testing.assert_array_equal(similar[0].matrix, similar[0].matrix.T)


# written and read again

@st.composite
def tables(draw: st.DrawFn) -> Scores:
    codes = draw(st.permutations(["deu", "swh", "nan", "cmn", "zzj"]))
    n_sources, n_targets, n_seeds = (draw(st.integers(1, 4)) for _ in range(3))
    cell = st.one_of(st.floats(0, 1), st.just(NAN))
    values = draw(st.lists(cell, min_size=n_sources * n_targets * n_seeds,
                           max_size=n_sources * n_targets * n_seeds))
    return Scores(tuple(codes[:n_sources]), tuple(codes[-n_targets:]), "accuracy", "test",
                  tuple(range(n_seeds)),
                  np.reshape(values, (n_seeds, n_sources, n_targets)), "drawn")


@given(tables(), st.sampled_from(["long", "wide"]), st.booleans())
def test_every_digit_survives(tmp_path_factory: pytest.TempPathFactory, scores: Scores,
                              layout: str, named: bool) -> None:
    names = {code: f"Name of {code}" for code in scores.sources} if named else None
    path = tmp_path_factory.getbasetemp() / "again.csv"
    write(path, scores_csv(scores, layout, names))
    found, report = read_scores(path, "fraction", metric="accuracy", split="test")
    assert report.layout == layout
    assert (found.sources, found.targets, found.seeds) == (
        scores.sources, scores.targets, scores.seeds)
    np.testing.assert_array_equal(found.values, scores.values)


def test_names_are_no_formulas(tmp_path: Path) -> None:
    scores = Scores(HOSTILE[3:4], ("deu",), "m", "test", (0,), np.ones((1, 1, 1)), "")
    for layout in ("long", "wide"):
        text = scores_csv(scores, layout, {"deu": "@SUM(A1)"})
        assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row
                    if cell.startswith(("=", "+", "-", "@"))]
        assert scores_in(tmp_path, text)[0].sources == HOSTILE[3:4]
    with pytest.raises(StoreError, match=r"Layout 'square' is not known.*long, wide"):
        scores_csv(scores, "square")


def test_gains_are_not_read_as_scores(tmp_path: Path) -> None:
    scores = Scores(("deu",), ("nld",), "m", "test", (0,), np.full((1, 1, 1), 0.1), "",
                    "monolingual")
    assert "no column for score" in refusal(lambda: scores_in(tmp_path, scores_csv(scores)))


def test_imported_tables_stay_with_the_study(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    found, _ = scores_in(tmp_path, WIDE, metric="f1", split="dev")
    save_imported(store, SIGNATURE, "published", found)
    again = load_imported(store, SIGNATURE, "published")
    np.testing.assert_array_equal(again.values, found.values)
    assert (again.sources, again.targets, again.metric, again.split, again.seeds,
            again.origin) == (found.sources, found.targets, "f1", "dev", (0,), "t.csv, imported")
    assert imported_names(store, SIGNATURE) == ["published"]
    assert imported_names(store, "feed") == []
    with pytest.raises(StoreError, match=r"no imported scores 'other'\. There are: published"):
        load_imported(store, SIGNATURE, "other")
    with pytest.raises(StoreError, match=r"'\.\./x' is not a name"):
        save_imported(store, SIGNATURE, "../x", found)


# alignment

def test_alignment_says_what_falls_away(tmp_path: Path) -> None:
    found, _ = scores_in(tmp_path, "x,deu,nld,fra\nswe,.1,.2,.3\ndeu,.4,.5,.6\nita,.7,.8,.9\n")
    aligned, report = align(found, ["nld", "deu", "swe", "tir"])
    assert (aligned.sources, aligned.targets) == (("deu", "swe"), ("nld", "deu"))
    assert aligned.values.tolist() == [[[0.5, 0.4], [0.2, 0.1]]]
    assert report.sentences() == [
        "3 languages are in both: nld, deu, swe.",
        "In the table alone, dropped: ita, fra.",
        "In the study alone, without scores: tir.",
        "Not a source in the table: nld.", "Not a target in the table: swe."]


@pytest.mark.parametrize(("codes", "message"), [
    (["deu", "nld"], r"2 languages in common \(deu, nld\)"),
    (["fra"], r"0 languages in common \(none\)")])
def test_too_little_in_common_is_refused(tmp_path: Path, codes: list[str], message: str) -> None:
    found, _ = scores_in(tmp_path, WIDE)
    with pytest.raises(GradSimError, match=message):
        align(found, codes)


# similarities

def test_a_similarity_may_be_any_number(tmp_path: Path) -> None:
    table, report = similarity_in(tmp_path, "lang,deu,nld,swe\ndeu,,-2,30\nnld,-2,,\nswe,30,0.5,\n")
    np.testing.assert_array_equal(table.matrix, [[NAN, -2, 30], [-2, NAN, 0.5], [30, 0.5, NAN]])
    assert report.sentences() == []
    np.testing.assert_array_equal(table.among(["swe", "tir", "deu"]), [
        [NAN, NAN, 30], [NAN, NAN, NAN], [30, NAN, NAN]])


def test_directions_of_a_similarity_are_averaged_and_said(tmp_path: Path) -> None:
    table, report = similarity_in(tmp_path, "source,target,similarity\na,b,1\nb,a,3\na,c,5\n")
    np.testing.assert_array_equal(table.matrix, [[NAN, 2, 5], [2, NAN, NAN], [5, NAN, NAN]])
    assert report.sentences()[1:] == [
        "Cells missing: 2.", "Pairs differ by direction, by up to 2: their mean is taken."]


def test_a_similarity_has_one_value_a_pair(tmp_path: Path) -> None:
    assert "has 2 seeds" in refusal(lambda: similarity_in(
        tmp_path, "source,target,score,seed\na,b,1,0\na,b,2,1\n"))
    assert "written in percent" in refusal(lambda: similarity_in(tmp_path, "x,a\nb,3%\n"))


def test_published_similarities(data_root: Path) -> None:
    files = sorted((data_root / "mplm-sim").rglob("*.tsv"))
    assert len(files) == 13
    for file in files:
        table, report = read_similarity_table(file)
        assert len(table.languages) == len(set(table.languages)) == 84
        assert {"deu", "swh", "cmn", "srp"} <= {one[:3] for one in table.languages}
        assert (report.layout, report.missing, report.unknown) == ("wide", 0, [])
        off = ~np.eye(84, dtype=bool)
        assert np.isfinite(table.matrix[off]).all()
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream, delimiter="\t"))
        by_hand = float(rows[2][1])  # its second language with its first
        assert table.matrix[1, 0] == pytest.approx(by_hand, rel=1e-6)
