(** * [LZB22, Theorem 6]: gradient descent on the square loss, from the classical route with delta = 1 *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential Classical SquareLoss Smoothness.
Open Scope R_scope.

Section LZB.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (w : nat -> E) (mu lip ell eta : R).

Let L := square_loss r.
Let res := hnorm (r (w O)).
Let R0 := radius_gradient_descent res mu lip.

Record hypotheses_LZB : Prop := {
  LZB_smooth : smooth_residual r J Jt hess;
  LZB_mu : 0 < mu;
  LZB_PL : PL_star L (square_grad r Jt) mu (fun x => hnorm (minus x (w O)) <= R0);
  LZB_lip : 0 <= lip /\ forall x, hnorm (minus x (w O)) <= R0 -> forall v, hnorm (J x v) <= lip * hnorm v;
  LZB_ell : 0 <= ell /\ forall x y, hnorm (minus x (w O)) <= R0 -> hnorm (minus y (w O)) <= R0 ->
    forall v, hnorm (minus (J x v) (J y v)) <= ell * hnorm (minus x y) * hnorm v;
  LZB_eta : 0 < eta <= max_step_gradient_descent res lip ell
}.

Theorem theorem_LZB :
  hypotheses_LZB -> gradient_run (square_grad r Jt) (fun _ => eta) w ->
  (forall t, hnorm (minus (w t) (w O)) <= R0) /\
  (forall t, L (w t) <= (1 - eta * mu) ^ t * L (w O)) /\
  exists w_inf, converges w w_inf /\ hnorm (minus w_inf (w O)) <= R0 /\ L w_inf = 0.
Proof.
  intros [Hr Hmu HPL [Hl0 Hl] [He0 He] [Heta0 Heta]] Hrun.
  assert (HL := square_smooth Hr : smooth_loss L (square_grad r Jt) hess).
  assert (Hres := hnorm_pos (r (w O))). fold res in Hres.
  assert (HL0 : L (w O) = res ^ 2 / 2) by reflexivity.
  destruct (Req_dec res 0) as [Ez | Ez].
  { (* zero residual at the start: nothing moves *)
    assert (Lz : L (w O) = 0) by (rewrite HL0, Ez; field).
    assert (Hconst : forall t, w t = w O).
    { induction t as [| t IH]; [reflexivity |]. rewrite (Hrun t), IH.
      rewrite (gradient_at_zero_loss HL _ Lz). apply dot_ext. intro. dot_expand. ring. }
    assert (E0 : R0 = 0) by (unfold R0, radius_gradient_descent; rewrite Ez; field; lra).
    split; [| split].
    - intro t. rewrite Hconst, hnorm_minus_diag. lra.
    - intro t. rewrite Hconst, Lz. lra.
    - exists (w O). split; [| split; [rewrite hnorm_minus_diag; lra | assumption]].
      intros eps Heps. exists O. intros i _. rewrite Hconst, hnorm_minus_diag. assumption. }
  assert (Hrp : 0 < res) by lra.
  (* mu <= L_F^2: PL* and the Lipschitz bound at the start *)
  assert (HR00 : 0 <= R0).
  { unfold R0, radius_gradient_descent. apply Rmult_le_pos; [repeat apply Rmult_le_pos; lra |].
    apply Rlt_le, Rinv_0_lt_compat. assumption. }
  assert (Hw0 : hnorm (minus (w O) (w O)) <= R0) by (rewrite hnorm_minus_diag; assumption).
  assert (Hmul : mu <= lip * lip).
  { assert (H1 := HPL _ Hw0).
    assert (H2 := transpose_bound Hr (w O) lip Hl0 (Hl _ Hw0) (r (w O))).
    fold (square_grad r Jt (w O)) in H2. fold res in H2. rewrite HL0 in H1.
    assert (H3 := hnorm_pos (square_grad r Jt (w O))).
    assert (H4 : hnorm (square_grad r Jt (w O)) ^ 2 <= (lip * res) ^ 2) by (apply pow_incr; lra).
    assert (0 < res ^ 2) by (apply pow_lt; assumption).
    apply Rmult_le_reg_r with (res ^ 2 / 2); nra. }
  assert (Hlp : 0 < lip) by (destruct (Req_dec lip 0) as [Z | Z]; [rewrite Z in Hmul; lra | lra]).
  set (beta := smoothness res lip ell).
  assert (Hmb : mu <= beta).
  { unfold beta, smoothness. assert (0 <= res * ell) by (apply Rmult_le_pos; lra). lra. }
  assert (Heb : eta * mu <= 1).
  { unfold max_step_gradient_descent in Heta. fold beta in Heta.
    assert (eta * beta <= 1 / beta * beta) by (apply Rmult_le_compat_r; lra).
    replace (1 / beta * beta) with 1 in H by (field; lra). nra. }
  assert (HRpos : 0 < R0).
  { unfold R0, radius_gradient_descent. apply Rdiv_lt_0_compat; [| assumption].
    repeat apply Rmult_lt_0_compat; lra. }
  assert (HC : hypotheses_classic L (square_grad r Jt) hess w R0 mu beta eta 1 lip).
  { constructor; try assumption; try lra.
    - intros x [Hx _]. apply HPL. assumption.
    - apply (smoothness_bound Hr (w O) R0 lip ell); assumption.
    - split; [assumption |]. intros x [Hx _]. apply (square_gradient_bound Hr); [assumption |]. apply Hl. assumption.
    - split; [assumption |]. exact Heta.
    - unfold radius_classic, R0, radius_gradient_descent. rewrite HL0.
      replace (2 * (res ^ 2 / 2)) with (res ^ 2) by field. rewrite sqrt_pow2 by lra.
      assert (Hq : sqrt (rate_classic mu eta 1) < 1).
      { apply Rlt_le_trans with (sqrt 1); [| rewrite sqrt_1; lra]. apply sqrt_lt_1_alt. unfold rate_classic.
        assert (0 < eta * mu) by (apply Rmult_lt_0_compat; assumption). lra. }
      assert (Hlr : 0 < lip * res) by (apply Rmult_lt_0_compat; assumption).
      unfold Rdiv. rewrite Rmult_1_l. apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat; assumption |].
      apply Rlt_le_trans with (lip * res * 2); [apply Rmult_lt_compat_l; lra | lra]. }
  destruct (classical_route w R0 mu beta eta 1 lip (fun _ => eta) HC) as [H1 [_ H2] _ (l & Hl1 & Hl2 & Hl3 & _)].
  { intros t _. lra. }
  { assumption. }
  split; [| split].
  - intro t. apply (H1 t).
  - intro t. specialize (H2 t). unfold rate_classic in H2. rewrite Rmult_1_r in H2. exact H2.
  - exists l. split; [assumption |]. split; [| assumption].
    apply Rle_trans with (radius_classic (L (w O)) mu eta 1 lip); [assumption |].
    apply Rlt_le, (C_radius _ _ _ _ _ _ _ HC).
Qed.

End LZB.
