(** * mu <= beta

    With L_0 > 0 and R >= sqrt(2 L_0 / mu), PL* with constant mu and lambda_max (Hess L) <= beta on S force mu <= beta.

    THEORY.md proves this through gradient flow.  The proof here needs no flow, only Theorem A:
    - at step 1/beta Theorem A's factor is 1 - mu/beta, and it cannot be negative as L >= 0; this settles
      R > 2 sqrt(2 L_0/mu);
    - for R > sqrt(2 L_0/mu), descent with small steps reaches points of arbitrarily small positive loss without using
      up the radius, and the first case applies there (if a step hits loss zero exactly, shorten that one step:
      Theorem A's radius does not depend on delta);
    - if mu > beta, one small step moves by strictly less than the potential allows, which settles the equality. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential TheoremA.
Open Scope R_scope.

Section MuBeta.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Hypothesis HL : smooth_loss L grad hess.
Variables (mu beta : R).
Hypothesis Hmu : 0 < mu.
Hypothesis Hbeta : 0 < beta.

Let good (w0 : E) (R0 : R) : Prop :=
  PL_star L grad mu (region L w0 R0) /\ hessian_at_most hess beta (region L w0 R0).

(** The run with prescribed steps. *)
Fixpoint descend (h : nat -> R) (w0 : E) (t : nat) : E :=
  match t with
  | O => w0
  | S t' => after (grad := grad) (descend h w0 t') (h t')
  end.

Lemma descend_run h w0 : gradient_run grad h (descend h w0).
Proof. intro t. reflexivity. Qed.

Lemma descend_ext h h' w0 t : (forall i, (i < t)%nat -> h i = h' i) -> descend h w0 t = descend h' w0 t.
Proof.
  induction t as [| t IH]; intro H; [reflexivity |]. cbn.
  rewrite IH by (intros; apply H; lia). rewrite (H t) by lia. reflexivity.
Qed.

Lemma good_A w0 R0 eta delta h :
  good w0 R0 -> 0 < eta < 2 / beta -> 0 < delta <= 1 -> radius_sharp (L w0) mu beta eta < R0 ->
  hypotheses_A L grad hess (descend h w0) R0 mu beta eta delta.
Proof. intros [H1 H2] He Hd HR. constructor; try assumption; split; assumption. Qed.

(** A smaller region about a point inside. *)
Lemma good_sub w0 R0 x R1 :
  good w0 R0 -> L x <= L w0 -> hnorm (minus x w0) + R1 <= R0 -> good x R1.
Proof.
  intros [H1 H2] HLx HR.
  assert (Hsub : forall y, region L x R1 y -> region L w0 R0 y).
  { intros y [Hy1 Hy2]. split; [| lra]. assert (H := hnorm_minus_triangle y x w0). lra. }
  split; [intros y Hy; apply H1 | intros y Hy; apply H2]; apply Hsub; assumption.
Qed.

Lemma radius_eta0 l : radius_sharp l mu beta 0 = sqrt (2 * l / mu).
Proof. unfold radius_sharp, slack. field. Qed.

Lemma sqrt_ratio_pos l : 0 < l -> 0 < sqrt (2 * l / mu).
Proof. intro. apply sqrt_lt_R0. apply Rdiv_lt_0_compat; lra. Qed.

(** Twice the radius: one step of size 1/beta. *)
Lemma mu_le_beta_double w0 R0 : good w0 R0 -> 0 < L w0 -> 2 * sqrt (2 * L w0 / mu) < R0 -> mu <= beta.
Proof.
  intros Hg HL0 HR.
  assert (He : 0 < 1 / beta < 2 / beta).
  { unfold Rdiv. split; [apply Rmult_lt_0_compat; [lra | apply Rinv_0_lt_compat; assumption] |].
    apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat; assumption | lra]. }
  assert (HA : hypotheses_A L grad hess (descend (fun _ => 1 / beta) w0) R0 mu beta (1 / beta) (1 / 2)).
  { apply good_A; try assumption; [lra |].
    unfold radius_sharp, slack. replace (1 - beta * (1 / beta) / 2) with (/ 2) by (field; lra).
    unfold Rdiv at 1. rewrite Rinv_inv. lra. }
  assert (H := theorem_A_step _ R0 mu beta (1 / beta) (1 / 2) (fun _ => 1 / beta) HA ltac:(intro; intro; lra) (descend_run _ _) O).
  assert (Hn := loss_nonneg _ _ _ HL (descend (fun _ => 1 / beta) w0 1)).
  cbn [descend] in *.
  assert (E0 : contraction mu beta (1 / beta) = (beta - mu) / beta) by (unfold contraction, decrease; field; lra).
  rewrite E0 in H. apply Rnot_lt_le. intro Hlt.
  assert ((beta - mu) / beta < 0) 
    by (assert (Hi := Rinv_0_lt_compat beta Hbeta); unfold Rdiv; nra). nra.
Qed.

(** Points of small positive loss within Theorem A's radius. *)
Lemma small_loss w0 R0 eta y :
  good w0 R0 -> 0 < L w0 -> 0 < eta < 2 / beta -> radius_sharp (L w0) mu beta eta < R0 -> 0 < y ->
  exists x, L x <= L w0 /\ hnorm (minus x w0) <= radius_sharp (L w0) mu beta eta /\ 0 < L x <= y.
Proof.
  intros Hg HL0 He HR Hy.
  assert (Hn := loss_nonneg _ _ _ HL).
  set (h := fun _ : nat => eta). set (w := descend h w0).
  assert (HA : hypotheses_A L grad hess w R0 mu beta eta (1 / 2)) by (apply good_A; try assumption; lra).
  destruct (theorem_A w R0 mu beta eta (1 / 2) h HA ltac:(unfold h; intro; intro; lra) (descend_run _ _))
    as [Hstay [Hq1 Hrate] Hpath _].
  set (q := rate _ _ _ _) in *.
  (* a time at which the loss is at most y *)
  assert (Hsmall : exists t, L (w t) <= y).
  { destruct (Rle_lt_dec q 0) as [Hq0 | Hq0].
    - exists 1%nat. specialize (Hrate 1%nat). rewrite pow_1 in Hrate.
      change (L (w O)) with (L w0) in Hrate. assert (q * L w0 <= 0) by nra. lra.
    - assert (Hlim : is_lim_seq (fun t => q ^ t * L w0) 0).
      { replace (Finite 0) with (Rbar_mult 0 (L w0)) by (cbn; f_equal; ring).
        apply is_lim_seq_scal_r. apply is_lim_seq_geom. rewrite Rabs_pos_eq; lra. }
      apply is_lim_seq_spec in Hlim. destruct (Hlim (mkposreal y Hy)) as [t Ht].
      exists t. specialize (Ht t (le_n t)). cbn in Ht. apply Rabs_lt_between in Ht.
      specialize (Hrate t). change (L (w O)) with (L w0) in Hrate. lra. }
  destruct Hsmall as [t Ht].
  destruct (Req_dec (L (w t)) 0) as [Ez | Ez].
  2: { exists (w t). destruct (Hstay t) as [_ H2]. change (w O) with w0 in H2.
       split; [assumption |]. split.
       - apply Rle_trans with (path w t); [apply (dist_le_path w) | apply Hpath].
       - specialize (Hn (w t)). lra. }
  (* otherwise some step goes from positive loss to loss zero *)
  assert (HT : exists T, 0 < L (w T) /\ L (w (S T)) = 0).
  { clear Ht. induction t as [| t IH]; [change (w O) with w0 in Ez; lra |].
    destruct (Req_dec (L (w t)) 0) as [Ez' | Ez']; [apply IH; assumption |].
    exists t. split; [specialize (Hn (w t)); lra | assumption]. }
  destruct HT as (T & HT1 & HT2).
  (* shorten that step so that the loss is a prescribed positive number *)
  set (y' := Rmin y (L (w T)) / 2).
  assert (Hm1 := Rmin_l y (L (w T))). assert (Hm2 := Rmin_r y (L (w T))).
  assert (Hm3 : 0 < Rmin y (L (w T))) by (apply Rmin_glb_lt; assumption).
  assert (Hs : exists s, 0 < s < eta /\ L (after (grad := grad) (w T) s) = y').
  { assert (Hcont : continuity (fun s => L (after (grad := grad) (w T) s))).
    { intros s eps Heps. destruct (after_continuous HL (w T) s eps Heps) as (e & He' & H).
      exists e. split; [assumption |]. intros s' [_ Hs']. cbn in *. unfold R_dist in *.
      apply (H s'). lra. }
    assert (E0 : L (after (grad := grad) (w T) 0) = L (w T)) by (rewrite after_0; reflexivity).
    assert (E1 : L (after (grad := grad) (w T) eta) = 0) by exact HT2.
    destruct (IVT_gen _ 0 eta y' Hcont) as (s & Hs & Es).
    { cbv beta. rewrite E0, E1, Rmin_right, Rmax_left by lra. unfold y'. lra. }
    cbv beta in Es. rewrite Rmin_left, Rmax_right in Hs by lra.
    exists s. split; [| assumption]. split.
    - destruct (Req_dec s 0) as [Z | Z]; [| lra]. exfalso. rewrite Z, E0 in Es. unfold y' in Es. lra.
    - destruct (Req_dec s eta) as [Z | Z]; [| lra]. exfalso. rewrite Z, E1 in Es. unfold y' in Es. lra. }
  destruct Hs as (s & Hs & Es).
  set (h' := fun i => if Nat.eqb i T then s else eta).
  set (delta := Rmin (s / eta) (1 / 2)).
  assert (Hd1 : 0 < s / eta) by (apply Rdiv_lt_0_compat; lra).
  assert (Hd : 0 < delta <= 1).
  { unfold delta. split; [apply Rmin_glb_lt; lra |]. assert (H := Rmin_r (s / eta) (1 / 2)). lra. }
  assert (Hsd : eta * delta <= s).
  { apply Rle_trans with (eta * (s / eta)); [apply Rmult_le_compat_l; [lra | apply Rmin_l] | right; field; lra]. }
  assert (Heq : descend h' w0 T = w T).
  { apply descend_ext. intros i Hi. unfold h', h. destruct (Nat.eqb_spec i T); [lia | reflexivity]. }
  assert (Ex : descend h' w0 (S T) = after (grad := grad) (w T) s).
  { cbn. rewrite Heq. unfold h'. rewrite Nat.eqb_refl. reflexivity. }
  assert (HA' : hypotheses_A L grad hess (descend h' w0) R0 mu beta eta delta) by (apply good_A; assumption).
  destruct (theorem_A (descend h' w0) R0 mu beta eta delta h' HA') as [Hstay' _ Hpath' _].
  { intros i _. unfold h'. destruct (Nat.eqb i T); nra. }
  { apply descend_run. }
  exists (descend h' w0 (S T)).
  destruct (Hstay' (S T)) as [_ H2]. split; [exact H2 |]. split.
  - apply Rle_trans with (path (descend h' w0) (S T)); [apply (dist_le_path (descend h' w0)) | apply Hpath'].
  - rewrite Ex, Es. unfold y'. lra.
Qed.

(** Above the radius sqrt(2 L_0/mu). *)
Lemma mu_le_beta_strict w0 R0 : good w0 R0 -> 0 < L w0 -> sqrt (2 * L w0 / mu) < R0 -> mu <= beta.
Proof.
  intros Hg HL0 HR.
  assert (Hr := sqrt_ratio_pos (L w0) HL0). set (ra := sqrt (2 * L w0 / mu)) in *.
  (* a step small enough for Theorem A's radius to be below R *)
  assert (Heta : exists eta, 0 < eta < 2 / beta /\ radius_sharp (L w0) mu beta eta < R0).
  { set (c := (ra / R0 + 1) / 2).
    assert (Hc : ra / R0 < 1).
    { apply Rmult_lt_reg_r with R0; [lra |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
    assert (Hc0 : 0 < ra / R0) by (apply Rdiv_lt_0_compat; lra).
    exists (2 * (1 - c) / beta). split.
    - unfold Rdiv at 1 3. split.
      + apply Rmult_lt_0_compat; [unfold c; lra | apply Rinv_0_lt_compat; assumption].
      + apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat; assumption | unfold c; lra].
    - unfold radius_sharp, slack. fold ra.
      replace (1 - beta * (2 * (1 - c) / beta) / 2) with c by (field; lra).
      apply Rmult_lt_reg_r with c; [unfold c; lra |].
      unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l by (unfold c; lra).
      assert (ra / R0 * R0 = ra) by (field; lra). unfold c. nra. }
  destruct Heta as (eta & He & HRe).
  set (e := R0 - radius_sharp (L w0) mu beta eta).
  assert (Hepos : 0 < e) by (unfold e; lra).
  (* a loss small enough for the doubled radius to fit into what is left *)
  set (y := mu * e ^ 2 / 32).
  assert (Hy : 0 < y).
  { unfold y. assert (0 < mu * e ^ 2) by (apply Rmult_lt_0_compat; [assumption | apply pow_lt; assumption]). lra. }
  destruct (small_loss w0 R0 eta y Hg HL0 He HRe Hy) as (x & Hx1 & Hx2 & Hx3).
  apply (mu_le_beta_double x e).
  - apply (good_sub w0 R0); [assumption | assumption | unfold e; lra].
  - lra.
  - assert (sqrt (2 * L x / mu) <= e / 4).
    { rewrite <- (sqrt_pow2 (e / 4)) by lra. apply sqrt_le_1_alt.
      apply Rle_trans with (2 * y / mu).
      - unfold Rdiv. apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat; assumption | lra].
      - right. unfold y. field. lra. }
    lra.
Qed.

(** The lemma, the boundary case R = sqrt(2 L_0 / mu) included. *)
Theorem mu_le_beta_region w0 R0 : good w0 R0 -> 0 < L w0 -> sqrt (2 * L w0 / mu) <= R0 -> mu <= beta.
Proof.
  intros Hg HL0 HR. apply Rnot_lt_le. intro Hlt.
  assert (Hr := sqrt_ratio_pos (L w0) HL0).
  assert (Hn := loss_nonneg _ _ _ HL).
  assert (Hw0 : region L w0 R0 w0) by (split; [rewrite hnorm_minus_diag |]; lra).
  set (a := sqrt (L w0)). set (m := sqrt (2 * mu)). set (g := hnorm (grad w0)).
  assert (Ha : 0 < a) by (apply sqrt_lt_R0; assumption).
  assert (Ha2 : a ^ 2 = L w0) by (apply pow2_sqrt; lra).
  assert (Hm : 0 < m) by (apply sqrt_lt_R0; lra).
  assert (Hm2 : m ^ 2 = 2 * mu) by (apply pow2_sqrt; lra).
  assert (Hpl : m * a <= g).
  { apply PL_star_sqrt; [lra | lra |]. apply (proj1 Hg). assumption. }
  assert (Hgp : 0 < g) by (assert (0 < m * a) by (apply Rmult_lt_0_compat; assumption); lra).
  (* a small step *)
  destruct (after_continuous HL w0 0 (L w0) HL0) as (e & He & Hcont).
  set (h := Rmin (Rmin (1 / beta) (R0 / (2 * g))) (Rmin e (a / (g * m)))).
  assert (Hb1 : 0 < 1 / beta) by (apply Rdiv_lt_0_compat; lra).
  assert (Hb2 : 0 < R0 / (2 * g)) by (apply Rdiv_lt_0_compat; lra).
  assert (Hgm : 0 < g * m) by (apply Rmult_lt_0_compat; assumption).
  assert (Hb3 : 0 < a / (g * m)) by (apply Rdiv_lt_0_compat; assumption).
  assert (Hh0 : 0 < h) by (unfold h; repeat apply Rmin_glb_lt; assumption).
  assert (Hh1 : h <= 1 / beta) by (eapply Rle_trans; [apply Rmin_l | apply Rmin_l]).
  assert (Hh2 : h <= R0 / (2 * g)) by (eapply Rle_trans; [apply Rmin_l | apply Rmin_r]).
  assert (Hh3 : h <= e) by (eapply Rle_trans; [apply Rmin_r | apply Rmin_l]).
  assert (Hh4 : h <= a / (g * m)) by (eapply Rle_trans; [apply Rmin_r | apply Rmin_r]).
  clearbody h.
  assert (Hhb : h < 2 / beta).
  { apply Rle_lt_trans with (1 / beta); [assumption |]. unfold Rdiv.
    apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat; assumption | lra]. }
  assert (Hhg : h * g <= R0 / 2).
  { apply Rle_trans with (R0 / (2 * g) * g); [apply Rmult_le_compat_r; lra | right; field; lra]. }
  assert (Hhgm : h * (g * m) <= a).
  { apply Rle_trans with (a / (g * m) * (g * m)); [apply Rmult_le_compat_r; lra | right; field; lra]. }
  set (x := after (grad := grad) w0 h).
  assert (Hdx : hnorm (minus x w0) = h * g) by (apply after_dist_0; lra).
  destruct (segment_stays HL w0 R0 beta Hbeta (proj2 Hg) w0 h Hw0 Hhb) with (s := h) as [Hreg Hdesc]; [| lra |].
  { intros s Hs _. rewrite after_dist_0 by lra. fold g. nra. }
  fold x in Hreg, Hdesc. fold g in Hdesc.
  assert (HLx : 0 < L x).
  { destruct (Hcont h) as [H _]; [rewrite Rminus_0_r, Rabs_pos_eq; lra |].
    rewrite after_0 in H. fold x in H. apply Rabs_lt_between in H. lra. }
  set (b := sqrt (L x)).
  assert (Hb0 := sqrt_pos (L x)). fold b in Hb0.
  assert (Hbb : b ^ 2 = L x) by (apply pow2_sqrt; lra).
  (* mu > beta makes the step strictly shorter than what the potential pays *)
  assert (Hgain : b < a - h * g * m / 2).
  { assert (H1 : (a - h * g * m / 2) ^ 2 - b ^ 2 >= h * g * ((g - m * a) + h * g * (mu - beta) / 2)).
    { rewrite Hbb. apply Rle_ge. rewrite <- Ha2 in Hdesc. unfold decrease in Hdesc.
      replace ((a - h * g * m / 2) ^ 2) with (a ^ 2 - a * h * g * m + h ^ 2 * g ^ 2 * (m ^ 2) / 4) by field.
      rewrite Hm2. lra. }
    assert (H2 : 0 < h * g) by (apply Rmult_lt_0_compat; assumption).
    assert (H3 : 0 < h * g * (mu - beta)) by (apply Rmult_lt_0_compat; lra).
    assert (H4 : 0 < h * g * ((g - m * a) + h * g * (mu - beta) / 2)) by (apply Rmult_lt_0_compat; lra).
    apply Rnot_le_lt. intro. nra. }
  (* so the strict case applies at x, in the ball that is left *)
  assert (mu <= beta); [| lra].
  apply (mu_le_beta_strict x (R0 - h * g)).
  - apply (good_sub w0 R0); [assumption | apply Hreg | lra].
  - assumption.
  - assert (Hroot : forall l, 0 <= l -> sqrt (2 * l / mu) = sqrt (2 / mu) * sqrt l).
    { intros l Hl. rewrite <- sqrt_mult; [f_equal; field; lra | apply Rlt_le, Rdiv_lt_0_compat; lra | assumption]. }
    rewrite Hroot in HR by lra. rewrite Hroot by lra. fold a in HR. fold b.
    assert (H2 := sqrt_two_over mu Hmu). fold m in H2.
    assert (Hk : 0 < sqrt (2 / mu)) by (apply sqrt_lt_R0, Rdiv_lt_0_compat; lra).
    assert (H3 : sqrt (2 / mu) * b < sqrt (2 / mu) * (a - h * g * m / 2)) by (apply Rmult_lt_compat_l; assumption).
    replace (sqrt (2 / mu) * (a - h * g * m / 2)) with (sqrt (2 / mu) * a - h * g * (sqrt (2 / mu) * m) / 2) in H3 by field.
    rewrite H2 in H3. lra.
Qed.

End MuBeta.

(** The statement on its own. *)
Theorem mu_le_beta {E : Hilbert} (L : E -> R) (grad : E -> E) (hess : E -> E -> E) (w0 : E) (R0 mu beta : R) :
  smooth_loss L grad hess -> 0 < mu -> 0 < beta ->
  PL_star L grad mu (region L w0 R0) -> hessian_at_most hess beta (region L w0 R0) ->
  0 < L w0 -> sqrt (2 * L w0 / mu) <= R0 ->
  mu <= beta.
Proof.
  intros HL Hmu Hb HPL Hh HL0 HR.
  apply (mu_le_beta_region HL mu beta Hmu Hb w0 R0); [split; assumption | assumption | assumption].
Qed.
