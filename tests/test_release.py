"""What a release consists of: the wheel has every file of the packages and nothing else, and the papers agree."""

from __future__ import annotations

import os
import re
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.release import ROOT, SOURCES, sdist_and_wheel

PACKAGES = ("pltheory", "proofs_checks")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MADE = {".pyc", ".vo", ".vok", ".vos", ".glob"}
"""Endings of what Python and Coq make beside the sources."""
WRITTEN = {
    f"proofs_checks/coq/{n}" for n in ("Formulas.v", "Constants.v", "Claims.v", "CoqMakefile", "CoqMakefile.conf")
}
"""By `make coq`, from the other sources."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return sdist_and_wheel(tmp_path_factory.mktemp("dist"))


def in_the_tree() -> set[str]:
    """The files of the packages, without what is made of others: a new kind of file is not passed over."""
    # pltheory/examples is a link to the examples, whose files the packages have too.
    walked = (entry for package in PACKAGES for entry in os.walk(ROOT / package, followlinks=True))
    files = {Path(folder, name) for folder, _, names in walked for name in names}
    kept = {p.relative_to(ROOT).as_posix() for p in files if p.suffix not in MADE and not p.name.startswith(".")}
    return kept - WRITTEN


@pytest.mark.slow
def test_the_wheel_has_every_file_of_the_packages_and_no_other(built):
    _, wheel = built
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
        text = archive.read(next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA")))
        licence = archive.read(next(n for n in archive.namelist() if n.endswith("/licenses/LICENSE")))
    assert inside == in_the_tree()
    examples = {f"pltheory/examples/{name}" for name in ("gallery/first_certificate.py", "own_rule/normalised.toml")}
    for needed in {"pltheory/py.typed", "pltheory/report/page.html.jinja", "proofs_checks/coq/TheoremB.v"} | examples:
        assert needed in inside
    metadata = message_from_bytes(text)
    assert (metadata["Version"], metadata["License-Expression"]) == (PROJECT["version"], "MIT")
    assert licence == (ROOT / "LICENSE").read_bytes()


@pytest.mark.slow
def test_the_sdist_has_what_tests_and_pages_need(built):
    sdist, _ = built
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    for name in SOURCES:
        assert name in inside
    assert in_the_tree() <= inside
    assert {"tests/test_release.py", "tests/oracles/attack.py", "examples/digits.toml", "docs/index.md"} <= inside
    assert not [name for name in inside if "__pycache__" in name or name.startswith("docs/_build/")]


def test_the_version_is_the_same_wherever_it_stands():
    version = PROJECT["version"]
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_papers_that_are_cited_are_those_of_the_bibliography():
    cited = re.findall(r"arXiv:\d{4}\.\d{5}", (ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert len(cited) == 2
    entries = (ROOT / "docs" / "references.bib").read_text(encoding="utf-8").split("\n@")
    for number in cited:
        (entry,) = [e for e in entries if number in e]
        title = re.search(r"title = \{(.*)\},", entry)
        assert title is not None
        assert title[1] in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_hooks_are_the_linters_of_make_lint():
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe is not None
    linters = re.findall(r"\$\(BIN\)/([\w-]+)", recipe[1])
    hooks = re.findall(r"entry: \.venv/bin/([\w-]+)", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert hooks == linters
