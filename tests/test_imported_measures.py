"""Similarities from elsewhere: order and names of layers, their mean, files, and the gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_cases import write
from made_up_studies import SIGNATURE, made_up_series, write_study

from gradsim_core.data.files import HeldFile
from gradsim_core.errors import DataError, StoreError
from gradsim_core.measures.gradient import gradient
from gradsim_core.measures.imported import imported, layer_names, layer_order, mean_of_scores
from gradsim_core.measuring.files import keep_similarity, read_similarity_files, table_files
from gradsim_core.measuring.measured import load_measures
from gradsim_core.pair_tables import SimilarityTable
from gradsim_core.similarities.gram import half_similarities, similarity
from gradsim_core.storage.store import Store

WIDE = "\tdeu_Latn\tnld_Latn\tzho\n" + "\n".join([
    "deu_Latn\t\t{0}\t0.5", "nld_Latn\t{0}\t\t0.25", "zho\t0.5\t0.25\t"]) + "\n"


def layer_files(folder: Path, *values: float) -> Path:
    for number, value in enumerate(values):
        write(folder / f"sents_layer{8 + number}.tsv", WIDE.format(value))
    return folder


def table(**rows: str) -> SimilarityTable:
    matrix = np.array([list(map(float, row.split())) for row in rows.values()])
    return SimilarityTable(tuple(rows), matrix, "made for a test")


def test_layers_go_by_number() -> None:
    names = [f"sents_layer{number}" for number in (10, 2, 0, 1)]
    assert layer_order(names) == [f"sents_layer{number}" for number in (0, 1, 2, 10)]
    assert layer_names(layer_order(names)) == ("layer 0", "layer 1", "layer 2", "layer 10")
    assert layer_names(["m2_layer1", "m2_layer3"]) == ("layer 1", "layer 3")
    assert layer_names(["m1_layer1", "m2_layer3"]) == ("m1_layer1", "m2_layer3")
    assert layer_names(["lower", "upper"]) == ("lower", "upper")


def test_every_layer_counts_alike_in_the_mean() -> None:
    """Pairs in the opposite order in a layer of a hundredth of the spread: the mean is even."""
    wide = np.array([[1.0, 0.9, 0.1, 0.5], [0.9, 1, 0.5, 0.1], [0.1, 0.5, 1, 0.9],
                     [0.5, 0.1, 0.9, 1]])
    narrow = 0.98 - 0.01 * wide
    np.testing.assert_allclose(mean_of_scores(np.stack([wide, narrow]))[0, 1:], 0, atol=1e-9)
    np.testing.assert_allclose(mean_of_scores(np.stack([wide, np.full((4, 4), 0.3)]))[0, 1:],
                               mean_of_scores(wide[None])[0, 1:] / 2)
    assert np.isnan(mean_of_scores(np.full((2, 3, 3), np.nan))).all()


def test_layers_of_different_languages_leave_what_they_lack_missing() -> None:
    found = imported("xlmr", {"l1": table(deu="1 .2", nld=".2 1"),
                              "l0": table(deu="1 .5 .1", spa=".5 1 .4", nld=".1 .4 1")})
    assert found.languages == ("deu", "spa", "nld")
    assert found.layers == ("layer 0", "layer 1")
    assert found.by_layer is not None
    np.testing.assert_array_equal(found.by_layer[1, 0], [np.nan, np.nan, 0.2])
    assert np.isfinite(found.values[0, 1])
    assert found.name == "imported.xlmr"
    assert found.source == "Imported: l0 to l1"
    one = imported("x", {"own": table(deu="1 .2", nld=".2 1")})
    assert (one.layers, one.by_layer, one.values[0, 1]) == ((), None, 0.2)


def test_files_are_understood_and_said(tmp_path: Path) -> None:
    found = read_similarity_files("mine", table_files([layer_files(tmp_path / "m", .1, .2, .3)]))
    assert found.measure.layers == ("layer 8", "layer 9", "layer 10")
    assert list(found.languages) == ["deu", "nld", "cmn"]
    assert found.measure.by_layer is not None
    np.testing.assert_allclose(found.measure.by_layer[:, 0, 1], [.1, .2, .3])
    assert found.sentences == (
        "3 wide tables of 3 languages, layer 8 to layer 10; 100% of the pairs have a value.",
        "Zho (macrolanguage) read as cmn.")


def test_what_one_table_alone_has_is_said_with_its_name(tmp_path: Path) -> None:
    folder = layer_files(tmp_path / "m", .1, .2)
    write(folder / "sents_layer10.tsv", WIDE.format("0.4").replace("0.25", ""))
    found = read_similarity_files("mine", table_files([folder]))
    assert "Cells missing: 2 (sents_layer10.tsv)." in found.sentences


def test_a_file_in_memory_and_a_long_table() -> None:
    held = HeldFile("mine.csv", b"a,b,cosine\ndeu,nld,0.5\ndeu,spa,0.25\nnld,spa,0.125\n")
    found = read_similarity_files("mine", [held], columns={
        "source": "a", "target": "b", "score": "cosine"})
    np.testing.assert_allclose(found.measure.values[0, 1:], [0.5, 0.25])
    assert found.sentences[0].startswith("A long table of 3 languages;")


def test_kept_with_a_study_and_what_falls_away(tmp_path: Path) -> None:
    store = write_study(tmp_path / "cache", series=made_up_series(
        [0, 0, 1, 1], codes=("cmn", "deu", "nld", "swe")))
    sources = ("cmn", "deu", "nld", "swe")
    found = read_similarity_files("mine", table_files([layer_files(tmp_path / "m", .1, .2)]))
    measure, said = keep_similarity(store, SIGNATURE, sources, found)
    assert said == ("3 of the study's 4 languages are in the tables.",
                    "Missing in the tables: swe.")
    kept = load_measures(Store(tmp_path / "cache"), SIGNATURE)["imported.mine"]
    np.testing.assert_array_equal(kept.values, measure.values)
    assert kept.by_layer is not None
    np.testing.assert_allclose(kept.by_layer[:, 1, 2], [.1, .2])
    assert np.isnan(kept.values[3]).all()
    assert kept.layers == ("layer 8", "layer 9")
    with pytest.raises(DataError, match="have 1 languages in common"):
        keep_similarity(store, SIGNATURE, ("deu", "spa", "por"), found)


def test_refusals(tmp_path: Path) -> None:
    folder = layer_files(tmp_path / "m", .1)
    with pytest.raises(DataError, match=r"has no \.csv, \.tsv, \.txt file"):
        table_files([tmp_path])
    with pytest.raises(DataError, match="too many for the layers"):
        table_files([folder / "sents_layer8.tsv"] * 201)
    with pytest.raises(DataError, match="Two files are called 'sents_layer8'"):
        read_similarity_files("x", table_files([folder, folder]))
    with pytest.raises(StoreError, match="'a/b' is not a name"):
        read_similarity_files("a/b", table_files([folder]))
    with pytest.raises(DataError, match="has 2 languages"):
        read_similarity_files("x", [HeldFile("t.csv", b"l,deu,nld\ndeu,,1\nnld,1,\n")])
    with pytest.raises(DataError, match="No table"):
        imported("x", {})


def test_the_gradients_as_a_measure() -> None:
    series = made_up_series([0, 0, 1, 1, 2])
    found = gradient(series, "centred")
    read = similarity(series, "layers", correction="centred").matrix
    pairs = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(found.values[pairs], read[pairs])
    assert found.layers == series.blocks
    assert found.by_layer is not None
    assert found.halves is not None
    assert found.layer_halves is not None
    for at, block in enumerate(series.blocks):
        one = similarity(series, block, correction="centred").matrix
        np.testing.assert_allclose(found.by_layer[at][pairs], one[pairs])
        halves = half_similarities(series, block, correction="centred")
        np.testing.assert_allclose(found.layer_halves[:, at][:, pairs], halves[:, pairs])
    assert found.note == "Cosine of mean, centred, layers, step 120."


def test_gradients_that_are_not_used_are_missing() -> None:
    found = gradient(made_up_series([0, 0, 1], invalid={"spa": "no loss"}))
    assert np.isnan(found.values[1]).all()
    assert np.isfinite(found.values[0, 2])
    assert found.note.endswith("Not used: spa: no loss.")


def test_all_layers_of_mplm_sim(data_root: Path) -> None:
    """84 languages in 13 layers, whose cosines are those of the files."""
    folder = data_root / "mplm-sim" / "xlm-roberta-base_flores200"
    found = read_similarity_files("xlmr", table_files([folder]))
    assert found.measure.layers == tuple(f"layer {number}" for number in range(13))
    assert len(found.languages) == 84
    assert found.measure.coverage == 1
    assert found.sentences == ("13 wide tables of 84 languages, layer 0 to layer 12; 100% of the "
                               "pairs have a value.",)
    assert found.measure.by_layer is not None
    header, *rows = (folder / "sents_layer10.tsv").read_text().splitlines()
    one = dict(zip(header.split("\t"), rows[0].split("\t"), strict=True))
    assert rows[0].startswith("afr_Latn\t")
    at = {code: i for i, code in enumerate(found.measure.languages)}
    for spelling, code in (("arb_Arab", "arb"), ("deu_Latn", "deu"), ("zho_Hans", "cmn")):
        value = one.get(spelling)
        if value is not None:
            assert found.measure.by_layer[10, at["afr"], at[code]] == pytest.approx(float(value))
    assert np.isfinite(found.measure.by_layer[10, at["afr"], at["arb"]])
