(** * The descent inequality along a segment, and why a step does not leave the region *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth.
Open Scope R_scope.

(** Taylor-Lagrange with an upper bound on the second derivative. *)
Lemma taylor_upper (f f1 f2 : R -> R) (M s : R) :
  0 <= s ->
  (forall x, 0 <= x <= s -> derivable_pt_lim f x (f1 x)) ->
  (forall x, 0 <= x <= s -> derivable_pt_lim f1 x (f2 x)) ->
  (forall x, 0 <= x <= s -> f2 x <= M) ->
  f s <= f 0 + f1 0 * s + M * s ^ 2 / 2.
Proof.
  intros Hs D1 D2 HM.
  destruct (Req_dec s 0) as [E | E]; [rewrite E; lra |].
  (* f - f1(0) x - M x^2 / 2 has a nonpositive derivative *)
  destruct (MVT_cor2 (fun x => f x - (f1 0 * x + M / 2 * (x * x))) (fun x => f1 x - (f1 0 * 1 + M / 2 * (1 * x + x * 1))) 0 s)
    as (c & Ec & Hc); [lra | |].
  { intros c Hc. apply derivable_pt_lim_minus; [apply D1; assumption |].
    apply derivable_pt_lim_plus.
    - apply derivable_pt_lim_scal. apply derivable_pt_lim_id.
    - apply derivable_pt_lim_scal. apply (derivable_pt_lim_mult id id); apply derivable_pt_lim_id. }
  destruct (MVT_cor2 f1 f2 0 c) as (c' & Ec' & Hc'); [lra | |].
  { intros x Hx. apply D2. lra. }
  assert (H := HM c' ltac:(lra)).
  assert (f1 c - f1 0 <= M * c) by (rewrite Ec'; nra).
  cbv beta in Ec.
  assert ((f1 c - (f1 0 * 1 + M / 2 * (1 * c + c * 1))) * (s - 0) <= 0) by nra.
  lra.
Qed.

(** Real induction on [0, h]: a closed property that extends a little to the right holds throughout.  This is
    "take the largest s* with the segment in S". *)
Lemma real_induction (h : R) (Q : R -> Prop) :
  Q 0 ->
  (forall s, 0 < s <= h -> (forall s', 0 <= s' < s -> Q s') -> Q s) ->
  (forall s, 0 <= s < h -> (forall s', 0 <= s' <= s -> Q s') ->
     exists e, 0 < e /\ forall s', s < s' <= s + e -> Q s') ->
  forall s, 0 <= s <= h -> Q s.
Proof.
  intros Q0 Qclosed Qopen s Hs.
  set (A := fun x => 0 <= x <= h /\ forall s', 0 <= s' <= x -> Q s').
  assert (A0 : A 0).
  { split; [lra |]. intros s' Hs'. replace s' with 0 by lra. assumption. }
  destruct (completeness A) as [m [Hub Hlub]].
  { exists h. intros x [Hx _]. lra. }
  { exists 0. assumption. }
  assert (Hm0 : 0 <= m) by (apply Hub; assumption).
  assert (Hmh : m <= h) by (apply Hlub; intros x [Hx _]; lra).
  assert (Hbelow : forall s', 0 <= s' < m -> Q s').
  { intros s' Hs'. destruct (Classical_Prop.classic (exists x, A x /\ s' < x)) as [(x & Ax & Hx) | Hno].
    - apply (proj2 Ax). lra.
    - exfalso. apply (Rlt_not_le m s'); [lra |]. apply Hlub. intros x Ax.
      apply Rnot_lt_le. intro. apply Hno. exists x. split; assumption. }
  assert (Hm : forall s', 0 <= s' <= m -> Q s').
  { intros s' Hs'. destruct (Rlt_le_dec s' m) as [Hlt | Hge]; [apply Hbelow; lra |].
    replace s' with m by lra. destruct (Req_dec m 0) as [E | E]; [rewrite E; assumption |].
    apply Qclosed; [lra | assumption]. }
  destruct (Rlt_le_dec m h) as [Hlt | Hge].
  - exfalso. destruct (Qopen m) as (e & He & Hext); [lra | assumption |].
    assert (Hr := Rmin_l e (h - m)). assert (Hr2 := Rmin_r e (h - m)).
    assert (Hr3 : 0 < Rmin e (h - m)) by (apply Rmin_glb_lt; lra).
    assert (A (m + Rmin e (h - m))).
    { split; [lra |]. intros s' Hs'. destruct (Rle_lt_dec s' m); [apply Hm; lra | apply Hext; lra]. }
    apply Hub in H. lra.
  - apply Hm. lra.
Qed.

Section Segment.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Hypothesis HL : smooth_loss L grad hess.
Variables (w0 : E) (R0 beta : R).
Hypothesis Hbeta : 0 < beta.
Hypothesis Hhess : hessian_at_most hess beta (region L w0 R0).

(** The point reached from [w] by the step [s]. *)
Definition after (w : E) (s : R) : E := minus w (scal s (grad w)).

Lemma after_line (w : E) (s : R) : after w s = line w (opp (grad w)) s.
Proof. unfold after, line. apply dot_ext. intro. dot_expand. ring. Qed.

Lemma after_0 (w : E) : after w 0 = w.
Proof. rewrite after_line. apply line_0. Qed.

Lemma after_dist (w : E) (s t : R) : hnorm (minus (after w s) (after w t)) = Rabs (s - t) * hnorm (grad w).
Proof. rewrite !after_line, line_dist, hnorm_opp. reflexivity. Qed.

Lemma after_dist_0 (w : E) (s : R) : 0 <= s -> hnorm (minus (after w s) w) = s * hnorm (grad w).
Proof. intro. rewrite after_line, line_dist_0, hnorm_opp, Rabs_pos_eq; [reflexivity | assumption]. Qed.

Lemma after_derivative (w : E) :
  derivable_pt_lim (fun s => L (after w s)) 0 (- hnorm (grad w) ^ 2).
Proof.
  apply is_derive_Reals. apply (is_derive_ext (fun s => L (line w (opp (grad w)) s))).
  { intro. rewrite after_line. reflexivity. }
  apply is_derive_Reals.
  replace (- hnorm (grad w) ^ 2) with (dot (grad (line w (opp (grad w)) 0)) (opp (grad w))).
  - apply (line_derivative HL).
  - rewrite line_0, dot_opp_r, hnorm_sqr. reflexivity.
Qed.

Lemma after_continuous (w : E) (s eps : R) : 0 < eps ->
  exists e, 0 < e /\ forall s', Rabs (s' - s) <= e ->
    Rabs (L (after w s') - L (after w s)) < eps /\ hnorm (minus (after w s') (after w s)) < eps.
Proof.
  intro Heps.
  destruct (loss_continuous HL (after w s) eps Heps) as (d & Hd & H).
  assert (Hg := hnorm_pos (grad w)).
  assert (Hm : 0 < Rmin d eps) by (apply Rmin_glb_lt; assumption).
  exists (Rmin d eps / (hnorm (grad w) + 1)). split; [apply Rdiv_lt_0_compat; lra |].
  intros s' Hs'.
  assert (Hlt : hnorm (minus (after w s') (after w s)) < Rmin d eps).
  { rewrite after_dist.
    assert (Rabs (s' - s) * (hnorm (grad w) + 1) <= Rmin d eps).
    { apply Rmult_le_reg_r with (/ (hnorm (grad w) + 1)); [apply Rinv_0_lt_compat; lra |].
      rewrite Rmult_assoc, Rinv_r, Rmult_1_r by lra. assumption. }
    assert (Habs := Rabs_pos (s' - s)).
    destruct (Req_dec (Rabs (s' - s)) 0) as [E0 | E0]; [rewrite E0; lra | nra]. }
  assert (H1 := Rmin_l d eps). assert (H2 := Rmin_r d eps).
  split; [apply H; lra | lra].
Qed.

(** Descent: while the segment stays in the region, L falls by at least [decrease beta s * |grad|^2]. *)
Lemma descent (w : E) (s : R) :
  0 <= s -> (forall x, 0 <= x <= s -> region L w0 R0 (after w x)) ->
  L (after w s) <= L w - decrease beta s * hnorm (grad w) ^ 2.
Proof.
  intros Hs Hin.
  set (v := opp (grad w)).
  assert (H := taylor_upper (fun x => L (line w v x)) (fun x => dot (grad (line w v x)) v)
                 (fun x => dot (hess (line w v x) v) v) (beta * hnorm v ^ 2) s Hs).
  cbv beta in H. rewrite line_0 in H. rewrite after_line. fold v.
  replace (dot (grad w) v) with (- hnorm (grad w) ^ 2) in H
    by (unfold v; rewrite dot_opp_r, hnorm_sqr; reflexivity).
  assert (Ev : hnorm v = hnorm (grad w)) by apply hnorm_opp.
  rewrite Ev in H.
  unfold decrease.
  apply Rle_trans with (L w + - hnorm (grad w) ^ 2 * s + beta * hnorm (grad w) ^ 2 * s ^ 2 / 2); [| right; field].
  apply H.
  - intros x _. apply (line_derivative HL).
  - intros x _. apply (line_second_derivative HL).
  - intros x Hx. rewrite <- Ev. apply Hhess. unfold v. rewrite <- after_line. apply Hin. assumption.
Qed.

(** No exit.  Suppose every partial step that stayed in the region and fell as [descent] says ends strictly inside the
    ball.  Then the whole segment stays in the region (and [descent] holds along it). *)
Lemma segment_stays (w : E) (h : R) :
  region L w0 R0 w -> h < 2 / beta ->
  (forall s, 0 <= s <= h -> L (after w s) <= L w - decrease beta s * hnorm (grad w) ^ 2 ->
     hnorm (minus (after w s) w0) < R0) ->
  forall s, 0 <= s <= h ->
    region L w0 R0 (after w s) /\ L (after w s) <= L w - decrease beta s * hnorm (grad w) ^ 2.
Proof.
  intros Hw Hh Hstrict.
  assert (Hall : forall s, 0 <= s <= h -> region L w0 R0 (after w s)).
  { destruct (Req_dec (hnorm (grad w)) 0) as [Eg | Eg].
    { (* gradient zero: nothing moves *)
      intros s _. replace (after w s) with w; [assumption |].
      unfold after. rewrite (hnorm_eq_0 _ Eg). apply dot_ext. intro. dot_expand. ring. }
    assert (Hg : 0 < hnorm (grad w)) by (assert (H := hnorm_pos (grad w)); lra).
    apply real_induction.
    - rewrite after_0. assumption.
    - (* the region is closed *)
      intros s Hs Hbefore. split; apply Rnot_lt_le; intro Hn.
      + destruct (after_continuous w s (hnorm (minus (after w s) w0) - R0)) as (e & He & H); [lra |].
        set (s' := Rmax 0 (s - e)).
        assert (H1 := Rmax_l 0 (s - e)). assert (H2 := Rmax_r 0 (s - e)).
        assert (H3 : s' < s) by (apply Rmax_lub_lt; lra).
        assert (Habs : Rabs (s' - s) <= e) by (apply Rabs_le; unfold s' in *; lra).
        destruct (H s' Habs) as [_ H4]. destruct (Hbefore s') as [H5 _]; [unfold s' in *; lra |].
        assert (H6 := hnorm_minus_triangle (after w s) (after w s') w0).
        rewrite (hnorm_minus_sym (after w s) (after w s')) in H6. lra.
      + destruct (after_continuous w s (L (after w s) - L w0)) as (e & He & H); [lra |].
        set (s' := Rmax 0 (s - e)).
        assert (H1 := Rmax_l 0 (s - e)). assert (H2 := Rmax_r 0 (s - e)).
        assert (H3 : s' < s) by (apply Rmax_lub_lt; lra).
        assert (Habs : Rabs (s' - s) <= e) by (apply Rabs_le; unfold s' in *; lra).
        destruct (H s' Habs) as [H4 _]. destruct (Hbefore s') as [_ H5]; [unfold s' in *; lra |].
        apply Rabs_lt_between in H4. lra.
    - (* both constraints are slack at the end of the segment, so it extends *)
      intros s Hs Hupto.
      assert (Hdesc := descent w s (proj1 Hs) Hupto).
      assert (Hball := Hstrict s ltac:(lra) Hdesc).
      destruct (after_continuous w s (R0 - hnorm (minus (after w s) w0))) as (e1 & He1 & H1); [lra |].
      assert (Hloss : exists e2, 0 < e2 /\ forall s', s < s' <= s + e2 -> L (after w s') <= L w0).
      { destruct (Req_dec s 0) as [E0 | E0].
        - (* at the start of the step the derivative -|grad|^2 is negative *)
          subst s. assert (Hg2 : 0 < hnorm (grad w) ^ 2) by (apply pow_lt; assumption).
          destruct (after_derivative w _ Hg2) as [e2 H2].
          exists (e2 / 2). split; [assert (H := cond_pos e2); lra |].
          intros s' Hs'. assert (He2 := cond_pos e2).
          specialize (H2 s' ltac:(lra)). rewrite Rabs_pos_eq in H2 by lra. specialize (H2 ltac:(lra)).
          rewrite Rplus_0_l, after_0 in H2. apply Rabs_lt_between in H2.
          assert (Hq : (L (after w s') - L w) / s' < 0) by lra.
          assert (L (after w s') - L w < 0).
          { apply Rmult_lt_reg_r with (/ s'); [apply Rinv_0_lt_compat; lra |]. unfold Rdiv in Hq. lra. }
          destruct Hw. lra.
        - (* later, the loss has fallen *)
          assert (Hdec : 0 < decrease beta s) by (apply decrease_pos with h; lra).
          assert (0 < decrease beta s * hnorm (grad w) ^ 2)
            by (apply Rmult_lt_0_compat; [assumption | apply pow_lt; assumption]).
          destruct (after_continuous w s (L w0 - L (after w s))) as (e2 & He2 & H2); [destruct Hw; lra |].
          exists e2. split; [assumption |]. intros s' Hs'.
          destruct (H2 s') as [H3 _]; [apply Rabs_le; lra |]. apply Rabs_lt_between in H3. lra. }
      destruct Hloss as (e2 & He2 & H2).
      assert (Hm1 := Rmin_l e1 e2). assert (Hm2 := Rmin_r e1 e2).
      exists (Rmin e1 e2). split; [apply Rmin_glb_lt; assumption |].
      intros s' Hs'. split; [| apply H2; lra].
      destruct (H1 s') as [_ H3]; [apply Rabs_le; lra |].
      assert (H4 := hnorm_minus_triangle (after w s') (after w s) w0). lra. }
  intros s Hs. split; [apply Hall; assumption |].
  apply descent; [lra |]. intros x Hx. apply Hall. lra.
Qed.

End Segment.
