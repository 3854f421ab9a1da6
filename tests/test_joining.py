"""Languages that join a finished study: against languages that were there all the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from engine_cases import made_split
from joining_cases import OWN, close, cut_off, finished, join, newcomer, prepared
from joint_cases import ONE, trial

from gradsim_core.encoder.encoding import encode_split
from gradsim_core.encoder.models import load_encoder
from gradsim_core.errors import StoreError, StudyError
from gradsim_core.gradients import increments
from gradsim_core.grouping.result import objective
from gradsim_core.joining import adding, sizes
from gradsim_core.joining.keeping import trained_parameters
from gradsim_core.joining.kept import find_kept, need_kept, sums_entry, weights_entry
from gradsim_core.joining.placing import entering_gains
from gradsim_core.joining.record import chosen_names, load_joined
from gradsim_core.joining.series import joined_increments, with_joined
from gradsim_core.joining.sizes import kept_bytes
from gradsim_core.results import GRAMS, SCORES, load_increments, load_results
from gradsim_core.similarities.gram import similarity
from gradsim_core.storage.store import Store
from gradsim_core.training.batches import collate, mean_loss, rows_at
from gradsim_core.training.steps import start_training, train_step


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A study whose weights are kept at every step, which three languages have joined.

    One of them is a language of the study once more: the same code, so the same rows at each step.
    """
    found = finished(tmp_path_factory.mktemp("kept"))
    for new in (newcomer("nld"), newcomer("ita"), newcomer("por", 9, words="ita")):
        join(found, new)
    return found


def test_a_language_of_the_study_joins_as_itself(store: Store) -> None:
    results = load_results(store, ONE)
    both = with_joined(store, results, ["nld"])
    own = OWN.index("nld")
    sums, rows = both.series.sums, [2 * own, 2 * own + 1, 6, 7]
    assert sums.shape == (4, 6, 8, 8)
    assert close(sums[:, :, 6:, :6], sums[:, :, 2 * own:2 * own + 2, :6])
    assert close(sums[:, :, rows[2:]][:, :, :, rows[2:]], sums[:, :, rows[:2]][:, :, :, rows[:2]])
    found = similarity(both.series)
    assert found.matrix[own, 3] == pytest.approx(1, abs=1e-5)
    assert found.reliability[3] == pytest.approx(found.reliability[own], abs=1e-5)


def test_its_increments_are_those_of_the_language_itself(store: Store) -> None:
    results = load_results(store, ONE)
    both = joined_increments(store, with_joined(store, results, ["nld"]))
    alone = load_increments(store, ONE)
    assert both is not None
    assert alone is not None
    twice = [0, 1, 2, 3, 4, 5, 2, 3]
    assert both.grams.shape == (10, 6, 8, 8)
    assert close(both.grams, alone.grams[:, :, twice][:, :, :, twice])


def test_against_gradients_taken_one_by_one(store: Store) -> None:
    """The slow twin: train again, and differentiate the newcomer's loss before each step."""
    study, corpus = prepared().study, prepared().corpus
    encoder = load_encoder("tiny-bytes", None, corpus.task, corpus.labels, 0, 32)
    encoded = {code: encode_split(split, corpus.task, corpus.labels, encoder.tokenizer, 32)
               for code, split in [*((code, corpus.split(code, "train")) for code in OWN),
                                   ("ita", made_split("ita", 24, "sequence"))]}
    training = start_training(encoder, OWN, study)
    total = torch.zeros(2, encoder.n_parameters, dtype=torch.float64)
    for step in range(4):
        for half in (0, 1):
            rows = rows_at(24, step, 2, 0, "ita", half)
            loss = mean_loss(encoder, collate(encoder, encoded["ita"], rows, True))
            taken = torch.autograd.grad(loss, encoder.parameters, allow_unused=True)
            total[half] += torch.cat([
                (torch.zeros_like(one) if gradient is None else gradient).reshape(-1)
                for one, gradient in zip(encoder.parameters, taken, strict=True)])
        train_step(training, encoded, study, True)
    last = with_joined(store, load_results(store, ONE), ["ita"]).series.sums[-1]
    for block, part in enumerate(training.tap.block_slices):
        mine, theirs = total[:, part], training.tap.sums[:, part].double()
        assert close(last[block, 6:, 6:], (mine @ mine.T).numpy())
        assert close(last[block, 6:, :6], (mine @ theirs.T).numpy())


def test_newcomers_meet_each_other(store: Store) -> None:
    results = with_joined(store, load_results(store, ONE), ["ita", "nld", "por"])
    assert results.series.languages == (*OWN, "ita", "nld", "por")
    sums, own = results.series.sums, OWN.index("nld")
    # what Italian has in common with the second Dutch is what it has with the first
    assert close(sums[:, :, 6:8, 8:10], sums[:, :, 6:8, 2 * own:2 * own + 2])
    assert close(sums, sums.swapaxes(2, 3))
    assert (np.linalg.eigvalsh(sums) > -1e-5 * np.abs(sums).max()).all()
    increments = joined_increments(store, results)
    assert increments is not None
    # the increments add up to the sums
    first, second = np.triu_indices(4)
    whole = sum(gram + (gram.swapaxes(1, 2) if a != b else 0)
                for a, b, gram in zip(first, second, increments.grams, strict=True))
    folded = sums[-1]
    assert np.abs(whole - folded).max() < 0.2 * np.abs(folded).max()


def test_the_study_stays_as_it_is(store: Store) -> None:
    results = load_results(store, ONE)
    both = with_joined(store, results, ["all"])
    assert np.array_equal(both.series.sums[:, :, :6, :6], results.series.sums)
    assert "joined" not in results.record
    assert [one["code"] for one in both.record["joined"]] == ["ita", "nld", "por"]
    assert with_joined(store, results, []) is results


def test_single_steps_cannot_be_read_with_newcomers(store: Store) -> None:
    both = with_joined(store, load_results(store, ONE), ["ita"])
    with pytest.raises(StudyError, match="mean_cosine needs the Grams of single steps"):
        similarity(both.series, reading="mean_cosine")


def test_other_rows_are_another_entry_and_the_newest_is_read(store: Store) -> None:
    before = chosen_names(store, ONE, ["por"])
    assert join(store, newcomer("por", 9, words="ita")).name == before[0]  # computed once
    assert len(store.names(ONE, "joined")) == 3
    later = join(store, newcomer("por", 12, words="ita"))
    assert chosen_names(store, ONE, ["por"]) == [later.name] != before
    assert chosen_names(store, ONE, before) == before
    with pytest.raises(StoreError, match="por is asked for twice"):
        chosen_names(store, ONE, [*before, later.name])
    with pytest.raises(StoreError, match=r"No language 'fra' has joined.*Joined: ita, nld, por"):
        chosen_names(store, ONE, ["fra"])


def test_few_points_come_near_to_every_step(tmp_path: Path, store: Store,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two kept points the weights are laid on a line."""
    monkeypatch.setattr(sizes, "WEIGHTS_BYTES", 0)
    sparse = finished(tmp_path, snapshots=2)
    assert need_kept(sparse, ONE).weights == (0, 2, 4)
    join(sparse, newcomer("ita"))
    exact = similarity(with_joined(store, load_results(store, ONE), ["ita"]).series)
    found = similarity(with_joined(sparse, load_results(sparse, ONE), ["ita"]).series)
    assert np.abs(found.matrix[3] - exact.matrix[3]).max() < 0.15
    assert np.abs(found.matrix[3, :3] - exact.matrix[3, :3]).max() > 1e-4  # it is not exact


def test_a_small_model_keeps_every_step_whatever_the_snapshots(tmp_path: Path,
                                                               store: Store) -> None:
    sparse = finished(tmp_path, snapshots=2)
    assert need_kept(sparse, ONE).weights == (0, 1, 2, 3, 4)
    join(sparse, newcomer("ita"))
    every, few = (with_joined(one, load_results(one, ONE), ["ita"]).series
                  for one in (store, sparse))
    assert few.snapshots == (2, 4)
    assert close(few.sums[-1], every.sums[-1])


@pytest.mark.parametrize("settings", [
    {"gradients": "sketch", "sketch_size": 16_381},
    {"block_detail": "module", "micro_rows": 1},
    {"lora_rank": 2}], ids=["sketch", "modules", "adapters"])
def test_itself_however_gradients_are_taken(tmp_path: Path, settings: dict[str, Any]) -> None:
    other = finished(tmp_path, steps=2, snapshots=2, **settings)
    join(other, newcomer("nld"))
    series = with_joined(other, load_results(other, ONE), ["nld"]).series
    own = OWN.index("nld")
    assert close(series.sums[:, :, 6:, :6], series.sums[:, :, 2 * own:2 * own + 2, :6], 1e-4)


def test_keeping_changes_no_number(tmp_path: Path, store: Store) -> None:
    plain = finished(tmp_path, keep_weights=False)
    assert find_kept(plain, ONE) is None
    assert not list(plain.path(ONE, "study.json").parent.glob("kept/*"))
    for name in (GRAMS,):
        a, b = (one.read_tensors(ONE, name)[0] for one in (plain, store))
        assert all(np.array_equal(a[key], b[key]) for key in a)
    assert plain.read_json(ONE, SCORES) == store.read_json(ONE, SCORES)


def test_size_is_known_before(store: Store) -> None:
    study = prepared().study
    encoder = load_encoder("tiny-bytes", None, "sequence", ("a", "b", "c"), 0, 32)
    widths = [sum(one.numel() for one in block) for block in encoder.blocks.values()]
    found = sum(path.stat().st_size for path in
                store.path(ONE, "study.json").parent.glob("kept/*"))
    assert found == pytest.approx(kept_bytes(study, 3, widths, exact=True), rel=0.01)


def test_size_of_an_entry_is_known_before(store: Store) -> None:
    assert adding.FOLDED == increments.FOLDED
    results, new = load_results(store, ONE), newcomer("ita")
    found = adding.estimate_join(results, new, need_kept(store, ONE))
    name = chosen_names(store, ONE, ["ita"])[0]
    assert found["rows"] == 24
    assert found["examples"] == 16
    size = store.path(ONE, f"joined/{name}.safetensors").stat().st_size
    assert size < found["disk_bytes"] < 8 * size  # this fold is wider than the blocks


def test_kept_weights_are_those_of_the_model(store: Store) -> None:
    corpus = prepared().corpus
    encoder = load_encoder("tiny-bytes", None, corpus.task, corpus.labels, 0, 32)
    arrays, _ = store.read_tensors(ONE, weights_entry(0)) or ({}, {})
    assert set(arrays) == set(trained_parameters(encoder))
    assert all(np.array_equal(arrays[name], one.detach().numpy())
               for name, one in trained_parameters(encoder).items())


def test_a_finished_study_keeps_its_weights_afterwards(tmp_path: Path, store: Store) -> None:
    late = finished(tmp_path, keep_weights=False)
    with pytest.raises(StoreError, match=r"keeps no weights.*--keep-weights"):
        need_kept(late, ONE)
    before = {name: late.path(ONE, name).read_bytes() for name in (GRAMS, SCORES, "study.json")}
    events = trial(prepared(), late)
    assert any("trained once more" in event.get("message", "") for event in events)
    assert not any("Scoring" in event.get("message", "") for event in events)
    assert before == {name: late.path(ONE, name).read_bytes() for name in before}
    assert need_kept(late, ONE) == need_kept(store, ONE)
    name = sums_entry(4)
    assert late.path(ONE, name).read_bytes() == store.path(ONE, name).read_bytes()


def test_a_run_that_is_cut_off_keeps_the_same(tmp_path: Path, store: Store,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    cut = cut_off(tmp_path, monkeypatch)
    assert find_kept(cut, ONE) is None
    assert cut.exists(ONE, weights_entry(3))
    trial(prepared(), cut)
    for step in (1, 2, 3, 4):
        name = weights_entry(step)
        assert cut.path(ONE, name).read_bytes() == store.path(ONE, name).read_bytes()


def test_entering_a_group_against_the_objective() -> None:
    rng = np.random.default_rng(0)
    half = rng.normal(size=(6, 6))
    matrix = half + half.T
    groups = [[0, 1, 2], [3], [4]]
    before = objective(matrix[:5, :5], groups, 0.3)
    gains = entering_gains(matrix, groups, 5, 0.3)
    for at in range(3):
        entered = [[*group, 5] if number == at else group for number, group in enumerate(groups)]
        assert gains[at] == pytest.approx(objective(matrix, entered, 0.3) - before)
    assert gains[3] == pytest.approx(objective(matrix, [*groups, [5]], 0.3) - before)


def test_a_damaged_newcomer_is_told(tmp_path: Path, store: Store) -> None:
    name = chosen_names(store, ONE, ["ita"])[0]
    other = Store(tmp_path)
    for file in store.path(ONE, "study.json").parent.rglob("*.*"):
        target = other.path(ONE, file.relative_to(store.root / ONE).as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    path = other.path(ONE, f"joined/{name}.safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError, match="was damaged"):
        with_joined(other, load_results(other, ONE), [name])
    assert load_joined(other, ONE, name) is None
