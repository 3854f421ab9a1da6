"""Commands that compute: run and estimate."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gradsim_core.backends.place import place_here
from gradsim_core.backends.torchrun import is_first
from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, Threads, study_options
from gradsim_core.cli.places import placed
from gradsim_core.cli.printing import (
    duration,
    log,
    print_json,
    print_table,
    progress_shown,
    size,
)
from gradsim_core.cli.similarities import print_similarity
from gradsim_core.data import data_health, gathered
from gradsim_core.decisions.decision import Reading, read_similarity
from gradsim_core.errors import RunAskedError, RunError
from gradsim_core.execution import run_joint
from gradsim_core.gradients.sketch_size import sketch_sentence
from gradsim_core.joining.kept import find_kept
from gradsim_core.prepared import Prepared, prepare
from gradsim_core.progress import silent
from gradsim_core.results import GRAMS, INCREMENTS, SCORES, load_results
from gradsim_core.runs import STUDY, attend_run
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.study_text import study_yaml

_MOST_PRINTED = 40
"""Languages of a matrix that `run` prints unasked."""


@study_options
@placed
def run(study: Study, cache: Cache = DEFAULT_CACHE, threads: Threads = None,
        checkpoint_every: Annotated[float, typer.Option(
            min=0, metavar="SECONDS",
            help="Least time between checkpoints, which are taken at snapshots.")] = 20.0,
        workers: Annotated[int | None, typer.Option(min=1, help=(
            "Workers of a cluster that share the languages; as many as it has room for if left "
            "out."))] = None,
        as_json: AsJson = False) -> None:
    """Run a study: train on all languages together and record their gradients.

    Without a file or options this is the built-in study. A finished study is not run again; one
    that was cut off goes on from its last checkpoint, and ends with the same result.

    ```
    gradsim run                                          # the built-in study, about a minute
    gradsim run --languages German,nld,es,tr --steps 60
    gradsim run --preset afrisenti --data ~/afrisent-semeval-2023/data
    gradsim run --data my_data/ --columns text=tweet,label=mood --model xlm-roberta-base
    gradsim run study.yaml --seed 1                      # the file, with another seed
    gradsim run study.yaml --backend ray --address head:6379   # languages dealt to a cluster
    torchrun --nproc-per-node 4 -m gradsim_core run study.yaml # or to the GPUs of a machine
    ```

    In a study file each line is one of the settings below, with the same name:

    ```
    preset: masakhaner2
    languages: [hau, ibo, yor]
    batch_size: 16
    ```
    """
    prepared = prepare(study)
    store = Store(cache)
    if not is_first():  # the first process of torchrun's speaks and writes for all
        _take_part(prepared, store, threads, checkpoint_every)
        return
    if workers and place_here().backend == "local":
        raise RunAskedError(f"--workers {workers} share a study on a cluster: add --backend ray. "
                            f"On one machine: torchrun --nproc-per-node {workers} -m "
                            "gradsim_core run, with the study.")
    store.sweep()
    for warning in gathered(data_health(prepared.corpus).warnings):
        log("[yellow]{}:[/] {}", warning.severity, warning.sentence)
    name = prepared.signature
    reused = _is_there(store, prepared)
    if reused:
        log("Study [bold]{}[/] is finished already; its results are reused.", name)
    else:
        try:
            compute_study(prepared, store, threads, checkpoint_every, workers)
        except KeyboardInterrupt:
            raise RunError(f"Stopped. The same command goes on from the last checkpoint of study "
                           f"{name}, if it has one.") from None
    results = load_results(store, name)
    if as_json:
        print_json({"signature": name, "reused": reused, "facts": results.facts,
                    "scores": results.scores})
        return
    if len(results.series.languages) <= _MOST_PRINTED:
        print_similarity(results, read_similarity(results, Reading()))
    if said := sketch_sentence(results.facts):
        log("{}", said)
    log("Study [bold]{}[/]: {} of training, peak memory {}. Next: gradsim group {}", name,
        duration(results.facts["train_seconds"]), size(results.facts["peak_memory_bytes"]), name)


def _is_there(store: Store, prepared: Prepared) -> bool:
    """Whether all that the study asks for is in the store."""
    name = prepared.signature
    whole = all(store.read_tensors(name, one) is not None for one in (GRAMS, INCREMENTS))
    return whole and store.read_json(name, SCORES) is not None and not (
        prepared.study.keep_weights and find_kept(store, name) is None)


def _take_part(prepared: Prepared, store: Store, threads: int | None,
               checkpoint_every_s: float) -> None:
    """Compute a shard as another process than the first of its group."""
    if not _is_there(store, prepared):
        run_joint(prepared, store, silent, threads, checkpoint_every_s)


def compute_study(prepared: Prepared, store: Store, threads: int | None,
                  checkpoint_every_s: float = 20.0, workers: int | None = None) -> None:
    """Run the joint trial as this study's one run; however it ends, its row says so."""
    name, study = prepared.signature, prepared.study
    with attend_run(store, name, STUDY, title=study.name) as record, \
            progress_shown(name, study.steps) as show:

        def observe(event: dict[str, Any]) -> None:
            record(event)
            show(event)

        store.write_text(name, "study.yaml", study_yaml(study))
        observe({"kind": "stage", "message": "Loading PyTorch"})
        run_joint(prepared, store, observe, threads, checkpoint_every_s, workers)


@study_options
def estimate(study: Study, threads: Threads = None, as_json: AsJson = False) -> None:
    """Estimate a study's time, memory and disk before it starts.

    Loads the model and times real training steps on three of the languages, which takes some
    seconds; nothing is written. All is said for one process of this machine: on a cluster the
    languages are dealt to several, and the time is less.

    ```
    gradsim estimate --preset afrisenti --model Davlan/afro-xlmr-base
    gradsim estimate study.yaml --gradients sketch
    ```
    """
    from gradsim_core.estimate import estimate_study

    found = estimate_study(prepare(study), threads)
    if as_json:
        print_json(found)
        return
    print_table("Estimate for this machine", ("what", "value"), [
        ("training", duration(found["train_seconds"])),
        ("scoring", duration(found["score_seconds"])),
        ("peak memory", size(found["peak_memory_bytes"])),
        ("disk, finished", size(found["disk_bytes"])),
        *([("of it, kept weights", size(found["kept_bytes"]))] if found["kept_bytes"] else []),
        ("disk, while running", size(found["checkpoint_bytes"])),
        ("gradients", found["mode"] if found["sketch_size"] is None else
         f"{found['mode']}, {found['sketch_size']:,} numbers a block"),
        ("device", found["device"]), ("packed rows", "yes" if found["packed"] else "no"),
        ("languages trained on", found["n_languages"]),
        ("parameters", found["n_parameters"])])
