(** * The derivative of the clipped step x - eta gamma g / |g|

    It is I - s Q H with Q the projection orthogonal to g and s = eta gamma / |g|; in the splitting along g and across it
    this is bounded by the norm of the 2 x 2 matrix ((1, 0), (v, al)). *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Claims Steps Space Smooth Symmetry.
Open Scope R_scope.

(** The square of the norm of a differentiable map along a line. *)
Lemma norm_sqr_line_derivative {E F : Hilbert} (f : E -> F) (A : E -> F) (w v : E) (s : R) :
  has_derivative f (line w v s) A ->
  derivable_pt_lim (fun s => dot (f (line w v s)) (f (line w v s))) s (2 * dot (A v) (f (line w v s))).
Proof.
  intro Hf. set (y := f (line w v s)).
  assert (D1 := map_line_derivative f A w v y s Hf).
  (* <f, f> = 2 <f, y> - <y, y> + |f - y|^2, and the last term is of second order *)
  assert (D2 : derivable_pt_lim (fun t => hnorm (minus (f (line w v t)) y) ^ 2) s 0).
  { destruct Hf as ((_ & Hsc & C & HC) & Hder).
    destruct (Hder 1 Rlt_0_1) as (d & Hd & H). clear Hder.
    assert (Hv := hnorm_pos v). set (M := (Rabs C + 1) * (hnorm v + 1)).
    assert (HM : 0 < M) by (unfold M; apply Rmult_lt_0_compat; [assert (Hc := Rabs_pos C) |]; lra).
    intros e He.
    assert (Hm : 0 < Rmin (d / (hnorm v + 1)) (e / (2 * M ^ 2))).
    { apply Rmin_glb_lt; apply Rdiv_lt_0_compat; try lra.
      assert (0 < M ^ 2) by (apply pow_lt; assumption). lra. }
    exists (mkposreal _ Hm). intros h Hh Hhd.
    change (Rabs h < Rmin (d / (hnorm v + 1)) (e / (2 * M ^ 2))) in Hhd.
    assert (H1 := Rmin_l (d / (hnorm v + 1)) (e / (2 * M ^ 2))). assert (H2 := Rmin_r (d / (hnorm v + 1)) (e / (2 * M ^ 2))).
    assert (Hh0 : 0 < Rabs h) by (apply Rabs_pos_lt; assumption).
    assert (Hsv : hnorm (scal h v) <= d).
    { rewrite hnorm_scal. apply Rle_trans with (d / (hnorm v + 1) * (hnorm v + 1)); [| right; field; lra].
      apply Rmult_le_compat; lra. }
    assert (Hfv := H (scal h v) Hsv). rewrite <- line_shift in Hfv. fold y in Hfv.
    set (k := minus (f (line w v (s + h))) y) in *.
    assert (Hk : hnorm k <= Rabs h * M).
    { assert (Ek : k = plus (minus k (A (scal h v))) (A (scal h v))) by (apply dot_ext; intro; dot_expand; ring).
      rewrite Ek. eapply Rle_trans; [apply hnorm_triangle |].
      assert (HCv := HC (scal h v)). rewrite hnorm_scal in HCv, Hfv.
      assert (HCa := RRle_abs C). assert (Hca := Rabs_pos C).
      assert (0 <= Rabs h * hnorm v) by (apply Rmult_le_pos; lra).
      assert (C * (Rabs h * hnorm v) <= Rabs C * (Rabs h * hnorm v)) by (apply Rmult_le_compat_r; assumption).
      assert ((Rabs C + 1) * (Rabs h * hnorm v) <= (Rabs C + 1) * (Rabs h * (hnorm v + 1))).
      { apply Rmult_le_compat_l; [lra |]. apply Rmult_le_compat_l; lra. }
      unfold M. lra. }
    assert (Ey : hnorm (minus (f (line w v s)) y) ^ 2 = 0) by (fold y; rewrite hnorm_minus_diag; ring).
    rewrite Ey, !Rminus_0_r, Rabs_div by assumption.
    assert (Hk0 := hnorm_pos k).
    rewrite (Rabs_pos_eq (hnorm k ^ 2)) by apply pow2_ge_0.
    assert (Hk2 : hnorm k ^ 2 <= (Rabs h * M) ^ 2) by (apply pow_incr; lra).
    apply Rmult_lt_reg_r with (Rabs h); [assumption |].
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    assert (0 < M ^ 2) by (apply pow_lt; assumption).
    assert (Hhe : Rabs h * (2 * M ^ 2) < e).
    { apply Rlt_le_trans with (e / (2 * M ^ 2) * (2 * M ^ 2)); [apply Rmult_lt_compat_r; lra | right; field; lra]. }
    apply Rle_lt_trans with (Rabs h * (Rabs h * M ^ 2)); [replace (Rabs h * (Rabs h * M ^ 2)) with ((Rabs h * M) ^ 2) by ring; assumption |].
    rewrite (Rmult_comm e). apply Rmult_lt_compat_l; [assumption |]. nra. }
  assert (D3 := derivable_pt_lim_plus _ _ _ _ _
    (derivable_pt_lim_minus _ _ _ _ _ (derivable_pt_lim_scal _ 2 _ _ D1) (derivable_pt_lim_const (dot y y) s)) D2).
  apply is_derive_Reals in D3. apply is_derive_Reals.
  replace (2 * dot (A v) y) with (2 * dot (A v) y - 0 + 0) by ring.
  eapply is_derive_ext; [| apply D3].
  intro t. cbv beta. unfold plus_fct, minus_fct, mult_real_fct, fct_cte. rewrite hnorm_sqr. dot_expand.
  rewrite (dot_sym _ y (f (line w v t))).
  match goal with |- ?a = ?b => change (@eq R a b) end. ring.
Qed.

(** ((1, 0), (v, al)) applied to (p, q). *)
Lemma block_norm_bound (v al p q : R) :
  0 <= v -> 1 <= al -> p ^ 2 + (al * q + v * p) ^ 2 <= block_norm v al ^ 2 * (p ^ 2 + q ^ 2).
Proof.
  intros [Hv | <-] Hal.
  - destruct (claim_block_norm al v p q Hv ltac:(lra)) as [H _]. lra.
  - assert (En : block_norm 0 al = al).
    { unfold block_norm. rewrite !Rmult_0_l, !Rplus_0_l, !sqrt_pow2 by lra. field. }
    rewrite En. assert (Hp := pow2_ge_0 p). assert (1 <= al ^ 2) by nra. nra.
Qed.

Section Band.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Hypothesis HL : smooth_loss L grad hess.

(** The derivative of the clipped step in the direction [v], with [g] the gradient and [Hv] the Hessian's image. *)
Definition band_derivative (k : R) (g v Hv : E) : E :=
  minus v (scal (k / hnorm g) (minus Hv (scal (dot g Hv / hnorm g ^ 2) g))).

(** Its bound, for a Hessian with spectrum in [- nu, beta]. *)
Lemma band_derivative_bound (x v : E) (k s beta nu : R) :
  (forall z, - nu * hnorm z ^ 2 <= dot (hess x z) z <= beta * hnorm z ^ 2) ->
  0 <= nu -> 0 <= beta -> 0 < hnorm (grad x) -> 0 < k / hnorm (grad x) <= s ->
  hnorm (band_derivative k (grad x) v (hess x v)) <= expansion_band s beta nu * hnorm v.
Proof.
  intros Hq Hlo Hhi Hg Hs.
  destruct (loss_hessian _ _ _ HL x) as ((Hadd & Hsc & _) & _).
  set (g := grad x) in *. set (n := hnorm g) in *. set (s' := k / n) in *.
  set (al := Rmax (expansion_constant s beta nu) 1). set (vv := s * (beta + nu) / 2).
  assert (Hvv : 0 <= vv) by (unfold vv; assert (0 <= s * (beta + nu)) by (apply Rmult_le_pos; lra); lra).
  assert (Hal : 1 <= al) by apply Rmax_r.
  assert (Hal1 : 1 + s * nu <= al) by (eapply Rle_trans; [| apply Rmax_l]; apply Rmax_l).
  assert (Hal2 : s * beta - 1 <= al) by (eapply Rle_trans; [| apply Rmax_l]; apply Rmax_r).
  set (La := expansion_band s beta nu).
  assert (ELa : La = block_norm vv al) by reflexivity.
  assert (HLa : 0 <= La).
  { rewrite ELa. unfold block_norm. assert (H1 := sqrt_pos (vv * vv + (al + 1) ^ 2)).
    assert (H2 := sqrt_pos (vv * vv + (al - 1) ^ 2)). lra. }
  (* the unit vector along the gradient, and the splitting of v *)
  set (u := scal (/ n) g).
  assert (Hu2 : dot u u = 1).
  { unfold u. dot_expand. rewrite <- hnorm_sqr. fold n. field. lra. }
  assert (Hu : hnorm u = 1) by (unfold hnorm; rewrite Hu2; apply sqrt_1).
  set (P := fun z => minus z (scal (dot u z) u)).
  assert (HPu : forall z, dot u (P z) = 0) by (intro z; unfold P; dot_expand; rewrite Hu2; ring).
  assert (HPn : forall z, hnorm (P z) <= hnorm z).
  { intro z. assert (Hz : hnorm z ^ 2 = dot u z ^ 2 + hnorm (P z) ^ 2).
    { rewrite !hnorm_sqr. unfold P. dot_expand. rewrite Hu2, (dot_sym _ z u). ring. }
    assert (H1 := hnorm_pos z). assert (H2 := hnorm_pos (P z)). assert (H3 := pow2_ge_0 (dot u z)).
    apply Rnot_lt_le. intro. nra. }
  set (p := dot u v). set (qv := P v).
  assert (Hv2 : hnorm v ^ 2 = p ^ 2 + hnorm qv ^ 2).
  { rewrite !hnorm_sqr. unfold qv, P. fold p. dot_expand. rewrite Hu2, (dot_sym _ v u). fold p. ring. }
  set (y1 := P (minus qv (scal s' (hess x qv)))).
  set (y2 := scal (s' * p) (P (hess x u))).
  assert (Ev : v = plus (scal p u) qv) by (unfold qv, P; fold p; apply dot_ext; intro; dot_expand; ring).
  assert (Hug : forall z, scal (dot g z / n ^ 2) g = scal (dot u z) u).
  { intro z. unfold u. apply dot_ext. intro. dot_expand. field. lra. }
  assert (EA : band_derivative k g v (hess x v) = plus (scal p u) (minus y1 y2)).
  { unfold band_derivative. fold n s'. rewrite Hug.
    assert (EH : hess x v = plus (scal p (hess x u)) (hess x qv)).
    { rewrite <- Hsc, <- Hadd. f_equal. assumption. }
    rewrite EH. rewrite Ev at 1. unfold y1, y2. unfold P at 1 2.
    assert (Hz := HPu v). fold qv in Hz.
    apply dot_ext. intro z. dot_expand. rewrite Hz. ring. }
  rewrite EA.
  assert (B1 : hnorm y1 <= al * hnorm qv).
  { eapply Rle_trans; [apply HPn |].
    apply (gradient_step_bound HL x qv s' al nu beta); [assumption | lra | |].
    - assert (s' * nu <= s * nu) by (apply Rmult_le_compat_r; lra). lra.
    - assert (s' * beta <= s * beta) by (apply Rmult_le_compat_r; lra). lra. }
  assert (B2 : hnorm y2 <= vv * Rabs p).
  { unfold y2. rewrite hnorm_scal, Rabs_mult, (Rabs_pos_eq s') by lra.
    assert (EP : P (hess x u) = P (minus (hess x u) (scal ((beta - nu) / 2) u))).
    { unfold P. apply dot_ext. intro z. dot_expand. rewrite Hu2. ring. }
    assert (B3 : hnorm (P (hess x u)) <= (beta + nu) / 2).
    { rewrite EP. eapply Rle_trans; [apply HPn |].
      eapply Rle_trans; [apply (hessian_centred_bound HL x u nu beta Hq) |]. rewrite Hu. lra. }
    assert (Hp := Rabs_pos p). assert (H0 := hnorm_pos (P (hess x u))).
    assert (s' * hnorm (P (hess x u)) <= s * ((beta + nu) / 2)) by (apply Rmult_le_compat; lra).
    replace (s' * Rabs p * hnorm (P (hess x u))) with (s' * hnorm (P (hess x u)) * Rabs p) by ring.
    unfold vv. replace (s * (beta + nu) / 2) with (s * ((beta + nu) / 2)) by field.
    apply Rmult_le_compat_r; assumption. }
  assert (By : hnorm (minus y1 y2) <= al * hnorm qv + vv * Rabs p).
  { unfold minus. eapply Rle_trans; [apply hnorm_triangle |]. rewrite hnorm_opp. lra. }
  assert (Hperp : dot u (minus y1 y2) = 0).
  { unfold y1, y2. rewrite dot_minus_r, dot_scal_r, !HPu. ring. }
  assert (Hsum : hnorm (plus (scal p u) (minus y1 y2)) ^ 2 = p ^ 2 + hnorm (minus y1 y2) ^ 2).
  { set (yy := minus y1 y2) in *. rewrite !hnorm_sqr.
    rewrite dot_plus_l, !dot_plus_r, !dot_scal_l, !dot_scal_r, (dot_sym _ yy u), Hperp, Hu2. ring. }
  assert (Hy0 := hnorm_pos (minus y1 y2)). assert (Hq0 := hnorm_pos qv). assert (Hv0 := hnorm_pos v).
  assert (H22 := block_norm_bound vv al (Rabs p) (hnorm qv) Hvv Hal).
  rewrite pow2_abs, <- Hv2, <- ELa in H22.
  assert (Hyy : hnorm (minus y1 y2) ^ 2 <= (al * hnorm qv + vv * Rabs p) ^ 2) by (apply pow_incr; lra).
  assert (Hfin : hnorm (plus (scal p u) (minus y1 y2)) ^ 2 <= (La * hnorm v) ^ 2).
  { rewrite Hsum. replace ((La * hnorm v) ^ 2) with (La ^ 2 * hnorm v ^ 2) by ring. lra. }
  assert (H0 := hnorm_pos (plus (scal p u) (minus y1 y2))).
  assert (0 <= La * hnorm v) by (apply Rmult_le_pos; lra).
  apply Rnot_lt_le. intro. nra.
Qed.

(** The clipped step along a line, seen from [u]. *)
Lemma band_line_derivative (c v u : E) (k t : R) :
  0 < hnorm (grad (line c v t)) ->
  derivable_pt_lim
    (fun t => dot (line c v t) u
              - k * (dot (grad (line c v t)) u / sqrt (dot (grad (line c v t)) (grad (line c v t))))) t
    (dot (band_derivative k (grad (line c v t)) v (hess (line c v t) v)) u).
Proof.
  intro Hg. set (x := line c v t) in *. set (g := grad x) in *. set (n := hnorm g) in *.
  assert (Hder := loss_hessian _ _ _ HL x).
  assert (Hn2 : dot g g = n * n) by (rewrite <- hnorm_sqr; fold n; ring).
  assert (Da := map_line_derivative grad (hess x) c v u t Hder).
  assert (Db := norm_sqr_line_derivative grad (hess x) c v t Hder). fold x g in Db.
  assert (Hpos : 0 < dot (grad (line c v t)) (grad (line c v t))).
  { fold x g. rewrite Hn2. apply Rmult_lt_0_compat; assumption. }
  assert (Ds := derivable_pt_lim_comp _ sqrt t _ _ Db (derivable_pt_lim_sqrt _ Hpos)).
  assert (Hsq : sqrt (dot g g) = n) by reflexivity.
  assert (Hne : comp sqrt (fun s => dot (grad (line c v s)) (grad (line c v s))) t <> 0).
  { unfold comp. fold x g. rewrite Hsq. lra. }
  assert (Dq := derivable_pt_lim_div _ _ t _ _ Da Ds Hne).
  assert (Dl : derivable_pt_lim (fun t => dot (line c v t) u) t (dot v u)).
  { apply is_derive_Reals. apply (is_derive_ext (fun t => dot c u + t * dot v u)).
    - intro s. unfold line. rewrite dot_plus_l, dot_scal_l. reflexivity.
    - auto_derive; try exact I; ring. }
  assert (D := derivable_pt_lim_minus _ _ _ _ _ Dl (derivable_pt_lim_scal _ k _ _ Dq)).
  apply is_derive_Reals in D. apply is_derive_Reals.
  match type of D with is_derive _ _ ?d =>
    replace (dot (band_derivative k g v (hess x v)) u) with d; [exact D |] end.
  unfold comp. fold x g. rewrite Hsq. unfold band_derivative. fold n. dot_expand.
  rewrite (dot_sym _ (hess x v) g). unfold Rsqr. field. lra.
Qed.

End Band.
