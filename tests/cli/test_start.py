"""What is said before anything is computed is said before torch is imported."""

from __future__ import annotations

import json
import subprocess
import sys

from pltheory.cli import COMMANDS
from tests.cli.program import ENVIRONMENT

HEAVY = ("torch", "scipy", "matplotlib", "pandas", "sklearn", "distributed")
CALLS = """
import json, os, sys
from pltheory.cli import main
found = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["pltheory", *arguments]
    try:
        main()
    except SystemExit as end:
        found.append([end.code or 0, [name for name in json.loads(sys.stdin.readline()) if name in sys.modules]])
print(json.dumps([os.environ["OMP_WAIT_POLICY"], *found]), file=sys.stderr)
"""


def test_help_and_what_is_wrong_with_a_configuration_come_before_torch(small, tmp_path):
    small.write_text(small.read_text(encoding="utf-8") + "[sweep]\nwidth = [4]\n", encoding="utf-8")
    (tmp_path / "cut.toml").write_text("[network", encoding="utf-8")
    (tmp_path / "norms.csv").write_text("grad_norm\n1\n", encoding="utf-8")
    fine = [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS), ["examples"]]
    wrong = [
        *([name, "no-such.toml"] for name in ("verify", "check", "measure", "width", "sweep")),
        ["audit", "no-such.csv"],
        ["examples", "get", "no-such"],
        ["audit", "norms.csv", "--gamma", "1"],
        ["certify", "no-such.pt", "--config", "no-such.toml"],
        ["verify", "cut.toml"],
        ["verify", str(small), "--set", "network.hiden=[4]"],
        ["verify", str(small), "--set", "optimizer.gama=1"],
        ["verify", str(small), "--set", "optimizer.name='adam'"],
        ["verify", str(small), "--set", "optimizer.schedule='none'"],
        ["verify", str(small), "--set", "network.activation='none'"],
        ["check", str(small), "--set", "run.order='none'"],
        ["check", str(small), "--set", "run.seed=-1"],
    ]
    calls = [*fine, *wrong]
    ended = subprocess.run(
        [sys.executable, "-c", CALLS, json.dumps(calls)],
        input=f"{json.dumps(HEAVY)}\n" * len(calls),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={key: value for key, value in ENVIRONMENT.items() if key != "OMP_WAIT_POLICY"},
        check=True,
    )
    policy, *found = json.loads(ended.stderr.splitlines()[-1])
    assert policy == "PASSIVE"
    assert found == [[0, []]] * len(fine) + [[2, []]] * len(wrong), ended.stderr
