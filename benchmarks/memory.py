"""Peak memory of the joint trial against its formula: ``python -m benchmarks.memory``.

In sketch mode a run may take what plain training takes (weights, gradient, AdamW's two moments,
activations, the interpreter), one gradient more, and 2·L·k numbers a block: P·4 + 2·L·k·B·4
bytes over plain training. Every figure is the largest resident size of a fresh process, from the
first import to the last byte of the results: training, snapshots, checkpoints, increments, the
Grams put together and written, a small split scored. Plain training steps through the same
micro-batches with the same optimizer and records nothing.

The languages are shards of real text, each of ROWS rows, repeated where there are not enough.
Beyond the first COMPUTED languages gradients are not computed: their rows are filled with random
numbers, which take the same memory, and Grams are made of all rows. Each model trains 4 steps,
with checkpoints. What would not fit in the free memory is left out and said so.

Measured (AfriSenti, torch 2.13, 2 CPU cores, MB of 10^6 bytes; 8 blocks at 22.7M parameters, 14 at
the others); plain training has a dense gradient of the word table, the joint trial rows of it, so
that it can take less:

    model  languages  plain   ours  over plain  formula  over / formula  ours / (plain + formula)
      22M         12    984    986           1      103            0.01                      0.91
      22M        100    994  1,124         130      196            0.66                      0.94
      22M        300  1,003  1,347         345      405            0.85                      0.96
      22M      1,000  1,011  2,149       1,138    1,139            1.00                      1.00
      92M         12  2,288  2,317          30      391            0.08                      0.87
      92M        100  2,413  2,776         363      552            0.66                      0.94
      92M        300  2,506  3,227         721      919            0.78                      0.94
      92M      1,000  2,608  4,690       2,082    2,203            0.94                      0.97
     278M         12  5,998  5,292        -705    1,134           -0.62                      0.74
     278M        100  6,125  5,737        -389    1,296           -0.30                      0.77
     278M        300  6,240  7,590       1,350    1,663            0.81                      0.96
     278M      1,000  6,327  8,030       1,703    2,947            0.58                      0.87
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import psutil
import torch

from benchmarks.cases import CASES, real_text
from gradsim_core.data import Corpus
from gradsim_core.data.corpus import Split
from gradsim_core.encoder.encoding import encode_split
from gradsim_core.languages.resolving import Language
from gradsim_core.prepared import Prepared
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training import checkpoints, joint
from gradsim_core.training.memory import peak_memory_bytes
from gradsim_core.training.steps import Training, half_backward, start_training

MODELS = {"22M": "pretrained", "92M": "xlmr-shaped-8k", "278M": "xlmr-shaped-250k"}
ROWS, COMPUTED, STEPS, SNAPSHOTS, LENGTH = 16, 4, 4, 2, 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--languages", default="12,100,300,1000")
    parser.add_argument("--one", nargs=3, metavar=("MODEL", "LANGUAGES", "LOOP"),
                        help="measure one in this process, and print its bytes")
    options = parser.parse_args()
    if options.one:
        name, n, loop = options.one
        print(_measured(name, int(n), loop))
        return
    print(f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, torch "
          f"{torch.__version__}; MB of 10^6 bytes")
    print(f"{'model':>6}{'languages':>11}{'plain':>9}{'ours':>9}{'over plain':>12}{'formula':>9}"
          f"{'over / formula':>16}{'ours / (plain + formula)':>26}")
    for name in options.models.split(","):
        for n in map(int, options.languages.split(",")):
            if 20e6 * float(name[:-1]) + n * 2e6 + 2e9 > psutil.virtual_memory().available:
                print(f"{name:>6}{n:>11,}   left out: it would take more than is free here")
                continue
            plain, _, n_parameters, n_blocks = _child(name, n, "plain")
            ours = _child(name, n, "ours")[0]
            formula = 4 * n_parameters + 2 * n * n_blocks * Study().sketch_size * 4
            print(f"{name:>6}{n:>11,}{plain / 1e6:>9,.0f}{ours / 1e6:>9,.0f}"
                  f"{(ours - plain) / 1e6:>12,.0f}{formula / 1e6:>9,.0f}"
                  f"{(ours - plain) / formula:>16.2f}{ours / (plain + formula):>26.2f}", flush=True)


def _child(name: str, n: int, loop: str) -> tuple[int, ...]:
    """Peak bytes, languages, parameters, blocks: of a fresh process."""
    found = subprocess.run([sys.executable, "-m", "benchmarks.memory", "--one", name, str(n), loop],
                           check=True, stdout=subprocess.PIPE, text=True).stdout
    return tuple(map(int, found.split()))


def _measured(name: str, n: int, loop: str) -> str:
    corpus = _shards(n)
    encoder = CASES[MODELS[name]].encoder(corpus)
    study = Study(steps=STEPS, snapshots=SNAPSHOTS, batch_size=ROWS, gradients="sketch",
                  learning_rate=2e-5, max_length=LENGTH)
    said = f"{n} {encoder.n_parameters} {len(encoder.blocks)}"
    if loop == "plain":
        _plain(encoder, corpus, study)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _ours(encoder, Prepared(study, corpus, "0" * 16, "0" * 64), Store(folder))
    return f"{peak_memory_bytes()} {said}"


def _shards(n: int) -> Corpus:
    """Languages of ROWS rows each, from real text."""
    real = real_text(12, 2000)
    rows = [(text, label) for code in real.trainable for text, label in zip(
        real.split(code, "train").texts, real.split(code, "train").labels, strict=True)]
    splits: dict[str, Any] = {}
    for i in range(n):
        own = [rows[(i * ROWS + j) % len(rows)] for j in range(ROWS)]
        train = Split(*map(tuple, zip(*own, strict=True)))
        few = Split(train.texts[:2], train.labels[:2])
        splits[f"x{i:04}"] = {"train": train, "dev": few, "test": few}
    return replace(real, splits=splits, languages={code: Language(code, code) for code in splits})


def _plain(encoder: Any, corpus: Corpus, study: Study) -> None:
    """The same micro-batches and optimizer, with nothing recorded."""
    optimizer = torch.optim.AdamW(encoder.parameters, lr=study.peak_learning_rate, fused=True)
    encoded = {code: encode_split(corpus.split(code, "train"), corpus.task, corpus.labels,
                                  encoder.tokenizer, study.max_length) for code in corpus.languages}
    packed = encoder.first_position is not None
    encoder.model.train()
    for _ in range(2):
        optimizer.zero_grad()
        for code in list(encoded)[:COMPUTED]:
            rows = encoded[code].lengths.argsort()
            for half in (rows[::2], rows[1::2]):
                half_backward(encoder, encoded[code], half, study, packed)
        torch.nn.utils.clip_grad_norm_(encoder.parameters, 1.0)
        optimizer.step()


def _ours(encoder: Any, prepared: Prepared, store: Store) -> None:
    """The joint trial from its encoder on, with the rows of most languages filled in."""
    def started(*arguments: Any) -> Training:
        training = start_training(*arguments)
        rest = training.languages[COMPUTED:]
        training.invalid.update(dict.fromkeys(rest, "not computed"))
        for rows in (training.tap.sums, training.tap.step):
            rows[2 * COMPUTED:].normal_()
        return training

    joint.load_encoder = lambda *arguments, **settings: encoder
    joint.start_training = started
    joint.run_joint_trial(prepared, store, lambda event: None, checkpoint_every_s=0.0)
    assert not store.exists(prepared.signature, checkpoints.CHECKPOINT)


if __name__ == "__main__":
    main()
