"""One training run on several languages, a step at a time, with its gradients taken down.

Conventions
-----------
A step takes an equally large batch of every language at the same parameters (see `batches`),
makes their gradients (see `gradients`) and follows the mean of them (see `optimization`). Dropout
is on and seeded by (seed, step), so the gradients are those of the training step itself, and
nothing but the step number is needed to go on where a run was cut off.

A language whose gradient is not finite, or more than 10,000 times longer than the median one,
is taken out, the step is repeated without it, and the reason is kept with the results.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from gradsim_core.encoder.encoding import Encoded
from gradsim_core.encoder.models import Encoder
from gradsim_core.errors import RunError, StudyError
from gradsim_core.gradients.faults import faulty_lengths, faulty_rows
from gradsim_core.gradients.increments import IncrementLog
from gradsim_core.gradients.sketch_size import sketch_size_of
from gradsim_core.gradients.tap import Tap, is_exact
from gradsim_core.study import Study
from gradsim_core.training.batches import collate, mean_loss, rows_at
from gradsim_core.training.memory import give_back_memory
from gradsim_core.training.optimization import adamw, preconditioner, update
from gradsim_core.training.passes import computing_in, device_of, on_device, pieces
from gradsim_core.training.shards import ALONE, Shards
from gradsim_core.training.shelf import Shelf


@dataclass
class Training:
    """The state of a joint trial: all that a checkpoint must hold.

    Attributes
    ----------
    sums : Grams of the sums, (2L, 2L) each: all blocks of a snapshot, then those of the next
    steps : Grams of single steps, (n_blocks, 2L, 2L) each
    seconds : that earlier runs of it took, up to the checkpoint
    """

    encoder: Encoder
    tap: Tap
    optimizer: torch.optim.AdamW
    languages: tuple[str, ...]
    increments: IncrementLog
    step: int = 0
    snapshots: list[int] = field(default_factory=list)
    sums: Shelf = field(default_factory=Shelf)
    step_numbers: list[int] = field(default_factory=list)
    steps: Shelf = field(default_factory=Shelf)
    invalid: dict[str, str] = field(default_factory=dict)
    shards: Shards = ALONE
    seconds: float = 0.0

    def sum_grams(self) -> np.ndarray:
        """Grams of the sums at all snapshots: (S, n_blocks, 2L, 2L)."""
        found = self.sums.stacked()
        return found.reshape(-1, len(self.encoder.blocks), *found.shape[1:])

    @property
    def active(self) -> list[int]:
        """Positions of the languages still trained on."""
        return [i for i, code in enumerate(self.languages) if code not in self.invalid]

    @property
    def mine(self) -> list[int]:
        """Positions of those that this process computes."""
        return [i for i in self.active if self.shards.has(i)]


def start_training(encoder: Encoder, languages: tuple[str, ...], study: Study,
                   shards: Shards = ALONE) -> Training:
    """Put optimizer and tap around a fresh encoder.

    Parameters
    ----------
    shards : tell which of the languages this process computes
    """
    exact = is_exact(study.gradients, len(languages), encoder.n_parameters)
    if study.preconditioner != "none" and not exact:
        raise StudyError("Preconditioned gradients cannot be sketched, because Adam's second "
                         "moment is only known after the step. Set gradients to exact (memory: "
                         f"about {3 * 2 * len(languages) * encoder.n_parameters * 4 / 2**30:.1f} "
                         "GiB), or preconditioner to none.")
    size = sketch_size_of(study, len(languages), len(encoder.blocks))
    tap = shards.tap(encoder, len(languages), exact, size, study.seed)
    log = IncrementLog(tap, study.steps, study.snapshots, study.seed)
    return Training(encoder, tap, adamw(encoder, study), languages, log, shards=shards)


def train_step(training: Training, encoded: dict[str, Encoded], study: Study,
               packed: bool, with_grams: bool = True) -> tuple[float, np.ndarray | None]:
    """Run one optimizer step; returns the mean loss and the step's Grams.

    Parameters
    ----------
    with_grams : whether the Grams are wanted; None stands for them where they are not
    """
    tap = training.tap
    while True:
        torch.manual_seed(study.seed * 1_000_003 + training.step)
        losses, faulty = training.shards.told(
            training.mine, *_step_gradients(training, encoded, study, packed))
        # the mean of whole gradients over several processes is a by-product of their Grams
        grams = tap.grams(tap.step) if with_grams or tap.exact else None
        if not faulty and not (tap.narrow and training.step):  # those are checked one by one
            faulty = faulty_lengths(tap.lengths()) if grams is None else faulty_rows(grams)
        if not faulty:
            break
        tap.forget_step(training.step == 0)
        _take_out(training, faulty)
    tap.end_step(len(losses))
    update(training.encoder, training.optimizer, study, training.step)
    if study.preconditioner == "adam":
        tap.precondition(preconditioner(training.encoder, training.optimizer))
        grams = tap.grams(tap.step)
    tap.add_step()
    training.step += 1
    training.increments.record(training.step)
    return float(np.mean(losses)), grams


def gradients_alone(training: Training, encoded: dict[str, Encoded], study: Study,
                    packed: bool) -> bool:
    """Add a step's gradients to the sums without following them; whether they can be used.

    Weights stay as they are; the training counts the step, and its increments record it.
    """
    tap = training.tap
    torch.manual_seed(study.seed * 1_000_003 + training.step)
    _, faulty = _step_gradients(training, encoded, study, packed)
    if faulty or not np.isfinite(tap.lengths()).all():
        return False
    tap.add_step()
    training.step += 1
    training.increments.record(training.step)
    give_back_memory(training.step)
    return True


def _step_gradients(training: Training, encoded: dict[str, Encoded], study: Study,
                    packed: bool) -> tuple[list[float], list[int]]:
    """One micro-batch a (language, half); stops at a row that spoils the rest."""
    encoder, tap = training.encoder, training.tap
    encoder.model.train()
    tap.begin_step()
    losses: list[float] = []
    for i in training.mine:
        code = training.languages[i]
        rows_of = encoded[code]
        for half in (0, 1):
            rows = rows_at(len(rows_of), training.step, study.batch_size // 2, study.seed,
                           code, half)
            rows = rows[np.argsort(rows_of.lengths_of(rows), kind="stable")]  # tight grids
            tap.begin(2 * i + half)
            loss = half_backward(encoder, rows_of, rows, study, packed)
            if not tap.end(2 * i + half):
                return losses, [2 * i + half]
            losses.append(loss)
    return losses, []


def half_backward(encoder: Encoder, encoded: Encoded, rows: np.ndarray, study: Study,
                  packed: bool) -> float:
    """Add the gradient of the mean loss of some rows to ``parameter.grad``; the loss."""
    device, total = device_of(encoder), 0.0
    for part, weight in pieces(encoded, rows, study.micro_rows):
        batch = on_device(collate(encoder, encoded, part, packed), device)
        with computing_in(study.precision, device):
            loss = mean_loss(encoder, batch)
        if weight < 1:
            loss = loss * weight
        loss.backward()
        total += float(loss.detach())
    return total


def _take_out(training: Training, faulty: list[int]) -> None:
    for code in dict.fromkeys(training.languages[row // 2] for row in faulty):
        training.invalid[code] = (f"its gradient was not finite or exploded at step "
                                  f"{training.step + 1}")
    if len(training.active) < 2:
        raise RunError(f"Step {training.step + 1}: the gradients of {', '.join(training.invalid)} "
                       "are not finite or explode, and fewer than two languages are left. Lower "
                       "learning_rate, or check these languages' data.")
