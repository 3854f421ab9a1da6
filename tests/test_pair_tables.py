"""Tables of language pairs: whatever people write is read right, or refused with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_cases import refusal
from pair_table_cases import LONG, NAN, WIDE, check, scores_in

from gradsim_core.errors import GradSimError
from gradsim_core.pair_tables import TableReport, align, read_scores

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
