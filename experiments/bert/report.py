"""Figure and page of the fine-tune, from its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

from pltheory.report.figures import STYLE

from .. import pages
from ..grid import Groups
from ..small_networks.report import curves_figure, engaged, results

GENERATED = "experiments/bert/generated.toml"
CAUTION = """\
The sentences are generated and all weights begin at random: these runs show the code at work and the steps of the
optimizers on a small transformer, and **say nothing about the paper's figure**. A sentence names two emotions and
denies one of them, before the other or after it: "i feel not gloomy but glad today" and "i feel glad not gloomy today"
are both joy, so that the words without their order do not tell. None is in two splits. The network is a `BertConfig` of
`transformers` with its dropout of 0.1; a token is a word (`tokenizers`).

The numbers of the optimizers are ours, chosen by hand after eleven trial runs of 400 steps from seed 0, with unequal
effort: the order in which the optimizers end is no comparison. The standard deviation of the first weights is
$1/\\sqrt{\\text{width}}$: from BERT's own 0.02, SGD and the clipped steps that were tried did not learn.
"""
NOT_RUN = """\
## What was not run

The fine-tune: it needs the data set's files and the weights, which are not ours to ship, and a GPU.
`experiments/bert/full.toml` has its settings; without the files it says which one is missing.
"""


def made_here(group: Mapping[str, Any]) -> bool:
    """Whether neither text nor weights come from a file."""
    return group["data"] == "generated" and group["network"] == "bert"


def what(title: str, group: Mapping[str, Any], optimizers: int) -> str:
    """What was run, in a line."""
    if group["network"] == "bert":
        network = f"width {group['width']}, depth {group['depth']}, {group['heads']} heads, random weights"
    else:
        network = f"the weights of `{Path(group['weights']).name}`"
    text = "generated" if group["data"] == "generated" else f"from the files of `{Path(group.get('path', '.')).name}`"
    return (
        f"- **{title}**: {network}; {group['train']} sentences for training, {group['test']} for the test, {text}, "
        f"of at most {group['length']} tokens; batches of {group['batch']}, {group['steps']} steps; seeds "
        f"{', '.join(map(str, group['seeds']))}; {optimizers} optimizers."
    )


def largest(found: Groups) -> str:
    """The largest norm of a run that clips."""
    audits = [run["audit"] for kinds in found.values() for runs in kinds.values() for run in runs if "audit" in run]
    norms = [audit["largest_norm_over_gamma"] * max(audit["gamma"]) for audit in audits]
    return f"{max(norms):.3g}" if norms else "not recorded"


def write(found: Groups, config: Mapping[str, Any], name: str) -> None:
    """docs/NAME.md and its figure."""
    every = [run for kinds in found.values() for runs in kinds.values() for run in runs]
    small = all(made_here(group) for group in config["networks"].values())
    with mpl.rc_context(STYLE):
        figures = {"curves": curves_figure(found)}
    words = {
        "command": f"python -m experiments {name}{f' --config {GENERATED}' if small else ''} --page",
        "what": "\n".join(what(title, config["networks"][title], len(kinds)) for title, kinds in found.items()),
        "caution": CAUTION if small else "",
        "runs": len(every),
        "diverged": sum(run["diverged"] for run in every),
        "sections": "\n\n".join(f"### {title}\n\n{results(kinds)}" for title, kinds in found.items()),
        "engaged": engaged(found),
        "largest": largest(found),
        "not_run": NOT_RUN if small else "",
        "seconds": f"{sum(run['seconds'] for run in every):.0f}",
        "machine": every[0]["machine"],
    }
    pages.write(Path(__file__).parent, name, words, figures)
