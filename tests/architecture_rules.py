"""The rules of the house, each a function from a source text to the lines that break it.

Conventions
-----------
A breach reads ``line n: what``; an empty list means the rule is kept. Imports inside functions
count like any other, and a name built at run time counts as a breach where it cannot be read.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def imports(source: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported, `from a import b` as a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
        elif (isinstance(node, ast.Call) and node.args
              and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")):
            name = node.args[0]
            yield node.lineno, (str(name.value) if isinstance(name, ast.Constant)
                                else f"?{ast.unparse(name)}")


def forbidden_imports(source: str, modules: tuple[str, ...]) -> list[str]:
    """Imports of the modules or of anything below them; relative ones hide their target."""
    return [f"line {line}: import {name}" for line, name in imports(source)
            if name.startswith(".") or any(f"{name}.".startswith(f"{module}.")
                                           for module in modules)]


def back_doors(source: str, public: frozenset[str]) -> list[str]:
    """Uses of gradsim_core other than through its public names."""
    found = []
    for line, name in imports(source):
        parts = name.split(".")
        if parts[0] == "gradsim_core" and len(parts) > 1 and (
                len(parts) > 2 or parts[1] not in public):
            found.append(f"line {line}: {name}")
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                and node.value.id == "gradsim_core" and node.attr not in public):
            found.append(f"line {node.lineno}: gradsim_core.{node.attr}")
    return found


_ALWAYS_WRITE = {"write_text", "write_bytes", "mkdir", "makedirs", "touch", "unlink", "rmdir",
                 "rmtree", "save_file", "savetxt", "savez", "savez_compressed", "tofile", "symlink",
                 "symlink_to", "hardlink_to", "link", "truncate", "copyfile", "copytree", "move",
                 "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "fdopen",
                 "to_parquet", "to_pickle", "save_pretrained", "basicConfig", "FileHandler"}


def writes(source: str) -> list[str]:
    """Calls that write, move or remove files."""
    return [f"line {node.lineno}: {ast.unparse(node)[:60]}" for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and _writes(node)]


def _writes(call: ast.Call) -> bool:
    owner, _, name = ast.unparse(call.func).rpartition(".")
    plain = [argument for argument in call.args if not isinstance(argument, ast.Starred)]
    match name:
        case "open":
            return _opens_for_writing(call, owner)
        case "replace" | "rename" | "remove":  # str.replace has two, list.remove is no file's
            return owner in ("os", "shutil") or (
                name != "remove" and len(plain) == 1 and not call.keywords)
        case "save" | "dump":  # json.dump to an open file is judged where that file is opened
            return owner in ("np", "numpy", "torch", "joblib")
        case "to_csv" | "to_json":  # without a target they return text
            return bool(plain or [word for word in call.keywords if word.arg == "path_or_buf"])
    return name in _ALWAYS_WRITE and owner != "store"  # the store is who may write


def _opens_for_writing(call: ast.Call, owner: str) -> bool:
    # open(path, mode) and io.open, gzip.open …, but path.open(mode)
    place = 1 if owner in ("", "io", "gzip", "bz2", "lzma", "codecs", "os") else 0
    modes: list[ast.expr] = [word.value for word in call.keywords if word.arg == "mode"]
    modes += call.args[place:place + 1]
    if owner == "os":
        return not any(word in ast.unparse(call) for word in ("O_RDONLY", "os.devnull"))
    return any(not isinstance(mode, ast.Constant) or bool(set(str(mode.value)) & set("wax+"))
               for mode in modes)


_UNSAFE = {"allow_pickle": True, "trust_remote_code": True, "weights_only": False, "shell": True}


def unsafe_calls(source: str) -> list[str]:
    """Calls that could run what a file says: pickles, remote code, full YAML, a shell."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        words = {word.arg: word.value for word in node.keywords}
        if name in ("yaml.load", "yaml.unsafe_load", "yaml.full_load", "torch.load", "joblib.load",
                    "pd.read_pickle", "os.system", "eval", "exec"):
            found.append(f"line {node.lineno}: {name}")
        found += [f"line {node.lineno}: {key}={ast.unparse(words[key])}"
                  for key, bad in _UNSAFE.items()
                  if key in words and ast.unparse(words[key]) != str(not bad)]
    return found


def loaded_by(statement: str, watched: tuple[str, ...]) -> set[str]:
    """Which of the watched modules a fresh Python has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*(set({watched!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stdout.split())
