"""The benchmark's machinery at sizes that take a moment: it runs, writes its page, and notices a disagreement."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def harness(monkeypatch):
    """The folder's modules by name; they are scripts and no package."""
    monkeypatch.syspath_prepend(str(HERE))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(HERE) in str(sys.modules[name].__file__):
            del sys.modules[name]


def _runner(harness, folder, said=None):
    return harness("interleave").Runner(folder, (said or []).append, budget=0.01)


@pytest.mark.slow
@pytest.mark.slow
def test_every_row_writes_its_table(harness, tmp_path):
    rows, table = harness("rows"), harness("table")
    cells = [
        replace(c, peers=tuple(p for p in c.peers if p[0] == "torch_routes"))
        for c in rows.chosen(("kernel", "step"), quick=True)
    ]
    with _runner(harness, tmp_path) as runner:
        found = [(cell, runner.run(cell)) for cell in cells]
    page = table.page({"cores": "2"}, found, [])
    assert "torch.func tutorial" in page
    assert "published logic" in page
    for cell, measured in found:
        assert [m.solver for m in measured] == [cell.ours, *(solver for _, solver in cell.peers)]
        assert all(m.value is not None and m.value.least > 0 for m in measured)
        assert all(m.ratio is not None for m in measured[1:])


@pytest.mark.slow
@pytest.mark.slow
def test_a_wrong_peer_is_noticed(harness, tmp_path):
    rows, interleave = harness("rows"), harness("interleave")
    cell = rows.chosen(("kernel",), quick=True)[0]
    other = replace(cell, peers=(("torch_routes", "torch.func tutorial"),), tolerance=0.0)
    with _runner(harness, tmp_path) as runner, pytest.raises(interleave.Disagreement, match="differs from ours"):
        runner.run(other)


def test_a_missing_environment_and_too_little_memory_are_said(harness, tmp_path, monkeypatch):
    rows, interleave = harness("rows"), harness("interleave")
    monkeypatch.setitem(interleave.ENVIRONMENTS, "jax_peer", tmp_path / "none")
    cell = rows.chosen(("kernel",), quick=True)[0]
    assert interleave.reason(cell, ("jax_peer", "neural-tangents")) == "not installed"
    large = replace(cell, needs={"torch.func tutorial": 2.0**60})
    assert "does not fit" in interleave.reason(large, ("torch_routes", "torch.func tutorial"))


@pytest.mark.parametrize("peer", ["neural-tangents", "nngeometry"])
def test_installed_peers_agree_with_our_kernel(harness, tmp_path, peer):
    rows, interleave = harness("rows"), harness("interleave")
    cell = rows.chosen(("kernel",), quick=True)[0]
    contender = next(p for p in cell.peers if p[1] == peer)
    if interleave.reason(cell, contender) is not None:
        pytest.skip(f"{peer} is not installed: `make bench` installs it")
    with _runner(harness, tmp_path) as runner:
        ours, theirs = runner.run(replace(cell, peers=(contender,)))
    assert theirs.error is not None
    assert theirs.error < 1e-5
    assert ours.ratio is None


def test_peak_memory_counts_a_large_array(harness, tmp_path):
    worker = harness("worker")
    size = 50_000_000
    found = worker.peak(lambda: bytearray(size).count(1))
    assert 0.9 * size < found["bytes"] < 2 * size


def test_exponents_of_a_known_power(harness):
    growth = harness("growth")
    fitted = growth._fit(growth.SERIES[0], (2, 4, 8, 16), [3.0 * s**1.5 for s in (2, 4, 8, 16)])
    assert abs(fitted.slope - 1.5) < 1e-9
    assert fitted.low <= 1.5 + 1e-9
    assert fitted.high >= 1.5 - 1e-9


def test_the_matrix_has_the_spectrum_that_it_says(harness):
    torch = pytest.importorskip("torch")
    matrix = torch.from_numpy(harness("networks").spectrum({"n": 30, "condition": 1e4, "seed": 0}))
    wanted = torch.logspace(-4, 0, 30, dtype=torch.float64)
    torch.testing.assert_close(torch.linalg.eigvalsh(matrix), wanted, rtol=1e-10, atol=1e-14)
    assert (matrix.abs() > 1e-9).all()


def test_what_runs_on_an_accelerator_runs_here_when_small(harness):
    found = harness("accelerator").measure("cpu", quick=True)
    assert len(found) == 6
    assert all(text for _, text in found)


@pytest.mark.slow
@pytest.mark.slow
def test_the_page_and_its_numbers_are_written(harness, tmp_path):
    click = pytest.importorskip("click.testing")
    command = _main()
    done = click.CliRunner().invoke(command, ["--quick", "--rows", "lambda_min", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    stored = json.loads((tmp_path / "benchmarks.json").read_text())
    assert [cell["row"] for cell in stored["cells"]] == ["lambda_min"]
    assert "Smallest eigenvalue" in (tmp_path / "benchmarks.md").read_text()
    assert click.CliRunner().invoke(command, ["--rows", "nothing"]).exit_code == 2


def _main():
    spec = importlib.util.spec_from_file_location("benchmark_command", HERE / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main
