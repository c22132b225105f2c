"""How the tangent kernel of a network of width m nears that of infinite width: 10 digits, tanh, 12 seeds."""

import matplotlib.pyplot as plt
import numpy as np
import torch

import pltheory as pl
from pltheory.measure.infinite_width import infinite_width
from pltheory.study.regression import fitted_line

SEEDS = 12
WIDTHS = {1: 2 ** np.arange(5, 13), 2: 2 ** np.arange(5, 11)}

x, _ = pl.datasets.digits(10)
figure, (law, spectra) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")


def said(line):
    """Exponent and the half-width of its 95 % interval."""
    low, high = line.slope.interval()
    return rf"${line.slope.value:.2f} \pm {(high - low) / 2:.2f}$"


for (depth, widths), mark in zip(WIDTHS.items(), "os", strict=True):
    found = infinite_width(x, hidden_layers=depth, activation="tanh")
    limit, (eigenvalues, _) = found.kernel, found.eigenvalues
    apart, least, at, values = [], [], [], {}
    for m in widths:
        nets = (pl.fully_connected([64, *[int(m)] * depth, 1], activation="tanh", seed=s) for s in range(SEEDS))
        kernels = torch.stack([pl.empirical_ntk(net, x) for net in nets])
        values[m] = torch.linalg.eigvalsh(kernels)
        apart += (torch.linalg.matrix_norm(kernels - limit, 2) / eigenvalues[-1]).tolist()
        least += ((values[m][:, 0] - eigenvalues[0]).abs() / eigenvalues[0]).tolist()
        at += [m] * SEEDS
    rows = (
        (apart, "C0", r"$\|K - K_\infty\|/\|K_\infty\|$"),
        (least, "C3", r"$|\lambda_{\min} - \lambda_\infty|/\lambda_\infty$"),
    )
    for y, color, name in rows:
        line = fitted_line(np.log(at), np.log(y))
        law.plot(at, y, mark, ms=2, alpha=0.4, color=color)
        law.plot(widths, np.exp(line.intercept) * widths**line.slope.value, color=color, ls="-" if depth == 1 else "--",
                 lw=1, label=f"{name}, {depth} hidden: {said(line)}")  # fmt: skip
    if depth == 1:
        for m in (64, 512, 4096):
            mean, spread = values[m].mean(dim=0), values[m].std(dim=0)
            spectra.errorbar(np.arange(1, 11), mean.flip(0), spread.flip(0), fmt=".", ms=4, lw=1, label=f"$m = {m}$")
        spectra.plot(np.arange(1, 11), eigenvalues.flip(0), "k_", ms=11, label="infinite width")

law.set(xscale="log", yscale="log", xlabel="width $m$", title="Distance from the limit")
law.set_ylim(top=law.get_ylim()[1] * 40)
law.legend(frameon=False, fontsize=7, loc="upper right", title="exponent in $m$", title_fontsize=7)
spectra.set(yscale="log", xlabel="number of the eigenvalue", title="Eigenvalues, one hidden layer")
spectra.legend(frameon=False, fontsize=8)
for ax in (law, spectra):
    ax.spines[["top", "right"]].set_visible(False)
