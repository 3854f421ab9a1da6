"""Keeping what a later language needs, while a joint trial runs (see `kept`).

Keeping changes no number of the run. A study that is finished can be trained once more to keep its
weights: the training is repeated, must give the Grams there are, and leaves them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from gradsim_core.encoder.models import Encoder
from gradsim_core.errors import RunError
from gradsim_core.gradients.folding import block_signs, fold_rows
from gradsim_core.gradients.sketch_size import FOLD_VERSION
from gradsim_core.gradients.tap import Tap
from gradsim_core.joining.kept import FACTS, POINTS, check_room, sums_entry, weights_entry
from gradsim_core.joining.sizes import kept_bytes, weights_steps
from gradsim_core.progress import Observer
from gradsim_core.results import GRAMS, SCORES, load_results
from gradsim_core.storage.store import Store
from gradsim_core.study import Study, snapshot_steps
from gradsim_core.training.steps import Training

SAME = 1e-3
"""A repeated training's Grams may differ by this share of their largest number (rounding)."""


@dataclass(frozen=True)
class Keeper:
    """What a joint trial tells as it goes; keeps nothing unless the study asks for it.

    Attributes
    ----------
    repeats : whether the study is finished, and trained once more for its weights alone
    """

    store: Store
    signature: str
    study: Study
    repeats: bool

    @property
    def snapshots(self) -> list[int]:
        """Steps whose sums are kept."""
        return sorted(snapshot_steps(self.study.steps, self.study.snapshots))

    def weights(self, training: Training) -> tuple[int, ...]:
        """Steps whose weights are kept, the start (0) first."""
        return weights_steps(self.study, training.encoder.n_parameters)

    def has_until(self, training: Training, step: int) -> bool:
        """Whether a checkpoint at a step has all that was to be kept before it."""
        if not self.study.keep_weights:
            return True
        due = [*(weights_entry(at) for at in self.weights(training) if at <= step),
               *(sums_entry(at) for at in self.snapshots if at <= step)]
        if not all(self.store.exists(self.signature, name) for name in due):
            return False
        if step < self.snapshots[0]:
            return True
        first = self.store.read_tensors(self.signature, sums_entry(self.snapshots[0]))
        return first is not None and first[1].get("patterned", False)  # signs as ours

    def begin(self, training: Training, observe: Observer) -> None:
        """Make sure that there is room, say what is taken, and keep the weights of the start.

        Raises
        ------
        RunError
            If the disk is short.
        """
        if not self.study.keep_weights or training.shards.rank:
            return
        encoder, n_languages = training.encoder, len(training.languages)
        widths = [sum(one.numel() for one in block) for block in encoder.blocks.values()]
        n_bytes = kept_bytes(self.study, n_languages, widths, exact=training.tap.exact)
        steps = self.weights(training)
        there = sum(self.store.exists(self.signature, weights_entry(step)) for step in steps)
        check_room(self.store, n_bytes * (len(steps) - there) // len(steps))
        again = ("This study is finished: it is trained once more to keep its weights, and its "
                 "results stay as they are. ") if self.repeats else ""
        observe({"kind": "note", "message": f"{again}Weights are kept at {len(steps)} "
                 f"points, in all {n_bytes / 1e6:,.0f} MB"})
        if training.step == 0:
            self._keep_weights(training)

    def keep(self, training: Training) -> None:
        """Keep what belongs to the training's step: weights, at a snapshot the folded sums too."""
        if not self.study.keep_weights:
            return
        if training.step in self.snapshots:
            self._keep_sums(training)
        if training.step in self.weights(training) and not training.shards.rank:
            self._keep_weights(training)

    def _keep_sums(self, training: Training) -> None:
        tap, size = training.tap, training.tap.sketch_size
        folded = training.shards.gathered(folded_sums(tap, size, self.study.seed),
                                          len(training.languages))
        if folded is not None:
            self.store.write_tensors(
                self.signature, sums_entry(training.step), {"sums": folded.cpu().numpy()},
                {"languages": list(training.languages), "size": size, "patterned": True})

    def end(self, training: Training) -> bool:
        """Keep the points of the increments, and write down that all is kept.

        Returns
        -------
        bool
            Whether this was all that was asked, because the study's results are there.

        Raises
        ------
        RunError
            If a repeated training went another way than the first.
        """
        if not self.study.keep_weights:
            return False
        log = training.increments
        if self.repeats:
            check_repeated(load_results(self.store, self.signature).series.sums,
                           training.sum_grams())
        self.store.write_tensors(
            self.signature, POINTS,
            {f"point.{i}": point for i, point in enumerate(log.whole_points())},
            {"steps": list(log.steps)})
        self.store.write_json(self.signature, FACTS, {
            "weights": list(self.weights(training)), "snapshots": list(training.snapshots),
            "size": training.tap.sketch_size, "exact": training.tap.exact, "steps": list(log.steps),
            "fold_version": FOLD_VERSION, "patterned": True})
        return self.repeats

    def _keep_weights(self, training: Training) -> None:
        self.store.write_tensors(self.signature, weights_entry(training.step), {
            name: one.detach().cpu().numpy()
            for name, one in trained_parameters(training.encoder).items()},
            {"step": training.step})


def keeper_of(study: Study, store: Store, signature: str) -> Keeper:
    """The keeper of a joint trial."""
    repeats = study.keep_weights and all(store.exists(signature, name) for name in (GRAMS, SCORES))
    return Keeper(store, signature, study, repeats)


def check_repeated(sums: np.ndarray, again: np.ndarray) -> None:
    """Make sure that a repeated training went the way of the first.

    Parameters
    ----------
    sums, again : (S, n_blocks, 2L, 2L) Grams of the first and of the repeated training

    Raises
    ------
    RunError
        If they differ by more than rounding.
    """
    if sums.shape != again.shape or not np.abs(sums - again).max() <= SAME * np.abs(sums).max():
        raise RunError("Trained once more to keep its weights, this study went another way than "
                       "the first time: another machine or other versions of PyTorch round "
                       "otherwise. Its results stand as they are, and no weights are kept. Run it "
                       "in a new folder: gradsim run --keep-weights --cache …")


def folded_sums(tap: Tap, size: int, seed: int) -> torch.Tensor:
    """The sums folded to at most ``size`` numbers a block, as a sketch is; one is so already.

    Returns
    -------
    torch.Tensor
        (rows of the tap, n_blocks * size at most) float32
    """
    if not tap.exact:
        return tap.sums
    signs, pattern = block_signs(tap.encoder.blocks, size, seed)
    device = tap.sums.device
    parts = [fold_rows(tap.sums[:, part], own.to(device), size, pattern.to(device))
             for part, own in zip(tap.block_slices, signs, strict=True)]
    return torch.cat(parts, dim=1)


def trained_parameters(encoder: Encoder) -> dict[str, torch.nn.Parameter]:
    """The parameters of all blocks by their names in the model."""
    ours = {id(one) for one in encoder.parameters}
    return {name: one for name, one in encoder.model.named_parameters() if id(one) in ours}
