"""Theorem NC on sixty digits: how far features are from their class means along training, and both bounds."""

import matplotlib.pyplot as plt
from worked import nc

trace = nc.trace()
steps = trace.steps[1:]

figure, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
stated = [c.within_bound for c in trace.collapse[1:]]
ax.loglog(steps, stated, color="0.6", ls="--", label="the sum of both parts")
apart = [c.within_bound_apart for c in trace.collapse[1:]]
ax.loglog(steps, apart, color="C0", label="Theorem NC: at most")
ax.loglog(steps, [c.within for c in trace.collapse[1:]], color="C1", label=r"measured: $\|Z - \bar Z\|_F$")
ax.set(xlabel="step")
ax.legend(frameon=False, loc="upper right")
ax.set_ylim(0.3, 60)
ax.spines[["top", "right"]].set_visible(False)
