"""The theorems that certificates are accepted of: their words, which a certificate repeats, their losses and steps."""

from __future__ import annotations

from dataclasses import dataclass

from .gauges import GAUGED

SQUARE = ("sum", "mean")
OF_OUTPUTS = (*SQUARE, *(f"{name}, {how}" for name in ("cross-entropy", "logistic") for how in SQUARE))
RECURSION = ("momentum", "nesterov", "clip")
DECAY = ("weight_decay", "decoupled_weight_decay")
PROJECT = "this project's sharpening of TMSSR25, proved in its derivations"
OWN = "this project, proved in its derivations"


@dataclass(frozen=True)
class Statement:
    """A theorem.

    Attributes:
        conclusion, citation: word for word.
        losses: that it speaks of, as `loss` has them.
        steps: what its certificates say of the steps beside eta, gamma and delta.
    """

    conclusion: str
    citation: str = PROJECT
    losses: tuple[str, ...] = SQUARE
    steps: tuple[str, ...] = ()


STATEMENTS = {
    "A": Statement("L_t <= q^t L_0, path length at most R, w_t converges to a zero of L"),
    "A'": Statement("as Theorem A, with path length at most R*"),
    "B": Statement("L_t <= q^t L_0 with mu = sig(rho)^2, path length at most rho, w_t converges to a zero of L"),
    "C": Statement("as Theorem B: the checkpoint lies in the basin of a global minimum"),
    "B+": Statement("L_t <= q^t L_0, lambda_min(K(w_t)) >= mu along the run, w_t converges to a zero of L"),
    "N": Statement(
        "L_t <= q^t L_0 with q = 1 - 2 (sig + kap / 2) min h psi_h, path length at most rho, w_t converges to a zero "
        "of L; arguments may cross kinks on the way"
    ),
    "L": Statement(
        "L_t falls to at most eps, within T steps if eps > 0; up to there the path is at most rho; for eps = 0 w_t "
        "converges to a zero of L",
        losses=GAUGED,
        citation=OWN,
    ),
    "D": Statement(
        "exact iterates from w_0 stay within eps_t of the computed ones for t <= T and converge to a zero of L "
        "at rate q from then on"
    ),
    "T": Statement(
        "loss, accuracy, margin, distance and path of the exact iterate after T stored steps from w_0, with momentum "
        "from an empty buffer, d_0 = 0, are as enclosed, whatever sigma_min and eta are",
        losses=OF_OUTPUTS,
        citation=OWN,
    ),
    "T+B": Statement(
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, with steps that see all "
        "samples, L_{t+1} <= q L_t with mu = sig(rho)^2, path length from x_T at most rho, w_t converges to a zero "
        "of L",
        citation=OWN,
    ),
    "T+M": Statement(
        "from an empty buffer, d_0 = 0: the exact iterate after T stored steps from w_0 is as enclosed; from there on, "
        "with steps that see all samples and the buffer as it is, E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with "
        "E_t = L(z_t) + (c / 2) ||d_t||^2, the path of z_t is at most rho and that of w_t at most rho + alpha "
        "||d_T||, w_t converges to a zero of L",
        steps=RECURSION,
        citation=OWN,
    ),
    "T+L": Statement(
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, with steps that see all "
        "samples, L_t falls to at most eps, within N more steps if eps > 0; up to there the path from x_T is at most "
        "rho; for eps = 0 w_t converges to a zero of L",
        losses=OF_OUTPUTS,
        citation=OWN,
    ),
    "S": Statement(
        "path length at most rho, w_t converges; L_T <= L_0 times the product of 1 - 2 mu h_s (1 - beta h_s / 2) "
        "over the steps of the schedule; L_t -> 0 where the steps after it have a positive lower bound, else no "
        "zero is claimed",
        steps=RECURSION,
    ),
    "M": Statement(
        "from an empty buffer, d_0 = 0: E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with E_t = L(z_t) + "
        "(c / 2) ||d_t||^2, the paths of w_t and z_t at most rho, w_t converges to a zero of L",
        steps=RECURSION,
    ),
    "Mb": Statement(
        "from an empty buffer, b_0 = 0: E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with E_t = L(w_t) + "
        "(c / 2) ||b_t - grad L(w_t) / (1 - m)||^2, path length at most rho, w_t converges; L_t -> 0 where the "
        "steps after the schedule have a positive lower bound, else no zero is claimed",
        steps=RECURSION,
    ),
    "M2": Statement(
        "from an empty buffer, d_0 = 0, with v_t = w_t + al d_t, E_t = L(v_t) + c/2 |d_t|^2: E_t <= q^t L_0, "
        "|r(w_t)|^2 <= 2 (1 + L_F^2 al^2/c) E_t, path of v at most rho, w_t converges to a zero of L",
        steps=RECURSION,
        citation=OWN,
    ),
    "M3": Statement(
        "from an empty buffer, d_0 = 0: |r(w_t)| <= N q^t, 2 L_t <= N^2 rate^t with rate = q^2, path length at most "
        "required, w_t converges to a zero of L",
        steps=RECURSION,
        citation=OWN,
    ),
    "W1": Statement(
        "L_lambda = L + (lambda / 2) ||w||^2 has exactly one stationary point w* in the ball, a local minimiser; "
        "L_lambda(w_t) - L_lambda(w*) falls by q a step, path length at most rho, w_t converges to w*; that the loss "
        "is small there is not claimed",
        steps=DECAY,
        citation=OWN,
    ),
    "W2": Statement(
        "for the first T steps w_t stays within rho of w_0 and L_{t+1} <= (1 - h_t mu) L_t + h_t mu F with "
        "F = (lambda W)^2 / (2 mu), decoupled lambda eta_t / h_t for lambda; of later steps, of a limit and of a zero "
        "of L nothing is claimed",
        steps=DECAY,
        citation=OWN,
    ),
    "F1": Statement(
        "for every order of the batches in every epoch, with D_e the distance to the zeros of L at its start: "
        "D_{e+1}^2 <= q D_e^2, path length at most R, w_t converges to a zero of L",
        citation=OWN,
    ),
    "F2": Statement(
        "every step sees a subset drawn anew: with probability at least 1 - p all iterates stay within G D of a zero "
        "of L and w_t converges to a zero of L; in expectation over the batches, the runs that leave counted as 0, "
        "D_t^2 <= q^t D^2 and the path length is at most R; of a single run nothing is claimed",
        citation=OWN,
    ),
    "F3": Statement(
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, for every order of the batches "
        "in every epoch, with D_e the distance to the zeros of L at its start: D_{e+1}^2 <= q D_e^2, path length at "
        "most R, w_t converges to a zero of L",
        citation=OWN,
    ),
    "F4": Statement(
        "K workers with equal parts of the samples, each with whole passes through its part in every round, in any "
        "order of its batches, then averaged with weights 1/K; with D_e the distance to the zeros of L at the start of "
        "round e: D_{e+1}^2 <= q D_e^2, the mean of the workers' paths and the path from average to average at most R, "
        "the averages converge to a zero of L",
        citation=OWN,
    ),
    "NC": Statement(
        "at these weights ||Z - class means||_F <= e1 / s_min(W_L) + sqrt(e2) ||H||_F for the last-layer features Z, "
        "e1 = ||F - Y||_F, e2 = ||W_L^T W_L - V V^T||, V = [W_{L-1}, b_{L-1}], H what layer L - 1 reads, with ones "
        "for its bias; of other weights and of a run nothing is claimed",
        citation="A. Jacot, P. Súkeník, Z. Wang, M. Mondelli, Wide Neural Networks Trained with Weight Decay Provably "
        "Exhibit Neural Collapse, 2024, arXiv:2410.04887; with this project's constants",
        losses=(),
    ),
}
