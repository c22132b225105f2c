"""`python -m tests.certification.masquerade_table`: what is said of each network of the battery, in Markdown."""

from __future__ import annotations

import sys
import warnings

import torch

from tests.masquerades import computed, hooks, modules, surroundings, tensors  # noqa: F401
from tests.masquerades.battery import BATTERY, RULE, Masquerade, ask, broken_promise, calls, jacobian


def said_of(which: Masquerade) -> str:
    """The cell of one mechanism: certified numbers beside those of autograd and of training, or the refusal's words."""
    answer, net, x, y = ask(which, calls()["certify B"])
    c = answer.certificate
    if c is None:
        return "refused: " + answer.words.partition(": ")[2].replace("|", "\\|")
    j = jacobian(net, x)
    values = torch.linalg.eigvalsh(j @ j.T)
    wrong = broken_promise(net, x, y, c, RULE)
    assert wrong is None, wrong
    return (
        f"certified: lambda_min ≥ {c['lambda_min']:.5g} (autograd {float(values[0]):.5g}), "
        f"‖J‖ ≤ {c['lipschitz']:.5g} (at the start {float(values[-1]) ** 0.5:.5g}), "
        "every step of training within its rate"
    )


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    write = sys.stdout.write
    write("| mechanism | what is said of it |\n|---|---|\n")
    for name, which in BATTERY.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            write(f"| {name} | {said_of(which)} |\n")


if __name__ == "__main__":
    main()
