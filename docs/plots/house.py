"""The folders of pltheory as the import contract of setup.cfg stacks them, each with its own first line."""

import ast
import configparser
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt

ROOT = Path("../..") if Path("../../setup.cfg").exists() else Path()
contract = configparser.ConfigParser()
contract.read(ROOT / "setup.cfg")
layers = [line.split(" | ") for line in contract["importlinter:contract:layers"]["layers"].split("\n") if line]


def first_line(name):
    path = ROOT / Path(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n")[0]


figure, ax = plt.subplots(figsize=(8.0, 0.5 * len(layers) + 0.2), layout="constrained")
for row, names in enumerate(reversed(layers)):
    width = 1 / len(names)
    for column, name in enumerate(names):
        left, alone = column * width, len(names) == 1
        ax.add_patch(plt.Rectangle((left, row), width - 0.006, 0.88, fc="#eef2f7", ec="#b8c2cf"))
        height = 0.44 if alone else 0.68
        ax.text(left + 0.01, row + height, name.removeprefix("pltheory."), va="center", weight="bold")
        said = first_line(name).partition(":")[0] if len(names) > 2 else first_line(name)
        folded = "\n".join(textwrap.wrap(said, 110 if alone else 140 // len(names)))
        at = (left + 0.145, row + 0.44) if alone else (left + 0.01, row + 0.27)
        ax.text(*at, folded, va="center", size=7.5 if alone else 6.5, color="#3b4654")
ax.annotate("", (1.02, 0.1), (1.02, len(layers) - 0.2), arrowprops={"arrowstyle": "->", "color": "#5b6470"})
ax.text(1.035, len(layers) / 2, "imports", rotation=270, va="center", size=8, color="#5b6470")
ax.set(xlim=(0, 1.06), ylim=(0, len(layers)))
ax.axis("off")
