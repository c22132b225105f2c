"""The examples that come with the package: what there are, and a copy of one.

An example is a configuration, a script, or a folder whose files belong together. Its title is the first line of what it
says about itself: of a configuration its first comment, of a script its docstring, of a folder the description in its
pyproject.toml or the first comment of its config.toml.
"""

from __future__ import annotations

import ast
import difflib
import shutil
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..theory import InvalidInputError

HOME = Path(__file__).parents[1] / "examples"
SCRIPTS = "gallery"
"""The folder of scripts that the documentation executes; each is an example by itself."""


@dataclass(frozen=True)
class Example:
    """An example.

    Attributes:
        name: by which it is asked for, without an ending.
        kind: "script", "configuration" or "folder".
        title: one line.
        path: the file or the folder.
        files: what it consists of, as paths from the folder that `path` lies in.
    """

    name: str
    kind: str
    title: str
    path: Path
    files: tuple[str, ...]


def examples() -> list[Example]:
    """All of them: scripts, configurations, folders, each by name."""
    scripts = [*HOME.glob("*.py"), *(HOME / SCRIPTS).glob("*.py")]
    folders = [p for p in HOME.iterdir() if p.is_dir() and p.name != SCRIPTS and not p.name.startswith(("_", "."))]
    return [
        *(_of_file(p, "script", _docstring(p)) for p in _by_name(scripts)),
        *(_of_file(p, "configuration", _comment(p)) for p in _by_name(HOME.glob("*.toml"))),
        *(_of_folder(p) for p in _by_name(folders)),
    ]


def example(name: str) -> Example:
    """The example of a name.

    Raises:
        InvalidInputError: there is none; names that are near it are said.
    """
    known = {found.name: found for found in examples()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(near)}?" if near else "`pltheory examples` lists them"
        raise InvalidInputError(f"NAME = {name!r}: no such example; {meant}")
    return known[name]


def copy(example: Example, folder: Path, *, force: bool = False) -> list[Path]:
    """Copy its files into a folder, which is made if need be.

    Args:
        example: of `examples`.
        folder: a file lands in it as its name, a folder as a folder of its name.
        force: overwrite files that are there; others beside them stay.

    Returns:
        What was written.

    Raises:
        InvalidInputError: a file is there and `force` is not, and nothing was written; or one cannot be written.
    """
    home = example.path.parent
    targets = [folder / name for name in example.files]
    there = [target for target in targets if target.exists()]
    if there and not force:
        raise InvalidInputError(f"{there[0]}: exists already; --force overwrites it")
    written = []
    try:
        for name, target in zip(example.files, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            if target not in there:
                written.append(target)
            shutil.copyfile(home / name, target)
    except OSError as error:
        for target in written:
            target.unlink(missing_ok=True)
        reason = "the same file" if isinstance(error, shutil.SameFileError) else error.strerror
        raise InvalidInputError(f"{folder}: cannot be written ({reason})") from None
    return targets


def _by_name(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.stem)


def _of_file(path: Path, kind: str, title: str) -> Example:
    return Example(path.stem, kind, title, path, (path.name,))


def _of_folder(path: Path) -> Example:
    project, config = path / "pyproject.toml", path / "config.toml"
    if project.exists():
        title = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["description"]
    else:
        title = _comment(config)
    files = sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return Example(path.name, "folder", title, path, tuple(p.relative_to(path.parent).as_posix() for p in files))


def _comment(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#").strip()


def _docstring(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0].removesuffix(".")
