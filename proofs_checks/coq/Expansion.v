(** * How far one step of delta-GClip drives two points of a ball apart

    Over a ball the step need not stay in one branch: full (|g| <= gamma), clipped band, floor (delta |g| >= gamma).  The
    three regions are closed and cover everything, so near each point of a segment the step is one of those branches that
    occur there, and each has a derivative.  A bound of the derivatives of all branches that can occur therefore bounds
    the expansion: no branch has to be decided, and nothing is said about where branches meet. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Symmetry ClippedBand TheoremD.
Open Scope R_scope.

(** A function that near every point moves at most K times as far, to first order, moves at most K in unit time. *)
Lemma local_expansion (psi : R -> R) (K : R) :
  (forall t, 0 <= t <= 1 -> forall e, 0 < e -> exists d, 0 < d /\ forall s, 0 <= s <= 1 -> Rabs (s - t) < d ->
     Rabs (psi s - psi t) <= (K + e) * Rabs (s - t)) ->
  psi 1 - psi 0 <= K.
Proof.
  intro Hloc. apply Rnot_lt_le. intro Hn.
  set (e := (psi 1 - psi 0 - K) / 2). assert (He : 0 < e) by (unfold e; lra).
  set (good := fun t => 0 <= t <= 1 /\ psi t - psi 0 <= (K + e) * t).
  assert (G0 : good 0) by (split; lra).
  destruct (completeness good) as (m & Hup & Hleast).
  { exists 1. intros t [Ht _]. lra. }
  { exists 0. assumption. }
  assert (Hm : 0 <= m <= 1).
  { split; [apply Hup; assumption |]. apply Hleast. intros t [Ht _]. lra. }
  destruct (Hloc m Hm e He) as (d & Hd & H).
  assert (Gm : good m).
  { split; [assumption |]. apply Rnot_lt_le. intro Hm1.
    assert (Hex : exists t, good t /\ m - d < t).
    { apply Classical_Prop.NNPP. intro Hno.
      assert (m <= m - d); [| lra]. apply Hleast. intros t Ht.
      apply Rnot_lt_le. intro. apply Hno. exists t. split; assumption. }
    destruct Hex as (t & [Ht Hgt] & Htd).
    assert (Htm : t <= m) by (apply Hup; split; assumption).
    assert (H1 := H t Ht). rewrite (Rabs_left1 (t - m)) in H1 by lra. specialize (H1 ltac:(lra)).
    apply Rabs_le_between in H1. lra. }
  destruct (Req_dec m 1) as [E1 | E1].
  { rewrite E1 in Gm. destruct Gm as [_ H1]. unfold e in H1. lra. }
  set (s := Rmin 1 (m + d / 2)).
  assert (Hs1 := Rmin_l 1 (m + d / 2)). assert (Hs2 := Rmin_r 1 (m + d / 2)). fold s in Hs1, Hs2.
  assert (Hs : m < s) by (apply Rmin_glb_lt; lra).
  assert (H1 := H s ltac:(lra)). rewrite (Rabs_pos_eq (s - m)) in H1 by lra. specialize (H1 ltac:(lra)).
  apply Rabs_le_between in H1. destruct Gm as [_ H2].
  assert (s <= m); [| lra]. apply Hup. split; lra.
Qed.

(** A derivative bounds the function near the point. *)
Lemma derivative_near (f : R -> R) (t l K e : R) :
  derivable_pt_lim f t l -> Rabs l <= K -> 0 < e ->
  exists d, 0 < d /\ forall s, Rabs (s - t) < d -> Rabs (f s - f t) <= (K + e) * Rabs (s - t).
Proof.
  intros Hf Hl He. destruct (Hf e He) as [d Hd]. exists d. split; [apply cond_pos |]. intros s Hs.
  destruct (Req_dec s t) as [E1 | E1]; [rewrite E1, !Rminus_diag_eq, Rabs_R0 by reflexivity; lra |].
  assert (H := Hd (s - t) ltac:(lra) Hs). replace (t + (s - t)) with s in H by ring.
  assert (H0 : 0 < Rabs (s - t)) by (apply Rabs_pos_lt; lra).
  assert (H1 : Rabs ((f s - f t) / (s - t)) <= K + e).
  { replace ((f s - f t) / (s - t)) with ((f s - f t) / (s - t) - l + l) by ring.
    eapply Rle_trans; [apply Rabs_triang |]. lra. }
  replace (f s - f t) with ((f s - f t) / (s - t) * (s - t)) by (field; lra).
  rewrite Rabs_mult. apply Rmult_le_compat_r; lra.
Qed.

(** ** The three branches *)

Lemma step_full eta gamma delta g : delta <= 1 -> 0 <= g <= gamma -> gclip_step eta gamma delta g = eta.
Proof.
  intros Hd Hg. unfold gclip_step, step_size. destruct (Req_EM_T g 0) as [_ | Hn]; [reflexivity |].
  rewrite Rmin_left; [ring |]. eapply Rle_trans; [| apply Rmax_r].
  apply Rmult_le_reg_r with g; [lra |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Lemma step_floor eta gamma delta g :
  0 < gamma -> delta <= 1 -> 0 <= g -> gamma <= delta * g -> gclip_step eta gamma delta g = eta * delta.
Proof.
  intros Hgam Hd Hg0 Hg. assert (0 < g) by nra.
  unfold gclip_step, step_size. destruct (Req_EM_T g 0) as [E0 | Hn]; [lra |].
  assert (gamma / g <= delta).
  { apply Rmult_le_reg_r with g; [lra |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  rewrite Rmax_left, Rmin_right by lra. reflexivity.
Qed.

Lemma step_band eta gamma delta g :
  0 < gamma -> gamma <= g -> delta * g <= gamma -> gclip_step eta gamma delta g = eta * (gamma / g).
Proof.
  intros Hgam H1 H2. unfold gclip_step, step_size.
  destruct (Req_EM_T g 0) as [E0 | _]; [lra |].
  assert (Hg : 0 < g) by lra.
  assert (delta <= gamma / g).
  { apply Rmult_le_reg_r with g; [assumption |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r; lra. }
  assert (gamma / g <= 1).
  { apply Rmult_le_reg_r with g; [assumption |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  rewrite Rmax_right, Rmin_right by assumption. reflexivity.
Qed.

Section Step.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Hypothesis HL : smooth_loss L grad hess.

Definition spectrum_within (beta nu : R) (S : E -> Prop) : Prop :=
  forall x, S x -> forall z, - nu * hnorm z ^ 2 <= dot (hess x z) z <= beta * hnorm z ^ 2.

(** ||I - h H||. *)
Lemma constant_derivative_bound (x v : E) (h beta nu : R) :
  (forall z, - nu * hnorm z ^ 2 <= dot (hess x z) z <= beta * hnorm z ^ 2) -> 0 <= h ->
  hnorm (minus v (scal h (hess x v))) <= expansion_constant h beta nu * hnorm v.
Proof.
  intros Hq Hh. apply (gradient_step_bound HL x v h (expansion_constant h beta nu) nu beta Hq Hh); [apply Rmax_l | apply Rmax_r].
Qed.

(** ||H|| <= beta where the spectrum lies between -beta and beta, so the gradient moves by at most beta times the distance. *)
Lemma gradient_moves (c d : E) (s t beta : R) :
  s <= t ->
  (forall k, s <= k <= t -> forall z, - beta * hnorm z ^ 2 <= dot (hess (line c d k) z) z <= beta * hnorm z ^ 2) ->
  hnorm (minus (grad (line c d t)) (grad (line c d s))) <= beta * ((t - s) * hnorm d).
Proof.
  intros Hst Hq.
  assert (Eline : forall k, line (line c d s) d k = line c d (s + k)) by (intro k; symmetry; apply line_shift).
  replace (line c d t) with (line (line c d s) d (t - s)) by (rewrite Eline; f_equal; ring).
  replace (beta * ((t - s) * hnorm d)) with ((t - s) * (beta * hnorm d)) by ring.
  apply (mean_value_segment grad hess); [lra | intro; apply (loss_hessian _ _ _ HL) |].
  intros k Hk. rewrite Eline.
  replace (hess (line c d (s + k)) d) with (plus (scal 0 d) (scal 1 (hess (line c d (s + k)) d)))
    by (apply dot_ext; intro; dot_expand; ring).
  apply (symmetric_bound HL). intro z. rewrite Rmult_0_l, Rplus_0_l, Rmult_1_l.
  apply Rabs_le. destruct (Hq (s + k) ltac:(lra) z). split; lra.
Qed.

(** ** One step over a ball *)

Variables (eta gamma delta : R) (c : E) (e low high beta nu : R).
Hypothesis Heta : 0 < eta.
Hypothesis Hgamma : 0 < gamma.
Hypothesis Hdelta : 0 <= delta <= 1.
Let ball x := hnorm (minus x c) <= e.
Hypothesis Hbeta : 0 <= beta.
Hypothesis Hnu : 0 <= nu.
Hypothesis Hspectrum : spectrum_within beta nu ball.
Hypothesis Hgrad : forall x, ball x -> low <= hnorm (grad x) <= high.

Section Segment.
Variables (b d u : E).
Hypothesis Hin : forall t, 0 <= t <= 1 -> ball (line b d t).

Let n t := hnorm (grad (line b d t)).

Lemma gradient_norm_continuous t : 0 <= t <= 1 -> forall a, 0 < a -> exists k, 0 < k /\
  forall s, 0 <= s <= 1 -> Rabs (s - t) < k -> Rabs (n s - n t) < a.
Proof.
  intros Ht a Ha. assert (Hd := hnorm_pos d). set (B := (beta + nu) * hnorm d + 1).
  assert (Hbn : 0 <= (beta + nu) * hnorm d) by (apply Rmult_le_pos; lra).
  assert (HB : 0 < B) by (unfold B; lra).
  exists (a / B). split; [apply Rdiv_lt_0_compat; assumption |]. intros s Hs Hst.
  assert (Hmove : forall p q, 0 <= p <= 1 -> 0 <= q <= 1 -> p <= q -> Rabs (n q - n p) <= (q - p) * ((beta + nu) * hnorm d)).
  { intros p q Hp Hq Hpq.
    assert (Hg : hnorm (minus (grad (line b d q)) (grad (line b d p))) <= (beta + nu) * ((q - p) * hnorm d)).
    { apply gradient_moves; [assumption |]. intros k Hk z. assert (H := Hspectrum _ (Hin k ltac:(lra)) z).
      assert (Hz := pow2_ge_0 (hnorm z)). assert (0 <= beta * hnorm z ^ 2) by (apply Rmult_le_pos; lra).
      assert (0 <= nu * hnorm z ^ 2) by (apply Rmult_le_pos; lra). lra. }
    assert (H1 := norm_between (grad (line b d q)) (grad (line b d p))). unfold n.
    replace ((q - p) * ((beta + nu) * hnorm d)) with ((beta + nu) * ((q - p) * hnorm d)) by ring. lra. }
  assert (HsB : Rabs (s - t) * B < a).
  { apply Rlt_le_trans with (a / B * B); [apply Rmult_lt_compat_r; assumption | right; field; lra]. }
  assert (Habs := Rabs_pos (s - t)).
  apply Rle_lt_trans with (Rabs (s - t) * ((beta + nu) * hnorm d)); [| unfold B in HsB; nra].
  destruct (Rle_lt_dec t s) as [H1 | H1].
  - rewrite (Rabs_pos_eq (s - t)) by lra. apply Hmove; assumption.
  - rewrite Rabs_minus_sym, (Rabs_minus_sym s t), (Rabs_pos_eq (t - s)) by lra. apply Hmove; try assumption. lra.
Qed.

(** A branch, its closed region of gradient norms, and the step seen from [u] there. *)
Lemma branch_near (branch : R -> Prop) (psi piece : R -> R) (K t a : R) :
  0 <= t <= 1 -> 0 < a ->
  (forall m, ~ branch m -> exists k, 0 < k /\ forall m', Rabs (m' - m) < k -> ~ branch m') ->
  (forall s, 0 <= s <= 1 -> branch (n s) -> psi s = piece s) ->
  (branch (n t) -> exists l, derivable_pt_lim piece t l /\ Rabs l <= K) ->
  exists k, 0 < k /\ forall s, 0 <= s <= 1 -> Rabs (s - t) < k -> branch (n s) ->
    Rabs (psi s - psi t) <= (K + a) * Rabs (s - t).
Proof.
  intros Ht Ha Hopen Hpiece Hder.
  destruct (Classical_Prop.classic (branch (n t))) as [Hb | Hb].
  - destruct (Hder Hb) as (l & Hl & HK). destruct (derivative_near piece t l K a Hl HK Ha) as (k & Hk & H).
    exists k. split; [assumption |]. intros s Hs Hst Hbs. rewrite !Hpiece by assumption. apply H. assumption.
  - destruct (Hopen _ Hb) as (m & Hm & Hno). destruct (gradient_norm_continuous t Ht m Hm) as (k & Hk & H).
    exists k. split; [assumption |]. intros s Hs Hst Hbs. exfalso. apply (Hno (n s)); [apply H |]; assumption.
Qed.

Let step := gclip_map grad eta gamma delta.
Let psi t := dot (step (line b d t)) u.
Let constant h t := dot (line b d t) u - h * dot (grad (line b d t)) u.

Lemma constant_line_derivative (h t : R) :
  derivable_pt_lim (constant h) t (dot (minus d (scal h (hess (line b d t) d))) u).
Proof.
  assert (Da := map_line_derivative grad (hess (line b d t)) b d u t (loss_hessian _ _ _ HL _)).
  assert (Dl : derivable_pt_lim (fun t => dot (line b d t) u) t (dot d u)).
  { apply is_derive_Reals. apply (is_derive_ext (fun t => dot b u + t * dot d u)).
    - intro s. unfold line. rewrite dot_plus_l, dot_scal_l. reflexivity.
    - auto_derive; try exact I; ring. }
  assert (D := derivable_pt_lim_minus _ _ _ _ _ Dl (derivable_pt_lim_scal _ h _ _ Da)).
  replace (dot (minus d (scal h (hess (line b d t) d))) u) with (dot d u - h * dot (hess (line b d t) d) u)
    by (dot_expand; reflexivity).
  exact D.
Qed.

Lemma dot_le_product (x : E) (K : R) : hnorm x <= K * hnorm d -> Rabs (dot x u) <= K * hnorm d * hnorm u.
Proof.
  intro Hx. eapply Rle_trans; [apply dot_abs_le |]. apply Rmult_le_compat_r; [apply hnorm_pos | assumption].
Qed.

Lemma segment_expansion (K : R) :
  (low <= gamma -> expansion_constant eta beta nu <= K) ->
  (gamma <= delta * high -> expansion_constant (eta * delta) beta nu <= K) ->
  (gamma < high -> delta * low < gamma -> delta < 1 -> expansion_band (Rmin eta (eta * gamma / Rmax low gamma)) beta nu <= K) ->
  psi 1 - psi 0 <= K * hnorm d * hnorm u.
Proof.
  intros Kfull Kfloor Kband. apply local_expansion. intros t Ht a Ha.
  assert (Hd := hnorm_pos d). assert (Hu := hnorm_pos u).
  assert (Hn : forall s, 0 <= s <= 1 -> low <= n s <= high) by (intros s Hs; apply Hgrad, Hin; assumption).
  assert (Hn0 : forall s, 0 <= n s) by (intro; apply hnorm_pos).
  assert (Hpsi : forall h s, gclip_step eta gamma delta (n s) = h -> psi s = constant h s).
  { intros h s Hh. unfold psi, step, gclip_map. fold (n s). rewrite Hh. unfold constant. dot_expand. reflexivity. }
  assert (HKm : forall k, k <= K -> k * hnorm d <= K * hnorm d) by (intros; apply Rmult_le_compat_r; assumption).
  (* full *)
  destruct (branch_near (fun m => m <= gamma) psi (constant eta) (K * hnorm d * hnorm u) t a Ht Ha) as (k1 & Hk1 & H1).
  { intros m Hm. exists (m - gamma). split; [lra |]. intros m' Hm'. apply Rabs_lt_between in Hm'. lra. }
  { intros s Hs Hb. apply Hpsi. apply step_full; [lra | split; [apply Hn0 | assumption]]. }
  { intro Hb. eexists. split; [apply constant_line_derivative |]. apply dot_le_product.
    eapply Rle_trans; [apply (constant_derivative_bound _ _ _ beta nu); [apply Hspectrum, Hin; assumption | lra] |].
    apply HKm, Kfull. specialize (Hn t Ht). lra. }
  (* floor *)
  destruct (branch_near (fun m => gamma <= delta * m) psi (constant (eta * delta)) (K * hnorm d * hnorm u) t a Ht Ha)
    as (k2 & Hk2 & H2).
  { intros m Hm. exists (gamma - delta * m). split; [lra |]. intros m' Hm'. apply Rabs_lt_between in Hm'. nra. }
  { intros s Hs Hb. apply Hpsi. apply step_floor; try assumption; [lra | apply Hn0]. }
  { intro Hb. eexists. split; [apply constant_line_derivative |]. apply dot_le_product.
    assert (0 <= eta * delta) by (apply Rmult_le_pos; lra).
    eapply Rle_trans; [apply (constant_derivative_bound _ _ _ beta nu); [apply Hspectrum, Hin; assumption | lra] |].
    apply HKm, Kfloor. specialize (Hn t Ht). assert (delta * n t <= delta * high) by (apply Rmult_le_compat_l; lra). lra. }
  (* band *)
  set (k := eta * gamma). assert (Hk : 0 < k) by (apply Rmult_lt_0_compat; assumption).
  destruct (branch_near (fun m => (gamma <= m /\ delta * m <= gamma) /\ gamma < high /\ delta * low < gamma /\ delta < 1) psi
    (fun t => dot (line b d t) u - k * (dot (grad (line b d t)) u / sqrt (dot (grad (line b d t)) (grad (line b d t)))))
    (K * hnorm d * hnorm u) t a Ht Ha) as (k3 & Hk3 & H3).
  { intros m Hm.
    destruct (Classical_Prop.classic (gamma < high /\ delta * low < gamma /\ delta < 1)) as [Hp | Hp].
    2: { exists 1. split; [lra |]. intros m' _ [_ Hm']. apply Hp. assumption. }
    destruct (Rlt_le_dec m gamma) as [Hl | Hl].
    - exists (gamma - m). split; [lra |]. intros m' Hm' [[? _] _]. apply Rabs_lt_between in Hm'. lra.
    - destruct (Rlt_le_dec gamma (delta * m)) as [Hg | Hg].
      + exists (delta * m - gamma). split; [lra |]. intros m' Hm' [[_ ?] _]. apply Rabs_lt_between in Hm'. nra.
      + exfalso. apply Hm. split; [split |]; assumption. }
  { intros s Hs [[Hb1 Hb2] _].
    rewrite (Hpsi (eta * (gamma / n s))) by (apply step_band; assumption).
    unfold constant. fold (hnorm (grad (line b d s))). fold (n s). unfold k. field. lra. }
  { intros [[Hb1 Hb2] (Hp1 & Hp2 & Hp3)]. assert (Hnt : 0 < n t) by lra.
    eexists. split; [apply (band_line_derivative HL); assumption |]. apply dot_le_product.
    assert (Hmax : Rmax low gamma <= n t) by (apply Rmax_lub; [apply Hn; assumption | assumption]).
    assert (Hmax0 : 0 < Rmax low gamma) by (eapply Rlt_le_trans; [| apply Rmax_r]; assumption).
    eapply Rle_trans; [apply (band_derivative_bound HL _ _ _ (Rmin eta (k / Rmax low gamma)) beta nu); try assumption |].
    - apply Hspectrum, Hin. assumption.
    - split; [apply Rdiv_lt_0_compat; assumption |]. apply Rmin_glb.
      + fold (n t). apply Rmult_le_reg_r with (n t); [assumption |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
        unfold k. rewrite Rmult_1_r. apply Rmult_le_compat_l; lra.
      + unfold Rdiv. apply Rmult_le_compat_l; [lra |]. apply Rinv_le_contravar; assumption.
    - apply HKm, Kband; assumption. }
  exists (Rmin k1 (Rmin k2 k3)). split; [repeat apply Rmin_glb_lt; assumption |]. intros s Hs Hst.
  assert (M1 := Rmin_l k1 (Rmin k2 k3)). assert (M2 := Rmin_r k1 (Rmin k2 k3)).
  assert (M3 := Rmin_l k2 k3). assert (M4 := Rmin_r k2 k3).
  destruct (Rle_lt_dec (n s) gamma) as [Hf | Hf]; [apply H1; [assumption | lra | assumption] |].
  destruct (Rle_lt_dec gamma (delta * n s)) as [Hl | Hl]; [apply H2; [assumption | lra | assumption] |].
  apply H3; [assumption | lra |]. specialize (Hn s Hs).
  assert (delta * low <= delta * n s) by (apply Rmult_le_compat_l; lra).
  assert (delta < 1) by (apply Rnot_le_lt; intro; nra).
  split; [split; lra |]. split; [lra |]. split; lra.
Qed.
End Segment.

(** The expansion of a step over the ball, between any two of its points: the largest factor of the branches that can
    occur, by the tests of [pltheory/certification/trajectory/growth.py]. *)
Theorem step_expansion (K : R) :
  0 <= K ->
  (low <= gamma -> expansion_constant eta beta nu <= K) ->
  (gamma <= delta * high -> expansion_constant (eta * delta) beta nu <= K) ->
  (gamma < high -> delta * low < gamma -> delta < 1 -> expansion_band (Rmin eta (eta * gamma / Rmax low gamma)) beta nu <= K) ->
  forall x y, ball x -> ball y ->
    hnorm (minus (gclip_map grad eta gamma delta x) (gclip_map grad eta gamma delta y)) <= K * hnorm (minus x y).
Proof.
  intros HK K1 K2 K3 x y Hx Hy. set (d := minus x y).
  assert (Ex : line y d 1 = x) by (unfold line, d; apply dot_ext; intro; dot_expand; ring).
  assert (Hd := hnorm_pos d).
  assert (Hin : forall t, 0 <= t <= 1 -> ball (line y d t)).
  { intros t Ht. unfold ball.
    replace (minus (line y d t) c) with (plus (scal (1 - t) (minus y c)) (scal t (minus x c)))
      by (unfold line, d; apply dot_ext; intro; dot_expand; ring).
    eapply Rle_trans; [apply hnorm_triangle |]. rewrite !hnorm_scal, !Rabs_pos_eq by lra.
    assert ((1 - t) * hnorm (minus y c) <= (1 - t) * e) by (apply Rmult_le_compat_l; [lra | exact Hy]).
    assert (t * hnorm (minus x c) <= t * e) by (apply Rmult_le_compat_l; [lra | exact Hx]). lra. }
  set (u := minus (gclip_map grad eta gamma delta x) (gclip_map grad eta gamma delta y)).
  assert (H := segment_expansion y d u Hin K K1 K2 K3). cbv beta in H.
  rewrite Ex, line_0, <- dot_minus_l in H. fold u in H. rewrite <- hnorm_sqr in H.
  assert (Hu := hnorm_pos u). assert (HKd : 0 <= K * hnorm d) by (apply Rmult_le_pos; assumption).
  apply Rnot_lt_le. intro Hn. nra.
Qed.

(** The gradient over the ball, from its norm at the centre. *)
Lemma gradient_range (x : E) :
  nu <= beta -> hnorm (minus x c) <= e ->
  hnorm (grad c) - beta * e <= hnorm (grad x) <= hnorm (grad c) + beta * e.
Proof.
  intros Hnb Hx. set (d := minus x c) in *.
  assert (Ex : line c d 1 = x) by (unfold line, d; apply dot_ext; intro; dot_expand; ring).
  assert (Hd := hnorm_pos d).
  assert (H : hnorm (minus (grad (line c d 1)) (grad (line c d 0))) <= beta * ((1 - 0) * hnorm d)).
  { apply gradient_moves; [lra |]. intros k Hk z.
    assert (Hk' : ball (line c d k)) by (unfold ball; rewrite line_dist_0, Rabs_pos_eq by lra; nra).
    assert (H := Hspectrum _ Hk' z). assert (Hz := pow2_ge_0 (hnorm z)).
    assert (nu * hnorm z ^ 2 <= beta * hnorm z ^ 2) by (apply Rmult_le_compat_r; assumption). lra. }
  rewrite Ex, line_0 in H.
  assert (H1 := norm_between (grad x) (grad c)). apply Rabs_le_between in H1.
  assert (beta * hnorm d <= beta * e) by (apply Rmult_le_compat_l; lra). lra.
Qed.
End Step.
