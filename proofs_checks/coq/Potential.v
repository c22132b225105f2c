(** * The engine of Theorems A, A' and of the classical route

    All three rest on a constant K with [step length <= K (sqrt (L before) - sqrt (L after))] for every step of the run;
    they differ only in K.  Given such a K and a ball of radius R > K sqrt(L_0), the run stays, contracts and
    converges. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs.
Open Scope R_scope.

(** PL* in the form in which the steps use it. *)
Lemma PL_star_sqrt {E : Hilbert} (L : E -> R) (grad : E -> E) (mu : R) (w : E) :
  0 <= mu -> 0 <= L w -> mu * L w <= hnorm (grad w) ^ 2 / 2 -> sqrt (2 * mu) * sqrt (L w) <= hnorm (grad w).
Proof.
  intros Hmu HL H. rewrite <- sqrt_mult by lra.
  rewrite <- (sqrt_pow2 (hnorm (grad w))) by apply hnorm_pos.
  apply sqrt_le_1_alt. lra.
Qed.

(** The constants of a step rule: step scale, smallest factor, the bound on the Hessian, the PL* constant. *)
Section Engine.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Variables (w : nat -> E) (h : nat -> R) (R0 mu beta eta delta q K : R).
Hypothesis HL : smooth_loss L grad hess.
Hypothesis Hmu : 0 < mu.
Hypothesis Hbeta : 0 < beta.
Hypothesis HPL : PL_star L grad mu (region L (w O) R0).
Hypothesis Hhess : hessian_at_most hess beta (region L (w O) R0).
Hypothesis Heta : 0 < eta < 2 / beta.
Hypothesis Hdelta : 0 < delta <= 1.
Hypothesis Hsteps : steps_within (region L (w O) R0) (eta * delta) eta h w.
Hypothesis Hrun : gradient_run grad h w.

(** [q] bounds the one-step factor of every admissible step. *)
Hypothesis Hq : forall s, eta * delta <= s <= eta -> contraction mu beta s <= q.
Hypothesis Hq1 : q < 1.

(** [K] pays for partial steps with the whole potential, and for full steps with its fall. *)
Hypothesis HK0 : 0 <= K.
Hypothesis Hpartial : forall x s, region L (w O) R0 x -> 0 < L x -> 0 <= s <= eta ->
  L (after (grad := grad) x s) <= L x - decrease beta s * hnorm (grad x) ^ 2 ->
  s * hnorm (grad x) <= K * sqrt (L x).
Hypothesis Hfull : forall x s, region L (w O) R0 x -> 0 < L x -> eta * delta <= s <= eta ->
  L (after (grad := grad) x s) <= L x - decrease beta s * hnorm (grad x) ^ 2 ->
  s * hnorm (grad x) <= K * (sqrt (L x) - sqrt (L (after (grad := grad) x s))).
Hypothesis HR : K * sqrt (L (w O)) < R0.

Let a t := sqrt (L (w t)).

Lemma h_pos t : region L (w O) R0 (w t) -> 0 < h t <= eta.
Proof. intro Ht. destruct (Hsteps t Ht). split; [| assumption]. assert (0 < eta * delta) by nra. lra. Qed.

(** One step from a point whose path so far is paid for by the potential. *)
Lemma engine_step t :
  region L (w O) R0 (w t) -> path w t <= K * (a O - a t) ->
  region L (w O) R0 (w (S t)) /\
  L (w (S t)) <= contraction mu beta (h t) * L (w t) /\
  hnorm (minus (w (S t)) (w t)) <= K * (a t - a (S t)).
Proof.
  intros Hreg Hpath.
  assert (Hnonneg := loss_nonneg _ _ _ HL).
  assert (Hh := h_pos t Hreg).
  assert (E1 : w (S t) = after (grad := grad) (w t) (h t)) by apply Hrun.
  destruct (Req_dec (L (w t)) 0) as [Ez | Ez].
  { (* at zero loss the gradient is zero and nothing moves *)
    assert (Ew : w (S t) = w t).
    { rewrite E1. unfold after. rewrite (gradient_at_zero_loss HL _ Ez). apply dot_ext. intro. dot_expand. ring. }
    unfold a. rewrite Ew. split; [assumption |]. split; [rewrite Ez; lra |].
    rewrite hnorm_minus_diag. lra. }
  assert (HLpos : 0 < L (w t)) by (specialize (Hnonneg (w t)); lra).
  assert (Hg := hnorm_pos (grad (w t))).
  assert (Hpl := HPL (w t) Hreg).
  assert (Hdist := dist_le_path w t).
  destruct (segment_stays HL (w O) R0 beta Hbeta Hhess (w t) (h t) Hreg ltac:(lra)) with (s := h t)
    as [Hreg' Hdesc]; [| lra |].
  { intros s Hs Hd. assert (Hpay := Hpartial (w t) s Hreg HLpos ltac:(lra) Hd).
    assert (H1 := hnorm_minus_triangle (after (grad := grad) (w t) s) (w t) (w O)).
    rewrite after_dist_0 in H1 by lra. unfold a in *. lra. }
  assert (Hpay := Hfull (w t) (h t) Hreg HLpos (Hsteps t Hreg) Hdesc).
  rewrite <- E1 in Hreg', Hdesc, Hpay.
  split; [assumption |]. split.
  - assert (Hdec : 0 < decrease beta (h t)) by (apply decrease_pos with eta; lra).
    unfold contraction. nra.
  - rewrite E1 at 1. rewrite after_dist_0 by lra. assumption.
Qed.

Lemma engine_invariant t : region L (w O) R0 (w t) /\ path w t <= K * (a O - a t).
Proof.
  induction t as [| t [IH1 IH2]].
  - split; [| cbn; lra]. split; [| lra]. rewrite hnorm_minus_diag.
    assert (0 <= K * sqrt (L (w O))) by (apply Rmult_le_pos; [assumption | apply sqrt_pos]). lra.
  - destruct (engine_step t IH1 IH2) as (H1 & _ & H3). split; [assumption | cbn; lra].
Qed.

Lemma engine_contraction t : L (w (S t)) <= contraction mu beta (h t) * L (w t).
Proof. destruct (engine_invariant t) as [H1 H2]. apply (engine_step t H1 H2). Qed.

Lemma engine : converges_linearly L w R0 q (K * a O) (fun t => K * a t).
Proof.
  apply (conclude HL).
  - intro t. apply engine_invariant.
  - intro t. apply Rle_trans with (contraction mu beta (h t) * L (w t)); [apply engine_contraction |].
    apply Rmult_le_compat_r; [apply (loss_nonneg _ _ _ HL) | apply Hq, Hsteps, engine_invariant].
  - assumption.
  - intro t. apply Rmult_le_pos; [assumption | apply sqrt_pos].
  - intro t. destruct (engine_invariant t) as [H1 H2]. destruct (engine_step t H1 H2) as (_ & _ & H3). lra.
  - intro t. destruct (engine_invariant t) as [_ H2].
    assert (0 <= K * a t) by (apply Rmult_le_pos; [assumption | apply sqrt_pos]). lra.
Qed.

End Engine.

(** The same with the radius written as a formula [radius l = K sqrt l]. *)
Lemma with_radius {E : Hilbert} (L : E -> R) (w : nat -> E) (R0 q K : R) (radius : R -> R) :
  (forall x, 0 <= L x) -> (forall l, 0 <= l -> K * sqrt l = radius l) ->
  converges_linearly L w R0 q (K * sqrt (L (w O))) (fun t => K * sqrt (L (w t))) ->
  converges_linearly L w R0 q (radius (L (w O))) (fun t => radius (L (w t))).
Proof.
  intros Hn Hr [H1 H2 H3 (l & Hl1 & Hl2 & Hl3 & Hl4)]. constructor; try assumption.
  - intro t. rewrite <- Hr by apply Hn. apply H3.
  - exists l. repeat split; try assumption.
    + rewrite <- Hr by apply Hn. assumption.
    + intro t. rewrite <- Hr by apply Hn. apply Hl4.
Qed.

(** Theorems A and A' have a [K] that depends on no more than PL* and the decrease, at every step up to eta. *)
Definition potential_constant (mu beta eta K : R) : Prop :=
  forall a b g s, 0 < a -> 0 <= b -> 0 <= g -> 0 <= s <= eta -> sqrt (2 * mu) * a <= g ->
    b ^ 2 <= a ^ 2 - decrease beta s * g ^ 2 -> s * g <= K * (a - b).

Section PotentialConstant.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Variables (w : nat -> E) (h : nat -> R) (R0 mu beta eta delta K : R).
Hypothesis HL : smooth_loss L grad hess.
Hypothesis Hmu : 0 < mu.
Hypothesis Hbeta : 0 < beta.
Hypothesis HPL : PL_star L grad mu (region L (w O) R0).
Hypothesis Hhess : hessian_at_most hess beta (region L (w O) R0).
Hypothesis Heta : 0 < eta < 2 / beta.
Hypothesis Hdelta : 0 < delta <= 1.
Hypothesis Hsteps : steps_within (region L (w O) R0) (eta * delta) eta h w.
Hypothesis Hrun : gradient_run grad h w.
Hypothesis HK0 : 0 <= K.
Hypothesis HK : potential_constant mu beta eta K.
Hypothesis HR : K * sqrt (L (w O)) < R0.

Lemma pay x s : region L (w O) R0 x -> 0 < L x -> 0 <= s <= eta ->
  L (after (grad := grad) x s) <= L x - decrease beta s * hnorm (grad x) ^ 2 ->
  s * hnorm (grad x) <= K * (sqrt (L x) - sqrt (L (after (grad := grad) x s))).
Proof.
  intros Hx HLx Hs Hd. assert (Hn := loss_nonneg _ _ _ HL).
  apply HK; try assumption.
  - apply sqrt_lt_R0. assumption.
  - apply sqrt_pos.
  - apply hnorm_pos.
  - apply PL_star_sqrt; [lra | apply Hn | apply HPL; assumption].
  - rewrite !pow2_sqrt by apply Hn. assumption.
Qed.

Lemma potential_theorem :
  converges_linearly L w R0 (rate mu beta eta delta) (K * sqrt (L (w O))) (fun t => K * sqrt (L (w t))) /\
  forall t, L (w (S t)) <= contraction mu beta (h t) * L (w t).
Proof.
  assert (Hq : forall s, eta * delta <= s <= eta -> contraction mu beta s <= rate mu beta eta delta)
    by (intros; apply contraction_le_rate; lra).
  assert (Hq1 : rate mu beta eta delta < 1) by (apply rate_lt_1; lra).
  assert (Hpart : forall x s, region L (w O) R0 x -> 0 < L x -> 0 <= s <= eta ->
    L (after (grad := grad) x s) <= L x - decrease beta s * hnorm (grad x) ^ 2 ->
    s * hnorm (grad x) <= K * sqrt (L x)).
  { intros x s Hx HLx Hs Hd. assert (H := pay x s Hx HLx Hs Hd).
    assert (0 <= K * sqrt (L (after (grad := grad) x s))) by (apply Rmult_le_pos; [assumption | apply sqrt_pos]).
    lra. }
  assert (Hfull : forall x s, region L (w O) R0 x -> 0 < L x -> eta * delta <= s <= eta ->
    L (after (grad := grad) x s) <= L x - decrease beta s * hnorm (grad x) ^ 2 ->
    s * hnorm (grad x) <= K * (sqrt (L x) - sqrt (L (after (grad := grad) x s)))).
  { intros x s Hx HLx Hs Hd. apply pay; try assumption.
    assert (0 < eta * delta) by (apply Rmult_lt_0_compat; lra). lra. }
  split.
  - apply (engine (grad := grad) (hess := hess)) with h mu beta eta delta; assumption.
  - apply (engine_contraction (grad := grad) (hess := hess)) with R0 eta delta K; assumption.
Qed.

End PotentialConstant.
