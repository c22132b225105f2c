"""
A certificate, and a forged one
===============================

A certificate is a file: the claim, the numbers, and the weights they are about.
``pltheory.recheck`` reads it with other code and other arithmetic. What does it do
with one that lies?
"""

import hashlib
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import pltheory as pl

x, y = pl.datasets.sphere(n=2, d=10)
network = pl.fully_connected([10, 2000, 1], activation="tanh", seed=0)
settings = pl.DeltaGClipSettings(eta="0.1/beta", gamma=0.5, delta=0.1)
certificate = pl.certify(pl.Problem(network, x, y), settings, theorem="B")

file = Path(tempfile.mkdtemp()) / "basin.cert.json"
certificate.save(file)
print(pl.recheck(file).accepted)

# %%
# The file says, for instance, that the PL* constant is at least ``mu``. A forger
# claims more, and computes the file's own hash anew, so that it looks whole.

told = json.loads(file.read_text(encoding="utf-8"))
mu = float.fromhex(told["bounds"]["mu"]["hex"])
print(told["bounds"]["mu"])


def recheck_with(value):
    """What the rechecker says of the same certificate with another mu."""
    forged = {key: part for key, part in told.items() if key != "sha256"}
    number = {"kind": "lower", "hex": value.hex(), "decimal": f"{value:.6g}"}
    forged["bounds"] = {**told["bounds"], "mu": number}
    text = json.dumps(forged, sort_keys=True, separators=(",", ":"))
    forged["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    file.write_text(json.dumps(forged), encoding="utf-8")
    return pl.recheck(file)


print(recheck_with(1.01 * mu).message)

# %%
# How much may be claimed? Less than was proved is accepted. More is, up to the
# difference between two ways of rounding.

more = [-1e-1, -1e-3, -1e-6, 0.0, 1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1]
accepted = [recheck_with((1 + share) * mu).accepted for share in more]

figure, ax = plt.subplots(figsize=(7, 2.2), layout="constrained")
colors = ["C2" if good else "C3" for good in accepted]
ax.scatter(range(len(more)), [0] * len(more), s=160, c=colors, marker="s")
ax.set_xticks(range(len(more)), [f"{share:+.0e}" if share else "0" for share in more])
ax.set(yticks=[], xlabel="claimed mu over the certificate's, less 1")
ax.set_title("Green is accepted, red is refused")
plt.show()
