"""Options that several commands share; those of a study are made from the study itself."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from gradsim_core.errors import StudyError
from gradsim_core.study import Study, load_study, study_from

Cache = Annotated[Path, typer.Option(
    "--cache", help="Folder of results [env: GRADSIM_CACHE].", show_default="cache")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Signature = Annotated[str, typer.Argument(
    help="The study's signature or its first digits; the newest study if left out.",
    show_default="newest")]
Blocks = Annotated[str, typer.Option(
    help="encoder, lower, higher, all, one block (layer.3) or a range (embeddings:layer.3).")]
ReadingName = Annotated[str, typer.Option("--reading", help="cosine_of_mean or mean_cosine.")]
Correction = Annotated[str, typer.Option(help="raw, noise_corrected or centred.")]
Snapshot = Annotated[int, typer.Option(help="Snapshot to read: 0 is the first, -1 the last.")]

DEFAULT_CACHE = Path(os.environ.get("GRADSIM_CACHE", "cache"))

_TYPES = {"int": int, "float": float, "bool": bool}


def study_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command a study file argument and one option for every setting of a study.

    The command's first parameter receives the `Study`; options given override the file.
    """
    parameters = [inspect.Parameter(
        "study_file", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None,
        annotation=Annotated[Path | None, typer.Argument(
            help="A study in YAML; the options below override its settings.",
            show_default="the built-in study")])]
    for name, field in Study.model_fields.items():
        words = str(field.annotation)
        kind = next((cls for word, cls in _TYPES.items() if word in words), str)
        flags = [f"--{name.replace('_', '-')}"]
        if kind is bool:
            flags = [f"{flags[0]}/--no-{name.replace('_', '-')}"]
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        parameters.append(inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None,
            annotation=Annotated[kind | None, typer.Option(  # type: ignore[valid-type]
                *flags, help=field.description, rich_help_panel="Study settings",
                show_default=str(default) if default not in (None, "", (), {}) else False)]))
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @wraps(command)
    def wrapped(**values: Any) -> Any:
        settings = {name: values.pop(name) for name in Study.model_fields}
        study = _study(values.pop("study_file"), settings)
        return command(study, **values)

    wrapped.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        parameters + [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own])
    wrapped.__annotations__ = {one.name: one.annotation for one in [*parameters, *own]}
    return wrapped


def _study(path: Path | None, options: dict[str, Any]) -> Study:
    given = {name: value for name, value in options.items() if value is not None}
    if "columns" in given:
        given["columns"] = _columns(given["columns"])
    base = load_study(path).model_dump(exclude_unset=True) if path else {}
    return study_from({**base, **given}, where=str(path) if path else "options")


def _columns(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(role.strip() and equals and column.strip() for role, equals, column in pairs):
        raise StudyError(f"--columns {text!r}: write role=column,role=column, such as "
                         "text=tweet,label=sentiment.")
    return {role.strip(): column.strip() for role, _, column in pairs}
