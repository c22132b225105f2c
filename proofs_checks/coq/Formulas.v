(** * Steps, rates and radii, each written once

    The definitions carry the names and the expressions of [pltheory/theory/formulas.py]; every theorem of this
    folder refers to them and none states its own copy.  This file is purely definitional. *)

From Coq Require Import Reals.
Open Scope R_scope.

(** Step of delta-GClip for a nonzero gradient of norm [grad_norm]. *)
Definition step_size (eta gamma delta grad_norm : R) : R :=
  eta * Rmin 1 (Rmax delta (gamma / grad_norm)).

(** The factor with [h_t >= eta * delta_eff] wherever the gradient's norm is at most [grad_bound]. *)
Definition effective_delta (gamma delta grad_bound : R) : R :=
  Rmax delta (Rmin 1 (gamma / grad_bound)).

(** Guaranteed decrease of L along a step h, per squared gradient norm. *)
Definition decrease (beta h : R) : R := h * (1 - beta * h / 2).

(** One-step factor of the loss. *)
Definition contraction (mu beta h : R) : R := 1 - 2 * mu * decrease beta h.

(** Factor q of the loss per step for any h in [eta delta, eta]. *)
Definition rate (mu beta eta delta : R) : R :=
  1 - 2 * mu * Rmin (decrease beta (eta * delta)) (decrease beta eta).

(** What the step size leaves of the potential. *)
Definition slack (beta eta : R) : R := 1 - beta * eta / 2.

(** R_A of Theorem A. *)
Definition radius_sharp (loss mu beta eta : R) : R := sqrt (2 * loss / mu) / slack beta eta.

(** R* of Theorem A'. *)
Definition radius_tight (loss mu beta eta : R) : R :=
  sqrt (loss / (2 * mu)) * (1 + sqrt (contraction mu beta eta)) / slack beta eta.

(** Factor of the classical route. *)
Definition rate_classic (mu eta delta : R) : R := 1 - eta * delta * mu.

(** R_classic of the classical route. *)
Definition radius_classic (loss mu eta delta lipschitz : R) : R :=
  lipschitz * sqrt (2 * loss) * (1 + sqrt (rate_classic mu eta delta)) / (delta * mu).

(** beta = L_F^2 + |r_0| ell. *)
Definition smoothness (residual lipschitz jacobian_lipschitz : R) : R :=
  lipschitz * lipschitz + residual * jacobian_lipschitz.

(** R = 2 L_F |r_0| / mu of [LZB22, Theorem 6]. *)
Definition radius_gradient_descent (residual mu lipschitz : R) : R := 2 * lipschitz * residual / mu.

(** Largest eta of [LZB22, Theorem 6]. *)
Definition max_step_gradient_descent (residual lipschitz jacobian_lipschitz : R) : R :=
  1 / smoothness residual lipschitz jacobian_lipschitz.
