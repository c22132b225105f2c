(** * Theorem A': the tight radius, for mu <= beta *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential TheoremA.
Open Scope R_scope.

Definition K_tight (mu beta eta : R) : R :=
  (1 + sqrt (contraction mu beta eta)) / (slack beta eta * sqrt (2 * mu)).

Lemma K_tight_pos mu beta eta : 0 < mu -> 0 < beta -> eta < 2 / beta -> 0 < K_tight mu beta eta.
Proof.
  intros Hm Hb He. unfold K_tight.
  assert (Hc := slack_pos beta eta Hb He). assert (Hu := sqrt_pos (contraction mu beta eta)).
  apply Rdiv_lt_0_compat; [lra |]. apply Rmult_lt_0_compat; [assumption |]. apply sqrt_lt_R0. lra.
Qed.

Lemma K_tight_potential mu beta eta :
  0 < mu -> 0 < beta -> mu <= beta -> eta < 2 / beta -> potential_constant mu beta eta (K_tight mu beta eta).
Proof.
  intros Hm Hb Hk He a b g s Ha Hb0 Hg Hs Hpl Hd.
  assert (Hc := slack_pos beta eta Hb He).
  assert (Hm0 : 0 < sqrt (2 * mu)) by (apply sqrt_lt_R0; lra).
  assert (Hm2 : sqrt (2 * mu) ^ 2 = 2 * mu) by (apply pow2_sqrt; lra).
  assert (H := tight_potential_step mu beta eta (sqrt (2 * mu)) a b g s Hm Hb Hk Hs He Ha Hb0 Hg Hm0 Hm2 Hpl Hd).
  assert (0 < slack beta eta * sqrt (2 * mu)) by (apply Rmult_lt_0_compat; assumption).
  unfold K_tight.
  apply Rmult_le_reg_r with (slack beta eta * sqrt (2 * mu)); [assumption |].
  replace ((1 + sqrt (contraction mu beta eta)) / (slack beta eta * sqrt (2 * mu)) * (a - b) * (slack beta eta * sqrt (2 * mu)))
    with ((a - b) * (1 + sqrt (contraction mu beta eta))) by (field; lra).
  assumption.
Qed.

Lemma K_tight_radius mu beta eta l :
  0 < mu -> 0 < beta -> eta < 2 / beta -> 0 <= l -> K_tight mu beta eta * sqrt l = radius_tight l mu beta eta.
Proof.
  intros Hm Hb He Hl. assert (Hc := slack_pos beta eta Hb He).
  assert (Hm0 : 0 < sqrt (2 * mu)) by (apply sqrt_lt_R0; lra).
  unfold K_tight, radius_tight. rewrite sqrt_div by lra. field. lra.
Qed.

(** The last bound of the theorem in the form of THEORY.md, R* sqrt (L_t / L_0). *)
Lemma radius_tight_scales mu beta eta l l0 :
  0 < mu -> 0 < beta -> eta < 2 / beta -> 0 <= l -> 0 < l0 ->
  radius_tight l mu beta eta = radius_tight l0 mu beta eta * sqrt (l / l0).
Proof.
  intros Hm Hb He Hl Hl0. rewrite <- !K_tight_radius by (assumption || lra).
  rewrite sqrt_div by lra. assert (0 < sqrt l0) by (apply sqrt_lt_R0; assumption). field. lra.
Qed.

(** R* <= R_A: the tight radius is a weakening of the hypothesis. *)
Lemma radius_tight_le_sharp mu beta eta l :
  0 < mu -> 0 < beta -> 0 <= eta < 2 / beta -> 0 <= l ->
  radius_tight l mu beta eta <= radius_sharp l mu beta eta.
Proof.
  intros Hm Hb He Hl.
  rewrite <- K_tight_radius, <- K_sharp_radius by lra.
  apply Rmult_le_compat_r; [apply sqrt_pos |].
  assert (Hc := slack_pos beta eta Hb (proj2 He)).
  assert (Hm0 : 0 < sqrt (2 * mu)) by (apply sqrt_lt_R0; lra).
  assert (H2 := sqrt_two_over mu Hm).
  unfold K_tight, K_sharp.
  apply Rmult_le_reg_r with (slack beta eta * sqrt (2 * mu)); [apply Rmult_lt_0_compat; assumption |].
  replace ((1 + sqrt (contraction mu beta eta)) / (slack beta eta * sqrt (2 * mu)) * (slack beta eta * sqrt (2 * mu)))
    with (1 + sqrt (contraction mu beta eta)) by (field; lra).
  replace (sqrt (2 / mu) / slack beta eta * (slack beta eta * sqrt (2 * mu)))
    with (sqrt (2 / mu) * sqrt (2 * mu)) by (field; lra).
  rewrite H2.
  assert (sqrt (contraction mu beta eta) <= 1).
  { rewrite <- sqrt_1. apply sqrt_le_1_alt. unfold contraction.
    assert (0 <= decrease beta eta) by (rewrite decrease_slack; apply Rmult_le_pos; lra). nra. }
  lra.
Qed.

Section TheoremAprime.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Variables (w : nat -> E) (R0 mu beta eta delta : R).

Record hypotheses_Aprime : Prop := {
  Ap_smooth : smooth_loss L grad hess;
  Ap_mu : 0 < mu <= beta;
  Ap1 : PL_star L grad mu (region L (w O) R0);
  Ap2 : hessian_at_most hess beta (region L (w O) R0);
  Ap3 : 0 < eta < 2 / beta /\ 0 < delta <= 1;
  Ap4 : radius_tight (L (w O)) mu beta eta < R0
}.

(** Theorem A' for any steps in [eta delta, eta]. *)
Theorem theorem_Aprime (h : nat -> R) :
  hypotheses_Aprime -> steps_within (region L (w O) R0) (eta * delta) eta h w -> gradient_run grad h w ->
  converges_linearly L w R0 (rate mu beta eta delta) (radius_tight (L (w O)) mu beta eta)
    (fun t => radius_tight (L (w t)) mu beta eta).
Proof.
  intros [HL [Hmu Hk] HPL Hh [He Hd] HR] Hsteps Hrun.
  assert (Hn := loss_nonneg _ _ _ HL).
  assert (Hb : 0 < beta) by lra.
  assert (HK := K_tight_pos mu beta eta Hmu Hb (proj2 He)).
  assert (HKp := K_tight_potential mu beta eta Hmu Hb Hk (proj2 He)).
  assert (HR' : K_tight mu beta eta * sqrt (L (w O)) < R0)
    by (rewrite K_tight_radius; [assumption | lra | lra | lra | apply Hn]).
  destruct (potential_theorem w h R0 mu beta eta delta _ HL Hmu Hb HPL Hh He Hd Hsteps Hrun (Rlt_le _ _ HK) HKp HR')
    as [H1 _].
  apply (with_radius L w R0 _ (K_tight mu beta eta) (fun l => radius_tight l mu beta eta)); try assumption.
  intros l Hl. apply K_tight_radius; lra.
Qed.

(** Theorem A' for delta-GClip itself. *)
Theorem theorem_Aprime_gclip (gamma : R) :
  hypotheses_Aprime -> delta_gclip_run grad eta gamma delta w ->
  converges_linearly L w R0 (rate mu beta eta delta) (radius_tight (L (w O)) mu beta eta)
    (fun t => radius_tight (L (w t)) mu beta eta).
Proof.
  intros H Hrun.
  apply (theorem_Aprime (fun t => gclip_step eta gamma delta (hnorm (grad (w t))))); [assumption | | assumption].
  apply gclip_steps_within; destruct H as [_ _ _ _ [? ?] _]; lra.
Qed.

End TheoremAprime.

Arguments hypotheses_Aprime {E} L grad hess w R0 mu beta eta delta.
