(** * Theorem A: sharp delta-GClip, with a radius free of delta and gamma *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential.
Open Scope R_scope.

(** The constant of the potential step: sqrt(2/mu) / (1 - beta eta / 2). *)
Definition K_sharp (mu beta eta : R) : R := sqrt (2 / mu) / slack beta eta.

Lemma K_sharp_pos mu beta eta : 0 < mu -> 0 < beta -> eta < 2 / beta -> 0 < K_sharp mu beta eta.
Proof.
  intros Hm Hb He. unfold K_sharp. apply Rdiv_lt_0_compat; [| apply slack_pos; assumption].
  apply sqrt_lt_R0. apply Rdiv_lt_0_compat; lra.
Qed.

Lemma sqrt_two_over mu : 0 < mu -> sqrt (2 / mu) * sqrt (2 * mu) = 2.
Proof.
  intro Hm. rewrite <- sqrt_mult; [| apply Rlt_le, Rdiv_lt_0_compat; lra | lra].
  replace (2 / mu * (2 * mu)) with (2 * 2) by (field; lra). apply sqrt_square. lra.
Qed.

Lemma K_sharp_potential mu beta eta :
  0 < mu -> 0 < beta -> eta < 2 / beta -> potential_constant mu beta eta (K_sharp mu beta eta).
Proof.
  intros Hm Hb He a b g s Ha Hb0 Hg Hs Hpl Hd.
  assert (Hc := slack_pos beta eta Hb He).
  assert (Hm0 := sqrt_pos (2 * mu)).
  assert (H := potential_step beta eta (sqrt (2 * mu)) a b g s (Rlt_le _ _ Hb) (Rlt_le _ _ Hc) Hm0 Ha Hs Hpl Hg Hd).
  assert (HK := K_sharp_pos mu beta eta Hm Hb He).
  replace (s * g) with (K_sharp mu beta eta * (s * g * (slack beta eta * sqrt (2 * mu) / 2))).
  - apply Rmult_le_compat_l; lra.
  - unfold K_sharp.
    replace (sqrt (2 / mu) / slack beta eta * (s * g * (slack beta eta * sqrt (2 * mu) / 2)))
      with (s * g * (sqrt (2 / mu) * sqrt (2 * mu)) / 2) by (field; lra).
    rewrite sqrt_two_over by assumption. field.
Qed.

Lemma K_sharp_radius mu beta eta l :
  0 < mu -> 0 < beta -> eta < 2 / beta -> 0 <= l -> K_sharp mu beta eta * sqrt l = radius_sharp l mu beta eta.
Proof.
  intros Hm Hb He Hl. assert (Hc := slack_pos beta eta Hb He).
  unfold K_sharp, radius_sharp.
  replace (2 * l / mu) with (2 / mu * l) by (field; lra).
  rewrite sqrt_mult; [field; lra | apply Rlt_le, Rdiv_lt_0_compat; lra | assumption].
Qed.

Section TheoremA.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Variables (w : nat -> E) (R0 mu beta eta delta : R).

(** The hypotheses (A1) to (A4) on the loss and the constants; S is [region L (w 0) R0]. *)
Record hypotheses_A : Prop := {
  A_smooth : smooth_loss L grad hess;
  A_mu : 0 < mu;
  A1 : PL_star L grad mu (region L (w O) R0);
  A2 : 0 < beta /\ hessian_at_most hess beta (region L (w O) R0);
  A3 : 0 < eta < 2 / beta /\ 0 < delta <= 1;
  A4 : radius_sharp (L (w O)) mu beta eta < R0
}.

Lemma theorem_A_both (h : nat -> R) :
  hypotheses_A -> steps_within (region L (w O) R0) (eta * delta) eta h w -> gradient_run grad h w ->
  converges_linearly L w R0 (rate mu beta eta delta) (radius_sharp (L (w O)) mu beta eta)
    (fun t => radius_sharp (L (w t)) mu beta eta) /\
  forall t, L (w (S t)) <= contraction mu beta (h t) * L (w t).
Proof.
  intros [HL Hmu HPL [Hb Hh] [He Hd] HR] Hsteps Hrun.
  assert (Hn := loss_nonneg _ _ _ HL).
  assert (HK := K_sharp_pos mu beta eta Hmu Hb (proj2 He)).
  assert (HKp := K_sharp_potential mu beta eta Hmu Hb (proj2 He)).
  assert (HR' : K_sharp mu beta eta * sqrt (L (w O)) < R0)
    by (rewrite K_sharp_radius; [assumption | lra | lra | lra | apply Hn]).
  destruct (potential_theorem w h R0 mu beta eta delta _ HL Hmu Hb HPL Hh He Hd Hsteps Hrun (Rlt_le _ _ HK) HKp HR')
    as [H1 H2].
  split; [| assumption].
  apply (with_radius L w R0 _ (K_sharp mu beta eta) (fun l => radius_sharp l mu beta eta)); try assumption.
  intros l Hl. apply K_sharp_radius; lra.
Qed.

(** Theorem A for any steps in [eta delta, eta]. *)
Theorem theorem_A (h : nat -> R) :
  hypotheses_A -> steps_within (region L (w O) R0) (eta * delta) eta h w -> gradient_run grad h w ->
  converges_linearly L w R0 (rate mu beta eta delta) (radius_sharp (L (w O)) mu beta eta)
    (fun t => radius_sharp (L (w t)) mu beta eta).
Proof. intros. apply (theorem_A_both h); assumption. Qed.

(** Its one-step form. *)
Theorem theorem_A_step (h : nat -> R) :
  hypotheses_A -> steps_within (region L (w O) R0) (eta * delta) eta h w -> gradient_run grad h w ->
  forall t, L (w (S t)) <= contraction mu beta (h t) * L (w t).
Proof. intros. apply (theorem_A_both h); assumption. Qed.

(** Theorem A for delta-GClip itself. *)
Theorem theorem_A_gclip (gamma : R) :
  hypotheses_A -> delta_gclip_run grad eta gamma delta w ->
  converges_linearly L w R0 (rate mu beta eta delta) (radius_sharp (L (w O)) mu beta eta)
    (fun t => radius_sharp (L (w t)) mu beta eta).
Proof.
  intros H Hrun. apply (theorem_A (fun t => gclip_step eta gamma delta (hnorm (grad (w t))))); [assumption | | assumption].
  apply gclip_steps_within; destruct H as [_ _ _ _ [? ?] _]; lra.
Qed.

End TheoremA.

Arguments hypotheses_A {E} L grad hess w R0 mu beta eta delta.

(** With a bound [G] of the gradient on S, delta-GClip has Theorem A's rate with [effective_delta gamma delta G]
    in place of delta, and GClip (delta = 0) has it with min(1, gamma/G). *)
Theorem theorem_A_effective {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}
    (w : nat -> E) (R0 mu beta eta gamma delta G : R) :
  0 <= delta <= 1 -> 0 < gamma -> 0 < G -> (forall x, region L (w O) R0 x -> hnorm (grad x) <= G) ->
  hypotheses_A L grad hess w R0 mu beta eta (effective_delta gamma delta G) ->
  delta_gclip_run grad eta gamma delta w ->
  converges_linearly L w R0 (rate mu beta eta (effective_delta gamma delta G)) (radius_sharp (L (w O)) mu beta eta)
    (fun t => radius_sharp (L (w t)) mu beta eta).
Proof.
  intros Hd Hg HG Hbound HA Hrun.
  apply (theorem_A (grad := grad) (hess := hess) w R0 mu beta eta (effective_delta gamma delta G)
           (fun t => gclip_step eta gamma delta (hnorm (grad (w t))))); [assumption | | assumption].
  apply gclip_steps_within_effective; try assumption; [| lra].
  destruct HA as [_ _ _ _ [? _] _]. lra.
Qed.

(** The effective delta is admissible: it lies in (0, 1] also for delta = 0. *)
Lemma effective_delta_range (gamma delta G : R) :
  0 <= delta <= 1 -> 0 < gamma -> 0 < G -> 0 < effective_delta gamma delta G <= 1.
Proof.
  intros Hd Hg HG. unfold effective_delta. assert (0 < gamma / G) by (apply Rdiv_lt_0_compat; assumption).
  split.
  - eapply Rlt_le_trans; [| apply Rmax_r]. apply Rmin_glb_lt; lra.
  - apply Rmax_lub; [lra | apply Rmin_l].
Qed.

