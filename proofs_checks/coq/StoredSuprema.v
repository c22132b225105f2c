(** * The stored activation constants are upper bounds

    Where the supremum has a closed form (Activations.v, GeluSilu.v), the stored fraction is not below it; for
    Mish none has one (Mish.v).  The other three, the third derivative of GELU and the first and third of SiLU, are
    bounded here: near its peak by concavity, elsewhere on a compact interval by interval arithmetic, beyond it by exp x >= (x/4)^4. *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Constants Activations GeluSilu Enclosures Peak Mish.
Open Scope R_scope.

(** ** GELU, third derivative *)
Definition gelu4 (x : R) : R := - (x ^ 4 - 7 * x ^ 2 + 4) * phi x.
Definition gelu5 (x : R) : R := (x ^ 5 - 11 * x ^ 3 + 18 * x) * phi x.

Lemma times_phi (p : R -> R) (x dp : R) : is_derive p x dp -> is_derive (fun x => p x * phi x) x ((dp - p x * x) * phi x).
Proof.
  intro H. replace ((dp - p x * x) * phi x) with (dp * phi x + p x * (- x * phi x)) by ring.
  apply (is_derive_mult p phi x dp); [assumption | apply phi_d | intros; apply Rmult_comm].
Qed.

Lemma gelu_higher x : is_derive gelu3 x (gelu4 x) /\ is_derive gelu4 x (gelu5 x).
Proof.
  split.
  - replace (gelu4 x) with ((3 * x ^ 2 - 4 - (x ^ 3 - 4 * x) * x) * phi x) by (unfold gelu4; ring).
    apply (times_phi (fun x => x ^ 3 - 4 * x)). auto_derive; try exact I; ring.
  - replace (gelu5 x) with ((- (4 * x ^ 3 - 14 * x) - - (x ^ 4 - 7 * x ^ 2 + 4) * x) * phi x) by (unfold gelu5; ring).
    apply (times_phi (fun x => - (x ^ 4 - 7 * x ^ 2 + 4))). auto_derive; try exact I; ring.
Qed.

Lemma gelu3_peak x : 1 / 2 <= x <= 11 / 10 -> - gelu3 x <= stored_gelu_s3.
Proof.
  apply (peak (fun x => - gelu3 x) (fun x => - gelu4 x) (fun x => - gelu5 x) _ (79228 / 100000) (79229 / 100000)).
  - lra.
  - lra.
  - intro z. apply (is_derive_opp gelu3 z (gelu4 z)). apply gelu_higher.
  - intro z. apply (is_derive_opp gelu4 z (gelu5 z)). apply gelu_higher.
  - intros z Hz. unfold gelu5, phi. enclose z 6%nat.
  - unfold gelu4, phi. enclose_number.
  - unfold gelu4, phi. enclose_number.
  - intros z Hz. unfold gelu3, phi, stored_gelu_s3. enclose z 3%nat.
Qed.

Lemma gelu3_tail x : 8 <= x -> 0 <= gelu3 x <= / 16.
Proof.
  intro Hx.
  assert (Hxx : 8 * 8 <= x * x) by (apply Rmult_le_compat; lra).
  destruct (exp_tail (x * x / 2)) as [Hp Ht]; [lra |]. set (e := exp (- (x * x / 2))) in *.
  assert (Hk : 0 < / (sqrt 2 * sqrt PI) <= 2 / 5) by (split; enclose_number).
  assert (Ephi : phi x = e * / (sqrt 2 * sqrt PI)).
  { unfold phi, e, Rdiv at 1. f_equal. f_equal. field. }
  assert (Eg : gelu3 x = (x * (x * x - 4)) * e * / (sqrt 2 * sqrt PI)) by (unfold gelu3; rewrite Ephi; ring).
  (* x^3 exp (-x^2/2) is x times twice (x^2/2) exp (-x^2/2), and exp (-y) <= (4/y)^4 once more makes up for x *)
  assert (H0 : 0 <= x * (x * x - 4)) by (apply Rmult_le_pos; lra).
  rewrite Eg. split; [apply Rmult_le_pos; [apply Rmult_le_pos; lra | lra] |].
  assert (Hcube : x * (x * x - 4) * e <= 5 / 32); [| apply Rle_trans with (5 / 32 * (2 / 5)); [apply Rmult_le_compat |]; try lra; apply Rmult_le_pos; lra].
  assert (E : exp (x * x / 2) * e = 1) by (unfold e; rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
  assert (H1 : x * x / 2 / 4 <= exp (x * x / 2 / 4)) by (assert (H := exp_ineq1_le (x * x / 2 / 4)); lra).
  assert (E4 : exp (x * x / 2) = exp (x * x / 2 / 4) ^ 4).
  { replace (x * x / 2) with (x * x / 2 / 4 + x * x / 2 / 4 + (x * x / 2 / 4 + x * x / 2 / 4)) at 1 by field.
    rewrite !exp_plus. ring. }
  assert (H4 : (x * x / 2 / 4) ^ 4 <= exp (x * x / 2)) by (rewrite E4; apply pow_incr; lra).
  assert (H5 : x * (x * x - 4) <= 5 / 32 * (x * x / 2 / 4) ^ 4).
  { replace (5 / 32 * (x * x / 2 / 4) ^ 4) with (x * (x * x) * (x * (x * x) * (x * x) * (5 / 131072))) by field.
    assert (H6 : 8 * (8 * 8) <= x * (x * x)) by (apply Rmult_le_compat; lra).
    assert (H7 : 8 * (8 * 8) * (8 * 8) <= x * (x * x) * (x * x)) by (apply Rmult_le_compat; lra).
    assert (H8 : x * (x * x) * 1 <= x * (x * x) * (x * (x * x) * (x * x) * (5 / 131072))) by (apply Rmult_le_compat_l; lra).
    lra. }
  assert (H6 : x * (x * x - 4) * e <= 5 / 32 * exp (x * x / 2) * e) by (apply Rmult_le_compat_r; lra).
  lra.
Qed.

Theorem gelu_s3_stored x : Rabs (gelu3 x) <= stored_gelu_s3.
Proof.
  assert (HM : 77 / 100 <= stored_gelu_s3) by (unfold stored_gelu_s3; lra).
  assert (Hpos : forall x, 0 <= x -> Rabs (gelu3 x) <= stored_gelu_s3).
  { clear x. intros x Hx. apply Rabs_le.
    destruct (Rle_lt_dec 8 x) as [H8 | H8]; [assert (H := gelu3_tail x H8); lra |].
    split.
    - destruct (Rle_lt_dec x (1 / 2)) as [H1 | H1].
      + assert (H : 0 <= x <= 1 / 2) by lra.
        assert (- (77 / 100) <= gelu3 x); [unfold gelu3, phi; enclose x 8%nat | lra].
      + destruct (Rle_lt_dec x (11 / 10)) as [H2 | H2]; [assert (H := gelu3_peak x); lra |].
        assert (H : 11 / 10 <= x <= 8) by lra.
        assert (- (77 / 100) <= gelu3 x); [unfold gelu3, phi; enclose x 8%nat | lra].
    - assert (H : 0 <= x <= 8) by lra.
      assert (gelu3 x <= 77 / 100); [unfold gelu3, phi; enclose x 8%nat | lra]. }
  destruct (Rle_lt_dec 0 x) as [H | H]; [apply Hpos; assumption |].
  assert (E : gelu3 x = - gelu3 (- x)) by (unfold gelu3, phi; replace ((- x) ^ 2) with (x ^ 2) by ring; ring).
  rewrite E, Rabs_Ropp. apply Hpos. lra.
Qed.

(** ** SiLU *)
Definition sigmoid4 x := sigmoid x * (1 - sigmoid x) * (1 - 2 * sigmoid x) * (1 - 12 * sigmoid x * (1 - sigmoid x)).
Definition sigmoid5 x :=
  sigmoid x * (1 - sigmoid x) * (1 - 30 * (sigmoid x * (1 - sigmoid x)) + 120 * (sigmoid x * (1 - sigmoid x)) ^ 2).
Definition silu4 (x : R) : R := 4 * sigmoid3 x + x * sigmoid4 x.
Definition silu5 (x : R) : R := 5 * sigmoid4 x + x * sigmoid5 x.

Lemma sigmoid_higher x : is_derive sigmoid3 x (sigmoid4 x) /\ is_derive sigmoid4 x (sigmoid5 x).
Proof.
  split.
  - replace (sigmoid4 x) with (sigmoid x * (1 - sigmoid x) *
      ((1 - 2 * sigmoid x) * (1 - 12 * sigmoid x * (1 - sigmoid x)))) by (unfold sigmoid4; ring).
    apply (derive_comp_poly sigmoid (fun s => s * (1 - s) * (1 - 6 * s * (1 - s)))); [apply sigmoid_d |].
    auto_derive; try exact I; ring.
  - unfold sigmoid5.
    apply (derive_comp_poly sigmoid (fun s => s * (1 - s) * (1 - 2 * s) * (1 - 12 * s * (1 - s)))); [apply sigmoid_d |].
    auto_derive; try exact I; ring.
Qed.

Lemma silu_higher x : is_derive silu3 x (silu4 x) /\ is_derive silu4 x (silu5 x).
Proof.
  destruct (sigmoid_derivatives x) as (_ & _ & H3). destruct (sigmoid_higher x) as [H4 H5]. split.
  - replace (silu4 x) with (3 * sigmoid3 x + (sigmoid3 x + x * sigmoid4 x)) by (unfold silu4; ring).
    apply (is_derive_plus (fun x => 3 * sigmoid2 x) (fun x => x * sigmoid3 x) x); [| apply times_x; assumption].
    apply (is_derive_scal sigmoid2 x 3). assumption.
  - replace (silu5 x) with (4 * sigmoid4 x + (sigmoid4 x + x * sigmoid5 x)) by (unfold silu5; ring).
    apply (is_derive_plus (fun x => 4 * sigmoid3 x) (fun x => x * sigmoid4 x) x); [| apply times_x; assumption].
    apply (is_derive_scal sigmoid3 x 4). assumption.
Qed.

Lemma silu1_peak x : 2 <= x <= 28 / 10 -> silu1 x <= stored_silu_s1.
Proof.
  apply (peak silu1 silu2 silu3 _ (2399357 / 1000000) (2399358 / 1000000)).
  - lra.
  - lra.
  - intro z. apply (silu_derivatives z).
  - intro z. apply (silu_derivatives z).
  - intros z Hz. unfold silu3, sigmoid2, sigmoid3, sigmoid. enclose z 6%nat.
  - unfold silu2, sigmoid1, sigmoid2, sigmoid. enclose_number.
  - unfold silu2, sigmoid1, sigmoid2, sigmoid. enclose_number.
  - intros z Hz. unfold silu1, sigmoid1, sigmoid, stored_silu_s1. enclose z 3%nat.
Qed.

Lemma silu3_peak x : 8 / 10 <= x <= 13 / 10 -> - silu3 x <= stored_silu_s3.
Proof.
  apply (peak (fun x => - silu3 x) (fun x => - silu4 x) (fun x => - silu5 x) _ (1031958 / 1000000) (1031959 / 1000000)).
  - lra.
  - lra.
  - intro z. apply (is_derive_opp silu3 z (silu4 z)). apply silu_higher.
  - intro z. apply (is_derive_opp silu4 z (silu5 z)). apply silu_higher.
  - intros z Hz. unfold silu5, sigmoid4, sigmoid5, sigmoid. enclose z 6%nat.
  - unfold silu4, sigmoid3, sigmoid4, sigmoid. enclose_number.
  - unfold silu4, sigmoid3, sigmoid4, sigmoid. enclose_number.
  - intros z Hz. unfold silu3, sigmoid2, sigmoid3, sigmoid, stored_silu_s3. enclose z 3%nat.
Qed.

(** 1 - sigmoid x <= exp (-x), so what is left of the sigmoid at 16 is small. *)
Lemma sigmoid_tail x : 16 <= x -> 0 < sigmoid x * (1 - sigmoid x) <= exp (- x).
Proof.
  intro Hx. assert (Hr := sigmoid_range x). split; [apply Rmult_lt_0_compat; lra |].
  assert (E : 1 - sigmoid x = exp (- x) * sigmoid x).
  { unfold sigmoid. assert (H := exp_pos (- x)). field. lra. }
  rewrite E. assert (H := exp_pos (- x)).
  apply Rle_trans with (1 * (exp (- x) * 1)); [| lra].
  apply Rmult_le_compat; [lra | rewrite <- E; lra | lra | apply Rmult_le_compat_l; lra].
Qed.

Theorem silu_s1_stored x : Rabs (silu1 x) <= stored_silu_s1.
Proof.
  assert (HM : 1095 / 1000 <= stored_silu_s1) by (unfold stored_silu_s1; lra).
  assert (Hpos : forall x, 0 <= x -> 0 <= silu1 x <= stored_silu_s1).
  { clear x. intros x Hx. assert (Hr := sigmoid_range x). split.
    - unfold silu1, sigmoid1. assert (0 <= x * (sigmoid x * (1 - sigmoid x))); [| lra].
      apply Rmult_le_pos; [lra | apply Rmult_le_pos; lra].
    - destruct (Rle_lt_dec 16 x) as [H16 | H16].
      + destruct (exp_tail x H16) as [_ Ht]. destruct (sigmoid_tail x H16) as [Hs0 Hs].
        assert (x * (sigmoid x * (1 - sigmoid x)) <= x * exp (- x)) by (apply Rmult_le_compat_l; lra).
        unfold silu1, sigmoid1. lra.
      + destruct (Rle_lt_dec x 2) as [H2 | H2].
        * assert (H : 0 <= x <= 2) by lra.
          assert (silu1 x <= 1095 / 1000); [unfold silu1, sigmoid1, sigmoid; enclose x 8%nat | lra].
        * destruct (Rle_lt_dec x (28 / 10)) as [H3 | H3]; [apply silu1_peak; lra |].
          assert (H : 28 / 10 <= x <= 16) by lra.
          assert (silu1 x <= 1095 / 1000); [unfold silu1, sigmoid1, sigmoid; enclose x 8%nat | lra]. }
  apply Rabs_le. destruct (Rle_lt_dec 0 x) as [H | H]; [assert (H' := Hpos x H); lra |].
  (* silu1 (-x) = 1 - silu1 x *)
  assert (E : silu1 x = 1 - silu1 (- x)) by (unfold silu1, sigmoid1; rewrite sigmoid_opp; ring).
  assert (H' := Hpos (- x)). lra.
Qed.

Theorem silu_s3_stored x : Rabs (silu3 x) <= stored_silu_s3.
Proof.
  assert (HM : 3 / 10 <= stored_silu_s3) by (unfold stored_silu_s3; lra).
  assert (Hpos : forall x, 0 <= x -> Rabs (silu3 x) <= stored_silu_s3).
  { clear x. intros x Hx. destruct (Rle_lt_dec 16 x) as [H16 | H16].
    - destruct (exp_tail x H16) as [_ Ht]. destruct (sigmoid_tail x H16) as [Hs0 Hs]. assert (Hr := sigmoid_range x).
      assert (H2 : Rabs (sigmoid2 x) <= exp (- x)).
      { unfold sigmoid2. rewrite Rabs_mult, (Rabs_pos_eq (_ * _)) by lra.
        apply Rle_trans with (exp (- x) * 1); [| lra].
        apply Rmult_le_compat; [lra | apply Rabs_pos | assumption | apply Rabs_le; lra]. }
      assert (H3 : Rabs (sigmoid3 x) <= exp (- x)).
      { unfold sigmoid3. rewrite Rabs_mult, (Rabs_pos_eq (sigmoid x * _)) by lra.
        apply Rle_trans with (exp (- x) * 1); [| lra].
        apply Rmult_le_compat; [lra | apply Rabs_pos | assumption |].
        assert (Hq : sigmoid x * (1 - sigmoid x) <= 1 / 4) by (assert (H := pow2_ge_0 (2 * sigmoid x - 1)); lra).
        apply Rabs_le. lra. }
      unfold silu3. apply Rle_trans with (Rabs (3 * sigmoid2 x) + Rabs (x * sigmoid3 x)); [apply Rabs_triang |].
      rewrite !Rabs_mult, (Rabs_pos_eq 3), (Rabs_pos_eq x) by lra.
      assert (x * Rabs (sigmoid3 x) <= x * exp (- x)) by (apply Rmult_le_compat_l; lra).
      assert (3 * exp (- x) <= x * exp (- x)) by (apply Rmult_le_compat_r; lra). lra.
    - apply Rabs_le. split.
      + destruct (Rle_lt_dec x (8 / 10)) as [H1 | H1].
        * assert (H : 0 <= x <= 8 / 10) by lra.
          assert (- (3 / 10) <= silu3 x); [unfold silu3, sigmoid2, sigmoid3, sigmoid; enclose x 8%nat | lra].
        * destruct (Rle_lt_dec x (13 / 10)) as [H2 | H2]; [assert (H := silu3_peak x); lra |].
          assert (H : 13 / 10 <= x <= 16) by lra.
          assert (- (3 / 10) <= silu3 x); [unfold silu3, sigmoid2, sigmoid3, sigmoid; enclose x 8%nat | lra].
      + assert (H : 0 <= x <= 16) by lra.
        assert (silu3 x <= 3 / 10); [unfold silu3, sigmoid2, sigmoid3, sigmoid; enclose x 8%nat | lra]. }
  destruct (Rle_lt_dec 0 x) as [H | H]; [apply Hpos; assumption |].
  assert (E : silu3 x = - silu3 (- x)) by (unfold silu3, sigmoid2, sigmoid3; rewrite sigmoid_opp; ring).
  rewrite E, Rabs_Ropp. apply Hpos. lra.
Qed.

(** ** They are not loose: the three are within 1e-11 of a value *)
Theorem stored_reached :
  stored_gelu_s3 - / 10 ^ 11 <= - gelu3 (792286991 / 1000000000) /\
  stored_silu_s1 - / 10 ^ 11 <= silu1 (2399357281 / 1000000000) /\
  stored_silu_s3 - / 10 ^ 11 <= - silu3 (1031958242 / 1000000000).
Proof.
  split; [| split].
  - unfold gelu3, phi, stored_gelu_s3. enclose_number.
  - unfold silu1, sigmoid1, sigmoid, stored_silu_s1. enclose_number.
  - unfold silu3, sigmoid2, sigmoid3, sigmoid, stored_silu_s3. enclose_number.
Qed.

(** ** The others: the stored fraction is not below the closed form *)
Lemma stored_above (f : R -> R) (s c : R) : is_sup_abs f s -> s <= c -> forall x, Rabs (f x) <= c.
Proof. intros [H _] Hc x. apply Rle_trans with s; [apply H | exact Hc]. Qed.

Ltac rounding := first [lra | enclose_number].

Theorem tanh_stored x : Rabs (tanh1 x) <= stored_tanh_s1 /\ Rabs (tanh2 x) <= stored_tanh_s2 /\ Rabs (tanh3 x) <= stored_tanh_s3.
Proof.
  split; [| split].
  - apply (stored_above _ _ _ tanh_s1). unfold stored_tanh_s1. rounding.
  - apply (stored_above _ _ _ tanh_s2). unfold stored_tanh_s2. rounding.
  - apply (stored_above _ _ _ tanh_s3). unfold stored_tanh_s3. rounding.
Qed.

Theorem sigmoid_stored x :
  Rabs (sigmoid1 x) <= stored_sigmoid_s1 /\ Rabs (sigmoid2 x) <= stored_sigmoid_s2 /\ Rabs (sigmoid3 x) <= stored_sigmoid_s3.
Proof.
  split; [| split].
  - apply (stored_above _ _ _ sigmoid_s1). unfold stored_sigmoid_s1. rounding.
  - apply (stored_above _ _ _ sigmoid_s2). unfold stored_sigmoid_s2. rounding.
  - apply (stored_above _ _ _ sigmoid_s3). unfold stored_sigmoid_s3. rounding.
Qed.

(** The derivative of softplus is the sigmoid. *)
Theorem softplus_stored x :
  Rabs (sigmoid x) <= stored_softplus_s1 /\ Rabs (sigmoid1 x) <= stored_softplus_s2 /\
  Rabs (sigmoid2 x) <= stored_softplus_s3.
Proof.
  split; [| split].
  - apply (stored_above _ _ _ (proj1 softplus_s1)). unfold stored_softplus_s1. rounding.
  - apply (stored_above _ _ _ softplus_s2). unfold stored_softplus_s2. rounding.
  - apply (stored_above _ _ _ softplus_s3). unfold stored_softplus_s3. rounding.
Qed.

Theorem erf_stored x : Rabs (erf1 x) <= stored_erf_s1 /\ Rabs (erf2 x) <= stored_erf_s2 /\ Rabs (erf3 x) <= stored_erf_s3.
Proof.
  split; [| split].
  - apply (stored_above _ _ _ erf_s1). unfold stored_erf_s1. rounding.
  - apply (stored_above _ _ _ erf_s2). unfold stored_erf_s2. rounding.
  - apply (stored_above _ _ _ erf_s3). unfold stored_erf_s3. rounding.
Qed.

Theorem gelu_stored x : Rabs (gelu1 x) <= stored_gelu_s1 /\ Rabs (gelu2 x) <= stored_gelu_s2 /\ Rabs (gelu3 x) <= stored_gelu_s3.
Proof.
  split; [| split].
  - apply (stored_above _ _ _ gelu_s1). unfold stored_gelu_s1, erf. enclose_integral 20%positive.
  - apply (stored_above _ _ _ gelu_s2). unfold stored_gelu_s2. rounding.
  - apply gelu_s3_stored.
Qed.

Theorem silu_stored x : Rabs (silu1 x) <= stored_silu_s1 /\ Rabs (silu2 x) <= stored_silu_s2 /\ Rabs (silu3 x) <= stored_silu_s3.
Proof.
  split; [apply silu_s1_stored | split; [| apply silu_s3_stored]].
  apply (stored_above _ _ _ silu_s2). unfold stored_silu_s2. rounding.
Qed.

Theorem mish_stored x : Rabs (mish1 x) <= stored_mish_s1 /\ Rabs (mish2 x) <= stored_mish_s2 /\ Rabs (mish3 x) <= stored_mish_s3.
Proof. split; [apply mish_s1_stored | split; [apply mish_s2_stored | apply mish_s3_stored]]. Qed.

(** The derivatives of sine are cosine, minus sine and minus cosine. *)
Theorem sin_stored x : Rabs (cos x) <= stored_sin_s1 /\ Rabs (- sin x) <= stored_sin_s2 /\ Rabs (- cos x) <= stored_sin_s3.
Proof.
  assert (Hs := SIN_bound x). assert (Hc := COS_bound x).
  unfold stored_sin_s1, stored_sin_s2, stored_sin_s3.
  split; [| split]; apply Rabs_le; lra.
Qed.
