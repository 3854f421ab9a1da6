"""A thousand languages from data to decision: ``python -m benchmarks.thousand``.

The languages are pseudo-languages (see `pseudo`): a study of the size of a thousand languages, not
one of a thousand languages. Each part is timed in the process that a user would wait for: the
command for the run, a fresh process for all that is read from it. Clocks of CPU time within the run
say what the pairwise part takes; few steps with as many snapshots are its worst case.

Measured on 2 cores with little else to do: 1,000 pseudo-languages, tiny-bytes, sketches of 16,381
numbers, 2 steps of 2,000 micro-batches of 4 rows, 2 snapshots.

    data written 3.9 s, read 1.3 s, looked over 0.8 s
    pairwise 13.6 of 140.5 s of CPU, 9.7% (two steps, two snapshots); 0.9% at the default length
    training until similarity was stored 148 s, peak 1.4 GiB; 480 MB of Grams
    results read and checked 1.1 s
    similarity raw 0.8 s, noise_corrected 0.1 s, centred 0.4 s, all_but_top 0.3 s
    tree 0.05 s, Newick 42 kB
    local search, best K 8.0 s (K = 463, objective 958.2, bound 967.4), verified in 9.3 s, 258 kB
    local search, K = 20 1.8 s (objective 842.1, bound 896.2), verified in 3.6 s, 228 kB
    agglomerative 0.4 s, spectral 0.8 s, k-means 2.5 s, all with K = 20
    Mantel, 199 permutations and interval: Pearson 13 s, by target 33 s
    dashboard's first Similarity page 8.5 s of the server, again 0.4 s
    stability: no increments are kept for so many languages
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from benchmarks.clocked import clocked, pairwise_part
from benchmarks.pseudo import write_pseudo_languages
from gradsim_core.data import load_corpus
from gradsim_core.data.health import data_health
from gradsim_core.decisions.decision import Reading, Rule, decide, decision_json, read_similarity
from gradsim_core.decisions.verification import check_decision
from gradsim_core.grouping import leaf_order, linkage_tree, newick
from gradsim_core.results import Results, load_increments, load_results
from gradsim_core.similarities.gram import CORRECTIONS, half_similarities
from gradsim_core.statistics import associate
from gradsim_core.storage.entries import FORMAT
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

T = TypeVar("T")
Told = Callable[[str, float, str], None]

SETTINGS = {"steps": 2, "snapshots": 2, "batch_size": 8, "gradients": "sketch"}
PARTS = ("run", "similarity", "groups", "statistics", "page")
READING = Reading(correction="centred")
CLOCKS = "clocks.json"

_PAGE = """
import json, sys, time
began = time.perf_counter()
from streamlit.testing.v1 import AppTest
ready = time.perf_counter()
app = AppTest.from_file("dashboard/app.py", default_timeout=300)
app.query_params["study"] = sys.argv[1]
app.query_params["guide"] = "0"
app.run()
first = time.perf_counter()
app.run()
print(json.dumps({"first": first - ready, "again": time.perf_counter() - first,
                  "exceptions": len(app.exception)}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=SETTINGS["steps"])
    parser.add_argument("--permutations", type=int, default=999)
    parser.add_argument("--cache", type=Path, help="keep, and reuse, what is computed here")
    parser.add_argument("--json", type=Path, help="write the table here too")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS),
                        help="all but run want a cache in which a run has finished")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(options, options.cache or Path(folder))
    if options.json:
        options.json.write_text(json.dumps({"languages": options.languages, "rows": rows},
                                           indent=1, ensure_ascii=False) + "\n")


def measured(options: argparse.Namespace, cache: Path) -> list[dict[str, Any]]:
    """Every part in turn; a row a part."""
    rows: list[dict[str, Any]] = []

    def tell(part: str, seconds: float, more: str = "") -> None:
        rows.append({"part": part, "seconds": round(seconds, 3), "more": more})
        print(f"{part:<46}{seconds:>10.2f} s  {more}", flush=True)

    print(f"{options.languages:,} pseudo-languages, {os.cpu_count()} cores, load "
          f"{os.getloadavg()[0]:.1f}, entries of format {FORMAT}")
    store = Store(cache)
    signature = (trained(options, cache, tell) if "run" in options.only
                 else store.signatures()[0])
    results = timed("results read and checked", lambda: load_results(store, signature), tell)
    if (cache / CLOCKS).exists():
        tell("pairwise part of the training: Grams",
             *pairwise_part(cache / CLOCKS, results, options.steps))
    if "similarity" in options.only:
        read(store, results, tell)
    if "groups" in options.only:
        grouped(store, results, tell)
    if "statistics" in options.only:
        tested(results, options.permutations, tell)
    if "page" in options.only:
        page(cache, signature, tell)
    for name in ("grams.safetensors", "increments.safetensors", "study.json",
                 "scores/joint.json"):
        if store.exists(signature, name):
            size = store.path(signature, name).stat().st_size
            tell(f"disk: {name}", 0.0, f"{size / 1e6:,.1f} MB")
    return rows


def trained(options: argparse.Namespace, cache: Path, tell: Told) -> str:
    """Write the data, look them over, and run the study by the command; its signature."""
    cache.mkdir(parents=True, exist_ok=True)
    table = cache / f"pseudo-{options.languages}.csv"
    timed("pseudo-languages written", lambda: write_pseudo_languages(table, options.languages),
          tell)
    corpus = timed("data read", lambda: load_corpus(Study(data=str(table), task="sequence")), tell)
    timed("data looked over", lambda: data_health(corpus), tell)
    settings = {**SETTINGS, "steps": options.steps}
    flags = [part for key, value in settings.items()
             for part in (f"--{key.replace('_', '-')}", str(value))]
    began = time.perf_counter()
    child = clocked(["run", "--cache", str(cache), "--json", "--data", str(table), "--task",
                     "sequence", *flags], cache / CLOCKS)
    if child.returncode:
        raise SystemExit(child.stderr[-2000:])
    answer = json.loads(child.stdout)
    facts = answer["facts"]
    tell("gradsim run, all of it", time.perf_counter() - began,
         "reused" if answer["reused"] else
         f"{settings['steps']} steps of {options.languages * 2:,} micro-batches, peak "
         f"{facts['peak_memory_bytes'] / 2**30:.2f} GiB, {facts['mode']}, "
         f"{len(child.stderr.splitlines())} lines said")
    tell("   … of it until similarity was stored", facts["train_seconds"], "")
    return str(answer["signature"])


def read(store: Store, results: Results, tell: Told) -> None:
    """Similarity by every reading and correction, and its tree."""
    languages = results.series.languages
    for correction in CORRECTIONS:
        timed(f"similarity, {correction}",
              partial(read_similarity, results, Reading(correction=correction)), tell)
    timed("similarity, mean_cosine",
          partial(read_similarity, results, Reading(reading="mean_cosine")), tell,
          lambda _: f"of {len(results.series.step_numbers)} recorded")
    kept = load_increments(store, results.signature)
    tell("stability", 0.0, "no increments are kept for so many languages" if kept is None else
         f"{len(kept.steps)} increments kept")
    matrix = read_similarity(results, READING).matrix
    tree = timed("tree", lambda: linkage_tree(matrix), tell)
    timed("Newick", lambda: newick(tree, languages), tell, lambda text: f"{len(text):,} characters")
    timed("leaf order", lambda: leaf_order(tree), tell)


def grouped(store: Store, results: Results, tell: Told) -> None:
    """Groups by several rules, written down and derived anew."""
    for rule in (Rule(strategy="local_search"), Rule(strategy="local_search", k=20),
                 Rule(strategy="agglomerative", k=20), Rule(strategy="k_means", k=20),
                 Rule(strategy="spectral", k=20)):
        decision = timed(f"{rule.strategy}, " + (f"K = {rule.k}" if rule.k else "best K"),
                         partial(decide, results, READING, rule), tell, _outcome)
        if rule.strategy == "local_search":
            text = decision_json(decision)
            differences = timed("   … verified (derived anew)",
                                partial(check_decision, json.loads(text), store), tell,
                                lambda found: f"{len(found)} differences")
            assert not differences
            tell("   … its JSON", 0.0, f"{len(text) / 1e3:,.0f} kB")


def tested(results: Results, permutations: int, tell: Told) -> None:
    """Does the similarity of one half of the rows go with that of the other?"""
    near, gained = half_similarities(results.series, correction="centred")
    for statistic in ("pearson", "target_spearman"):
        timed(f"Mantel, {statistic}, {permutations} permutations",
              partial(associate, near, gained, statistic, permutations=permutations), tell,
            lambda found: f"{found.value:+.2f}, p = {found.p:.3g}")


def _outcome(decision: dict[str, Any]) -> str:
    found = decision["result"]
    bound = "" if found["bound"] is None else (f", bound {found['bound']:.1f}, gap "
                                               f"{found['gap']:.1f}")
    return f"K = {found['k']}, objective {found['objective']:.1f}{bound}"


def page(cache: Path, signature: str, tell: Told) -> None:
    """What the server does until the Similarity page stands, in a fresh process."""
    child = subprocess.run([sys.executable, "-c", _PAGE, signature], capture_output=True,
                           text=True, check=False, env={**os.environ, "GRADSIM_CACHE": str(cache)})
    if child.returncode:
        raise SystemExit(child.stderr[-2000:])
    found = json.loads(child.stdout.splitlines()[-1])
    tell("dashboard, Similarity page, first (server)", found["first"],
         f"{found['exceptions']} exceptions")
    tell("dashboard, Similarity page, again (server)", found["again"])


def timed(part: str, act: Callable[[], T], tell: Told,
          more: Callable[[T], str] = lambda _: "") -> T:
    """Do something, and say how long it took."""
    began = time.perf_counter()
    found = act()
    tell(part, time.perf_counter() - began, more(found))
    return found


if __name__ == "__main__":
    main()
