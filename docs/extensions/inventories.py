"""Links to the documentation of other packages without a network: the inventories are written from `inventories.txt`.

Each project there is a line "[name] base-url", followed by lines "python.name role path"; a path ending in # gets the
name appended. Whether the targets still exist is for a link check, not for a build.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError


def read(text: str) -> dict[str, tuple[str, list[str]]]:
    """Project -> (base url, lines of a version 2 inventory)."""
    found: dict[str, tuple[str, list[str]]] = {}
    lines: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        words = line.split()
        if line.startswith("[") and len(words) == 2:
            lines = []
            found[words[0].strip("[]")] = (words[1], lines)
        elif len(words) == 3 and found:
            name, role, path = words
            lines.append(f"{name} py:{role} 1 {path + '$' if path.endswith('#') else path} -\n")
        else:
            raise ExtensionError(f"inventories.txt: {line!r} is no project and no entry")
    return found


def _prepare(app: Sphinx, config: Config) -> None:
    folder = Path(app.doctreedir) / "inventories"
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for project, (url, lines) in read((Path(app.srcdir) / "inventories.txt").read_text(encoding="utf-8")).items():
        target = folder / f"{project}.inv"
        head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n# Compressed using zlib:\n"
        target.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))
        mapping[project] = (url, str(target))
    config.intersphinx_mapping = mapping


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the inventories before sphinx.ext.intersphinx reads its settings."""
    app.connect("config-inited", _prepare, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
