"""Commands about the house itself: doctor and dashboard."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import psutil
import typer

from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache
from gradsim_core.cli.printing import log, print_json, print_table, size
from gradsim_core.errors import GradSimError, RunError
from gradsim_core.prepared import prepare
from gradsim_core.runs import ensure_supervisor, submit_study
from gradsim_core.runs.supervisor import supervise as supervise_runs
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from, study_yaml

ROOT = Path(__file__).resolve().parents[2]
_NEEDED = ("torch", "transformers", "streamlit", "plotly", "pandas", "scipy", "scikit-learn",
           "umap-learn", "babel", "datasets", "safetensors")


def doctor(cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """Check this machine: packages, cores, memory, disk, cache, built-in data.

    Ends with 1 if something needed is missing.
    """
    rows = [_python(), *map(_package, _NEEDED), _threads(), _memory(), _cache(cache), _built_in()]
    if as_json:
        print_json([{"what": what, "found": found, "ok": ok} for what, found, ok in rows])
    else:
        print_table("This machine", ("what", "found", "fine"),
                    [(what, found, "yes" if ok else "NO") for what, found, ok in rows], left=3)
    if not all(ok for *_, ok in rows):
        raise typer.Exit(1)


def _python() -> tuple[str, str, bool]:
    return ("Python", sys.version.split()[0], sys.version_info >= (3, 11))


def _package(name: str) -> tuple[str, str, bool]:
    try:
        return (name, metadata.version(name), True)
    except metadata.PackageNotFoundError:
        return (name, "missing: pip install -r requirements.txt", False)


def _threads() -> tuple[str, str, bool]:
    threads = os.environ.get("OMP_NUM_THREADS", "as many as cores")
    idle = os.environ.get("OMP_WAIT_POLICY", "active")
    note = "" if idle.lower() == "passive" else ": set it to passive, or idle threads take a core"
    return ("threads", f"{threads} of {psutil.cpu_count()} cores, OMP_WAIT_POLICY={idle}{note}",
            not note)


def _memory() -> tuple[str, str, bool]:
    free = psutil.virtual_memory().available
    return ("memory", f"{size(free)} free", free > 2e9)


def _cache(cache: Path) -> tuple[str, str, bool]:
    folder = cache.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    writable = os.access(folder, os.W_OK)
    note = "" if writable else ", not writable: choose another --cache"
    return ("cache", f"{cache.absolute()}, {size(free)} free{note}", writable and free > 1e9)


def _built_in() -> tuple[str, str, bool]:
    try:
        prepared = prepare(study_from({}))
    except GradSimError as error:
        return ("built-in data", str(error), False)
    rows = sum(len(prepared.corpus.split(code, "train")) for code in prepared.corpus.languages)
    return ("built-in data", f"{len(prepared.corpus.languages)} languages, {rows:,} training rows",
            rows > 0)


def dashboard(cache: Cache = DEFAULT_CACHE,
              port: Annotated[int, typer.Option(min=1, max=65_535, help=(
                  "Port on 127.0.0.1."))] = 8501,
              browser: Annotated[bool, typer.Option(
                  help="Open the page in a browser.")] = True,
              first_study: Annotated[bool, typer.Option(
                  help="Start the built-in study if the cache is empty.")] = True) -> None:
    """Open the dashboard in a browser; it listens on this machine only.

    Studies started in it go on when it is closed.

    ```
    gradsim dashboard --port 8600 --cache results/
    ```
    """
    script = ROOT / "dashboard" / "app.py"
    store = Store(cache)
    store.sweep()
    if first_study and not store.signatures():
        study = study_from({"name": "Built-in study"})
        try:
            submit_study(store, prepare(study).signature, study_yaml(study), study.name)
            log("The cache is empty: the built-in study has been started.")
        except RunError as error:
            log("{}", error)
    ensure_supervisor(store)  # what was cut off, by a power cut say, goes on
    seen = browser and (sys.platform == "darwin" or "DISPLAY" in os.environ)
    log("Dashboard: [bold]http://localhost:{}[/]  (Ctrl-C ends it; runs go on)", port)
    os.chdir(ROOT)  # Streamlit reads .streamlit/config.toml from here
    environment = {**os.environ, "GRADSIM_CACHE": str(store.root)}
    os.execve(sys.executable, [
        sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port),
        "--server.headless", "false" if seen else "true"], environment)


def supervise(cache: Cache = DEFAULT_CACHE) -> None:
    """Start queued runs, and killed ones again, until there is nothing left to do."""
    supervise_runs(Store(cache).root)
