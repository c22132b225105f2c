"""The script of the page on clusters, which keeps a scheduler and sends workers to Slurm: what it would submit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs/howto/cluster.md"


@pytest.mark.filterwarnings("ignore")  # of ports that somebody else has
def test_the_script_writes_a_job_with_one_quiet_worker():
    pytest.importorskip("dask_jobqueue")
    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert script.count("Event().wait()") == 1
    script = script.replace("Event().wait()", "job = cluster.job_script()\n    cluster.close()")
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(script, str(PAGE), "exec"), space)
    lines = space["job"].splitlines()
    assert {"#SBATCH --cpus-per-task=1", "#SBATCH --mem=4G", "#SBATCH -t 04:00:00", space["surroundings"]} <= {*lines}
    worker = lines[-1] or lines[-2]
    assert all(word in worker for word in ("dask_worker tcp://", "--nthreads 1", "--nanny", "--death-timeout 60"))
