"""How cost grows with languages, rows, parameters and layers: ``python -m benchmarks.growth``.

One quantity grows, all others stay. Our way, the usual script and plain packed training take turns
on the same rows, on one thread; medians of CPU seconds a step. The similarity's own part (Grams of
a snapshot, reading, tree, groups) is measured up to 1,000 languages. Exponents are slopes of
log seconds over log size, with Student's 95% interval over the sizes. Data and picture stand in
``figures/growth.json`` and ``figures/growth.svg``; ``--draw`` draws the data again. They were
measured on 2 cores shared with other work: exponents of training hold what caches and company do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers

from benchmarks.cases import encoded_rows
from benchmarks.fitting import exponent, picture
from benchmarks.loops import LOOPS, Work, pairwise_cosines
from gradsim_core.data import Corpus, load_corpus
from gradsim_core.encoder.byte_model import byte_tokenizer
from gradsim_core.encoder.models import encoder_of
from gradsim_core.fingerprints import TINY_BYTES_CONFIG
from gradsim_core.gradients.tap import block_gram
from gradsim_core.grouping import group, linkage_tree
from gradsim_core.similarities.gram import GramSeries, similarity
from gradsim_core.study import Study

FIGURES = Path(__file__).parent / "figures"
LOOPS_SHOWN = ("ours", "plain_packed", "usual")
WORDS = {"ours": "ours", "plain_packed": "plain packed training", "usual": "usual script"}
SIZES = {"languages": (4, 8, 16, 32), "rows": (4, 8, 16, 32, 64), "hidden": (64, 128, 256, 512),
         "layers": (2, 4, 8, 16), "pairwise": (50, 100, 200, 400, 1000),
         "calls": (8, 16, 32)}
SMALLER = {"languages": (4, 8, 16), "rows": (4, 8, 16, 32), "hidden": (64, 128, 256),
           "layers": (2, 4, 8), "pairwise": (50, 100, 200, 400), "calls": (6, 12, 24)}
WIDTH = 16_381
Sizes = Mapping[str, tuple[int, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="after one that is not counted")
    parser.add_argument("--only", nargs="*", choices=list(PANELS), default=list(PANELS))
    parser.add_argument("--quick", action="store_true", help="smaller sizes, nothing is written")
    parser.add_argument("--draw", action="store_true", help="draw the stored data again")
    options = parser.parse_args()
    data = FIGURES / "growth.json"
    found = json.loads(data.read_text()) if data.exists() and not options.quick else {"panels": {}}
    if not options.draw:
        torch.set_num_threads(1)
        found["machine"] = (
            f"{platform.machine()}, {os.cpu_count()} cores, one thread, torch {torch.__version__}, "
            f"medians of {options.runs} runs, CPU seconds")
        print(found["machine"], flush=True)
        corpus = load_corpus(Study(preset="builtin", languages=("all",), rows=200))
        for name in options.only:
            label, act = PANELS[name]
            found["panels"][label] = act(SMALLER if options.quick else SIZES, options.runs, corpus)
            tell(label, found["panels"][label])
            if not options.quick:
                data.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    if not options.quick:
        order = [label for label, _ in PANELS.values() if label in found["panels"]]
        picture({label: found["panels"][label] for label in order}, FIGURES / "growth.svg",
                found["machine"])


def made_work(corpus: Corpus, n_languages: int, rows: int, hidden: int = 96,
              layers: int = 4) -> Work:
    """A made-up byte-level encoder with the first languages of a corpus."""
    config = transformers.BertConfig(**{
        **TINY_BYTES_CONFIG, "hidden_size": hidden, "num_hidden_layers": layers,
        "intermediate_size": 4 * hidden, "num_labels": len(corpus.labels)})
    torch.manual_seed(0)
    encoder = encoder_of(transformers.BertForSequenceClassification(config), byte_tokenizer(), 64)
    some = dict(list(encoded_rows(corpus, encoder).items())[:n_languages])
    study = Study(batch_size=rows, gradients="sketch", steps=100_000, snapshots=1,
                  sketch_size=WIDTH)
    return Work.of(encoder, some, study, micro_rows=max(1, rows // 2))


def _steps(sizes: Iterable[int], runs: int, make: Callable[[int], Work],
           loops: tuple[str, ...] = LOOPS_SHOWN,
           size_of: Callable[[Work], float] | None = None) -> dict[str, Any]:
    """CPU seconds of a step of each loop, by size; the loops take turns."""
    found: dict[str, Any] = {WORDS[loop]: {"sizes": [], "seconds": []} for loop in loops}
    for size in sizes:
        work = make(size)
        times: dict[str, list[float]] = {loop: [] for loop in loops}
        for _ in range(runs + 1):
            for loop in loops:
                times[loop].append(_cpu(partial(LOOPS[loop], work, True)))
        for loop in loops:
            line = found[WORDS[loop]]
            line["sizes"].append(size_of(work) if size_of else size)
            line["seconds"].append(float(np.median(times[loop][1:])))
    return _fitted(found)


def _languages(sizes: Sizes, runs: int, corpus: Corpus) -> dict[str, Any]:
    return _steps(sizes["languages"], runs, lambda n: made_work(corpus, n, 8))


def _rows(sizes: Sizes, runs: int, corpus: Corpus) -> dict[str, Any]:
    return _steps(sizes["rows"], runs, lambda n: made_work(corpus, 4, n), LOOPS_SHOWN[:2])


def _parameters(sizes: Sizes, runs: int, corpus: Corpus) -> dict[str, Any]:
    return _steps(sizes["hidden"], runs, lambda n: made_work(corpus, 4, 8, hidden=n),
                  size_of=lambda work: work.encoder.n_parameters)


def _layers(sizes: Sizes, runs: int, corpus: Corpus) -> dict[str, Any]:
    return _steps(sizes["layers"], runs, lambda n: made_work(corpus, 4, 8, layers=n))


def _pairwise(sizes: Sizes, runs: int, corpus: Corpus) -> dict[str, Any]:
    """The part of the cost that pairs of languages make."""
    lines: dict[str, dict[str, list[float]]] = {}

    def add(name: str, size: int, act: Callable[[], Any]) -> None:
        line = lines.setdefault(name, {"sizes": [], "seconds": []})
        line["sizes"].append(size)
        line["seconds"].append(float(np.median([_cpu(act) for _ in range(runs)])))

    generator = torch.Generator().manual_seed(0)
    for n in sizes["pairwise"]:
        rows = torch.randn((2 * n, WIDTH), generator=generator)
        rows += torch.repeat_interleave(rows[::16], 16, dim=0)[:2 * n]  # families of eight
        add("Gram of a block, a snapshot", n, partial(block_gram, rows))
        gram = block_gram(rows)[None, None]
        series = GramSeries(tuple(map(str, range(n))), ("layer.0",), (1,), gram, (1,),
                            gram.astype(np.float32))
        add("similarity, centred", n, partial(similarity, series, correction="centred"))
        matrix = similarity(series, correction="centred").matrix
        add("tree", n, partial(linkage_tree, matrix, ordered=False))
        add("groups by local search, K = 20", n, partial(group, matrix, "local_search", k=20))
    for n in sizes["calls"]:
        work = made_work(corpus, n, 4)
        kept = list(torch.randn((2 * n, work.encoder.n_parameters), generator=generator))
        add("usual: a cosine call a pair and block", n, partial(pairwise_cosines, work, kept))
    return _fitted(lines)


def _fitted(lines: dict[str, Any]) -> dict[str, Any]:
    return {name: {**line, "exponent": exponent(line["sizes"], line["seconds"])}
            for name, line in lines.items()}


def _cpu(act: Callable[[], Any]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def tell(label: str, lines: Mapping[str, Any]) -> None:
    """Print seconds and exponents of a panel."""
    print(f"\n{label}")
    for name, line in lines.items():
        slope, low, high = line["exponent"]
        seconds = "  ".join(f"{size:,}: {value:.3g}" for size, value in zip(
            line["sizes"], line["seconds"], strict=True))
        print(f"  {name:<40} exponent {slope:5.2f} ({low:.2f} to {high:.2f})   {seconds}",
              flush=True)


PANELS = {
    "languages": ("languages (8 rows each, 0.5 M parameters)", _languages),
    "rows": ("rows a language and step (4 languages)", _rows),
    "parameters": ("parameters (4 layers, wider)", _parameters),
    "layers": ("layers (hidden 96)", _layers),
    "pairwise": ("languages: what is pairwise", _pairwise)}


if __name__ == "__main__":
    main()
