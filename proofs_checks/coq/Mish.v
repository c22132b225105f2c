(** * Mish, x tanh (log (1 + e^x)): its first three derivatives and their stored bounds

    With e = exp x the gate tanh (log (1 + e)) is 1 - 2/(e^2 + 2 e + 2).  Near its peak a derivative is bounded by
    concavity, elsewhere on [-4, 4] by interval arithmetic, beyond by exp (-|x|). *)

From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Constants Activations GeluSilu Enclosures Peak.
Open Scope R_scope.

Definition gate (x : R) : R := 1 - 2 / (exp x ^ 2 + 2 * exp x + 2).
Definition gate1 (x : R) : R := 4 * exp x * (exp x + 1) / (exp x ^ 2 + 2 * exp x + 2) ^ 2.
Definition gate2 (x : R) : R :=
  - (4 * exp x * (2 * exp x ^ 3 + 3 * exp x ^ 2 - 2 * exp x - 2)) / (exp x ^ 2 + 2 * exp x + 2) ^ 3.
Definition gate3 (x : R) : R :=
  4 * exp x * (4 * exp x ^ 5 + 5 * exp x ^ 4 - 24 * exp x ^ 3 - 32 * exp x ^ 2 + 4) /
  (exp x ^ 2 + 2 * exp x + 2) ^ 4.
Definition gate4 (x : R) : R :=
  - (4 * exp x * (8 * exp x ^ 7 - exp x ^ 6 - 154 * exp x ^ 5 - 210 * exp x ^ 4 + 128 * exp x ^ 3 + 220 * exp x ^ 2 +
    24 * exp x - 8)) / (exp x ^ 2 + 2 * exp x + 2) ^ 5.
Definition gate5 (x : R) : R :=
  4 * exp x * (16 * exp x ^ 9 - 51 * exp x ^ 8 - 740 * exp x ^ 7 - 728 * exp x ^ 6 + 2616 * exp x ^ 5 +
    3896 * exp x ^ 4 + 48 * exp x ^ 3 - 1248 * exp x ^ 2 - 160 * exp x + 16) / (exp x ^ 2 + 2 * exp x + 2) ^ 6.

Definition mish (x : R) : R := x * gate x.
Definition mish1 (x : R) : R := gate x + x * gate1 x.
Definition mish2 (x : R) : R := 2 * gate1 x + x * gate2 x.
Definition mish3 (x : R) : R := 3 * gate2 x + x * gate3 x.
Definition mish4 (x : R) : R := 4 * gate3 x + x * gate4 x.
Definition mish5 (x : R) : R := 5 * gate4 x + x * gate5 x.

(** ** The gate is the hyperbolic tangent of softplus, and the chain of derivatives *)
Lemma gate_tanh x : gate x = ((1 + exp x) - / (1 + exp x)) / ((1 + exp x) + / (1 + exp x)).
Proof. unfold gate. assert (H := exp_pos x). field. repeat split; apply Rgt_not_eq; nra. Qed.

Ltac nonzero e :=
  repeat match goal with
         | |- _ /\ _ => split
         | |- True => exact I
         | |- _ => apply Rgt_not_eq; repeat (apply Rmult_lt_0_compat || apply pow_lt || apply Rlt_0_1); nra
         end.

Ltac derive x :=
  let H := fresh "H" in
  assert (H := exp_pos x); auto_derive; [nonzero (exp x) | field; nonzero (exp x)].

Lemma gate_d x : is_derive gate x (gate1 x).
Proof. unfold gate, gate1. derive x. Qed.
Lemma gate1_d x : is_derive gate1 x (gate2 x).
Proof. unfold gate1, gate2. derive x. Qed.
Lemma gate2_d x : is_derive gate2 x (gate3 x).
Proof. unfold gate2, gate3. derive x. Qed.
Lemma gate3_d x : is_derive gate3 x (gate4 x).
Proof. unfold gate3, gate4. derive x. Qed.
Lemma gate4_d x : is_derive gate4 x (gate5 x).
Proof. unfold gate4, gate5. derive x. Qed.

Lemma step (n : R) (f f1 f2 : R -> R) x :
  is_derive f x (f1 x) -> is_derive f1 x (f2 x) ->
  is_derive (fun x => n * f x + x * f1 x) x ((n + 1) * f1 x + x * f2 x).
Proof.
  intros H1 H2. replace ((n + 1) * f1 x + x * f2 x) with (n * f1 x + (f1 x + x * f2 x)) by ring.
  apply (is_derive_plus (fun x => n * f x) (fun x => x * f1 x) x); [| apply times_x; assumption].
  apply (is_derive_scal f x n). assumption.
Qed.

Lemma mish1_d x : is_derive mish1 x (mish2 x).
Proof.
  unfold mish2. replace (2 * gate1 x + x * gate2 x) with (gate1 x + (gate1 x + x * gate2 x)) by ring.
  apply (is_derive_plus gate (fun x => x * gate1 x) x); [apply gate_d | apply times_x, gate1_d].
Qed.
Lemma mish2_d x : is_derive mish2 x (mish3 x).
Proof. unfold mish3. replace 3 with (2 + 1) by ring. apply step; [apply gate1_d | apply gate2_d]. Qed.
Lemma mish3_d x : is_derive mish3 x (mish4 x).
Proof. unfold mish4. replace 4 with (3 + 1) at 1 by ring. apply step; [apply gate2_d | apply gate3_d]. Qed.
Lemma mish4_d x : is_derive mish4 x (mish5 x).
Proof. unfold mish5. replace 5 with (4 + 1) at 1 by ring. apply step; [apply gate3_d | apply gate4_d]. Qed.

Theorem mish_derivatives : derivatives mish mish1 mish2 mish3.
Proof.
  intro x. split; [apply times_x, gate_d | split; [apply mish1_d | apply mish2_d]].
Qed.

(** ** Beyond [-4, 4] *)
Ltac powers e H :=
  assert (H2 := pow_lt e 2 H); assert (H3 := pow_lt e 3 H); assert (H4 := pow_lt e 4 H); assert (H5 := pow_lt e 5 H);
  assert (H6 := pow_lt e 6 H); assert (H7 := pow_lt e 7 H); assert (H8 := pow_lt e 8 H); assert (H9 := pow_lt e 9 H).

Lemma below_bound (N D b : R) : 0 < D -> - (b * D) <= N -> N <= b * D -> - b <= N / D <= b.
Proof.
  intros HD H1 H2. split; apply Rmult_le_reg_r with D; try assumption; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Lemma gates_left x :
  0 <= gate x <= exp x /\ - exp x <= gate1 x <= exp x /\ - exp x <= gate2 x <= exp x /\ - exp x <= gate3 x <= exp x.
Proof.
  assert (H := exp_pos x). set (e := exp x) in *. powers e H.
  assert (HD : 0 < e ^ 2 + 2 * e + 2) by lra.
  repeat split; unfold gate, gate1, gate2, gate3; fold e.
  - replace (1 - 2 / (e ^ 2 + 2 * e + 2)) with ((e ^ 2 + 2 * e) / (e ^ 2 + 2 * e + 2)) by (field; lra).
    apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra].
  - replace (1 - 2 / (e ^ 2 + 2 * e + 2)) with ((e ^ 2 + 2 * e) / (e ^ 2 + 2 * e + 2)) by (field; lra).
    apply below_bound; [lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
Qed.

Lemma gates_right x :
  4 <= x ->
  0 <= gate x <= 1 /\ - exp (- x) <= gate1 x <= exp (- x) /\ - exp (- x) <= gate2 x <= exp (- x) /\
  - exp (- x) <= gate3 x <= exp (- x).
Proof.
  intro Hx. assert (Hq := exp_pos (- x)).
  assert (Hs : exp (- x) <= 1 / 16).
  { apply Rle_trans with (exp (- (4))); [| enclose_number].
    destruct (Rle_lt_or_eq_dec 4 x Hx); [left; apply exp_increasing; lra | right; f_equal; lra]. }
  assert (E : exp x = / exp (- x)) by (rewrite exp_Ropp, Rinv_inv; reflexivity).
  set (q := exp (- x)) in *. powers q Hq.
  set (D := 1 + 2 * q + 2 * q ^ 2). assert (HD : 0 < D) by (unfold D; lra).
  assert (E0 : gate x = (1 + 2 * q) / D).
  { unfold gate, D. rewrite E. field. repeat split; apply Rgt_not_eq; nra. }
  assert (E1 : gate1 x = 4 * q ^ 2 * (1 + q) / D ^ 2).
  { unfold gate1, D. rewrite E. field. repeat split; apply Rgt_not_eq; nra. }
  assert (E2 : gate2 x = - (4 * q ^ 2 * (2 + 3 * q - 2 * q ^ 2 - 2 * q ^ 3)) / D ^ 3).
  { unfold gate2, D. rewrite E. field. repeat split; apply Rgt_not_eq; nra. }
  assert (E3 : gate3 x = 4 * q ^ 2 * (4 + 5 * q - 24 * q ^ 2 - 32 * q ^ 3 + 4 * q ^ 5) / D ^ 4).
  { unfold gate3, D. rewrite E. field. repeat split; apply Rgt_not_eq; nra. }
  assert (Hqq : 16 * q ^ 2 <= q) by (replace (q ^ 2) with (q * q) by ring; nra).
  assert (Hq4 : 16 * q ^ 4 <= q ^ 3) by (replace (q ^ 4) with (q ^ 3 * q) by ring; nra).
  rewrite E0, E1, E2, E3. unfold D in *.
  repeat split.
  - apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra].
  - apply Rmult_le_reg_r with (1 + 2 * q + 2 * q ^ 2); [lra |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
  - apply below_bound; [apply pow_lt; lra | ring_simplify; lra | ring_simplify; lra].
Qed.

(** y exp (-y) <= 4 exp (-4) for y >= 4, as exp (y - 4) >= y - 3. *)
Lemma far y : 4 <= y -> 0 < exp (- y) /\ exp (- y) <= 2 / 100 /\ y * exp (- y) <= 75 / 1000.
Proof.
  intro Hy. assert (Hp := exp_pos (- y)).
  assert (E : exp (- (4)) = exp (- y) * exp (y - 4)) by (rewrite <- exp_plus; f_equal; ring).
  assert (H1 := exp_ineq1_le (y - 4)).
  assert (H4 : exp (- (4)) <= 1 / 54) by enclose_number.
  assert (H5 : exp (- y) * (1 + (y - 4)) <= exp (- (4))) by (rewrite E; apply Rmult_le_compat_l; lra).
  split; [assumption | split; nra].
Qed.

Lemma tails x :
  4 <= Rabs x -> Rabs (mish1 x) <= 108 / 100 /\ Rabs (mish2 x) <= 62 / 100 /\ Rabs (mish3 x) <= 56 / 100.
Proof.
  intro Hx. destruct (Rle_lt_dec 0 x) as [H0 | H0].
  - rewrite Rabs_pos_eq in Hx by assumption. destruct (far x Hx) as (Hp & H1 & H2).
    destruct (gates_right x Hx) as (G0 & G1 & G2 & G3). set (q := exp (- x)) in *.
    assert (P1 : - (x * q) <= x * gate1 x <= x * q) by nra.
    assert (P2 : - (x * q) <= x * gate2 x <= x * q) by nra.
    assert (P3 : - (x * q) <= x * gate3 x <= x * q) by nra.
    unfold mish1, mish2, mish3. repeat split; apply Rabs_le; lra.
  - rewrite Rabs_left in Hx by assumption. destruct (far (- x) Hx) as (Hp & H1 & H2).
    destruct (gates_left x) as (G0 & G1 & G2 & G3). rewrite Ropp_involutive in *. set (q := exp x) in *.
    assert (P1 : x * q <= x * gate1 x <= - x * q) by nra.
    assert (P2 : x * q <= x * gate2 x <= - x * q) by nra.
    assert (P3 : x * q <= x * gate3 x <= - x * q) by nra.
    unfold mish1, mish2, mish3. repeat split; apply Rabs_le; lra.
Qed.

(** ** The peaks *)
Lemma mish1_peak x : 11 / 10 <= x <= 19 / 10 -> mish1 x <= stored_mish_s1.
Proof.
  apply (peak mish1 mish2 mish3 _ (1490571 / 1000000) (1490572 / 1000000)).
  - lra.
  - lra.
  - exact mish1_d.
  - exact mish2_d.
  - intros z Hz. unfold mish3, gate2, gate3. enclose z 6%nat.
  - unfold mish2, gate1, gate2. enclose_number.
  - unfold mish2, gate1, gate2. enclose_number.
  - intros z Hz. unfold mish1, gate, gate1, stored_mish_s1. enclose z 3%nat.
Qed.

Lemma mish2_peak x : - (4 / 10) <= x <= 2 / 10 -> mish2 x <= stored_mish_s2.
Proof.
  apply (peak mish2 mish3 mish4 _ (- (879345 / 10000000)) (- (879344 / 10000000))).
  - lra.
  - lra.
  - exact mish2_d.
  - exact mish3_d.
  - intros z Hz. unfold mish4, gate3, gate4. enclose z 6%nat.
  - unfold mish3, gate2, gate3. enclose_number.
  - unfold mish3, gate2, gate3. enclose_number.
  - intros z Hz. unfold mish2, gate1, gate2, stored_mish_s2. enclose z 3%nat.
Qed.

Lemma mish3_peak x : 5 / 10 <= x <= 1 -> - mish3 x <= stored_mish_s3.
Proof.
  apply (peak (fun x => - mish3 x) (fun x => - mish4 x) (fun x => - mish5 x) _ (7155058 / 10000000) (7155059 / 10000000)).
  - lra.
  - lra.
  - intro z. apply (is_derive_opp mish3 z (mish4 z)). apply mish3_d.
  - intro z. apply (is_derive_opp mish4 z (mish5 z)). apply mish4_d.
  - intros z Hz. unfold mish5, gate4, gate5. enclose z 8%nat.
  - unfold mish4, gate3, gate4. enclose_number.
  - unfold mish4, gate3, gate4. enclose_number.
  - intros z Hz. unfold mish3, gate2, gate3, stored_mish_s3. enclose z 3%nat.
Qed.

(** ** The stored bounds *)
Lemma inside x : Rabs x < 4 -> - (4) <= x <= 4.
Proof. intro H. apply Rabs_def2 in H. lra. Qed.

Theorem mish_s1_stored x : Rabs (mish1 x) <= stored_mish_s1.
Proof.
  assert (HM : 108 / 100 <= stored_mish_s1) by (unfold stored_mish_s1; lra).
  destruct (Rle_lt_dec 4 (Rabs x)) as [Hx | Hx]; [assert (H := tails x Hx); lra |].
  apply inside in Hx. apply Rabs_le. split.
  - assert (- (1) <= mish1 x); [unfold mish1, gate, gate1; enclose x 8%nat | lra].
  - destruct (Rle_lt_dec x (11 / 10)) as [H1 | H1].
    + assert (H : - (4) <= x <= 11 / 10) by lra.
      assert (mish1 x <= 108 / 100); [unfold mish1, gate, gate1; enclose x 8%nat | lra].
    + destruct (Rle_lt_dec x (19 / 10)) as [H2 | H2]; [apply mish1_peak; lra |].
      assert (H : 19 / 10 <= x <= 4) by lra.
      assert (mish1 x <= 108 / 100); [unfold mish1, gate, gate1; enclose x 8%nat | lra].
Qed.

Theorem mish_s2_stored x : Rabs (mish2 x) <= stored_mish_s2.
Proof.
  assert (HM : 62 / 100 <= stored_mish_s2) by (unfold stored_mish_s2; lra).
  destruct (Rle_lt_dec 4 (Rabs x)) as [Hx | Hx]; [assert (H := tails x Hx); lra |].
  apply inside in Hx. apply Rabs_le. split.
  - assert (- (62 / 100) <= mish2 x); [unfold mish2, gate1, gate2; enclose x 8%nat | lra].
  - destruct (Rle_lt_dec x (- (4 / 10))) as [H1 | H1].
    + assert (H : - (4) <= x <= - (4 / 10)) by lra.
      assert (mish2 x <= 62 / 100); [unfold mish2, gate1, gate2; enclose x 8%nat | lra].
    + destruct (Rle_lt_dec x (2 / 10)) as [H2 | H2]; [apply mish2_peak; lra |].
      assert (H : 2 / 10 <= x <= 4) by lra.
      assert (mish2 x <= 62 / 100); [unfold mish2, gate1, gate2; enclose x 8%nat | lra].
Qed.

Theorem mish_s3_stored x : Rabs (mish3 x) <= stored_mish_s3.
Proof.
  assert (HM : 56 / 100 <= stored_mish_s3) by (unfold stored_mish_s3; lra).
  destruct (Rle_lt_dec 4 (Rabs x)) as [Hx | Hx]; [assert (H := tails x Hx); lra |].
  apply inside in Hx. apply Rabs_le. split.
  - destruct (Rle_lt_dec x (5 / 10)) as [H1 | H1].
    + assert (H : - (4) <= x <= 5 / 10) by lra.
      assert (- (56 / 100) <= mish3 x); [unfold mish3, gate2, gate3; enclose x 8%nat | lra].
    + destruct (Rle_lt_dec x 1) as [H2 | H2]; [assert (H := mish3_peak x); lra |].
      assert (H : 1 <= x <= 4) by lra.
      assert (- (56 / 100) <= mish3 x); [unfold mish3, gate2, gate3; enclose x 8%nat | lra].
  - assert (mish3 x <= 56 / 100); [unfold mish3, gate2, gate3; enclose x 8%nat | lra].
Qed.

(** They are within 1e-11 of a value. *)
Theorem mish_reached :
  stored_mish_s1 - / 10 ^ 11 <= mish1 (1490571179 / 1000000000) /\
  stored_mish_s2 - / 10 ^ 11 <= mish2 (- (87934431 / 1000000000)) /\
  stored_mish_s3 - / 10 ^ 11 <= - mish3 (715505887 / 1000000000).
Proof.
  split; [| split].
  - unfold mish1, gate, gate1, stored_mish_s1. enclose_number.
  - unfold mish2, gate1, gate2, stored_mish_s2. enclose_number.
  - unfold mish3, gate2, gate3, stored_mish_s3. enclose_number.
Qed.
