"""Measure the joint trial against plain training: ``python -m benchmarks.gradients``.

Every figure is a ratio within one run: the loops take turns (A B C A B C …) on the same rows,
and medians of CPU seconds are compared, because wall seconds say little on a shared machine.

Measured with ``--only-training --rounds 3``, GRADSIM_DATA, sketches of all blocks and both halves,
on two cores of an AMD EPYC (Zen 4): the first two columns with ``--cases
pretrained,pretrained-token --languages 4 --batch-size 32``, the others with ``--cases
xlmr-shaped-8k,xlmr-shaped-250k`` and their token tasks, ``--languages 2 --batch-size 16 --loops
plain_packed,plain_same,ours``.
Ratios, medians of the rounds' own, differ by some 5% from run to run: these are medians of three
to five runs, with the range of their ratios; seconds of the last two columns are of the last run.

===================  ================  ================  ================  ================
CPU seconds a step   22.7M             token task        92M, 8k           278M, 250k
===================  ================  ================  ================  ================
plain_packed         6.77              9.46              6.39              13.03
plain_same           7.32              10.74             6.61              11.23
ours                 6.97              10.24             6.86              7.85
usual                16.85             20.69             -                 -
ours / plain_packed  1.06 (1.06-1.11)  1.06 (1.02-1.12)  1.07 (1.03-1.11)  0.72 (0.60-0.84)
ours / plain_same    0.98 (0.97-1.08)  1.00 (0.99-1.05)  1.03 (1.01-1.06)  0.74 (0.60-0.81)
usual / ours         2.4 (2.3-2.5)     2.0 (1.9-2.0)     -                 -
===================  ================  ================  ================  ================

The token task of the two large models: 1.09 (1.04-1.16) of ``plain_packed`` and 1.05 (1.02-1.07)
of ``plain_same`` at 92M, five runs; 0.77 (0.66-0.88) and 0.81 (0.78-0.84) at 278M, three runs.

The usual way compares every pair: with 12 languages x 16 rows it takes 5.0 of ``ours`` on the
22.7M encoder, in the token task with 10 languages 3.7 (``ours`` 1.06 and 1.09 of ``plain_packed``
there; one run each of two rounds).

Where rows are very short, folding the gradient of 92M parameters after every 34 tokens shows: over
the built-in names (no GRADSIM_DATA, 12 languages x 16 rows of 4 tokens) the same case takes 1.10
to 1.15 of ``plain_packed``, three runs.

A plain loop makes a gradient as large as the word table for every micro-batch: hence the last
column. In the 22.7M case folds take 1 to 2% of a step (CPU seconds within the functions), the
optimizer 1%, all else of ours less than 0.5%. The rest is the model's own forward and backward
pass, which takes up to a tenth more over micro-batches of one language (``plain_same``) than over
rows of one length. Grids of 2 or 4 rows instead of 8 for attention gain nothing that shows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch

from benchmarks.cases import CASES, encoded_rows, pretrained, real_text
from benchmarks.loops import LOOPS, ON_REQUEST, Work
from gradsim_core.gradients.tap import is_exact
from gradsim_core.grouping import group
from gradsim_core.similarities.gram import CORRECTIONS, GramSeries, similarity
from gradsim_core.study import Study
from gradsim_core.training.steps import start_training, train_step

CAUTION = "Machine: {} cores, torch {}, {} threads."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES), help="of: %(default)s")
    parser.add_argument("--loops", default=",".join(LOOPS), help="of: %(default)s")
    parser.add_argument("--languages", type=int, help="instead of the case's own number")
    parser.add_argument("--batch-size", type=int, default=Study().batch_size,
                        help="rows a language and step (default: %(default)s, a study's)")
    parser.add_argument("--rounds", type=int, default=3, help="after one that is not counted")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--only-training", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(CAUTION.format(os.cpu_count(), torch.__version__, options.threads))
    for name in options.cases.split(","):
        training(name, options)
    if not options.only_training:
        sketch_error()
        reading()
        exact_grouping()
        first_heatmap()


def training(name: str, options: argparse.Namespace) -> None:
    """One step of every loop in turn: ours, the usual way, the limits."""
    case = CASES[name]
    corpus = real_text(options.languages or case.n_languages, 800, case.task)
    encoder = case.encoder(corpus)
    size = options.batch_size
    study = Study(batch_size=size, learning_rate=2e-5, gradients="sketch", steps=100_000)
    work = Work.of(encoder, encoded_rows(corpus, encoder), study, micro_rows=size // 2)
    lengths = np.concatenate([rows.lengths for rows in work.encoded.values()])
    print(f"\n{name}: {encoder.n_parameters / 1e6:.1f}M parameters, {len(work.encoded)} languages "
          f"x {size} rows a step, {lengths.mean():.1f} tokens a row, {corpus.source}")
    loops = [loop for loop in options.loops.split(",") if loop not in case.without]
    cpu: dict[str, list[float]] = {loop: [] for loop in loops}
    wall: dict[str, list[float]] = {loop: [] for loop in loops}
    for step in range(options.rounds + 1):
        for loop in loops:
            work.training.step = step
            began, cpu_began = time.perf_counter(), time.process_time()
            (LOOPS | ON_REQUEST)[loop](work, True)
            cpu[loop].append(time.process_time() - cpu_began)
            wall[loop].append(time.perf_counter() - began)
    bases = [base for base in ("plain_packed", "plain_rows", "plain_same",
                                "plain_bucketed") if base in loops]
    print(f"{'loop':<16}{'CPU s a step':>14}{'wall s':>9}" + "".join(
        f"{'/ ' + base:>17}{'wall':>7}" for base in bases))
    for loop in loops:
        print(f"{loop:<16}{np.median(cpu[loop][1:]):>14.2f}{np.median(wall[loop][1:]):>9.2f}" +
              "".join(f"{_ratio(cpu, loop, base):>17.3f}{_ratio(wall, loop, base):>7.3f}"
                      for base in bases), flush=True)
    print("exact mode is chosen for this case:",
          is_exact("auto", len(work.encoded), encoder.n_parameters))


def _ratio(spent: dict[str, list[float]], loop: str, base: str) -> float:
    """Median of the rounds' own ratios: both halves of a pair met the same machine."""
    return float(np.median(np.array(spent[loop][1:]) / np.array(spent[base][1:])))


def sketch_error() -> None:
    """Cosines of one real step, sketched against exact, by sketch size."""
    corpus = real_text(6, 100)
    grams = {}
    for size in (None, 4_093, 16_381):
        encoder = pretrained(corpus)
        study = Study(batch_size=16, gradients="sketch" if size else "exact", steps=1,
                      snapshots=1, sketch_size=size or 64, model="pretrained")
        training = start_training(encoder, tuple(corpus.trainable), study)
        grams[size] = train_step(training, encoded_rows(corpus, encoder), study, packed=True)[1]
    print("\nsketch against exact, cosines of every pair of halves and block, one step")
    exact = _cosines(grams.pop(None))
    for size, found in grams.items():
        errors = (_cosines(found) - exact)[:, ~np.eye(exact.shape[1], dtype=bool)]
        print(f"  {size:>7,} numbers a block: RMSE {np.sqrt(np.mean(errors**2)):.4f}, worst "
              f"{np.abs(errors).max():.4f}")


def _cosines(grams: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.diagonal(grams, axis1=1, axis2=2))
    return grams / length[:, :, None] / length[:, None, :]


def reading() -> None:
    """Similarity from stored Grams: 100 languages, 26 blocks, every correction."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(26, 200, 64))
    grams = np.einsum("bix,bjx->bij", vectors, vectors)
    blocks = ("embeddings", *(f"layer.{i}" for i in range(24)), "head")
    series = GramSeries(tuple(map(str, range(100))), blocks, (1, 2), np.stack([grams, 2 * grams]),
                        (1,), grams[None].astype(np.float32))
    print("\nsimilarity of 100 languages from 26 blocks (target: under 50 ms)")
    for correction in CORRECTIONS:
        times = []
        for _ in range(10):
            began = time.perf_counter()
            similarity(series, "embeddings:layer.23", correction=correction)
            times.append(time.perf_counter() - began)
        print(f"  {correction:<16}{np.median(times) * 1000:8.1f} ms")


def exact_grouping() -> None:
    """Best partition with proof, for every K (targets: 12 under 1 s, 16 under 10 s)."""
    rng = np.random.default_rng(0)
    print("\nexact grouping, every K in one run")
    for n in (12, 16):
        vectors = rng.normal(size=(n, 8))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        began = time.perf_counter()
        found = group(vectors @ vectors.T, "exact", k_range=(1, n))
        print(f"  {n} languages: {time.perf_counter() - began:6.2f} s, proved: {found.proved}")


def first_heatmap() -> None:
    """From a cold start of the command to the built-in study's stored Grams (target: 90 s)."""
    with tempfile.TemporaryDirectory() as cache:
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "gradsim_core", "run", "--cache", cache, "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while child.poll() is None and not list(Path(cache).glob("*/grams.safetensors")):
            time.sleep(0.1)
        ready = time.perf_counter() - began
        output, _ = child.communicate()
        facts = json.loads(output)["facts"]
        print(f"\nbuilt-in study from a cold start to its similarity: {ready:.1f} s "
              f"({facts['threads']} threads, peak memory {facts['peak_memory_bytes'] / 1e6:.0f} MB)"
              f"; with all scores: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
