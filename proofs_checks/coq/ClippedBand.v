(** * The expansion of the clipped step x - eta gamma g / |g|

    Where gamma <= |g| <= gamma/delta the step has constant length.  Its derivative is I - s Q H with Q the projection
    orthogonal to g and s = eta gamma / |g|; in the splitting along g and across it this is bounded by the norm of
    a 2 x 2 matrix with entries 1 + s kappa and s (beta + kappa)/2. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs SquareLoss Smoothness Symmetry TheoremD.
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

(** The norm of the 2 x 2 matrix. *)
Lemma two_by_two (p q al v La : R) :
  0 <= p -> 0 <= q -> 1 <= al -> 0 <= v -> 0 < La -> La ^ 2 = v * La + al ^ 2 ->
  p ^ 2 + (al * q + v * p) ^ 2 <= La ^ 2 * (p ^ 2 + q ^ 2).
Proof.
  intros Hp Hq Hal Hv HLa E.
  (* the difference, with al^2 p^2 for p^2, is v ((La - v) p^2 - 2 al p q + La q^2), a square *)
  assert (Hp2 : p ^ 2 <= al ^ 2 * p ^ 2).
  { assert (0 <= p ^ 2) by apply pow2_ge_0. assert (1 <= al ^ 2) by nra. nra. }
  assert (Hsq : 0 <= v * ((La - v) * p ^ 2 - 2 * al * p * q + La * q ^ 2)).
  { apply Rmult_le_pos; [assumption |].
    assert (Heq : La * ((La - v) * p ^ 2 - 2 * al * p * q + La * q ^ 2) = (al * p - La * q) ^ 2).
    { replace (La * ((La - v) * p ^ 2 - 2 * al * p * q + La * q ^ 2))
        with ((La ^ 2 - v * La) * p ^ 2 - 2 * al * La * p * q + La ^ 2 * q ^ 2) by ring.
      rewrite E. ring_simplify. rewrite E. ring. }
    assert (0 <= (al * p - La * q) ^ 2) by apply pow2_ge_0.
    apply Rnot_lt_le. intro. nra. }
  rewrite E.
  assert (Hd : (v * La + al ^ 2) * (p ^ 2 + q ^ 2) - (al ^ 2 * p ^ 2 + (al * q + v * p) ^ 2)
               = v * ((La - v) * p ^ 2 - 2 * al * p * q + La * q ^ 2)) by ring.
  lra.
Qed.

Section Band.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Hypothesis Hr : smooth_residual r J Jt hess.
Let grad := square_grad r Jt.
Let HL := square_smooth Hr.

(** The derivative of the clipped step in the direction [v], with [g] the gradient and [Hv] the Hessian's image. *)
Definition band_derivative (k : R) (g v Hv : E) : E :=
  minus v (scal (k / hnorm g) (minus Hv (scal (dot g Hv / hnorm g ^ 2) g))).

(** Its bound. *)
Lemma band_derivative_bound (x v : E) (k s lo hi : R) :
  (forall z, - lo * hnorm z ^ 2 <= dot (hess x z) z <= hi * hnorm z ^ 2) ->
  0 <= lo -> 0 <= hi -> 0 < hnorm (grad x) -> 0 <= k / hnorm (grad x) <= s -> s * hi <= 2 ->
  hnorm (band_derivative k (grad x) v (hess x v))
  <= (s * (hi + lo) / 2 + sqrt ((s * (hi + lo) / 2) ^ 2 + 4 * (1 + s * lo) ^ 2)) / 2 * hnorm v.
Proof.
  intros Hq Hlo Hhi Hg Hs Hshi.
  destruct (loss_hessian _ _ _ HL x) as ((Hadd & Hsc & _) & _).
  set (g := grad x) in *. set (n := hnorm g) in *. set (s' := k / n) in *.
  set (al := 1 + s * lo). set (vv := s * (hi + lo) / 2).
  assert (Hslo : 0 <= s * lo) by (apply Rmult_le_pos; lra).
  assert (Hvv : 0 <= vv) by (unfold vv; assert (0 <= s * (hi + lo)) by (apply Rmult_le_pos; lra); lra).
  assert (Hal : 1 <= al) by (unfold al; lra).
  set (La := (vv + sqrt (vv ^ 2 + 4 * al ^ 2)) / 2).
  assert (Hrad : 0 < vv ^ 2 + 4 * al ^ 2) by (assert (H1 := pow2_ge_0 vv); assert (1 <= al ^ 2) by nra; lra).
  assert (Hsr := sqrt_lt_R0 _ Hrad). assert (Hsr2 := sqrt_sqrt _ (Rlt_le _ _ Hrad)).
  assert (HLa : 0 < La) by (unfold La; lra).
  assert (ELa : La ^ 2 = vv * La + al ^ 2) by (unfold La; nra).
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
    apply (gradient_step_bound HL x qv s' al lo hi); [assumption | lra | |].
    - unfold al. assert (s' * lo <= s * lo) by (apply Rmult_le_compat_r; lra). lra.
    - assert (s' * hi <= s * hi) by (apply Rmult_le_compat_r; lra). lra. }
  assert (B2 : hnorm y2 <= vv * Rabs p).
  { unfold y2. rewrite hnorm_scal, Rabs_mult, (Rabs_pos_eq s') by lra.
    assert (EP : P (hess x u) = P (minus (hess x u) (scal ((hi - lo) / 2) u))).
    { unfold P. apply dot_ext. intro z. dot_expand. rewrite Hu2. ring. }
    assert (B3 : hnorm (P (hess x u)) <= (hi + lo) / 2).
    { rewrite EP. eapply Rle_trans; [apply HPn |].
      eapply Rle_trans; [apply (hessian_centred_bound HL x u lo hi Hq) |]. rewrite Hu. lra. }
    assert (Hp := Rabs_pos p). assert (H0 := hnorm_pos (P (hess x u))).
    assert (s' * hnorm (P (hess x u)) <= s * ((hi + lo) / 2)) by (apply Rmult_le_compat; lra).
    replace (s' * Rabs p * hnorm (P (hess x u))) with (s' * hnorm (P (hess x u)) * Rabs p) by ring.
    unfold vv. replace (s * (hi + lo) / 2) with (s * ((hi + lo) / 2)) by field.
    apply Rmult_le_compat_r; assumption. }
  assert (By : hnorm (minus y1 y2) <= al * hnorm qv + vv * Rabs p).
  { unfold minus. eapply Rle_trans; [apply hnorm_triangle |]. rewrite hnorm_opp. lra. }
  assert (Hperp : dot u (minus y1 y2) = 0).
  { unfold y1, y2. rewrite dot_minus_r, dot_scal_r, !HPu. ring. }
  assert (Hsum : hnorm (plus (scal p u) (minus y1 y2)) ^ 2 = p ^ 2 + hnorm (minus y1 y2) ^ 2).
  { set (yy := minus y1 y2) in *. rewrite !hnorm_sqr.
    rewrite dot_plus_l, !dot_plus_r, !dot_scal_l, !dot_scal_r, (dot_sym _ yy u), Hperp, Hu2. ring. }
  assert (Hy0 := hnorm_pos (minus y1 y2)). assert (Hq0 := hnorm_pos qv). assert (Hv0 := hnorm_pos v).
  assert (H22 := two_by_two (Rabs p) (hnorm qv) al vv La (Rabs_pos p) Hq0 Hal Hvv HLa ELa).
  rewrite pow2_abs in H22. rewrite <- Hv2 in H22.
  assert (Hyy : hnorm (minus y1 y2) ^ 2 <= (al * hnorm qv + vv * Rabs p) ^ 2) by (apply pow_incr; lra).
  assert (Hfin : hnorm (plus (scal p u) (minus y1 y2)) ^ 2 <= (La * hnorm v) ^ 2).
  { rewrite Hsum. replace ((La * hnorm v) ^ 2) with (La ^ 2 * hnorm v ^ 2) by ring. lra. }
  assert (H0 := hnorm_pos (plus (scal p u) (minus y1 y2))).
  assert (0 <= La * hnorm v) by (apply Rmult_le_pos; lra).
  fold vv al La. apply Rnot_lt_le. intro. nra.
Qed.

Variables (eta gamma delta : R).

(** In the band the step is eta gamma / |g|. *)
Lemma step_band g :
  0 < delta -> 0 < gamma -> gamma <= g <= gamma / delta -> gclip_step eta gamma delta g = eta * (gamma / g).
Proof.
  intros Hd Hgam [H1 H2]. unfold gclip_step, step_size.
  destruct (Req_EM_T g 0) as [E0 | _]; [lra |].
  assert (Hg : 0 < g) by lra.
  assert (delta <= gamma / g).
  { apply Rmult_le_reg_r with g; [assumption |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    assert (delta * g <= delta * (gamma / delta)) by (apply Rmult_le_compat_l; lra).
    replace (delta * (gamma / delta)) with gamma in H by (field; lra). assumption. }
  assert (gamma / g <= 1).
  { apply Rmult_le_reg_r with g; [assumption |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  rewrite Rmax_right, Rmin_right by assumption. reflexivity.
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
  assert (Hder := residual_hessian _ _ _ _ Hr x). fold grad in Hder.
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

(** The expansion of the clipped step over the ball of radius [e] about [c], with s = eta gamma / min |g| <= 2/beta. *)
Theorem clipped_band_expansion (c : E) (e gmin lip ell rbar beta : R) :
  let s := eta * gamma / gmin in
  let v := s * (beta + rbar * ell) / 2 in
  let al := 1 + s * (rbar * ell) in
  0 <= e -> 0 <= lip -> 0 <= ell -> 0 < beta -> 0 < eta -> 0 < gamma -> 0 < delta -> 0 < gmin -> s <= 2 / beta ->
  (forall x, hnorm (minus x c) <= e -> gmin <= hnorm (grad x)) ->
  (forall x, hnorm (minus x c) <= e -> gamma <= hnorm (grad x) <= gamma / delta) ->
  (forall x, hnorm (minus x c) <= e -> forall z, hnorm (J x z) <= lip * hnorm z) ->
  (forall x y, hnorm (minus x c) <= e -> hnorm (minus y c) <= e ->
     forall z, hnorm (minus (J x z) (J y z)) <= ell * hnorm (minus x y) * hnorm z) ->
  (forall x, hnorm (minus x c) <= e -> hnorm (r x) <= rbar) ->
  hessian_at_most hess beta (fun x => hnorm (minus x c) <= e) ->
  forall x, hnorm (minus x c) <= e ->
    hnorm (minus (gclip_map grad eta gamma delta x) (gclip_map grad eta gamma delta c))
    <= (v + sqrt (v ^ 2 + 4 * al ^ 2)) / 2 * hnorm (minus x c).
Proof.
  intros s v al He Hl0 Hell0 Hb Heta Hgam Hdel Hgm Hs Hgmin Hband Hl Hell Hrb Hhess x Hx.
  assert (Hc : hnorm (minus c c) <= e) by (rewrite hnorm_minus_diag; assumption).
  assert (Hrb0 : 0 <= rbar) by (apply Rle_trans with (hnorm (r c)); [apply hnorm_pos | apply Hrb; assumption]).
  assert (Hd0 := hnorm_pos (minus x c)).
  destruct (Req_dec (hnorm (minus x c)) 0) as [E0 | E0].
  { assert (Hz : minus x c = zero) by (apply hnorm_eq_0; assumption).
    assert (Ex : x = c).
    { apply dot_ext. intro z. assert (H := dot_minus_l x c z). rewrite Hz, dot_zero_l in H. lra. }
    rewrite Ex, !hnorm_minus_diag. lra. }
  assert (He0 : 0 < e) by lra.
  set (d := minus x c) in *.
  assert (Ex : line c d 1 = x) by (unfold line, d; apply dot_ext; intro; dot_expand; ring).
  assert (Hin : forall t, 0 <= t <= 1 -> hnorm (minus (line c d t) c) <= e).
  { intros t Ht. rewrite line_dist_0, Rabs_pos_eq by lra. nra. }
  set (u := minus (gclip_map grad eta gamma delta x) (gclip_map grad eta gamma delta c)).
  set (k := eta * gamma).
  assert (Hk : 0 < k) by (apply Rmult_lt_0_compat; assumption).
  set (psi := fun t => dot (line c d t) u
              - k * (dot (grad (line c d t)) u / sqrt (dot (grad (line c d t)) (grad (line c d t))))).
  (* psi is the clipped step seen from u *)
  assert (Hpsi : forall t, 0 <= t <= 1 -> psi t = dot (gclip_map grad eta gamma delta (line c d t)) u).
  { intros t Ht. unfold psi, gclip_map. rewrite step_band by (try assumption; apply Hband, Hin; assumption).
    fold (hnorm (grad (line c d t))).
    assert (Hg := Hgmin _ (Hin t Ht)). dot_expand. unfold k. field. lra. }
  destruct (MVT_cor2 psi (fun t => dot (band_derivative k (grad (line c d t)) d (hess (line c d t) d)) u) 0 1)
    as (t & Et & Ht); [lra | |].
  { intros t Ht. apply band_line_derivative. assert (Hg := Hgmin _ (Hin t Ht)). lra. }
  rewrite !Hpsi, Ex, line_0, <- dot_minus_l in Et by lra. fold u in Et. rewrite <- hnorm_sqr in Et.
  set (y := line c d t) in *.
  assert (Hy : hnorm (minus y c) <= e) by (apply Hin; lra).
  assert (Hg := Hgmin y Hy).
  assert (Hs0 : 0 < s) by (unfold s; apply Rdiv_lt_0_compat; assumption).
  assert (Hbound := band_derivative_bound y d k s (rbar * ell) beta).
  assert (Hre : 0 <= rbar * ell) by (apply Rmult_le_pos; assumption).
  assert (Hb1 : hnorm (band_derivative k (grad y) d (hess y d)) <= (v + sqrt (v ^ 2 + 4 * al ^ 2)) / 2 * hnorm d).
  { apply Hbound; try lra.
    - intro z. split; [| apply Hhess; assumption].
      assert (H := hessian_bound_lower Hr c e lip ell He0 Hl0 Hell0 Hl Hell y z Hy).
      assert (hnorm (r y) * ell <= rbar * ell) by (apply Rmult_le_compat_r; [assumption | apply Hrb; assumption]).
      assert (Hz := pow2_ge_0 (hnorm z)). nra.
    - split; [apply Rlt_le, Rdiv_lt_0_compat; lra |].
      unfold s. fold k. unfold Rdiv. apply Rmult_le_compat_l; [lra |]. apply Rinv_le_contravar; lra.
    - assert (s * beta <= 2 / beta * beta) by (apply Rmult_le_compat_r; lra).
      replace (2 / beta * beta) with 2 in H by (field; lra). assumption. }
  assert (Hdot := dot_le (band_derivative k (grad y) d (hess y d)) u).
  assert (Hu := hnorm_pos u).
  set (bd := hnorm (band_derivative k (grad y) d (hess y d))) in *.
  assert (bd * hnorm u <= (v + sqrt (v ^ 2 + 4 * al ^ 2)) / 2 * hnorm d * hnorm u) by (apply Rmult_le_compat_r; assumption).
  assert (Hbd : 0 <= bd) by apply hnorm_pos.
  set (m := (v + sqrt (v ^ 2 + 4 * al ^ 2)) / 2 * hnorm d) in *.
  apply Rnot_lt_le. intro Hn.
  assert (m * hnorm u < hnorm u * hnorm u) by (apply Rmult_lt_compat_r; lra). lra.
Qed.

End Band.
