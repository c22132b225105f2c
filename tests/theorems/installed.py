"""A package as an installer leaves it: a module and a dist-info folder with entry points, in a folder of its own."""

from __future__ import annotations

import tomllib
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_theorem"


def install(
    folder: Path, name: str, points: dict[str, str], modules: dict[str, str], group: str = "pltheory.theorems"
) -> Path:
    """Write a distribution `name` 1.0 with entry points id -> "module:object" and modules name -> source."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{key} = {value}\n" for key, value in points.items()]
    (info / "entry_points.txt").write_text("".join([f"[{group}]\n", *lines]), encoding="utf-8")
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source, encoding="utf-8")
    return folder


def install_example(folder: Path) -> Path:
    """The package under examples/, with the entry points that its pyproject.toml declares."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    (module,) = project["tool"]["setuptools"]["py-modules"]
    source = (EXAMPLE / f"{module}.py").read_text(encoding="utf-8")
    points = project["project"]["entry-points"]["pltheory.theorems"]
    return install(folder, project["project"]["name"], points, {module: source})
