"""Tables of language pairs drawn at random: read right or refused; written, and read again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from data_cases import refusal, write
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_studies import HOSTILE, SIGNATURE
from pair_table_cases import NAN, WIDE, scores_in

from gradsim_core.errors import GradSimError, StoreError
from gradsim_core.pair_tables import (
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


# any file

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
