"""axe-core on the pages of a run, a study and an audit, in headless Chromium: no serious fault, light or dark."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from pltheory.report.audit_page import render_audit
from pltheory.report.html import render_page
from pltheory.report.study import Study
from pltheory.report.study_html import render_study
from tests.report import sample, test_audit_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SERIOUS = ("serious", "critical")
RUN = """
<script>{axe}</script>
<script>
axe.run({{resultTypes: ["violations"]}}).then(
  found => found.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html.slice(0, 200))]),
  error => [["critical", "axe", [String(error)]]]
).then(said => {{
  const out = document.createElement("pre");
  out.id = "axe-said";
  out.textContent = JSON.stringify([matchMedia("(prefers-color-scheme: dark)").matches, said]);
  document.body.append(out);
}});
</script>
"""
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning"),
]


def faults(page: str, folder: Path, *, width: int = 1000, dark: bool = False) -> list[Any]:
    """[impact, rule, places] of every rule that a page breaks."""
    axe = pytest.importorskip("axe_core_python", reason="no axe-core here: pip install axe-core-python")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    file = folder / "page.html"
    assert "</body>" in page
    file.write_text(page.replace("</body>", RUN.format(axe=script) + "</body>"), encoding="utf-8")
    words = [
        str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},900", "--virtual-time-budget=30000", "--dump-dom",
        *(["--blink-settings=preferredColorScheme=0"] if dark else []), file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    said = re.search(r'<pre id="axe-said">(.*?)</pre>', done.stdout, re.DOTALL)
    assert said is not None, done.stderr[-2000:]
    was_dark, found = json.loads(unescape(said[1]))
    assert was_dark == dark
    assert isinstance(found, list)
    return found


def test_axe_sees_a_fault(tmp_path):
    page = (
        '<!doctype html><html lang="en"><head><title>t</title></head><body><main><h1>t</h1>'
        '<p style="color:#ccc;background:#fff">pale</p><img src="data:,"></main></body></html>'
    )
    rules = {rule: impact for impact, rule, _ in faults(page, tmp_path)}
    assert rules["color-contrast"] in SERIOUS
    assert rules["image-alt"] in SERIOUS


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("verdict", ["HOLDS", "UNDECIDED"])
def test_the_page_of_a_run(tmp_path, verdict, dark):
    page = render_page(sample.manifest(), sample.report(verdict), sample.trace())
    assert [f for f in faults(page, tmp_path, dark=dark) if f[0] in SERIOUS] == []


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1000, 1600])
def test_the_page_of_a_study(tmp_path, study_folder, width, dark):
    page = render_study(Study.read(study_folder))
    assert [f for f in faults(page, tmp_path, width=width, dark=dark) if f[0] in SERIOUS] == []


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1000])
def test_the_page_of_an_audit(tmp_path, width, dark):
    page = render_audit(test_audit_page.AUDIT, test_audit_page.READ)
    assert [f for f in faults(page, tmp_path, width=width, dark=dark) if f[0] in SERIOUS] == []
