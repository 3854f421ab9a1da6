"""The doors of the house: who may import whom, who may write, how long a file may be.

Conventions
-----------
The rules are functions in architecture_rules.py; test_architecture_rules.py shows, with made-up
sources, that each can fail. Here they meet the files that stand.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from architecture_rules import back_doors, forbidden_imports, loaded_by, unsafe_calls, writes

import gradsim_core

ROOT = Path(__file__).resolve().parents[1]

HEAVY = ("torch", "transformers", "tokenizers", "accelerate", "datasets", "streamlit", "plotly",
         "sklearn", "umap", "pandas")
"""What `import gradsim_core` must not load."""

STORES = ("torch", "transformers", *(f"gradsim_core.{name}" for name in (
    "storage", "results", "runs", "encoder", "gradients", "training")))

IMPORT_RULES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    # rule: (files, files excepted, modules they may not import)
    "the core knows no dashboard":
        (("gradsim_core/**/*.py",), (), ("streamlit", "plotly", "dashboard")),
    "torch and transformers stay in the training modules":
        (("gradsim_core/**/*.py",),
         tuple(f"gradsim_core/{name}.py" for name in (
             "gradients/folding", "gradients/incoming", "gradients/increments",
             "gradients/sketch_error", "gradients/tap", "gradients/word_rows",
             "encoder/adapters", "encoder/blocks", "encoder/byte_model", "encoder/models",
             "encoder/packing", "encoder/pretrained",
             "training/adaptation", "training/batches", "training/checkpoints",
             "training/evaluation", "training/joint", "training/meeting", "training/optimization",
             "training/passes", "training/shards", "training/steps", "training/trial",
             "joining/keeping", "joining/newcomer", "measuring/embeddings")),
         ("torch", "transformers")),
    "numbers know no store, no run and no model":
        (("gradsim_core/similarities/*.py",
          "gradsim_core/grouping/*.py", "gradsim_core/scores/tables.py",
          "gradsim_core/measures/*.py", "gradsim_core/statistics/*.py",
          "gradsim_core/findings/layers/predictors.py",
          "gradsim_core/findings/layers/lower_or_higher_words.py",
          "gradsim_core/experiments/comparison.py", "gradsim_core/experiments/verdict.py"),
         ("gradsim_core/similarities/robustness.py", "gradsim_core/similarities/settled.py"),
         STORES),
    "figures are pure":
        (("dashboard/figures/*.py",), (), ("streamlit", "torch", "transformers")),
    "views draw nothing and train nothing":
        (("dashboard/views/**/*.py",), (), ("plotly", "torch", "transformers")),
    "the dashboard's server carries no torch":
        (("dashboard/**/*.py",), (), ("torch", "transformers", "sklearn", "umap")),
    "streamlit stays in app, state, the loads, the views and what they show in browsers":
        (("dashboard/**/*.py",),
         ("dashboard/app.py", "dashboard/state.py", "dashboard/loads/*.py",
          "dashboard/views/**/*.py", "dashboard/browser/*.py"),
         ("streamlit",)),
    "words load nothing":
        (("dashboard/words/*.py",), (), ("streamlit", "plotly", "dashboard.loads",
                                         "dashboard.views")),
    "nothing is pickled":
        (("gradsim_core/**/*.py", "dashboard/**/*.py"), (),
         ("pickle", "dill", "cloudpickle", "marshal", "shelve")),
    "only the store and the command line's exports publish files":
        (("gradsim_core/**/*.py", "dashboard/**/*.py"),
         ("gradsim_core/storage/store.py", "gradsim_core/cli/answers.py",
          "gradsim_core/cli/reports.py", "gradsim_core/cli/topics.py"),
         ("gradsim_core.storage.atomic",)),
}

WRITERS = {
    "gradsim_core/storage/atomic.py": "how a file is written; who may use it is an import rule",
    "gradsim_core/storage/store.py": "puts damaged entries aside under the cache folder",
    "gradsim_core/storage/upload_folders.py": "removes uploads that nothing needs",
    "gradsim_core/runs/database.py": "makes the table of runs and the folder of their logs",
    "gradsim_core/runs/supervisor.py": "the logs of runs under the cache folder",
    "dashboard/report/__main__.py": "the report, where the reader asked for it",
}

LINE_LIMIT = 250
TEST_LINE_LIMIT = 300  # a test file follows its module, case after case
LONG_FILES: dict[str, str] = {
    "gradsim_core/__init__.py": "every public name, for those who read types and at its first use",
    "gradsim_core/languages/resolving.py": "one way in for every spelling; the table stands apart",
}
"""Files that may pass the limit, each with the reason why it is still one room."""

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


# what is there

def files(*patterns: str) -> list[Path]:
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern)})


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


CORE = files("gradsim_core/**/*.py")
DASHBOARD = files("dashboard/**/*.py")
OTHERS = files("tests/**/*.py", "benchmarks/**/*.py", "tools/**/*.py")


def test_there_is_something_to_check() -> None:
    assert len(CORE) > 5
    assert len(DASHBOARD) > 3
    assert len(OTHERS) > 3


def broken(paths: list[Path], rule: Callable[[str], list[str]]) -> list[str]:
    """Every breach of a rule in the files, as `path line n: what`."""
    return [f"{relative(path)} {breach}" for path in paths
            for breach in rule(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("name", IMPORT_RULES)
def test_import_rule(name: str) -> None:
    where, excepted, modules = IMPORT_RULES[name]
    excused = set(files(*excepted))
    paths = [path for path in files(*where) if path not in excused]
    assert paths, f"no file matches {where}"
    assert broken(paths, lambda source: forbidden_imports(source, modules)) == []


@pytest.mark.parametrize("name", [name for name, rule in IMPORT_RULES.items() if rule[1]])
def test_each_exception_is_needed(name: str) -> None:
    _, excepted, modules = IMPORT_RULES[name]
    idle = [pattern for pattern in excepted
            if not broken(files(pattern), lambda source: forbidden_imports(source, modules))]
    assert idle == []


def test_dashboard_enters_by_the_public_names() -> None:
    public = frozenset(gradsim_core.__all__)
    assert public
    assert broken(DASHBOARD, lambda source: back_doors(source, public)) == []


def test_public_names_exist() -> None:
    missing = [name for name in gradsim_core.__all__ if not hasattr(gradsim_core, name)]
    assert missing == []


def test_core_import_is_light() -> None:
    assert loaded_by("import gradsim_core", HEAVY) == set()


def test_figures_load_neither_streamlit_nor_torch() -> None:
    names = [f"dashboard.figures.{path.stem}" for path in files("dashboard/figures/*.py")
             if path.stem != "__init__"]
    assert names
    assert loaded_by(f"import {', '.join(names)}", ("streamlit", "torch", "transformers")) == set()


def test_only_the_writers_write() -> None:
    paths = [path for path in CORE + DASHBOARD if relative(path) not in WRITERS]
    assert broken(paths, writes) == []


@pytest.mark.parametrize("name", WRITERS)
def test_each_writer_still_writes(name: str) -> None:
    assert writes((ROOT / name).read_text(encoding="utf-8")), f"{name} needs no exception"


def test_no_file_can_run_code() -> None:
    assert broken(CORE + DASHBOARD, unsafe_calls) == []


def test_files_are_short() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines())
               for path in CORE + DASHBOARD + OTHERS}
    long = {name: length for name, length in lengths.items()
            if length > (TEST_LINE_LIMIT if name.startswith("tests/") else LINE_LIMIT)}
    assert {name: length for name, length in long.items() if name not in LONG_FILES} == {}
    assert [name for name in LONG_FILES if name not in long] == [], "no longer long: unlist"


def test_names_say_what_is_inside() -> None:
    vague = [relative(path) for path in CORE + DASHBOARD + OTHERS if path.stem in VAGUE_NAMES]
    assert vague == []


def test_dashboard_hides_no_library() -> None:
    """Streamlit puts dashboard/ first on sys.path: a file named like a library would shadow it."""
    pins = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    libraries = sys.stdlib_module_names | {pin.lower().replace("-", "_") for pin in pins} | {
        "gradsim_core", "dashboard", "sklearn", "umap", "yaml"}
    inside = {path.stem for path in DASHBOARD} | {path.parent.name for path in DASHBOARD}
    assert inside & libraries - {"__init__", "dashboard"} == set()
    assert not (ROOT / "dashboard" / "pages").exists(), "Streamlit would make its own menu of it"


@pytest.mark.parametrize("path", CORE + DASHBOARD, ids=relative)
def test_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body


def test_breach_names_the_file() -> None:
    here = Path(__file__)
    assert broken([here], lambda source: ["line 1: x"]) == ["tests/test_architecture.py line 1: x"]
