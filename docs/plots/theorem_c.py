"""Theorem C at trained weights: what a linear profile pays by Theorem B and with one constant."""

import matplotlib.pyplot as plt
import numpy as np
from worked import c

v = c.values()
end = v["sig0"] / v["slope"]
s = np.linspace(0, end, 200)
left = 1 - v["beta"] * v["eta"] / 2

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
ax.plot(s, left * (v["sig0"] * s - v["slope"] * s**2 / 2), color="C0", label="Theorem B: integral of the profile")
ax.plot(s, left * s * (v["sig0"] - v["slope"] * s), color="C2", label="one constant on the ball")
ax.plot(end, left * v["sig0"] ** 2 / (2 * v["slope"]), "o", color="C0")
ax.plot(end / 2, left * v["sig0"] ** 2 / (4 * v["slope"]), "o", color="C2")
ax.set(xlabel="radius of the ball", ylabel="residual that it can pay for", xlim=(0, end * 1.05), ylim=(0, None))
ax.legend(frameon=False, loc="upper left")
ax.spines[["top", "right"]].set_visible(False)
