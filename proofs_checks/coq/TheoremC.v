(** * Theorem C: Theorem B from a checkpoint *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential TheoremA SquareLoss Monotone Profile TheoremB.
Open Scope R_scope.

Section TheoremC.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (R0 beta eta gamma delta : R) (sig : R -> R).

(** Theorem C.  [history] is any sequence of weights, produced by anything at all up to time [T]; only its value at
    [T], the checkpoint, matters.  If Theorem B's hypotheses hold there and delta-GClip runs from there on, then the
    run converges linearly to a zero-loss point within the root rho of the checkpoint. *)
Theorem theorem_C (history : nat -> E) (T : nat) :
  0 < delta <= 1 ->
  hypotheses_B_integral r J Jt hess (history T) R0 beta eta sig ->
  delta_gclip_run (square_grad r Jt) eta gamma delta (fun t => history (T + t)%nat) ->
  exists rho, 0 <= rho < R0 /\ slack beta eta * RInt sig 0 rho = hnorm (r (history T)) /\ 0 < sig rho /\
    converges_linearly (square_loss r) (fun t => history (T + t)%nat) rho (rate (sig rho ^ 2) beta eta delta) rho
      (fun t => radius_sharp (square_loss r (history (T + t)%nat)) (sig rho ^ 2) beta eta).
Proof.
  intros Hd HB Hrun.
  destruct (theorem_B_root (history T) R0 beta eta sig HB) as (rho & (Hrho & Hroot & Hsig) & _).
  exists rho. split; [assumption |]. split; [assumption |]. split; [assumption |].
  apply (theorem_B_gclip (J := J) (hess := hess) (history T) R0 beta eta sig HB
           (fun t => history (T + t)%nat) gamma delta rho); try assumption.
  - lra.
  - f_equal. lia.
Qed.

(** With a bound [G] of the gradient on S about the checkpoint; delta = 0 is GClip. *)
Theorem theorem_C_effective (history : nat -> E) (T : nat) (G : R) :
  0 <= delta <= 1 -> 0 < gamma -> 0 < G ->
  (forall x, region (square_loss r) (history T) R0 x -> hnorm (square_grad r Jt x) <= G) ->
  hypotheses_B_integral r J Jt hess (history T) R0 beta eta sig ->
  delta_gclip_run (square_grad r Jt) eta gamma delta (fun t => history (T + t)%nat) ->
  exists rho, 0 <= rho < R0 /\ slack beta eta * RInt sig 0 rho = hnorm (r (history T)) /\ 0 < sig rho /\
    converges_linearly (square_loss r) (fun t => history (T + t)%nat) rho
      (rate (sig rho ^ 2) beta eta (effective_delta gamma delta G)) rho
      (fun t => radius_sharp (square_loss r (history (T + t)%nat)) (sig rho ^ 2) beta eta).
Proof.
  intros Hd Hgam HG Hbound HB Hrun.
  destruct (theorem_B_root (history T) R0 beta eta sig HB) as (rho & (Hrho & Hroot & Hsig) & _).
  exists rho. split; [assumption |]. split; [assumption |]. split; [assumption |].
  apply (theorem_B_effective (J := J) (hess := hess) (history T) R0 beta eta sig HB
           (fun t => history (T + t)%nat) gamma delta G rho); try assumption.
  - lra.
  - f_equal. lia.
Qed.

End TheoremC.
