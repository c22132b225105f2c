(** * The classical route [TMSSR25], with explicit constants: radius R_classic, of order 1/delta *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential.
Open Scope R_scope.

Definition K_classic (mu eta delta lip : R) : R :=
  lip * sqrt 2 * (1 + sqrt (rate_classic mu eta delta)) / (delta * mu).

Lemma K_classic_radius mu eta delta lip l :
  0 < mu -> 0 < delta -> 0 <= l -> K_classic mu eta delta lip * sqrt l = radius_classic l mu eta delta lip.
Proof.
  intros Hm Hd Hl. unfold K_classic, radius_classic. rewrite sqrt_mult by lra. field. lra.
Qed.

Section Classical.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Variables (w : nat -> E) (R0 mu beta eta delta lip : R).

(** For the square loss the gradient bound follows from ||J|| <= L_F on S: see [square_gradient_bound]. *)
Record hypotheses_classic : Prop := {
  C_smooth : smooth_loss L grad hess;
  C_mu : 0 < mu <= beta;
  C_PL : PL_star L grad mu (region L (w O) R0);
  C_hess : hessian_at_most hess beta (region L (w O) R0);
  C_lip : 0 <= lip /\ forall x, region L (w O) R0 x -> hnorm (grad x) <= lip * sqrt (2 * L x);
  C_eta : 0 < eta <= 1 / beta;
  C_delta : 0 < delta <= 1;
  C_radius : radius_classic (L (w O)) mu eta delta lip < R0
}.

Theorem classical_route (h : nat -> R) :
  hypotheses_classic -> steps_within (region L (w O) R0) (eta * delta) eta h w -> gradient_run grad h w ->
  converges_linearly L w R0 (rate_classic mu eta delta) (radius_classic (L (w O)) mu eta delta lip)
    (fun t => radius_classic (L (w t)) mu eta delta lip).
Proof.
  intros [HL [Hmu Hk] HPL Hh [Hl Hlip] [He Heb] Hd HR] Hsteps Hrun.
  assert (Hn := loss_nonneg _ _ _ HL).
  assert (Hb : 0 < beta) by lra.
  assert (Hbe : beta * eta <= 1).
  { apply Rle_trans with (beta * (1 / beta)); [apply Rmult_le_compat_l; lra | right; field; lra]. }
  assert (He2 : eta < 2 / beta).
  { apply Rle_lt_trans with (1 / beta); [assumption |].
    unfold Rdiv. apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat; assumption | lra]. }
  set (q := rate_classic mu eta delta).
  assert (Hed : 0 < eta * delta) by (apply Rmult_lt_0_compat; lra).
  assert (Hedm : 0 < eta * delta * mu) by (apply Rmult_lt_0_compat; lra).
  assert (Hq1 : q < 1) by (unfold q, rate_classic; lra).
  assert (Hq0 : 0 <= q).
  { unfold q, rate_classic. assert (eta * mu <= 1) by nra. nra. }
  assert (Hsq := sqrt_sqrt q Hq0). assert (Hsq0 := sqrt_pos q).
  assert (Hsq1 : sqrt q < 1) by (apply Rnot_le_lt; intro; nra).
  (* every admissible step contracts by q *)
  assert (Hq : forall s, eta * delta <= s <= eta -> contraction mu beta s <= q).
  { intros s Hs. unfold contraction, decrease, q, rate_classic.
    assert (beta * s <= 1) by (apply Rle_trans with (beta * eta); [apply Rmult_le_compat_l; lra | assumption]).
    assert (0 <= s * (1 - beta * s)) by (apply Rmult_le_pos; lra). nra. }
  set (K := K_classic mu eta delta lip).
  (* K (1 - sqrt q) = eta lip sqrt 2 *)
  assert (Hs2 := sqrt_pos 2).
  assert (EK : K * (1 - sqrt q) = eta * (lip * sqrt 2)).
  { unfold K, K_classic. fold q.
    replace (lip * sqrt 2 * (1 + sqrt q) / (delta * mu) * (1 - sqrt q))
      with (lip * sqrt 2 * (1 - sqrt q * sqrt q) / (delta * mu)) by (field; lra).
    rewrite Hsq. unfold q, rate_classic. field. lra. }
  assert (HK0 : 0 <= K).
  { unfold K, K_classic. fold q. apply Rmult_le_pos.
    - repeat apply Rmult_le_pos; lra.
    - apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; lra. }
  assert (Hlen : forall x s, region L (w O) R0 x -> 0 <= s <= eta ->
             s * hnorm (grad x) <= K * (1 - sqrt q) * sqrt (L x)).
  { intros x s Hx Hs. rewrite EK. specialize (Hlip x Hx). rewrite sqrt_mult in Hlip by (lra || apply Hn).
    assert (Hg := hnorm_pos (grad x)).
    apply Rle_trans with (eta * hnorm (grad x)); [apply Rmult_le_compat_r; lra |].
    rewrite Rmult_assoc. apply Rmult_le_compat_l; lra. }
  apply (with_radius L w R0 q K (fun l => radius_classic l mu eta delta lip)); [assumption | |].
  { intros l Hl0. apply K_classic_radius; lra. }
  apply (engine (grad := grad) (hess := hess)) with h mu beta eta delta; try assumption; try lra.
  - (* partial steps *)
    intros x s Hx _ Hs _. specialize (Hlen x s Hx Hs).
    assert (0 <= K * sqrt q * sqrt (L x)) by (apply (Rmult_le_pos _ _ (Rmult_le_pos _ _ HK0 Hsq0) (sqrt_pos _))). lra.
  - (* full steps: sqrt (L after) <= sqrt q sqrt L *)
    intros x s Hx HLx Hs Hdec. specialize (Hlen x s Hx ltac:(lra)).
    assert (sqrt (L (after (grad := grad) x s)) <= sqrt q * sqrt (L x)).
    { rewrite <- sqrt_mult by (lra || apply Hn). apply sqrt_le_1_alt.
      apply Rle_trans with (contraction mu beta s * L x); [| apply Rmult_le_compat_r; [apply Hn | apply Hq; lra]].
      assert (0 < decrease beta s) by (apply decrease_pos with eta; lra).
      specialize (HPL x Hx). unfold contraction. nra. }
    assert (K * sqrt (L (after (grad := grad) x s)) <= K * (sqrt q * sqrt (L x)))
      by (apply Rmult_le_compat_l; assumption).
    lra.
  - unfold K. rewrite K_classic_radius; [assumption | lra | lra | apply Hn].
Qed.

Theorem classical_route_gclip (gamma : R) :
  hypotheses_classic -> delta_gclip_run grad eta gamma delta w ->
  converges_linearly L w R0 (rate_classic mu eta delta) (radius_classic (L (w O)) mu eta delta lip)
    (fun t => radius_classic (L (w t)) mu eta delta lip).
Proof.
  intros H Hrun.
  apply (classical_route (fun t => gclip_step eta gamma delta (hnorm (grad (w t))))); [assumption | | assumption].
  apply gclip_steps_within; destruct H; lra.
Qed.

End Classical.

Arguments hypotheses_classic {E} L grad hess w R0 mu beta eta delta lip.
