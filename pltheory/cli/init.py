"""`pltheory init`: a first configuration, with a comment beside every key."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from pltheory.theory import InvalidInputError

from .options import err, set_option

ASKED: tuple[tuple[str, str, str], ...] = (
    ("data.source", "data set (digits, sphere, fashion-mnist) or file", "digits"),
    ("data.n", "number of samples", "10"),
    ("network.hidden", "widths of the hidden layers", "[4096]"),
    ("network.activation", "activation", "tanh"),
    ("theorem.name", "theorem (best: the strongest that applies)", "best"),
)
"""What is asked on a terminal, where no option says it: key, question, answer to an empty line."""
FILES = ("data.source", "data.path", "data.label_file", "network.checkpoint")


@click.command(name="init")
@click.argument("file", default="pltheory.toml", metavar="[FILE]")
@click.option("--data", "source", help="A data set or a file, `pltheory datasets`; data.source.")
@click.option("--n", type=int, help="How many samples; data.n.")
@click.option("--hidden", help="Widths of the hidden layers, e.g. 4096 or 256,256; network.hidden.")
@click.option("--activation", help="Of every hidden layer; network.activation.")
@click.option("--theorem", help="An id of the ladder, best or all; theorem.name.")
@click.option("--checkpoint", metavar="WEIGHTS", help="Read layers and biases off a file of weights.")
@click.option("--module", metavar="FILE:FUNCTION", help="A network that your own code makes; network.module.")
@set_option
@click.option("--yes", is_flag=True, help="Ask nothing, also on a terminal.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def command(
    file: str,
    source: str | None,
    n: int | None,
    hidden: str | None,
    activation: str | None,
    theorem: str | None,
    checkpoint: str | None,
    module: str | None,
    overrides: tuple[str, ...],
    yes: bool,
    force: bool,
) -> None:
    """Write a configuration that `pltheory check` accepts to FILE (default pltheory.toml, - is standard output).

    \b
      pltheory init
      pltheory init sphere.toml --data sphere --n 20 --set data.d=50
      pltheory init table.toml --data measured.csv --n 40 --hidden 256,256
      pltheory init --checkpoint adam.pt --data digits --n 40
      pltheory init --module model.py:make_network --set data.shape=flat

    Every key stands in it, with what it means; those that are not set are comments. On a terminal it asks for what no
    option says, elsewhere it takes the defaults. Data, network and step rule are made once, as `check` makes them, so
    that what would be refused there is refused here, and nothing is written.

    Names of files are given as from here, and written as from FILE's folder, where a configuration's paths start.

    Exit codes: 0 written; 2 bad input, or FILE is there and --force is not.
    """
    target = None if file == "-" else Path(file)
    if target is not None and target.is_dir():
        raise InvalidInputError(f"FILE {file}: is a folder")
    if target is not None and target.exists() and not force:
        raise InvalidInputError(f"FILE {file}: exists already; --force overwrites it")
    from pltheory.study.beginning import commented, completed, of_checkpoint, require_accepted
    from pltheory.study.config import from_tree, override
    from pltheory.study.store import write_file

    given = {"data.source": source, "data.n": n, "network.activation": activation, "theorem.name": theorem}
    given |= {"network.checkpoint": checkpoint, "network.module": module}
    tree: dict[str, Any] = {}
    for key, value in given.items():
        if value is not None:
            _set(tree, key, value)
    if hidden is not None:
        _set(tree, "network.hidden", _widths(hidden))
    for item in overrides:
        override(tree, item)
    if checkpoint is not None:
        found = of_checkpoint(Path(checkpoint), tree["network"], tree.get("data", {}).get("source"))
        tree = {**tree, **{name: {**section, **tree.get(name, {})} for name, section in found.items()}}
    if sys.stdin is not None and sys.stdin.isatty() and err.is_terminal and not yes:
        _ask(tree)
    tree = completed(tree)
    from_tree(tree)  # names what is wrong by its key, before anything is read
    require_accepted(commented(tree), Path())
    text = commented(_moved(tree, Path() if target is None else target.parent))
    if target is None:
        click.echo(text, nl=False)
        return
    if force:
        write_file(target, text)
    else:
        _write_new(target, text)
    err.print(f"wrote {escape(file)}; next: pltheory check {escape(file)}", highlight=False, soft_wrap=True)


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    section, _, name = key.partition(".")
    tree.setdefault(section, {})[name] = value


def _widths(said: str) -> list[int]:
    try:
        return [int(word) for word in said.strip("[] ").split(",")]
    except ValueError:
        raise InvalidInputError(f"--hidden {said}: must be whole numbers, e.g. 4096 or 256,256") from None


def _ask(tree: dict[str, Any]) -> None:
    """Ask for the keys of ASKED that are not set; an empty line takes the default."""
    from pltheory.study.config import override

    network = tree.get("network", {})
    for key, question, default in ASKED:
        section, _, name = key.partition(".")
        made = section == "network" and ("module" in network or (name == "hidden" and "architecture" in network))
        if made or name in tree.get(section, {}):
            continue
        answer = click.prompt(question, default=default, err=True).strip()
        if key == "network.hidden":
            _set(tree, key, _widths(answer))
        elif key == "data.source":
            _set(tree, key, answer)
        else:
            override(tree, f"{key}={answer}")


def _moved(tree: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same with its relative paths as from another folder."""
    from pltheory.problem.data import NAMES, is_there

    moved = {name: dict(section) if isinstance(section, dict) else section for name, section in tree.items()}
    for key in (*FILES, "network.module"):
        section, _, name = key.partition(".")
        said = moved.get(section, {}).get(name)
        if said is None or (key == "data.source" and (said in NAMES or not is_there(Path(said)))):
            continue
        file, colon, function = said.rpartition(":") if name == "module" else (said, "", "")
        if not Path(file).is_absolute():
            moved[section][name] = f"{os.path.relpath(file, folder)}{colon}{function}"
    return moved


def _write_new(target: Path, text: str) -> None:
    """Write a file that is not there; one that came meanwhile is not overwritten.

    Raises:
        InvalidInputError: it is there, or cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise InvalidInputError(f"FILE {target}: exists already; --force overwrites it") from None
    except OSError as error:
        raise InvalidInputError(f"FILE {target}: cannot be written ({error.strerror})") from None
