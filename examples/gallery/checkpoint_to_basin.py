"""
From a checkpoint into a basin
==============================

You trained a network, in float32, with whatever optimizer. Are its weights near a
zero of the loss, provably? Theorem C answers for trained weights what Theorem B
answers for random ones.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn

import pltheory as pl
from pltheory.certificates.polish import polish

# %%
# Eight digits, ten outputs, 64 tanh units: far too narrow for a certificate at the
# start. Adam does not care.

x, y = pl.datasets.digits(8, labels="one-hot")
torch.manual_seed(0)
network = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))
adam = torch.optim.Adam(network.parameters(), lr=1e-3)
for _ in range(40):
    adam.zero_grad()
    (network(x.float()) - y.float()).square().mean().backward()
    adam.step()

# %%
# A few Gauss-Newton steps with the tangent kernel bring a copy of the weights so near
# to a zero that the theorem closes. They move the weights by little.

problem = pl.Problem(network.double(), x, y)
settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
found = polish(problem, settings)
size = torch.cat([p.flatten() for p in network.parameters()]).norm()
for step in found.steps:
    print(f"||r|| = {step.residual:.2e}")
print(f"weights moved by {found.moved:.2g}, of a norm of {size:.3g}")

# %%
# The proof, stored as a certificate, and checked again by code that shares nothing
# with the code that made it.

certificate = pl.certify(found.problem, settings, theorem="C")
print("holds:", certificate.holds)
file = Path(tempfile.mkdtemp()) / "adam.cert.json"
certificate.save(file)
print("accepted:", pl.recheck(file).accepted)

# %%
# Why it closes here and not at the start: along the radius s of the ball, ``sig`` is
# what the singular values of the Jacobian keep at least. Its integral has to exceed
# the residual.

profile = found.profile

figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(profile.radii, profile.integral, label=r"$\int_0^R$ sig, available")
ax.axhline(found.steps[-1].residual, color="C3", ls="--", label=r"$\|r_0\|$, needed")
ax.set(xlabel="radius R", title="What the ball offers")
ax.legend()
plt.show()
