"""Options: those that several commands share, and those made from the fields of a model.

A study, a reading and a rule are described once, in their models: every field becomes an option
of the same name, with the field's description and default as its help.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel, ValidationError

from gradsim_core.decisions.decision import Reading, Rule
from gradsim_core.decisions.hand import NamedGroup
from gradsim_core.devices import DEVICES, VARIABLE, ask_for_device
from gradsim_core.errors import GroupingError, StoreError, StudyError
from gradsim_core.experiments.group_files import read_named_groups
from gradsim_core.experiments.plans import Plan, PlanSettings, Spending
from gradsim_core.results import GRAMS, find_signature
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.study_text import load_study, study_from

Cache = Annotated[Path, typer.Option("--cache", envvar="GRADSIM_CACHE", file_okay=False,
                                     help="Folder of results.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Signature = Annotated[str, typer.Argument(
    help="The study's signature or its first digits; the newest study if left out.",
    show_default=False)]
Threads = Annotated[int | None, typer.Option(
    help="Threads to compute with; 1 gives the same bytes on every run.", min=1)]

DEFAULT_CACHE = Path("cache")

Command = Callable[..., Any]


def study_options(command: Command) -> Command:
    """Give a command a study file argument and one option for every setting of a study.

    The command's first parameter receives the `Study`; options given override the file.
    """
    file = _parameter("study_file", Annotated[Path | None, typer.Argument(
        help="A study in YAML, - for standard input; the options below override its settings. "
             "Without one: the built-in study.", show_default=False)])
    return _with_options(command, [file], {"study": Study}, lambda path, given: _study(
        path, given["study"]))


def reading_options(command: Command) -> Command:
    """Give a command the study's signature and the options of a reading."""
    return _with_options(command, [_SIGNATURE], {"reading": Reading}, lambda signature, given: (
        signature, _checked(Reading, given["reading"])))


def rule_options(command: Command) -> Command:
    """Give a command the study's signature and the options of a reading and of a rule."""
    def build(signature: str, given: dict[str, dict[str, Any]]) -> tuple[str, Reading, Rule]:
        return signature, _checked(Reading, given["reading"]), _rule(given["rule"])

    return _with_options(command, [_SIGNATURE], {"reading": Reading, "rule": Rule}, build)


def plan_options(command: Command) -> Command:
    """Give a command the study's signature and the options of a plan, as a `Plan`.

    Groups made by hand have an option of their own there.
    """
    def build(signature: str, given: dict[str, dict[str, Any]]) -> tuple[str, Plan]:
        return signature, _checked(Plan, {
            **given["plan"], "reading": _checked(Reading, given["reading"]),
            "rule": _rule(given["rule"])})

    return _with_options(command, [_SIGNATURE], {
        "plan": PlanSettings, "reading": Reading, "rule": Rule}, build, without=("hand",))


def budget_options(command: Command) -> Command:
    """Give a command the study's signature and the options of a sweep's budget and seeds."""
    return _with_options(command, [_SIGNATURE], {"budget": Spending}, lambda signature, given: (
        signature, _checked(Spending, given["budget"])))


def settings_options(command: Command, model: type[BaseModel]) -> Command:
    """Give a command the study's signature and one option for every field of a model."""
    return _with_options(command, [_SIGNATURE], {"plan": model}, lambda signature, given: (
        signature, _checked(model, given["plan"])))


def chosen(store: Store, prefix: str, finished: bool = True) -> str:
    """The study meant by a prefix; the newest one, finished if need be, if it is empty."""
    if prefix:
        return find_signature(store, prefix)
    known = [name for name in store.signatures() if not finished or store.exists(name, GRAMS)]
    if not known:
        raise StoreError(f"No {'finished ' * finished}study in {str(store.root)[-200:]}. Start one "
                         "with `gradsim run`.")
    return known[0]


def _parameter(name: str, annotation: Any, default: Any = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default,
                             annotation=annotation)


_SIGNATURE = _parameter("signature", Signature, "")
_DEVICE = _parameter("device", Annotated[str | None, typer.Option(
    help="Device to compute on; auto is CUDA where there is a device for it.",
    metavar="|".join(DEVICES), envvar=VARIABLE, show_default=False)])


def _with_options(command: Command, first: Sequence[inspect.Parameter],
                  models: dict[str, type[BaseModel]],
                  build: Callable[[Any, dict[str, dict[str, Any]]], Any],
                  without: Sequence[str] = ()) -> Command:
    """A command whose first parameter is built from an argument and from options of models."""
    made = [_option(name, field, f"{kind.capitalize()} settings") for kind, model in models.items()
            for name, field in model.model_fields.items() if name not in without]
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    if any(one.name == "threads" for one in own):  # it computes, and so on a device
        own = [*own, _DEVICE]
    parameters = [*first, *made, *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
                                   for one in own)]

    @wraps(command)
    def wrapped(**values: Any) -> Any:
        argument = values.pop(first[0].name)
        ask_for_device(values.pop(_DEVICE.name, None))
        given = {kind: {name: value for name in model.model_fields
                        if (value := values.pop(name, None)) not in (None, [])}
                 for kind, model in models.items()}
        return command(build(argument, given), **values)

    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {one.name: one.annotation for one in parameters}
    return wrapped


def _option(name: str, field: Any, panel: str) -> inspect.Parameter:
    """The option of a model's field; None (or no items) means that it was not given."""
    flag = f"--{name.replace('_', '-')}"
    kind, metavar = _kind(field.annotation)
    default = field.get_default(call_default_factory=True)
    shown = "" if default in (None, "", (), {}) else f" [default: {default}]"
    option = typer.Option(f"{flag}/--no-{flag[2:]}" if kind is bool else flag,
                          help=f"{field.description}{shown}", metavar=metavar,
                          rich_help_panel=panel, show_default=False)
    if kind is list:
        return _parameter(name, Annotated[list[str] | None, option])
    return _parameter(name, Annotated[kind | None, option])


def _kind(annotation: Any) -> tuple[Any, str | None]:
    """The type that Typer reads for a field's type, and what to show for it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _kind(next(one for one in inner if one is not types.NoneType))
    if origin is Literal:
        return str, "|".join(inner)
    if origin is tuple and inner[0] is NamedGroup:
        return Path, "FILE"
    if origin is tuple:
        return (list, "A,B") if get_origin(inner[0]) is tuple else (str, "A,B,…")
    if origin is dict:
        return str, "ROLE=COLUMN,…"
    return annotation, None


def _study(path: Path | None, given: dict[str, Any]) -> Study:
    if "columns" in given:
        given["columns"] = column_names(given["columns"], "text=tweet,label=sentiment")
    base = load_study(path).model_dump(exclude_unset=True) if path else {}
    return study_from({**base, **given}, where=f"options over {path}" if path else "options")


def column_names(text: str, example: str) -> dict[str, str]:
    """Role -> column, from role=column,role=column."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(role.strip() and equals and column.strip() for role, equals, column in pairs):
        raise StudyError(f"--columns {text[:100]!r}: write role=column,role=column, such as "
                         f"{example}.")
    return {role.strip(): column.strip() for role, _, column in pairs}


def _checked(model: Any, given: dict[str, Any]) -> Any:
    try:
        return model(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise GroupingError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']} (given: "
                            f"{first['input']!r:.60}). Change it and run again.") from None


def _rule(given: dict[str, Any]) -> Rule:
    links = {name: _pairs(name, given.pop(name)) for name in ("must_link", "cannot_link")
             if given.get(name)}
    if file := given.pop("hand", None):
        given = {"strategy": "hand", **given, "hand": read_named_groups(file)}
    return _checked(Rule, {**given, **links})


def _pairs(name: str, texts: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in texts:
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 2 or not all(parts):
            raise GroupingError(f"--{name.replace('_', '-')} {text[:100]!r}: name two languages "
                                "with a comma between them, such as deu,nld; repeat the option "
                                "for more pairs.")
        pairs.append((parts[0], parts[1]))
    return tuple(pairs)
