"""Ours beside the usual way, peers and the limit, on the same work: ``python -m benchmarks.peers``.

Each work is done by every way in turn, on one thread; medians of CPU seconds, and ratios to ours
within each turn. Where ways approximate, their error against float64 stands beside them.

usual
    What a research script does, written here after the published procedures: language by language
    backward, gradients flattened, one cosine call a pair and block (Wang et al. 2023, arXiv
    2310.15269; Fifty et al. 2021, arXiv 2109.04617); sentence by sentence mean pooling and a mean
    of cosines of parallel sentences, layer by layer (mPLM-Sim, Lin et al. 2024).
peers
    Random projections of whole gradients as in TRAK (Park et al. 2023): `traker` 0.3.2 and `dattri`
    0.3.0 from PyPI, neither of which GradSim needs. They are looked for in ``.venv-peers``:
    ``.venv/bin/python -m pip install --no-deps --target .venv-peers traker==0.3.2 dattri==0.3.0``.
    On CPUs both run by their `BasicProjector`; the fast projectors want CUDA. They project the
    gradients of all blocks as one, so that their similarity is of the whole model.
    scikit-bio's Mantel test, which the tests compare ours with, stands beside our permutations.
limit
    What no way can do without: the same training with nothing recorded (packed, mixed rows), one
    float32 product of the gradients, the forward passes.

Measured on 2 cores shared with other work (CPU seconds; one turn, the others medians of three):

    similarity of 24 halves from gradients of 531,556 numbers in 6 blocks (one turn)
        ours, whole gradients 0.013; fold to 16,381 0.020 (RMSE 0.006); fold to 512 0.038 (0.034)
        usual, a cosine call a pair and block 0.139 (10.6 times ours); limit, one product 0.012
        TRAK and dattri, 512 numbers of the whole model 4.9 each (RMSE 0.021)
    sentence embeddings, 4 languages x 64 rows
        ours 0.497; mPLM-Sim's procedure 0.949 (1.86); forward passes alone 0.616
    Mantel test, 100 languages, 999 permutations
        ours with its interval 0.062; a loop 0.097; scikit-bio 0.008 (no interval)
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch

from benchmarks.cases import encoded_rows, pretrained
from benchmarks.loops import LOOPS, Work
from benchmarks.projections import from_gradients
from benchmarks.turns import turns
from gradsim_core.data import Corpus, load_corpus
from gradsim_core.measures.embedding import SentenceStates, cosine_gap
from gradsim_core.measuring.embeddings import mean_states
from gradsim_core.statistics import associate
from gradsim_core.study import Study
from gradsim_core.training.batches import batch_logits, collate

PLACE = Path(__file__).resolve().parents[1] / ".venv-peers"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="after one that is not counted")
    parser.add_argument("--only", nargs="*", choices=list(WORKS), default=list(WORKS))
    parser.add_argument("--json", type=Path, help="write the table here too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sys.path.append(str(PLACE))
    print(f"{os.cpu_count()} cores, one thread, torch {torch.__version__}, medians of "
          f"{options.runs} turns")
    corpus = load_corpus(Study(preset="builtin", languages=("all",), rows=200))
    rows = [row for name in options.only for row in WORKS[name](corpus, options.runs)]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def training_step(corpus: Corpus, runs: int) -> list[dict[str, Any]]:
    """A step of the pretrained encoder with every language's gradients, block by block."""
    encoder = pretrained(corpus)
    some = dict(list(encoded_rows(corpus, encoder).items())[:4])
    work = Work.of(encoder, some, Study(batch_size=32, gradients="sketch", steps=100_000,
                                        learning_rate=2e-5), micro_rows=16)
    return turns("training step, 22.7 M parameters, 4 languages x 32 rows", {
        "joint trial": ("ours", partial(LOOPS["ours"], work, True)),
        "one by one, flattened, cosine calls": ("usual", partial(LOOPS["usual"], work, False)),
        "mixed rows, padded, nothing recorded": ("limit", partial(LOOPS["plain_bucketed"], work,
                                                                 False)),
        "mixed rows, packed, nothing recorded": ("limit", partial(LOOPS["plain_packed"], work,
                                                                 True))}, runs)


def embeddings(corpus: Corpus, runs: int) -> list[dict[str, Any]]:
    """Similarity of 4 languages' sentences at every layer of the pretrained encoder."""
    encoder = pretrained(corpus)
    encoder.model.eval()
    some = dict(list(encoded_rows(corpus, encoder).items())[:4])
    texts = {code: list(corpus.split(code, "train").texts[:64]) for code in some}
    rows = {code: type(one)(one.ids[:64], one.labels[:64]) for code, one in some.items()}
    names = tuple(f"layer.{i}" for i in range(encoder.model.config.num_hidden_layers))

    def ours() -> Any:
        states = tuple(mean_states(encoder, one) for one in rows.values())
        return cosine_gap(SentenceStates(tuple(rows), ("embeddings", *names), states))

    def mplm() -> np.ndarray:
        pooled = []
        for lines in texts.values():
            batches = []
            for start in range(0, len(lines), 16):
                batch = encoder.tokenizer(lines[start:start + 16], padding=True, truncation=True,
                                          max_length=128, return_tensors="pt")
                with torch.no_grad():
                    layers = encoder.model.base_model(**batch, output_hidden_states=True)
                mask = batch["attention_mask"][None, :, :, None]
                hidden = torch.stack(layers.hidden_states)
                batches.append((hidden * mask).sum(2) / mask.sum(2))
            pooled.append(torch.cat(batches, dim=1))
        return np.array([[torch.nn.functional.cosine_similarity(one, other, dim=2).mean(1).numpy()
                          for other in pooled] for one in pooled])

    def forward() -> None:
        work = Work.of(encoder, rows, Study(batch_size=32, steps=1, snapshots=1), 16)
        with torch.no_grad():
            order = np.argsort(work.pooled.lengths, kind="stable")
            for start in range(0, len(order), 16):
                batch_logits(encoder, collate(encoder, work.pooled, order[start:start + 16], True))

    return turns("sentence embeddings, 4 languages x 64 rows, every layer", {
        "states of packed rows, cosine gap": ("ours", ours),
        "mPLM-Sim's procedure (padded, cosines of pairs)": ("peer", mplm),
        "forward passes alone, packed": ("limit", forward)}, runs)


def mantel(corpus: Corpus, runs: int) -> list[dict[str, Any]]:
    """Mantel test of two tables of 100 languages, 999 permutations."""
    from skbio.stats.distance import mantel as theirs

    draw = np.random.default_rng(0)
    near, gained = (one + one.T for one in draw.normal(size=(2, 100, 100)))
    for table in (near, gained):
        np.fill_diagonal(table, 0.0)
    above = np.triu_indices(100, 1)

    def loop() -> float:
        own, count = np.corrcoef(near[above], gained[above])[0, 1], 0
        for _ in range(999):
            order = draw.permutation(100)
            count += abs(np.corrcoef(near[order][:, order][above], gained[above])[0, 1]) >= abs(own)
        return (count + 1) / 1000

    return turns("Mantel test, 100 languages, 999 permutations", {
        "associate, with its interval": ("ours", lambda: associate(near, gained, "pearson",
                                                                 permutations=999)),
        "a loop over np.corrcoef": ("usual", loop),
        "scikit-bio mantel": ("peer", lambda: theirs(near, gained, permutations=999))}, runs)


WORKS = {"step": training_step, "gradients": from_gradients, "embeddings": embeddings,
         "mantel": mantel}


if __name__ == "__main__":
    main()
