"""Commands that make studies and look at them: run, estimate, list, show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from tqdm import tqdm

from gradsim_core.cli.answers import newest, print_similarity
from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, Signature, study_options
from gradsim_core.cli.printing import duration, log, print_json, print_table, size
from gradsim_core.data import data_health
from gradsim_core.decision import Reading, read_similarity
from gradsim_core.errors import GradSimError
from gradsim_core.prepared import RECORD, Prepared, prepare
from gradsim_core.results import GRAMS, SCORES, load_results
from gradsim_core.runs import record_run, run_lock, run_state
from gradsim_core.store import Store
from gradsim_core.study import Study

Threads = Annotated[int | None, typer.Option(
    help="Threads to compute with; 1 gives the same bytes on every run.", min=1)]


@study_options
def run(study: Study, cache: Cache = DEFAULT_CACHE, threads: Threads = None,
        as_json: AsJson = False) -> None:
    """Run a study: train on all languages together and record their gradients.

    Without a file or options this is the built-in study. A finished study is not run again; one
    that was cut off goes on from its last checkpoint.
    """
    prepared = prepare(study)
    store = Store(cache)
    store.sweep()
    for warning in data_health(prepared.corpus).warnings:
        log("[yellow]{}:[/] {}", warning.severity, warning.sentence)
    name = prepared.signature
    reused = store.read_tensors(name, GRAMS) is not None
    if reused and store.exists(name, SCORES):
        log("Study [bold]{}[/] is finished already; its results are reused.", name)
    else:
        _compute(prepared, store, threads)
    results = load_results(store, name)
    if as_json:
        print_json({"signature": name, "reused": reused, "facts": results.facts,
                    "scores": results.scores})
        return
    if len(results.series.languages) <= 40:
        print_similarity(results, read_similarity(results, Reading()))
    log("Study [bold]{}[/]: {} of training, peak memory {}. Next: gradsim group {}", name,
        duration(results.facts["train_seconds"]), size(results.facts["peak_memory_bytes"]), name)


def _compute(prepared: Prepared, store: Store, threads: int | None) -> None:
    from gradsim_core.trial import run_joint_trial

    name = prepared.signature
    with run_lock(store, name):
        record_run(store, name)
        with tqdm(total=prepared.study.steps, unit="step", desc=name, dynamic_ncols=True) as bar:

            def observe(event: dict[str, Any]) -> None:
                store.append_event(name, {"time": datetime.now(UTC).isoformat(), **event})
                if event["kind"] == "progress":
                    bar.set_postfix(loss=event["loss"], refresh=False)
                    bar.update(event["step"] - bar.n)
                elif "message" in event:
                    bar.write(event["message"])

            try:
                run_joint_trial(prepared, store, observe, threads)
            except KeyboardInterrupt:
                observe({"kind": "cancelled", "message": "Stopped; the same command goes on."})
                raise SystemExit(1) from None
            except GradSimError as error:
                observe({"kind": "failed", "message": str(error)})
                raise
            except MemoryError:
                observe({"kind": "failed", "message": "Not enough memory."})
                raise
            except Exception as error:
                observe({"kind": "failed", "message": f"{type(error).__name__}: {error}"[:400]})
                raise


@study_options
def estimate(study: Study, threads: Threads = None, as_json: AsJson = False) -> None:
    """Estimate a study's time, memory and disk before it starts.

    Loads the model and times real training steps on three of the languages, which takes some
    seconds.
    """
    from gradsim_core.estimate import estimate_study

    found = estimate_study(prepare(study), threads)
    if as_json:
        print_json(found)
        return
    print_table("Estimate", ("what", "value"), [
        ("training", duration(found["train_seconds"])),
        ("scoring", duration(found["score_seconds"])),
        ("peak memory", size(found["peak_memory_bytes"])),
        ("disk, finished", size(found["disk_bytes"])),
        ("disk, while running", size(found["checkpoint_bytes"])),
        ("gradients", found["mode"]), ("packed rows", "yes" if found["packed"] else "no"),
        ("languages trained on", found["n_languages"]),
        ("parameters", found["n_parameters"])])


def list_studies(cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """List the studies in the cache, newest first."""
    store = Store(cache)
    rows = []
    for name in store.signatures():
        record = store.read_json(name, RECORD)
        if record is not None:
            asked = record["study"]
            state = run_state(store, name)
            rows.append({"signature": name, "name": asked["name"], "source": record["source"],
                         "languages": len(record["languages"]), "model": asked["model"],
                         "steps": asked["steps"], "state": state.state,
                         "bytes": store.size_bytes(name)})
    if as_json:
        print_json(rows)
    elif not rows:
        log("No studies in {}. Start one with `gradsim run`.", store.root)
    else:
        print_table(f"Studies in {store.root}",
                    ("signature", "name", "source", "model", "state", "languages", "steps"),
                    [tuple(row[key] for key in ("signature", "name", "source", "model", "state",
                                                "languages", "steps")) for row in rows], left=5)


def show(signature: Signature = "", cache: Cache = DEFAULT_CACHE,
         as_json: AsJson = False) -> None:
    """Show a study: its question, how its run went, and its joint scores."""
    store = Store(cache)
    results = load_results(store, newest(store, signature))
    record = results.record
    if as_json:
        print_json({"record": record, "facts": results.facts, "scores": results.scores,
                    "blocks": list(results.series.blocks),
                    "snapshots": list(results.series.snapshots),
                    "invalid": dict(results.series.invalid)})
        return
    facts = results.facts
    log("Study [bold]{}[/] ({}): {}, {}", record["signature"], record["study"]["name"] or "unnamed",
        record["source"], record["study"]["model"])
    log("{} steps; {} gradients; {}; {}; peak memory {}", record["study"]["steps"], facts["mode"],
        "packed rows" if facts["packed"] else "padded rows", duration(facts["train_seconds"]),
        size(facts["peak_memory_bytes"]))
    for code, reason in results.series.invalid.items():
        log("[yellow]{} is left out:[/] {}", code, reason)
    scores = results.scores or {"metric": record["metric"], "scores": {"dev": {}, "test": {}}}
    metric = scores["metric"]
    reliability = dict(zip(results.series.languages,
                           read_similarity(results, Reading()).reliability, strict=True))
    print_table(f"Joint model, {metric}; reliability over encoder",
                ("code", "language", "train rows", "dev", "test", "reliability"),
                [(code, name, record["rows"][code]["train"],
                  *(scores["scores"][split].get(code, {}).get(metric) for split in
                    ("dev", "test")), _float(reliability.get(code)))
                 for code, name in results.names.items()], left=2)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
