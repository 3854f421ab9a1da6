"""Commands that look at studies: list and show."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, Signature, chosen
from gradsim_core.cli.printing import duration, log, print_json, print_table, size
from gradsim_core.decisions.decision import Reading, read_similarity
from gradsim_core.errors import GradSimError
from gradsim_core.gradients.sketch_size import sketch_sentence
from gradsim_core.prepared import RECORD
from gradsim_core.results import GRAMS, Results, is_finished, load_results
from gradsim_core.runs import Run, StudyState, ensure_supervisor, study_run, study_state
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.study_text import load_study


def list_studies(cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """List the studies in the cache, newest first.

    The state is that of the last run: queued, running, done, failed, interrupted (it stopped
    before its end), cancelled, or absent (never run, or its result is gone).
    """
    store = Store(cache)
    ensure_supervisor(store)
    rows = [_listed(store, name, study) for name in store.signatures()
            if (study := _asked(store, name)) is not None]
    if as_json:
        print_json(rows)
    elif not rows:
        log("No studies in {}. Start one with `gradsim run`.", store.root)
    else:
        shown = ("signature", "name", "source", "model", "state", "languages", "steps")
        print_table(f"Studies in {store.root}", shown,
                    [tuple(row[key] for key in shown) for row in rows], left=5)


def _listed(store: Store, name: str, study: Study) -> dict[str, Any]:
    record = store.read_json(name, RECORD)
    state, run = _state(store, name)
    return {"signature": name, "name": study.name,
            "source": record["source"] if record else study.source,
            "languages": len(record["languages"]) if record else None, "model": study.model,
            "steps": study.steps, "state": state,
            "progress": _progress(state, run),
            "bytes": store.size_bytes(name)}


def _state(store: Store, name: str) -> tuple[StudyState, Run | None]:
    run = study_run(store, name)
    return study_state(run, is_finished(store, name)), run


def _progress(state: StudyState, run: Run | None) -> float:
    return 1.0 if state == "done" else run.progress if run and state != "absent" else 0.0


def _asked(store: Store, name: str) -> Study | None:
    """The study as it was asked for, from its record or, before there is one, from its YAML."""
    record = store.read_json(name, RECORD)
    try:
        return Study.model_validate(record["study"]) if record else load_study(
            store.path(name, "study.yaml"))
    except (GradSimError, ValueError):
        return None  # a folder that is no study


def show(signature: Signature = "", cache: Cache = DEFAULT_CACHE,
         as_json: AsJson = False) -> None:
    """Show a study: its question, how its run goes or went, and its joint scores.

    ```
    gradsim show            # the newest study
    gradsim show 3f2a       # the study whose signature begins so
    ```
    """
    store = Store(cache)
    ensure_supervisor(store)
    name = chosen(store, signature, finished=False)
    record = store.read_json(name, RECORD)
    whole = record is not None and store.read_tensors(name, GRAMS) is not None
    results = load_results(store, name) if whole else None
    state, run = _state(store, name)  # after reading: what was damaged is not there any more
    if as_json:
        series = results.series if results else None
        print_json({"record": record, "state": state,
                    "progress": _progress(state, run), "run": asdict(run) if run else None,
                    "facts": results.facts if results else None,
                    "scores": results.scores if results else None,
                    "blocks": list(series.blocks) if series else None,
                    "snapshots": list(series.snapshots) if series else None,
                    "invalid": dict(series.invalid) if series else None})
        return
    if study := _asked(store, name):
        log("Study [bold]{}[/] ({}): {}, {}, {} steps", name, study.name or "unnamed",
            record["source"] if record else study.source, study.model, study.steps)
    if state != "done":
        _say_state(name, state, run, store.path(name, "study.yaml"))
    if results:
        _say_facts(results)
        _print_scores(results)


def _say_state(name: str, state: StudyState, run: Run | None, file: Path) -> None:
    told = (run.error or run.message) if run and state != "absent" else "it has no result"
    log("Study {} is {}, {} of its steps done: {}", name, state, f"{_progress(state, run):.0%}",
        told)
    if run and run.live:
        left = "" if run.eta_s is None else f"; about {duration(run.eta_s)} left"
        log("It is run {}, started {}{}.", run.id, run.started or "not yet", left)
    elif file.is_file():
        log("Go on with: gradsim run {}", file)


def _say_facts(results: Results) -> None:
    facts = results.facts
    resumed = f", resumed after step {facts['resumed_at']}" if facts["resumed_at"] else ""
    log("{} gradients; {}; {} of training{}; peak memory {}", facts["mode"],
        "packed rows" if facts["packed"] else "padded rows", duration(facts["train_seconds"]),
        resumed, size(facts["peak_memory_bytes"]))
    if said := sketch_sentence(facts):
        log("{}", said)
    for code, reason in results.series.invalid.items():
        log("[yellow]{} is left out:[/] {}", code, reason)


def _print_scores(results: Results) -> None:
    metric, rows = results.record["metric"], results.record["rows"]
    scores = results.scores["scores"] if results.scores else {"dev": {}, "test": {}}
    found = read_similarity(results, Reading())
    reliability = {code: float(value) for code, value in
                   zip(found.languages, found.reliability, strict=True)}

    def percent(split: str, code: str) -> str | None:
        value = scores[split].get(code, {}).get(metric)
        return None if value is None else f"{100 * value:.1f}"

    print_table(f"Joint model, {metric} in percent; reliability over {found.blocks[0]}…"
                f"{found.blocks[-1]}",
                ("code", "language", "train rows", "dev", "test", "reliability"),
                [(code, name, rows[code]["train"], percent("dev", code), percent("test", code),
                  reliability.get(code)) for code, name in results.names.items()], left=2)
