"""Theorem E on six digits: the profile in the kernel's own direction, and the plain one, which ends early."""

import matplotlib.pyplot as plt
import numpy as np
from worked import e

v, plain = e.values(), e.plain()
radii = np.linspace(0, v["R"], 200)
sharp = v["sigma0"] * (1 - e.share(radii))
tried, found = e.attacked()

figure, ax = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
ax.plot(radii, sharp, "C0", label=r"$\sigma_0(1-\theta(s))$, Theorem E")
ax.plot(plain.radii, plain.sig, "C2", label=r"$\sigma_0 - s\,\|M(s)\|$, Theorem G1")
at = np.r_[v["sigma0"], v["sigma0"] * np.sqrt(found)]
ax.plot(np.r_[0, tried], at, "C1.-", label=r"$\sigma_0\,\lambda_{\min}(K_0^{-1/2}K(w)K_0^{-1/2})^{1/2}$, lowest found")
ax.set(xlabel="radius $s$", xlim=(0, v["R"]), ylim=(0, None))
ax.legend(frameon=False, loc="lower left")
ax.spines[["top", "right"]].set_visible(False)
