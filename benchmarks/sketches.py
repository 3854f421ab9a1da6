"""Errors of sketched cosines on real gradients: ``python -m benchmarks.sketches``.

Trains a model for a few steps with whole gradients and folds their sums with several draws of the
signs, as a sketched run would have folded them, once without the pattern and once with it (see
`folding`). All cosines of two halves are compared with those of whole gradients, by block, and the
errors with what the sketch itself says of them. GRADSIM_DATA names real text; built-in names stand
for it elsewhere, and are what ``--model tiny-bytes`` always takes.

Measured (AfriSenti, 6 languages, 2 steps of 16 rows a language, 4 draws, torch 2.13, 2 CPU cores):

    numbers a block     without pattern         with
                         RMSE   worst     RMSE   worst
      4,093, layer.5    0.0408   0.132   0.0130   0.045
             all blocks 0.0208   0.132   0.0134   0.055
     16,381, layer.5    0.0292   0.090   0.0064   0.018
             all blocks 0.0126   0.090   0.0061   0.022

In the last layer the first token alone has a gradient, so that a weight's gradient is a sum of few
products of two vectors. Random signs of all numbers, which no run could keep, give the last layer
0.0059 with 16,381 numbers. Folds, pattern and all, take 1 to 2% of a training step's CPU time.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch

from benchmarks.cases import encoded_rows, pretrained, real_text
from gradsim_core.data import load_corpus
from gradsim_core.encoder.models import load_encoder
from gradsim_core.gradients.folding import block_signs, fold
from gradsim_core.gradients.sketch_error import fold_error
from gradsim_core.gradients.sketch_size import EXCESS, error_bound, n_cosines
from gradsim_core.study import Study
from gradsim_core.training.steps import Training, start_training, train_step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("pretrained", "tiny-bytes"), default="pretrained")
    parser.add_argument("--languages", type=int, default=6, help="of real text")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--sizes", default="4093,16381")
    options = parser.parse_args()
    training = trained(options.model, options.languages, options.steps)
    print(f"{options.model}, {training.encoder.n_parameters / 1e6:.1f}M numbers, "
          f"{len(training.languages)} languages, {options.steps} steps, {options.draws} draws; "
          f"torch {torch.__version__}")
    for size in map(int, options.sizes.split(",")):
        compare(training, size, options.draws)


def trained(model: str, n_languages: int, n_steps: int) -> Training:
    """A training with whole gradients, after its steps."""
    study = Study(batch_size=16, gradients="exact", steps=n_steps, snapshots=1, model=model)
    if model == "pretrained":
        corpus = real_text(n_languages, 100)
        encoder = pretrained(corpus)
    else:
        corpus = load_corpus(study)
        encoder = load_encoder(model, None, corpus.task, corpus.labels, 0, study.max_length)
    training = start_training(encoder, tuple(corpus.trainable), study)
    encoded = encoded_rows(corpus, encoder)
    for _ in range(n_steps):
        train_step(training, encoded, study, True)
    return training


def compare(training: Training, size: int, draws: int) -> None:
    """Print a line a block that does not fit in ``size`` numbers, and one of all of them."""
    tap = training.tap
    bound = error_bound(size, n_cosines(len(training.languages), len(tap.block_slices), 1))
    print(f"\n{size:,} numbers a block; bound {bound:.4f}, without EXCESS {bound / EXCESS:.4f}\n"
          f"{'without pattern':>31}{'with':>17}{'told':>17}\n{'block':14}"
          + f"{'RMSE':>9}{'worst':>8}" * 3 + f"{'draws within told':>20}")
    found = []
    for number, (name, part) in enumerate(zip(training.encoder.blocks, tap.block_slices,
                                              strict=True)):
        rows = tap.sums[:, part]
        if rows.shape[1] <= size:
            continue
        exact, errors, told = cosines(rows), np.zeros((2, draws), dtype=object), []
        for draw in range(draws):
            signs, pattern = block_signs(training.encoder.blocks, size, draw)
            for way, along in enumerate((None, pattern)):
                folded = torch.zeros((len(rows), size))
                for row, out in zip(rows, folded, strict=True):
                    fold(row, 0, signs[number], out, along)
                errors[way, draw] = np.abs(cosines(folded) - exact)
            told.append(fold_error(folded))
        squares = [np.mean([one**2 for one in way]) for way in errors]
        worst = np.array([[one.max() for one in way] for way in errors])
        says = np.array(told)
        found.append((*squares, (says[:, 0]**2).mean(), *worst.max(1), says[:, 1].max(),
                      (worst[1] <= says[:, 1]).mean()))
        _print(name, found[-1])
    table = np.array(found)
    _print("all", [*table[:, :3].mean(0), *table[:, 3:6].max(0), table[:, 6].mean()])


def cosines(rows: torch.Tensor) -> np.ndarray:
    """(n_pairs,) float64."""
    gram = (rows @ rows.T).double().numpy()
    length = np.sqrt(np.diagonal(gram))
    return (gram / length[:, None] / length)[np.triu_indices(len(gram), 1)]


def _print(name: str, row: tuple[float, ...] | list[float]) -> None:
    print(f"{name:14}" + "".join(f"{np.sqrt(row[i]):>9.4f}{row[3 + i]:>8.3f}" for i in range(3))
          + f"{row[6]:>19.0%}", flush=True)


if __name__ == "__main__":
    main()
