(** * The Hessian is symmetric, and what that gives for the gradient step

    Symmetry of the second derivative at a point where the loss is twice differentiable (no continuity needed), and the
    bound of I - h H between the bounds of its quadratic form. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth.
Open Scope R_scope.

Section Symmetry.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Hypothesis HL : smooth_loss L grad hess.

(** The second difference of [L] at [w]. *)
Let second (w u v : E) (t : R) : R :=
  L (plus (plus w (scal t v)) (scal t u)) - L (plus w (scal t u)) - L (plus w (scal t v)) + L w.

Lemma second_difference (w u v : E) e : 0 < e ->
  exists d, 0 < d /\ forall t, 0 < t <= d -> Rabs (second w u v t - t ^ 2 * dot (hess w v) u) <= e * t ^ 2.
Proof.
  intro He.
  assert (Hu := hnorm_pos u). assert (Hv := hnorm_pos v).
  set (N := hnorm u + hnorm v + 1).
  assert (HN : 0 < N) by (unfold N; lra).
  set (e' := e / (2 * N ^ 2)).
  assert (HN2 : 0 < N ^ 2) by (apply pow_lt; assumption).
  assert (He' : 0 < e') by (apply Rdiv_lt_0_compat; lra).
  destruct (loss_hessian _ _ _ HL w) as ((Hadd & Hsc & _) & Hder).
  destruct (Hder e' He') as (d0 & Hd0 & H). clear Hder.
  exists (d0 / N). split; [apply Rdiv_lt_0_compat; assumption |]. intros t Ht.
  assert (HtN : t * N <= d0).
  { apply Rle_trans with (d0 / N * N); [apply Rmult_le_compat_r; lra | right; field; lra]. }
  (* mean value in the direction u *)
  destruct (MVT_cor2 (fun s => L (line (plus w (scal t v)) u s) - L (line w u s))
              (fun s => dot (grad (line (plus w (scal t v)) u s)) u - dot (grad (line w u s)) u) 0 t)
    as (s & Es & Hs); [lra | |].
  { intros c _. apply derivable_pt_lim_minus; apply (line_derivative HL). }
  rewrite !line_0, Rminus_0_r in Es.
  assert (E1 : second w u v t = (dot (grad (line (plus w (scal t v)) u s)) u - dot (grad (line w u s)) u) * t).
  { rewrite <- Es. unfold second, line. ring. }
  set (x1 := plus (scal t v) (scal s u)). set (x2 := scal s u).
  assert (Hx2 : hnorm x2 <= t * N).
  { unfold x2. rewrite hnorm_scal, Rabs_pos_eq by lra. unfold N. nra. }
  assert (Hx1 : hnorm x1 <= t * N).
  { unfold x1. eapply Rle_trans; [apply hnorm_triangle |]. rewrite !hnorm_scal, !Rabs_pos_eq by lra. unfold N. nra. }
  assert (H1 := H x1 ltac:(lra)). assert (H2 := H x2 ltac:(lra)).
  set (e1 := minus _ _) in H1. set (e2 := minus _ _) in H2.
  assert (Ew1 : line (plus w (scal t v)) u s = plus w x1).
  { unfold line, x1. apply dot_ext. intro. dot_expand. ring. }
  assert (Ew2 : line w u s = plus w x2) by reflexivity.
  assert (E2 : dot (grad (line (plus w (scal t v)) u s)) u - dot (grad (line w u s)) u
               = t * dot (hess w v) u + (dot e1 u - dot e2 u)).
  { rewrite Ew1, Ew2. unfold e1, e2, x1, x2. rewrite Hadd, !Hsc. dot_expand. ring. }
  rewrite E1, E2.
  replace ((t * dot (hess w v) u + (dot e1 u - dot e2 u)) * t - t ^ 2 * dot (hess w v) u)
    with (t * (dot e1 u + - dot e2 u)) by ring.
  rewrite Rabs_mult, (Rabs_pos_eq t) by lra.
  assert (Hb : Rabs (dot e1 u + - dot e2 u) <= e * t).
  { eapply Rle_trans; [apply Rabs_triang |]. rewrite Rabs_Ropp.
    assert (D1 := dot_abs_le e1 u). assert (D2 := dot_abs_le e2 u).
    assert (HuN : hnorm u <= N) by (unfold N; lra).
    assert (F : forall x : E, hnorm x <= e' * (t * N) -> hnorm x * hnorm u <= e' * (t * N) * N).
    { intros x Hx. apply Rmult_le_compat; [apply hnorm_pos | assumption | assumption | assumption]. }
    assert (F1 := F e1). assert (F2 := F e2).
    assert (e' * hnorm x1 <= e' * (t * N)) by (apply Rmult_le_compat_l; lra).
    assert (e' * hnorm x2 <= e' * (t * N)) by (apply Rmult_le_compat_l; lra).
    specialize (F1 ltac:(lra)). specialize (F2 ltac:(lra)).
    replace (e * t) with (2 * (e' * (t * N) * N)) by (unfold e'; field; lra). lra. }
  replace (e * t ^ 2) with (t * (e * t)) by ring. apply Rmult_le_compat_l; lra.
Qed.

Theorem hessian_symmetric (w u v : E) : dot (hess w u) v = dot (hess w v) u.
Proof.
  apply cond_eq. intros e He.
  destruct (second_difference w u v (e / 4)) as (d1 & Hd1 & H1); [lra |].
  destruct (second_difference w v u (e / 4)) as (d2 & Hd2 & H2); [lra |].
  set (t := Rmin d1 d2).
  assert (Ht : 0 < t) by (apply Rmin_glb_lt; assumption).
  specialize (H1 t (conj Ht (Rmin_l _ _))). specialize (H2 t (conj Ht (Rmin_r _ _))).
  assert (Esym : second w v u t = second w u v t).
  { unfold second. replace (plus (plus w (scal t u)) (scal t v)) with (plus (plus w (scal t v)) (scal t u)); [ring |].
    apply dot_ext. intro. dot_expand. ring. }
  rewrite Esym in H2.
  apply Rabs_le_between in H1. apply Rabs_le_between in H2.
  assert (Ht2 : 0 < t ^ 2) by (apply pow_lt; assumption).
  set (p := dot (hess w u) v) in *. set (q := dot (hess w v) u) in *.
  apply Rabs_lt_between. split; apply Rmult_lt_reg_l with (t ^ 2); try assumption; nra.
Qed.

(** A symmetric operator is bounded by its quadratic form: here for a I + b Hess. *)
Lemma symmetric_bound (w x : E) (a b c : R) :
  (forall z, Rabs (a * hnorm z ^ 2 + b * dot (hess w z) z) <= c * hnorm z ^ 2) ->
  hnorm (plus (scal a x) (scal b (hess w x))) <= c * hnorm x.
Proof.
  intro Hq.
  destruct (loss_hessian _ _ _ HL w) as ((Hadd & Hsc & _) & _).
  assert (Hx := hnorm_pos x).
  set (A := fun z => plus (scal a z) (scal b (hess w z))).
  assert (Hdiag : forall z, Rabs (dot (A z) z) <= c * hnorm z ^ 2).
  { intro z. unfold A. dot_expand. rewrite <- hnorm_sqr. apply Hq. }
  assert (Hpol : forall y, dot (A x) y <= c * (hnorm x ^ 2 + hnorm y ^ 2) / 2).
  { intro y.
    assert (P1 := Hdiag (plus x y)). assert (P2 := Hdiag (minus x y)).
    assert (Esym : dot (hess w y) x = dot (hess w x) y) by apply hessian_symmetric.
    assert (Eq : dot (A (plus x y)) (plus x y) - dot (A (minus x y)) (minus x y) = 4 * dot (A x) y).
    { unfold A, minus. rewrite !Hadd. replace (opp y) with (scal (-1) y).
      - rewrite !Hsc. dot_expand. rewrite Esym, (dot_sym _ y x). ring.
      - apply dot_ext. intro. dot_expand. ring. }
    assert (Epar : hnorm (plus x y) ^ 2 + hnorm (minus x y) ^ 2 = 2 * (hnorm x ^ 2 + hnorm y ^ 2)).
    { rewrite !hnorm_sqr. dot_expand. rewrite (dot_sym _ y x). ring. }
    apply Rabs_le_between in P1. apply Rabs_le_between in P2.
    assert (c * (hnorm (plus x y) ^ 2 + hnorm (minus x y) ^ 2) = c * (2 * (hnorm x ^ 2 + hnorm y ^ 2)))
      by (rewrite Epar; reflexivity).
    lra. }
  fold (A x). assert (HA := hnorm_pos (A x)).
  destruct (Req_dec (hnorm (A x)) 0) as [E0 | E0].
  { rewrite E0. specialize (Hdiag x). assert (Hab := Rabs_pos (dot (A x) x)).
    destruct (Req_dec (hnorm x) 0) as [E1 | E1]; [rewrite E1; lra |].
    assert (0 < hnorm x ^ 2) by (apply pow_lt; lra). assert (0 <= c) by (apply Rnot_lt_le; intro; nra).
    apply Rmult_le_pos; assumption. }
  assert (H := Hpol (scal (hnorm x / hnorm (A x)) (A x))).
  rewrite dot_scal_r, <- hnorm_sqr, hnorm_scal in H.
  rewrite (Rabs_pos_eq (hnorm x / hnorm (A x))) in H
    by (apply Rmult_le_pos; [assumption | apply Rlt_le, Rinv_0_lt_compat; lra]).
  replace (hnorm x / hnorm (A x) * hnorm (A x) ^ 2) with (hnorm x * hnorm (A x)) in H by (field; assumption).
  replace (hnorm x / hnorm (A x) * hnorm (A x)) with (hnorm x) in H by (field; assumption).
  destruct (Req_dec (hnorm x) 0) as [E1 | E1].
  { (* A 0 = 0 *)
    exfalso. apply E0.
    assert (Ex := hnorm_eq_0 x E1).
    assert (Hz : scal 0 x = x) by (rewrite Ex; apply dot_ext; intro; dot_expand; ring).
    assert (HAx : A x = scal 0 (A x)).
    { unfold A. rewrite <- Hz, Hsc. apply dot_ext. intro. dot_expand. ring. }
    rewrite HAx, hnorm_scal, Rabs_R0. ring. }
  apply Rmult_le_reg_l with (hnorm x); [lra |]. lra.
Qed.

(** The gradient step I - h Hess between curvature bounds. *)
Lemma gradient_step_bound (w x : E) (h c lo hi : R) :
  (forall v, - lo * hnorm v ^ 2 <= dot (hess w v) v <= hi * hnorm v ^ 2) ->
  0 <= h -> 1 + h * lo <= c -> h * hi - 1 <= c ->
  hnorm (minus x (scal h (hess w x))) <= c * hnorm x.
Proof.
  intros Hq Hh H1 H2.
  replace (minus x (scal h (hess w x))) with (plus (scal 1 x) (scal (- h) (hess w x)))
    by (apply dot_ext; intro; dot_expand; ring).
  apply symmetric_bound. intro z. specialize (Hq z). destruct Hq as [Hq1 Hq2].
  assert (Hz := pow2_ge_0 (hnorm z)).
  assert (h * (- lo * hnorm z ^ 2) <= h * dot (hess w z) z) by (apply Rmult_le_compat_l; assumption).
  assert (h * dot (hess w z) z <= h * (hi * hnorm z ^ 2)) by (apply Rmult_le_compat_l; assumption).
  apply Rabs_le. split; nra.
Qed.

(** The Hessian minus the middle of its bounds. *)
Lemma hessian_centred_bound (w x : E) (lo hi : R) :
  (forall v, - lo * hnorm v ^ 2 <= dot (hess w v) v <= hi * hnorm v ^ 2) ->
  hnorm (minus (hess w x) (scal ((hi - lo) / 2) x)) <= (hi + lo) / 2 * hnorm x.
Proof.
  intro Hq.
  replace (minus (hess w x) (scal ((hi - lo) / 2) x)) with (plus (scal (- ((hi - lo) / 2)) x) (scal 1 (hess w x)))
    by (apply dot_ext; intro; dot_expand; ring).
  apply symmetric_bound. intro z. specialize (Hq z). apply Rabs_le. split; lra.
Qed.

End Symmetry.
