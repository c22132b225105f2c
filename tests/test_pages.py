"""README and the pages under docs: links lead somewhere, commands are commands, configurations and messages exist.

The build of the pages checks cross references and runs their Python; this needs no build.
"""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pltheory.cli import cli
from pltheory.study.config import read_config
from pltheory.study.examples import examples
from pltheory.theorems.ladder import BY_NAME, LADDER

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/howto").glob("*.md"))]
MADE = {ROOT / "docs/gallery/index.rst"}
"""Written by the build."""
FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """A page without its blocks."""
    return FENCE.sub("", text_of(page))


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Every command line of `pltheory` in a block, and in code within a line."""
    lines = re.findall(r"`(pltheory [^`\n]+)`", prose(page))
    for language, block in FENCE.findall(text_of(page)):
        if language in ("", "console", "bash", "sh"):
            lines += [line for line in block.replace("\\\n", " ").splitlines() if line.startswith("pltheory ")]
    for line in lines:
        said = re.sub(r" (\[--.*\]|> \S+)$", "", line)  # a synopsis, a file for the output
        yield line, shlex.split(said, comments=True)[1:]


def parsed(line: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, object]]:
    """The command and its arguments as click reads them; nothing is run."""
    found: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(click.Command, "invoke", lambda self, ctx: found.append((self.name or "", ctx.params)))
    try:
        cli.main(words, standalone_mode=False)
    except click.MissingParameter:
        assert len(words) <= 2, line  # a command that is only named
    return found[-1] if found else ("", {})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_and_figures_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    targets += re.findall(r"^```\{(?:image|literalinclude)\} (\S+)$", text_of(page), re.MULTILINE)
    targets += re.findall(r"^\.\. plot:: (\S+)$", text_of(page), re.MULTILINE)
    for target in targets:
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = page if not name else (page.parent / name).resolve()
        if file in MADE:
            continue
        if name and not file.exists():
            file = ROOT / "docs" / name  # plots are named from the folder of the pages
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_files_that_are_named_exist(page):
    for name in re.findall(r"`((?:examples|docs|tests|pltheory|proofs_checks|experiments)/[\w/.-]+)`", prose(page)):
        assert (ROOT / name).exists() or name == "docs/benchmarks.json", name
    for name in re.findall(r"\bexamples/[\w/]+\.(?:toml|py)\b", text_of(page)):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_are_commands_and_their_overrides_are_keys(page, monkeypatch):
    for line, words in commands(page):
        name, given = parsed(line, words, monkeypatch)
        config = Path(str(given.get("config")))
        # A package beside a configuration brings a rule or a theorem that has to be installed first.
        known = (ROOT / config).is_file() and not (ROOT / config).with_name("pyproject.toml").exists()
        if name in ("verify", "check", "measure", "sweep", "width") and known:
            overrides = given.get("overrides") or ()
            assert isinstance(overrides, tuple)
            overrides = tuple(said for said in overrides if "$" not in said)  # a variable of the shell
            read_config(text_of(ROOT / config), overrides, folder=(ROOT / config).parent)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_blocks_of_toml_are_toml(page):
    for language, block in FENCE.findall(text_of(page)):
        if language == "toml":
            tomllib.loads(block)


def test_the_checks_are_not_empty():
    found = [line for page in PAGES for line, _ in commands(page)]
    assert len(found) > 60
    assert "pltheory verify examples/digits.toml" in found


def templates() -> list[str]:
    """Every text of the program, with … where something is put in."""
    found = []
    for file in (ROOT / "pltheory").rglob("*.py"):
        for node in ast.walk(ast.parse(text_of(file))):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(v.value if isinstance(v, ast.Constant) else "…" for v in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def test_every_message_of_the_page_on_troubleshooting_is_one_of_the_program():
    known = templates()
    quoted = re.findall(r"^\| `([^`]+)` \|", text_of(ROOT / "docs/howto/troubleshooting.md"), re.MULTILINE)
    assert len(quoted) > 25
    for message in quoted:
        parts = [re.escape(part.strip()) for part in message.split("…")]
        pattern = re.compile(".*".join(parts), re.DOTALL)
        assert any(len(text) >= len(message) * 0.6 and pattern.search(text) for text in known), message


def test_the_table_of_theorems_has_every_theorem_and_names_examples():
    page = text_of(ROOT / "docs/howto/choose.md")
    words = set(re.findall(r"`([^`]+)`", page)) | set(re.findall(r"[\w+'-]+", page))
    for theorem in (*LADDER, *BY_NAME):
        assert theorem.id in words, theorem.id
    table = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| you have")]
    named = {name for line in table for name in re.findall(r"`(\w+)`", line.split("|")[-2])}
    assert len(named) > 12
    assert named <= {e.name for e in examples()}
