(** * The bound beta = L_F^2 + |r_0| ell on the Hessian of the square loss

    From ||J|| <= L_F and an ell-Lipschitz J on the ball (spectral against Euclidean norm), on S = ball and
    {L <= L_0}.  At boundary points of the ball only inward directions are available; the bound in all directions
    follows as the quadratic form is even and continuous. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs SquareLoss.
Open Scope R_scope.

(** A function with difference quotients at most [k] to the right has derivative at most [k]. *)
Lemma derivative_le_right (f : R -> R) (d k e : R) :
  derivable_pt_lim f 0 d -> 0 < e -> (forall s, 0 < s <= e -> f s - f 0 <= k * s) -> d <= k.
Proof.
  intros Hd He Hk. apply Rnot_lt_le. intro Hlt.
  destruct (Hd (d - k)) as [a Ha]; [lra |].
  assert (Ha0 := cond_pos a).
  set (s := Rmin (a / 2) e).
  assert (H1 := Rmin_l (a / 2) e). assert (H2 := Rmin_r (a / 2) e).
  assert (H3 : 0 < s) by (apply Rmin_glb_lt; lra). fold s in H1, H2.
  specialize (Ha s ltac:(lra)). rewrite Rabs_pos_eq in Ha by lra. specialize (Ha ltac:(lra)).
  rewrite Rplus_0_l in Ha. apply Rabs_lt_between in Ha. specialize (Hk s ltac:(lra)).
  assert ((f s - f 0) / s <= k).
  { apply Rmult_le_reg_r with s; [assumption |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  lra.
Qed.

(** A quadratic polynomial that is nonpositive for positive arguments is so at 0. *)
Lemma quadratic_at_zero (a b c : R) : (forall t, 0 < t -> a + b * t + c * t ^ 2 <= 0) -> a <= 0.
Proof.
  intro H. apply Rnot_lt_le. intro Ha.
  assert (Hb := Rabs_pos b). assert (Hc := Rabs_pos c).
  set (t := Rmin 1 (a / (2 * (Rabs b + Rabs c + 1)))).
  assert (H0 : 0 < a / (2 * (Rabs b + Rabs c + 1))) by (apply Rdiv_lt_0_compat; lra).
  assert (H1 := Rmin_l 1 (a / (2 * (Rabs b + Rabs c + 1)))). assert (H2 := Rmin_r 1 (a / (2 * (Rabs b + Rabs c + 1)))).
  assert (H3 : 0 < t) by (apply Rmin_glb_lt; lra). fold t in H1, H2.
  specialize (H t H3).
  assert (H4 : t * (2 * (Rabs b + Rabs c + 1)) <= a).
  { apply Rle_trans with (a / (2 * (Rabs b + Rabs c + 1)) * (2 * (Rabs b + Rabs c + 1)));
      [apply Rmult_le_compat_r; lra | right; field; lra]. }
  assert (H5 : - Rabs b <= b) by (assert (H5 := RRle_abs (- b)); rewrite Rabs_Ropp in H5; lra).
  assert (H6 : - Rabs c <= c) by (assert (H6 := RRle_abs (- c)); rewrite Rabs_Ropp in H6; lra).
  assert (- Rabs b * t <= b * t) by (apply Rmult_le_compat_r; lra).
  assert (0 <= t ^ 2 <= t) by (split; nra).
  assert (- Rabs c * t <= c * t ^ 2) by nra.
  nra.
Qed.

Section Smoothness.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Hypothesis Hr : smooth_residual r J Jt hess.
Variables (w0 : E) (R0 lip ell : R).
Hypothesis HR : 0 < R0.
Hypothesis Hlip0 : 0 <= lip.
Hypothesis Hell0 : 0 <= ell.

(** ||J|| <= lip on the ball, and J is ell-Lipschitz there. *)
Hypothesis Hlip : forall x, hnorm (minus x w0) <= R0 -> forall v, hnorm (J x v) <= lip * hnorm v.
Hypothesis Hell : forall x y, hnorm (minus x w0) <= R0 -> hnorm (minus y w0) <= R0 ->
  forall v, hnorm (minus (J x v) (J y v)) <= ell * hnorm (minus x y) * hnorm v.

Let L := square_loss r.

Lemma hessian_inward (w v : E) (e : R) :
  0 < e -> (forall s, 0 <= s <= e -> hnorm (minus (line w v s) w0) <= R0) ->
  dot (hess w v) v <= (lip * lip + hnorm (r w) * ell) * hnorm v ^ 2.
Proof.
  intros He Hin.
  assert (Hv := hnorm_pos v). assert (Hrw := hnorm_pos (r w)).
  assert (Hw : hnorm (minus w w0) <= R0) by (rewrite <- (line_0 w v); apply Hin; lra).
  apply (derivative_le_right (fun s => dot (square_grad r Jt (line w v s)) v) _ _ e).
  - rewrite <- (line_0 w v) at 1. apply map_line_derivative. rewrite line_0. apply (residual_hessian _ _ _ _ Hr).
  - assumption.
  - intros s Hs. rewrite line_0. set (x := line w v s).
    assert (Hx : hnorm (minus x w0) <= R0) by (apply Hin; lra).
    assert (Hd : hnorm (minus x w) = s * hnorm v) by (unfold x; rewrite line_dist_0, Rabs_pos_eq; lra).
    assert (Hmv : hnorm (minus (r x) (r w)) <= s * (lip * hnorm v)).
    { apply (mean_value_segment r J w v s lip); [lra | apply (residual_derivative _ _ _ _ Hr) |].
      intros s' Hs'. apply Hlip. apply Hin. lra. }
    unfold square_grad.
    rewrite (dot_sym _ (Jt x _)), (dot_sym _ (Jt w _)), <- !(residual_transpose _ _ _ _ Hr).
    replace (dot (J x v) (r x) - dot (J w v) (r w))
      with (dot (J x v) (minus (r x) (r w)) + dot (minus (J x v) (J w v)) (r w)) by (dot_expand; ring).
    assert (H1 := dot_le (J x v) (minus (r x) (r w))).
    assert (H2 := dot_le (minus (J x v) (J w v)) (r w)).
    assert (H3 := Hlip x Hx v). assert (H4 := Hell x w Hx Hw v). rewrite Hd in H4.
    assert (H5 : hnorm (J x v) * hnorm (minus (r x) (r w)) <= lip * hnorm v * (s * (lip * hnorm v))).
    { apply Rmult_le_compat; try assumption; apply hnorm_pos. }
    assert (H6 : hnorm (minus (J x v) (J w v)) * hnorm (r w) <= ell * (s * hnorm v) * hnorm v * hnorm (r w)).
    { apply Rmult_le_compat_r; assumption. }
    lra.
Qed.

(** The lower bound: only the residual bends the loss down. *)
Lemma hessian_inward_lower (w v : E) (e : R) :
  0 < e -> (forall s, 0 <= s <= e -> hnorm (minus (line w v s) w0) <= R0) ->
  -1 * dot (hess w v) v <= hnorm (r w) * ell * hnorm v ^ 2.
Proof.
  intros He Hin.
  assert (Hv := hnorm_pos v). assert (Hrw := hnorm_pos (r w)).
  assert (Hw : hnorm (minus w w0) <= R0) by (rewrite <- (line_0 w v); apply Hin; lra).
  apply Rnot_lt_le. intro Hlt.
  set (z := -1 * dot (hess w v) v - hnorm (r w) * ell * hnorm v ^ 2).
  assert (Hz : 0 < z) by (unfold z; lra).
  (* errors of first order in the step: th from the derivative of r, the rest from J *)
  set (n := hnorm v + 1). assert (Hn : 0 < n) by (unfold n; lra).
  set (th := z / (4 * (lip + 1) * n ^ 2)).
  assert (Hn2 : 0 < n ^ 2) by (apply pow_lt; assumption).
  assert (Hn3 : 0 < n ^ 3) by (apply pow_lt; assumption).
  assert (Hden : 0 < 4 * (lip + 1) * n ^ 2) by (apply Rmult_lt_0_compat; lra).
  assert (Hth : 0 < th) by (apply Rdiv_lt_0_compat; lra).
  destruct (residual_derivative _ _ _ _ Hr w) as ((Hadd & Hsc & _) & Hder).
  destruct (Hder th Hth) as (d & Hd & H). clear Hder.
  assert (Hden2 : 0 < 4 * (lip + 1) * (ell + 1) * n ^ 3).
  { apply Rmult_lt_0_compat; [| assumption]. apply Rmult_lt_0_compat; lra. }
  set (e' := Rmin e (Rmin (d / n) (z / (4 * (lip + 1) * (ell + 1) * n ^ 3)))).
  assert (He' : 0 < e').
  { unfold e'. apply Rmin_glb_lt; [assumption |]. apply Rmin_glb_lt; apply Rdiv_lt_0_compat; assumption. }
  assert (He1 : e' <= e) by apply Rmin_l.
  assert (He2 : e' <= d / n) by (eapply Rle_trans; [apply Rmin_r | apply Rmin_l]).
  assert (He3 : e' <= z / (4 * (lip + 1) * (ell + 1) * n ^ 3)) by (eapply Rle_trans; [apply Rmin_r | apply Rmin_r]).
  assert (Hd1 : - dot (hess w v) v <= hnorm (r w) * ell * hnorm v ^ 2 + z / 2); [| unfold z in *; lra].
  apply (derivative_le_right (fun s => - dot (square_grad r Jt (line w v s)) v) _ _ e').
  { apply derivable_pt_lim_opp. rewrite <- (line_0 w v) at 1. apply map_line_derivative. rewrite line_0.
    apply (residual_hessian _ _ _ _ Hr). }
  { assumption. }
  intros s Hs. rewrite line_0. set (x := line w v s).
  assert (Hx : hnorm (minus x w0) <= R0) by (apply Hin; lra).
  assert (Hdist : hnorm (minus x w) = s * hnorm v) by (unfold x; rewrite line_dist_0, Rabs_pos_eq; lra).
  assert (Hsn : s * n <= d).
  { apply Rle_trans with (d / n * n); [apply Rmult_le_compat_r; lra | right; field; lra]. }
  assert (Hsv : hnorm (scal s v) = s * hnorm v) by (rewrite hnorm_scal, Rabs_pos_eq; lra).
  assert (Hrho := H (scal s v)). rewrite Hsv in Hrho.
  assert (Hsvd : s * hnorm v <= d) by (unfold n in Hsn; lra). specialize (Hrho Hsvd).
  fold (line w v s) in Hrho. fold x in Hrho. rewrite Hsc in Hrho.
  set (rho := minus _ _) in Hrho.
  set (a := J w v) in *. set (tau := minus (J x v) a).
  assert (Htau : hnorm tau <= ell * (s * hnorm v) * hnorm v).
  { unfold tau, a. rewrite <- Hdist. apply Hell; assumption. }
  assert (HJx := Hlip x Hx v). assert (Ha := Hlip w Hw v). fold a in Ha.
  unfold square_grad.
  rewrite (dot_sym _ (Jt x _)), (dot_sym _ (Jt w _)), <- !(residual_transpose _ _ _ _ Hr). fold a.
  replace (- dot (J x v) (r x) - - dot a (r w))
    with (- (s * dot a a) - s * dot a tau - dot rho (J x v) - dot tau (r w)).
  2: { unfold rho, tau. dot_expand. rewrite (dot_sym _ a (J x v)), (dot_sym _ (r x) (J x v)), (dot_sym _ (r w) (J x v)).
       ring. }
  assert (B1 : 0 <= s * dot a a) by (apply Rmult_le_pos; [lra | apply dot_pos]).
  assert (Hvn : hnorm v <= n) by (unfold n; lra).
  assert (Ht0 := hnorm_pos tau). assert (Ha0 := hnorm_pos a). assert (Hr0 := hnorm_pos rho).
  (* s <a, tau> is of second order *)
  assert (B2 : - (s * dot a tau) <= s * (z / 4)).
  { assert (C1 := dot_abs_le a tau). apply Rabs_le_between in C1.
    assert (C2 : hnorm a * hnorm tau <= (lip + 1) * n * ((ell + 1) * (s * n) * n)).
    { apply Rmult_le_compat; [assumption | assumption | |].
      - eapply Rle_trans; [apply Ha |]. apply Rmult_le_compat; lra.
      - eapply Rle_trans; [apply Htau |].
        apply Rmult_le_compat; [| assumption | | assumption].
        + apply Rmult_le_pos; [assumption | apply Rmult_le_pos; lra].
        + apply Rmult_le_compat; [assumption | apply Rmult_le_pos; lra | lra | apply Rmult_le_compat_l; lra]. }
    assert (C3 : s * (4 * (lip + 1) * (ell + 1) * n ^ 3) <= z).
    { apply Rle_trans with (z / (4 * (lip + 1) * (ell + 1) * n ^ 3) * (4 * (lip + 1) * (ell + 1) * n ^ 3));
        [apply Rmult_le_compat_r; lra | right; field; lra]. }
    assert (C4 : hnorm a * hnorm tau <= z / 4).
    { eapply Rle_trans; [apply C2 |].
      replace ((lip + 1) * n * ((ell + 1) * (s * n) * n)) with (s * (4 * (lip + 1) * (ell + 1) * n ^ 3) / 4) by field. lra. }
    replace (- (s * dot a tau)) with (s * - dot a tau) by ring. apply Rmult_le_compat_l; lra. }
  assert (B3 : - dot rho (J x v) <= s * (z / 4)).
  { assert (C1 := dot_abs_le rho (J x v)). apply Rabs_le_between in C1.
    assert (C2 : hnorm rho * hnorm (J x v) <= th * (s * n) * ((lip + 1) * n)).
    { apply Rmult_le_compat; [assumption | apply hnorm_pos | |].
      - eapply Rle_trans; [apply Hrho |]. apply Rmult_le_compat_l; [lra |]. apply Rmult_le_compat_l; lra.
      - eapply Rle_trans; [apply HJx |]. apply Rmult_le_compat; lra. }
    replace (th * (s * n) * ((lip + 1) * n)) with (s * (z / 4)) in C2 by (unfold th; field; lra). lra. }
  assert (B4 : - dot tau (r w) <= ell * (s * hnorm v) * hnorm v * hnorm (r w)).
  { assert (C1 := dot_abs_le tau (r w)). apply Rabs_le_between in C1.
    assert (hnorm tau * hnorm (r w) <= ell * (s * hnorm v) * hnorm v * hnorm (r w)) by (apply Rmult_le_compat_r; assumption).
    lra. }
  lra.
Qed.

(** The square of the distance to the centre along a line. *)
Lemma line_dist_sqr (w v : E) (s : R) :
  hnorm (minus (line w v s) w0) ^ 2
  = hnorm (minus w w0) ^ 2 + 2 * s * dot v (minus w w0) + s ^ 2 * hnorm v ^ 2.
Proof.
  rewrite !hnorm_sqr. unfold line. dot_expand.
  rewrite (dot_sym _ w v), (dot_sym _ w0 v), (dot_sym _ w0 w). ring.
Qed.

(** From the directions along which a little way stays in the ball to all directions, for the form [sg * Hess]. *)
Lemma all_directions (w : E) (sg B : R) :
  hnorm (minus w w0) <= R0 ->
  (forall v e, 0 < e -> (forall s, 0 <= s <= e -> hnorm (minus (line w v s) w0) <= R0) ->
     sg * dot (hess w v) v <= B * hnorm v ^ 2) ->
  forall v, sg * dot (hess w v) v <= B * hnorm v ^ 2.
Proof.
  intros Hw Hin v.
  destruct (residual_hessian _ _ _ _ Hr w) as ((Hadd & Hsc & _) & _).
  destruct (Req_dec (hnorm (minus w w0)) 0) as [Ez | Ez].
  { (* at the centre every direction points inward *)
    apply (Hin v (R0 / (hnorm v + 1))).
    - assert (Hv := hnorm_pos v). apply Rdiv_lt_0_compat; lra.
    - intros s Hs. assert (Hv := hnorm_pos v).
      assert (H1 : s * (hnorm v + 1) <= R0).
      { apply Rle_trans with (R0 / (hnorm v + 1) * (hnorm v + 1)); [apply Rmult_le_compat_r; lra | right; field; lra]. }
      assert (H2 := hnorm_minus_triangle (line w v s) w w0). rewrite line_dist_0, Rabs_pos_eq in H2 by lra. lra. }
  set (u := minus w w0) in *.
  assert (Hu : 0 < dot u u).
  { rewrite <- hnorm_sqr. assert (H := hnorm_pos u). apply pow_lt. lra. }
  (* strictly inward directions *)
  assert (Hstrict : forall z, dot z u < 0 -> sg * dot (hess w z) z <= B * hnorm z ^ 2).
  { intros z Hz. set (p := dot z u) in *.
    assert (Hn := pow2_ge_0 (hnorm z)).
    apply (Hin z (- p / (hnorm z ^ 2 + 1))).
    - apply Rdiv_lt_0_compat; lra.
    - intros s Hs.
      assert (H1 : s * (hnorm z ^ 2 + 1) <= - p).
      { apply Rle_trans with (- p / (hnorm z ^ 2 + 1) * (hnorm z ^ 2 + 1));
          [apply Rmult_le_compat_r; lra | right; field; lra]. }
      assert (H2 := line_dist_sqr w z s). fold u p in H2.
      assert (Hw0 := hnorm_pos u). assert (Hl := hnorm_pos (minus (line w z s) w0)).
      assert (H3 : 2 * s * p + s ^ 2 * hnorm z ^ 2 <= 0).
      { replace (2 * s * p + s ^ 2 * hnorm z ^ 2) with (s * (2 * p + s * hnorm z ^ 2)) by ring.
        assert (2 * p + s * hnorm z ^ 2 <= 0) by nra. nra. }
      apply Rnot_lt_le. intro. nra. }
  (* tangential ones as limits of inward ones *)
  assert (Hmain : forall z, dot z u <= 0 -> sg * dot (hess w z) z <= B * hnorm z ^ 2).
  { intros z Hz.
    apply Rminus_le. apply (quadratic_at_zero _
      (- (sg * (dot (hess w z) u + dot (hess w u) z) - 2 * B * dot z u)) (sg * dot (hess w u) u - B * dot u u)).
    intros t Ht.
    assert (H := Hstrict (plus z (scal (- t) u))).
    rewrite hnorm_sqr, Hadd, Hsc in H. revert H. dot_expand. intro H.
    rewrite hnorm_sqr. rewrite (dot_sym _ u z) in H.
    assert (dot z u + - t * dot u u < 0) by nra. specialize (H ltac:(assumption)). lra. }
  (* outward ones by symmetry of the quadratic form *)
  destruct (Rle_lt_dec (dot v u) 0) as [Hv | Hv]; [apply Hmain; assumption |].
  assert (H := Hmain (scal (-1) v)). rewrite Hsc, hnorm_sqr in H. revert H. dot_expand. intro H.
  rewrite hnorm_sqr. specialize (H ltac:(lra)). lra.
Qed.

(** Both bounds, in all directions, at every point of the closed ball. *)
Lemma hessian_bound (w v : E) :
  hnorm (minus w w0) <= R0 ->
  dot (hess w v) v <= (lip * lip + hnorm (r w) * ell) * hnorm v ^ 2.
Proof.
  intro Hw. rewrite <- (Rmult_1_l (dot (hess w v) v)).
  apply all_directions; [assumption |]. intros z e He Hin. rewrite Rmult_1_l.
  apply (hessian_inward w z e); assumption.
Qed.

Lemma hessian_bound_lower (w v : E) :
  hnorm (minus w w0) <= R0 ->
  - (hnorm (r w) * ell) * hnorm v ^ 2 <= dot (hess w v) v.
Proof.
  intro Hw.
  assert (H := all_directions w (-1) (hnorm (r w) * ell) Hw (hessian_inward_lower w) v). lra.
Qed.

(** lambda_max (Hess L) <= L_F^2 + |r_0| ell on S. *)
Theorem smoothness_bound : hessian_at_most hess (smoothness (hnorm (r w0)) lip ell) (region L w0 R0).
Proof.
  intros w [Hw HLw] v.
  eapply Rle_trans; [apply hessian_bound; assumption |].
  apply Rmult_le_compat_r; [apply pow2_ge_0 |]. unfold smoothness.
  assert (H1 := hnorm_pos (r w)). assert (H2 := hnorm_pos (r w0)).
  assert (hnorm (r w) <= hnorm (r w0)).
  { unfold L, square_loss in HLw. apply Rnot_lt_le. intro. nra. }
  assert (hnorm (r w) * ell <= hnorm (r w0) * ell) by (apply Rmult_le_compat_r; assumption). lra.
Qed.

End Smoothness.
