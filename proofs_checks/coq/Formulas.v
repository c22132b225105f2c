(** * Steps, rates and radii, each written once

    Written by [python -m proofs_checks.coq_formulas] from [pltheory/theory/formulas.py]: the expressions that are
    proved are those that ship.  Every theorem of this folder refers to them and none states its own copy. *)

From Coq Require Import Reals.
Open Scope R_scope.

(** Step of delta-GClip, h = eta min(1, max(delta, gamma / ||grad L||)), for ||grad L|| > 0 [TMSSR25]. *)
Definition step_size (eta gamma delta grad_norm : R) : R :=
  eta * Rmin 1 (Rmax delta (gamma / grad_norm)).

(** The factor with h_t >= eta delta_eff wherever ||grad L|| <= grad_bound: max(delta, min(1, gamma / bound)).

    With delta = 0 this is the rate factor of GClip, which depends on gamma and on the starting loss. *)
Definition effective_delta (gamma delta grad_bound : R) : R :=
  Rmax delta (Rmin 1 (gamma / grad_bound)).

(** Guaranteed decrease of L along a step h, per ||grad L||^2: h (1 - beta h / 2) (Theorem A, step 1). *)
Definition decrease (beta h : R) : R :=
  h * (1 - beta * h / 2).

(** One-step factor of the loss, 1 - 2 mu h (1 - beta h / 2) (Theorem A, step 2). *)
Definition contraction (mu beta h : R) : R :=
  1 - 2 * mu * decrease beta h.

(** Factor q of the loss per step for any h in [eta delta, eta], eta < 2 / beta (Theorem A). *)
Definition rate (mu beta eta delta : R) : R :=
  1 - 2 * mu * Rmin (decrease beta (eta * delta)) (decrease beta eta).

(** What the step size leaves of the potential, 1 - beta eta / 2; positive exactly when eta < 2 / beta. *)
Definition slack (beta eta : R) : R :=
  1 - beta * eta / 2.

(** R_A = sqrt(2 L_0 / mu) / (1 - beta eta / 2) (Theorem A); free of gamma and delta. *)
Definition radius_sharp (loss mu beta eta : R) : R :=
  sqrt (2 * loss / mu) / slack beta eta.

(** R* = sqrt(L_0 / (2 mu)) (1 + sqrt(contraction at eta)) / (1 - beta eta / 2), for mu <= beta (Theorem A'). *)
Definition radius_tight (loss mu beta eta : R) : R :=
  sqrt (loss / (2 * mu)) * (1 + sqrt (contraction mu beta eta)) / slack beta eta.

(** Factor 1 - eta delta mu of the classical route, eta <= 1 / beta [TMSSR25]; delta = 1 is gradient descent. *)
Definition rate_classic (mu eta delta : R) : R :=
  1 - eta * delta * mu.

(** R_classic = L_F sqrt(2 L_0) (1 + sqrt(1 - eta delta mu)) / (delta mu) [TMSSR25, constants made explicit].

    Args:
        lipschitz: L_F, an upper bound of ||J|| on the ball. *)
Definition radius_classic (loss mu eta delta lipschitz : R) : R :=
  lipschitz * sqrt (2 * loss) * (1 + sqrt (rate_classic mu eta delta)) / (delta * mu).

(** R = 2 L_F ||r_0|| / mu [LZB22, Theorem 6]. *)
Definition radius_gradient_descent (residual mu lipschitz : R) : R :=
  2 * lipschitz * residual / mu.

(** beta = L_F^2 + ||r_0|| ell, an upper bound of lambda_max(Hess L) where ||r|| <= ||r_0|| (section 5).

    Args:
        residual: ||r_0||.
        lipschitz: L_F, upper bound of ||J|| on the ball.
        jacobian_lipschitz: ell, Lipschitz constant of J on the ball, spectral against Euclidean norm. *)
Definition smoothness (residual lipschitz jacobian_lipschitz : R) : R :=
  lipschitz * lipschitz + residual * jacobian_lipschitz.

(** Largest eta of [LZB22, Theorem 6], 1 / (L_F^2 + beta_F ||r_0||). *)
Definition max_step_gradient_descent (residual lipschitz jacobian_lipschitz : R) : R :=
  1 / smoothness residual lipschitz jacobian_lipschitz.

(** ||I - h H|| for symmetric H with spectrum in [-negative, beta]: max(1 + h negative, h beta - 1) (Theorem D). *)
Definition expansion_constant (h beta negative : R) : R :=
  Rmax (1 + h * negative) (h * beta - 1).

(** Spectral norm of [[1, 0], [v, al]], whose singular values have product |al| and squares of sum 1 + v^2 + al^2. *)
Definition block_norm (v al : R) : R :=
  (sqrt (v * v + (al + 1) ^ 2) + sqrt (v * v + (al - 1) ^ 2)) / 2.

(** Upper bound of ||I - s (I - u u^T) H|| for a unit vector u and H as in `expansion_constant` (Theorem D). *)
Definition expansion_band (s beta negative : R) : R :=
  block_norm (s * (beta + negative) / 2) (Rmax (expansion_constant s beta negative) 1).

(** n R^(6L+2) / (lambda_0 - mu)^2, the width scale of [LZB22, Theorem 4]: asymptotic, constant not given. *)
Definition width_scale_lzb (n : R) (radius : R) (depth : nat) (lambda_0 : R) (mu : R) : R :=
  n * radius ^ (6 * depth + 2) / (lambda_0 - mu) ^ 2.

(** Every formula replaced by its expression. *)
Ltac expand := cbv beta delta [step_size effective_delta decrease contraction rate slack radius_sharp radius_tight rate_classic radius_classic radius_gradient_descent smoothness max_step_gradient_descent expansion_constant block_norm expansion_band width_scale_lzb].
