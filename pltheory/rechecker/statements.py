"""The words of the theorems that certificates are accepted of: a certificate repeats them, no letter more or less."""

from __future__ import annotations

CONCLUSIONS = {
    "A": "L_t <= q^t L_0, path length at most R, w_t converges to a zero of L",
    "A'": "as Theorem A, with path length at most R*",
    "B": "L_t <= q^t L_0 with mu = sig(rho)^2, path length at most rho, w_t converges to a zero of L",
    "C": "as Theorem B: the checkpoint lies in the basin of a global minimum",
    "B+": "L_t <= q^t L_0, lambda_min(K(w_t)) >= mu along the run, w_t converges to a zero of L",
    "N": (
        "L_t <= q^t L_0 with q = 1 - 2 (sig + kap / 2) min h psi_h, path length at most rho, w_t converges to a zero "
        "of L; arguments may cross kinks on the way"
    ),
    "L": (
        "L_t falls to at most eps, within T steps if eps > 0; up to there the path is at most rho; for eps = 0 w_t "
        "converges to a zero of L"
    ),
    "D": (
        "exact iterates from w_0 stay within eps_t of the computed ones for t <= T and converge to a zero of L "
        "at rate q from then on"
    ),
    "T": (
        "loss, accuracy, margin, distance and path of the exact iterate after T stored steps from w_0 are as enclosed, "
        "whatever sigma_min and eta are"
    ),
    "T+B": (
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, with steps that see all "
        "samples, L_{t+1} <= q L_t with mu = sig(rho)^2, path length from x_T at most rho, w_t converges to a zero of L"
    ),
    "T+M": (
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, with steps that see all "
        "samples and the buffer as it is, E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with E_t = L(z_t) + (c / 2) "
        "||d_t||^2, the path of z_t is at most rho and that of w_t at most rho + alpha ||d_T||, w_t converges to a "
        "zero of L"
    ),
    "T+L": (
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, with steps that see all "
        "samples, L_t falls to at most eps, within N more steps if eps > 0; up to there the path from x_T is at most "
        "rho; for eps = 0 w_t converges to a zero of L"
    ),
    "S": (
        "path length at most rho, w_t converges; L_T <= L_0 times the product of 1 - 2 mu h_s (1 - beta h_s / 2) "
        "over the steps of the schedule; L_t -> 0 where the steps after it have a positive lower bound, else no "
        "zero is claimed"
    ),
    "M": (
        "from an empty buffer, d_0 = 0: E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with E_t = L(z_t) + "
        "(c / 2) ||d_t||^2, the paths of w_t and z_t at most rho, w_t converges to a zero of L"
    ),
    "Mb": (
        "from an empty buffer, b_0 = 0: E_{t+1} <= (1 - 2 omega mu h_t / (1 - m)) E_t with E_t = L(w_t) + "
        "(c / 2) ||b_t - grad L(w_t) / (1 - m)||^2, path length at most rho, w_t converges; L_t -> 0 where the "
        "steps after the schedule have a positive lower bound, else no zero is claimed"
    ),
    "M2": (
        "from an empty buffer, d_0 = 0, with v_t = w_t + al d_t, E_t = L(v_t) + c/2 |d_t|^2: E_t <= q^t L_0, "
        "|r(w_t)|^2 <= 2 (1 + L_F^2 al^2/c) E_t, path of v at most rho, w_t converges to a zero of L"
    ),
    "M3": (
        "from an empty buffer, d_0 = 0: |r(w_t)| <= N q^t, 2 L_t <= N^2 rate^t with rate = q^2, path length at most "
        "required, w_t converges to a zero of L"
    ),
    "W2": (
        "for the first T steps w_t stays within rho of w_0 and L_{t+1} <= (1 - h_t mu) L_t + h_t mu F with "
        "F = (lambda W)^2 / (2 mu), decoupled lambda eta_t / h_t for lambda; of later steps, of a limit and of a zero "
        "of L nothing is claimed"
    ),
    "F1": (
        "for every order of the batches in every epoch, with D_e the distance to the zeros of L at its start: "
        "D_{e+1}^2 <= q D_e^2, path length at most R, w_t converges to a zero of L"
    ),
    "F2": (
        "every step sees a subset drawn anew: with probability at least 1 - p all iterates stay within G D of a zero "
        "of L and w_t converges to a zero of L; in expectation over the batches, the runs that leave counted as 0, "
        "D_t^2 <= q^t D^2 and the path length is at most R; of a single run nothing is claimed"
    ),
    "F3": (
        "the exact iterate after T stored steps from w_0 is as enclosed; from there on, for every order of the batches "
        "in every epoch, with D_e the distance to the zeros of L at its start: D_{e+1}^2 <= q D_e^2, path length at "
        "most R, w_t converges to a zero of L"
    ),
    "F4": (
        "K workers with equal parts of the samples, each with whole passes through its part in every round, in any "
        "order of its batches, then averaged with weights 1/K; with D_e the distance to the zeros of L at the start of "
        "round e: D_{e+1}^2 <= q D_e^2, the mean of the workers' paths and the path from average to average at most R, "
        "the averages converge to a zero of L"
    ),
}
CITATIONS = dict.fromkeys(CONCLUSIONS, "this project's sharpening of TMSSR25, proved in its derivations")
