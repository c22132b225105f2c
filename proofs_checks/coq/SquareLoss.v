(** * The square loss L = |r|^2 / 2 of a residual r : E -> F with Jacobian J *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs.
Open Scope R_scope.

Definition square_loss {E F : Hilbert} (r : E -> F) (w : E) : R := hnorm (r w) ^ 2 / 2.

(** grad L = J^T r. *)
Definition square_grad {E F : Hilbert} (r : E -> F) (Jt : E -> F -> E) (w : E) : E := Jt w (r w).

(** The residual has the Jacobian [J], [Jt w] is the transpose of [J w], and the gradient J^T r is differentiable:
    true for every C^2 residual. *)
Record smooth_residual {E F : Hilbert} (r : E -> F) (J : E -> E -> F) (Jt : E -> F -> E) (hess : E -> E -> E) : Prop := {
  residual_derivative : forall w, has_derivative r w (J w);
  residual_transpose : forall w v u, dot (J w v) u = dot v (Jt w u);
  residual_hessian : forall w, has_derivative (square_grad r Jt) w (hess w)
}.

(** sigma_min (J w) >= c, with sigma_min the minimum of |J^T u| over unit vectors u of the output space. *)
Definition sigma_min_at_least {E F : Hilbert} (Jt : E -> F -> E) (w : E) (c : R) : Prop :=
  forall u, c * hnorm u <= hnorm (Jt w u).

Section Square.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Hypothesis Hr : smooth_residual r J Jt hess.

(** J^T r is indeed the gradient. *)
Lemma square_gradient (w : E) : has_gradient (square_loss r) w (square_grad r Jt w).
Proof.
  intros eps Heps.
  destruct (residual_derivative _ _ _ _ Hr w) as ((_ & _ & C0 & HC0) & Hder).
  set (C := Rabs C0).
  assert (HC : forall x, hnorm (J w x) <= C * hnorm x).
  { intro x. apply Rle_trans with (C0 * hnorm x); [apply HC0 |].
    apply Rmult_le_compat_r; [apply hnorm_pos | apply RRle_abs]. }
  assert (HCpos : 0 <= C) by apply Rabs_pos.
  assert (HN := hnorm_pos (r w)). set (N := hnorm (r w)) in *.
  set (e1 := eps / (2 * (N + 1))).
  assert (He1 : 0 < e1) by (apply Rdiv_lt_0_compat; lra).
  destruct (Hder e1 He1) as (d & Hd & H). clear Hder.
  set (M := (C + e1) ^ 2 + 1).
  assert (HM : 0 < M) by (unfold M; assert (0 <= (C + e1) ^ 2) by apply pow2_ge_0; lra).
  exists (Rmin d (eps / M)). split; [apply Rmin_glb_lt; [assumption | apply Rdiv_lt_0_compat; assumption] |].
  intros v Hv. assert (Hv1 := Rmin_l d (eps / M)). assert (Hv2 := Rmin_r d (eps / M)).
  assert (Hv0 := hnorm_pos v).
  specialize (H v ltac:(lra)). set (e := minus _ _) in H.
  assert (Er : r (plus w v) = plus (r w) (plus (J w v) e)).
  { apply dot_ext. intro. unfold e. dot_expand. ring. }
  set (k := plus (J w v) e).
  assert (Hk : hnorm k <= (C + e1) * hnorm v).
  { apply Rle_trans with (hnorm (J w v) + hnorm e); [apply hnorm_triangle |]. specialize (HC v). lra. }
  assert (Hk0 := hnorm_pos k).
  assert (EL : square_loss r (plus w v) - square_loss r w - dot (square_grad r Jt w) v
               = dot (r w) e + hnorm k ^ 2 / 2).
  { unfold square_loss, square_grad. rewrite Er. fold k. rewrite !hnorm_sqr.
    rewrite (dot_sym _ (Jt w (r w))), <- (residual_transpose _ _ _ _ Hr). unfold k. dot_expand.
    rewrite (dot_sym _ (J w v) (r w)), (dot_sym _ e (r w)). field. }
  rewrite EL. eapply Rle_trans; [apply Rabs_triang |].
  assert (H1 := dot_abs_le (r w) e). fold N in H1.
  rewrite (Rabs_pos_eq (hnorm k ^ 2 / 2)) by (assert (0 <= hnorm k ^ 2) by apply pow2_ge_0; lra).
  assert (H2 : N * hnorm e <= eps / 2 * hnorm v).
  { apply Rle_trans with (N * (e1 * hnorm v)); [apply Rmult_le_compat_l; assumption |].
    replace (N * (e1 * hnorm v)) with (eps / 2 * hnorm v * (N / (N + 1))) by (unfold e1; field; lra).
    assert (N / (N + 1) <= 1).
    { apply Rmult_le_reg_r with (N + 1); [lra |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
    assert (0 <= eps / 2 * hnorm v) by (apply Rmult_le_pos; lra). nra. }
  assert (H3 : hnorm k ^ 2 <= eps * hnorm v).
  { apply Rle_trans with (((C + e1) * hnorm v) ^ 2); [apply pow_incr; lra |].
    assert (H4 : M * hnorm v <= eps).
    { apply Rle_trans with (M * (eps / M)); [apply Rmult_le_compat_l; lra | right; field; lra]. }
    replace (((C + e1) * hnorm v) ^ 2) with ((C + e1) ^ 2 * hnorm v * hnorm v) by ring.
    apply Rmult_le_compat_r; [assumption |]. unfold M in H4. nra. }
  lra.
Qed.

Lemma square_smooth : smooth_loss (square_loss r) (square_grad r Jt) hess.
Proof.
  constructor.
  - intro w. unfold square_loss. assert (0 <= hnorm (r w) ^ 2) by apply pow2_ge_0. lra.
  - apply square_gradient.
  - apply (residual_hessian _ _ _ _ Hr).
Qed.

(** The transpose is bounded by what bounds J. *)
Lemma transpose_bound (w : E) (lip : R) :
  0 <= lip -> (forall v, hnorm (J w v) <= lip * hnorm v) -> forall u, hnorm (Jt w u) <= lip * hnorm u.
Proof.
  intros Hl HJ u. apply hnorm_le_dot.
  - apply Rmult_le_pos; [assumption | apply hnorm_pos].
  - intro y. rewrite dot_sym, <- (residual_transpose _ _ _ _ Hr).
    assert (H1 := dot_le (J w y) u). specialize (HJ y). assert (Hu := hnorm_pos u). nra.
Qed.

(** The gradient bound of the classical route, from ||J|| <= L_F. *)
Lemma square_gradient_bound (w : E) (lip : R) :
  0 <= lip -> (forall v, hnorm (J w v) <= lip * hnorm v) ->
  hnorm (square_grad r Jt w) <= lip * sqrt (2 * square_loss r w).
Proof.
  intros Hl HJ. unfold square_grad, square_loss.
  replace (2 * (hnorm (r w) ^ 2 / 2)) with (hnorm (r w) ^ 2) by field.
  rewrite sqrt_pow2 by apply hnorm_pos. apply transpose_bound; assumption.
Qed.

(** PL* from the smallest singular value: mu = c^2. *)
Lemma PL_from_sigma (w : E) (c : R) :
  0 <= c -> sigma_min_at_least Jt w c -> c ^ 2 * square_loss r w <= hnorm (square_grad r Jt w) ^ 2 / 2.
Proof.
  intros Hc H. unfold square_loss, square_grad. specialize (H (r w)).
  assert (HN := hnorm_pos (r w)).
  assert ((c * hnorm (r w)) ^ 2 <= hnorm (Jt w (r w)) ^ 2).
  { apply pow_incr. split; [apply Rmult_le_pos; assumption | assumption]. }
  nra.
Qed.

End Square.
