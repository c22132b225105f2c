(** * The engine of Theorems A and A'

    Both theorems rest on a constant K with [step length <= K (sqrt (L before) - sqrt (L after))] for every step up to
    eta; they differ only in K.  Given such a K and a ball of radius R > K sqrt(L_0), the run stays, contracts
    and converges. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs.
Open Scope R_scope.

(** [K] turns the fall of the square root of the loss into a bound on the length of a step of size [s <= eta]. *)
Definition potential_constant (mu beta eta K : R) : Prop :=
  forall a b g s, 0 < a -> 0 <= b -> 0 <= g -> 0 <= s <= eta -> sqrt (2 * mu) * a <= g ->
    b ^ 2 <= a ^ 2 - decrease beta s * g ^ 2 -> s * g <= K * (a - b).

(** PL* in the form in which the steps use it. *)
Lemma PL_star_sqrt {E : Hilbert} (L : E -> R) (grad : E -> E) (mu : R) (w : E) :
  0 <= mu -> 0 <= L w -> mu * L w <= hnorm (grad w) ^ 2 / 2 -> sqrt (2 * mu) * sqrt (L w) <= hnorm (grad w).
Proof.
  intros Hmu HL H. rewrite <- sqrt_mult by lra.
  rewrite <- (sqrt_pow2 (hnorm (grad w))) by apply hnorm_pos.
  apply sqrt_le_1_alt. lra.
Qed.

Section Engine.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Variables (w : nat -> E) (h : nat -> R) (R0 mu beta eta delta K : R).
Hypothesis HL : smooth_loss L grad hess.
Hypothesis Hmu : 0 < mu.
Hypothesis Hbeta : 0 < beta.
Hypothesis HPL : PL_star L grad mu (region L (w O) R0).
Hypothesis Hhess : hessian_at_most hess beta (region L (w O) R0).
Hypothesis Heta : 0 < eta < 2 / beta.
Hypothesis Hdelta : 0 < delta < 1.
Hypothesis Hsteps : forall t, eta * delta <= h t <= eta.
Hypothesis Hrun : gradient_run grad h w.
Hypothesis HK0 : 0 <= K.
Hypothesis HK : potential_constant mu beta eta K.
Hypothesis HR : K * sqrt (L (w O)) < R0.

Let a t := sqrt (L (w t)).

Lemma h_pos t : 0 < h t <= eta.
Proof. split; [| apply Hsteps]. destruct (Hsteps t). assert (0 < eta * delta) by nra. lra. Qed.

Lemma a_sqr t : a t ^ 2 = L (w t).
Proof. unfold a. apply pow2_sqrt. apply (loss_nonneg _ _ _ HL). Qed.

(** One step from a point whose path so far is paid for by the potential. *)
Lemma engine_step t :
  region L (w O) R0 (w t) -> path w t <= K * (a O - a t) ->
  region L (w O) R0 (w (S t)) /\
  L (w (S t)) <= contraction mu beta (h t) * L (w t) /\
  hnorm (minus (w (S t)) (w t)) <= K * (a t - a (S t)).
Proof.
  intros Hreg Hpath.
  assert (Hnonneg := loss_nonneg _ _ _ HL).
  assert (Hh := h_pos t).
  assert (E1 : w (S t) = after (grad := grad) (w t) (h t)) by apply Hrun.
  destruct (Req_dec (L (w t)) 0) as [Ez | Ez].
  { (* at zero loss the gradient is zero and nothing moves *)
    assert (Ew : w (S t) = w t).
    { rewrite E1. unfold after. rewrite (gradient_at_zero_loss HL _ Ez). apply dot_ext. intro. dot_expand. ring. }
    unfold a. rewrite Ew. split; [assumption |]. split; [rewrite Ez; lra |].
    rewrite hnorm_minus_diag. lra. }
  assert (HLpos : 0 < L (w t)) by (specialize (Hnonneg (w t)); lra).
  assert (Ha : 0 < a t) by (apply sqrt_lt_R0; assumption).
  assert (Hg := hnorm_pos (grad (w t))).
  assert (Hpl := HPL (w t) Hreg).
  assert (Hpls := PL_star_sqrt L grad mu (w t) (Rlt_le _ _ Hmu) (Hnonneg _) Hpl).
  (* the length of any partial step is paid for by the fall of the potential *)
  assert (Hpay : forall s, 0 <= s <= h t ->
            L (after (grad := grad) (w t) s) <= L (w t) - decrease beta s * hnorm (grad (w t)) ^ 2 ->
            s * hnorm (grad (w t)) <= K * (a t - sqrt (L (after (grad := grad) (w t) s)))).
  { intros s Hs Hd. apply HK; try assumption; try lra.
    - apply sqrt_pos.
    - rewrite pow2_sqrt by apply Hnonneg. rewrite a_sqr. assumption. }
  assert (Hdist := dist_le_path w t).
  assert (Hseg := segment_stays HL (w O) R0 beta Hbeta Hhess (w t) (h t) Hreg ltac:(lra)).
  destruct (Hseg) with (s := h t) as [Hreg' Hdesc]; [| lra |].
  { intros s Hs Hd. specialize (Hpay s Hs Hd).
    assert (H1 := hnorm_minus_triangle (after (grad := grad) (w t) s) (w t) (w O)).
    rewrite after_dist_0 in H1 by lra.
    assert (H2 := sqrt_pos (L (after (grad := grad) (w t) s))).
    fold (a O) in HR. assert (0 <= K * sqrt (L (after (grad := grad) (w t) s))) by (apply Rmult_le_pos; assumption).
    lra. }
  rewrite <- E1 in Hreg', Hdesc.
  split; [assumption |]. split.
  - assert (Hdec : 0 < decrease beta (h t)) by (apply decrease_pos with eta; lra).
    unfold contraction. nra.
  - rewrite E1, after_dist_0 by lra. unfold a at 2. rewrite E1. apply Hpay; [lra |].
    rewrite <- E1. assumption.
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

Lemma engine : converges_linearly L w R0 (rate mu beta eta delta) (K * a O) (fun t => K * a t).
Proof.
  apply (conclude HL).
  - intro t. apply engine_invariant.
  - intro t. apply Rle_trans with (contraction mu beta (h t) * L (w t)); [apply engine_contraction |].
    apply Rmult_le_compat_r; [apply (loss_nonneg _ _ _ HL) |].
    apply contraction_le_rate; [lra | lra | apply Hsteps].
  - apply rate_lt_1; lra.
  - intro t. apply Rmult_le_pos; [assumption | apply sqrt_pos].
  - intro t. destruct (engine_invariant t) as [H1 H2]. destruct (engine_step t H1 H2) as (_ & _ & H3). lra.
  - intro t. destruct (engine_invariant t) as [_ H2].
    assert (0 <= K * a t) by (apply Rmult_le_pos; [assumption | apply sqrt_pos]). lra.
Qed.

End Engine.
