(** * GELU and SiLU: the suprema with a closed form

    GELU: first and second derivative; SiLU: second derivative.  The remaining constants of the two (third derivatives, and the
    first of SiLU) are bounded in StoredSuprema.v. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Activations.
Open Scope R_scope.

(** ** GELU *)

(** The normal density. *)
Definition phi (x : R) : R := exp (- x ^ 2 / 2) / (sqrt 2 * sqrt PI).

Definition gelu (x : R) : R := x * ((1 + erf (x / sqrt 2)) / 2).
Definition gelu1 (x : R) : R := (1 + erf (x / sqrt 2)) / 2 + x * phi x.
Definition gelu2 (x : R) : R := (2 - x ^ 2) * phi x.
Definition gelu3 (x : R) : R := (x ^ 3 - 4 * x) * phi x.

Lemma sqrt2_facts : 0 < sqrt 2 /\ sqrt 2 * sqrt 2 = 2.
Proof. split; [apply sqrt_lt_R0; lra | apply sqrt_sqrt; lra]. Qed.

Lemma phi_pos x : 0 < phi x.
Proof.
  destruct sqrt2_facts as [H _]. assert (HP := sqrt_PI_pos).
  apply Rdiv_lt_0_compat; [apply exp_pos | apply Rmult_lt_0_compat; assumption].
Qed.

Lemma phi_d x : is_derive phi x (- x * phi x).
Proof.
  destruct sqrt2_facts as [H _]. assert (HP := sqrt_PI_pos).
  unfold phi. auto_derive; try exact I.
  change (x * (x * 1)) with (x ^ 2). replace (- x ^ 2 * / 2) with (- x ^ 2 / 2) by field. field. lra.
Qed.

(** The distribution function, and its derivative. *)
Definition Phi (x : R) : R := (1 + erf (x / sqrt 2)) / 2.

Lemma Phi_d x : is_derive Phi x (phi x).
Proof.
  destruct sqrt2_facts as [H2 H22]. assert (HP := sqrt_PI_pos).
  destruct (erf_derivatives (x / sqrt 2)) as [He _].
  unfold Phi.
  replace (phi x) with (/ sqrt 2 * erf1 (x / sqrt 2) * / 2).
  - apply (derive_comp_poly (fun x => erf (x / sqrt 2)) (fun y => (1 + y) / 2)).
    + apply (is_derive_comp erf (fun x => x / sqrt 2) x _ (/ sqrt 2)); [assumption |].
      auto_derive; [lra | field; lra].
    + auto_derive; try exact I; field.
  - unfold erf1, phi. replace ((x / sqrt 2) ^ 2) with (x ^ 2 / (sqrt 2 * sqrt 2)) by (field; lra).
    rewrite H22. replace (- (x ^ 2 / 2)) with (- x ^ 2 / 2) by field. field. lra.
Qed.

Theorem gelu_derivatives : derivatives gelu gelu1 gelu2 gelu3.
Proof.
  intro x. assert (H1 := Phi_d x). assert (H2 := phi_d x).
  assert (Hx : forall f d, is_derive f x d -> is_derive (fun x => x * f x) x (f x + x * d)).
  { intros f d Hf. replace (f x + x * d) with (1 * f x + x * d) by ring.
    apply (is_derive_mult (fun x : R => x) f x 1 d); [exact (is_derive_id (K := R_AbsRing) x) | assumption | intros; apply Rmult_comm]. }
  split; [| split].
  - apply Hx. assumption.
  - replace (gelu2 x) with (phi x + (phi x + x * (- x * phi x))) by (unfold gelu2; ring).
    apply (is_derive_plus Phi (fun x => x * phi x) x); [assumption | apply Hx; assumption].
  - replace (gelu3 x) with ((- 2 * x) * phi x + (2 - x ^ 2) * (- x * phi x)) by (unfold gelu3; ring).
    apply (is_derive_mult (fun x => 2 - x ^ 2) phi x (- 2 * x)); [| assumption | intros; apply Rmult_comm].
    auto_derive; try exact I; ring.
Qed.

Lemma phi_le x : phi x <= / (sqrt 2 * sqrt PI).
Proof.
  destruct sqrt2_facts as [H2 _]. assert (HP := sqrt_PI_pos).
  unfold phi, Rdiv at 1. rewrite <- (Rmult_1_l (/ (sqrt 2 * sqrt PI))) at 2.
  apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; assumption |].
  rewrite <- exp_0. assert (Hx := pow2_ge_0 x).
  destruct (Req_dec (x ^ 2) 0) as [E | E]; [rewrite E; right; f_equal; field | apply Rlt_le, exp_increasing; lra].
Qed.

(** |2 - x^2| exp (- x^2/2) <= 2. *)
Theorem gelu_s2 : is_sup_abs gelu2 (sqrt (2 / PI)).
Proof.
  destruct sqrt2_facts as [H2 H22]. assert (HP := sqrt_PI_pos). assert (HPI := PI_RGT_0).
  assert (Ec : sqrt (2 / PI) = 2 * / (sqrt 2 * sqrt PI)).
  { rewrite sqrt_div by lra. apply Rmult_eq_reg_r with (sqrt 2 * sqrt PI); [| apply Rmult_integral_contrapositive; lra].
    replace (sqrt 2 / sqrt PI * (sqrt 2 * sqrt PI)) with (sqrt 2 * sqrt 2) by (field; lra).
    rewrite H22. field. lra. }
  rewrite Ec. set (k := / (sqrt 2 * sqrt PI)).
  assert (Hk : 0 < k) by (apply Rinv_0_lt_compat, Rmult_lt_0_compat; assumption).
  apply attained with 0.
  - intro x. unfold gelu2, phi, Rdiv at 1. fold k.
    assert (Ht := pow2_ge_0 x). set (t := x ^ 2) in *.
    assert (Hexp := exp_pos (- t / 2)).
    assert (E : exp (t / 2) * exp (- t / 2) = 1).
    { rewrite <- exp_plus. replace (t / 2 + - t / 2) with 0 by field. apply exp_0. }
    assert (H1 := exp_ineq1_le (t / 2)).
    rewrite <- Rmult_assoc, Rabs_mult, (Rabs_pos_eq k) by lra.
    apply Rmult_le_compat_r; [lra |].
    rewrite Rabs_mult, (Rabs_pos_eq (exp _)) by lra.
    apply Rle_trans with (2 * exp (t / 2) * exp (- t / 2)); [| lra].
    apply Rmult_le_compat_r; [lra |]. apply Rabs_le. split; lra.
  - unfold gelu2, phi, Rdiv at 1. fold k. replace (- 0 ^ 2 / 2) with 0 by field. rewrite exp_0, Rabs_pos_eq; lra.
Qed.

(** A function that is increasing or decreasing by the sign of its derivative. *)
Lemma increasing_on (f df : R -> R) (a b : R) :
  a <= b -> (forall x, is_derive f x (df x)) -> (forall x, a < x < b -> 0 <= df x) -> f a <= f b.
Proof.
  intros Hab Hd Hs. destruct (Req_dec a b) as [E | E]; [rewrite E; lra |].
  destruct (MVT_cor2 f df a b) as (c & Ec & Hc); [lra | intros; apply is_derive_Reals, Hd |].
  specialize (Hs c Hc). assert (0 <= df c * (b - a)) by (apply Rmult_le_pos; lra). lra.
Qed.

Lemma erf_0 : erf 0 = 0.
Proof.
  unfold erf. replace (RInt (fun t => exp (- t ^ 2)) 0 0) with 0; [ring |].
  symmetry. apply (RInt_point (V := R_CompleteNormedModule)).
Qed.

Lemma erf1_pos x : 0 <= erf1 x.
Proof.
  assert (HP := sqrt_PI_pos). unfold erf1. apply Rmult_le_pos; [| apply Rlt_le, exp_pos].
  apply Rlt_le, Rdiv_lt_0_compat; lra.
Qed.

Lemma erf_odd x : erf (- x) = - erf x.
Proof.
  set (f := fun x => erf x + erf (- x)).
  assert (Hd : forall x, is_derive f x 0).
  { intro z. replace 0 with (erf1 z + - 1 * erf1 (- z)).
    - apply (is_derive_plus erf (fun x => erf (- x)) z); [apply erf_derivatives |].
      apply (is_derive_comp erf Ropp z _ (- 1)); [apply erf_derivatives |]. auto_derive; try exact I; ring.
    - unfold erf1. replace ((- z) ^ 2) with (z ^ 2) by ring. ring. }
  assert (f x = f 0).
  { destruct (Rle_lt_dec 0 x) as [H | H].
    - apply Rle_antisym.
      + assert (- f 0 <= - f x); [| lra].
        apply (increasing_on (fun x => - f x) (fun _ => - 0) 0 x); [assumption | | intros; lra].
        intro z. apply (is_derive_opp f z 0). apply Hd.
      + apply (increasing_on f (fun _ => 0) 0 x); [assumption | assumption | intros; lra].
    - apply Rle_antisym.
      + apply (increasing_on f (fun _ => 0) x 0); [lra | assumption | intros; lra].
      + assert (- f x <= - f 0); [| lra].
        apply (increasing_on (fun x => - f x) (fun _ => - 0) x 0); [lra | | intros; lra].
        intro z. apply (is_derive_opp f z 0). apply Hd. }
  unfold f in H. rewrite Ropp_0, erf_0 in H. lra.
Qed.

(** The first derivative is largest at sqrt 2. *)
Theorem gelu_s1 : is_sup_abs gelu1 ((1 + erf 1) / 2 + exp (- (1)) / sqrt PI).
Proof.
  destruct sqrt2_facts as [H2 H22]. assert (HP := sqrt_PI_pos).
  assert (Eval : gelu1 (sqrt 2) = (1 + erf 1) / 2 + exp (- (1)) / sqrt PI).
  { unfold gelu1, phi. replace (sqrt 2 / sqrt 2) with 1 by (field; lra).
    replace (- sqrt 2 ^ 2 / 2) with (- (sqrt 2 * sqrt 2) / 2) by field. rewrite H22.
    replace (- (2) / 2) with (- (1)) by field. field. lra. }
  rewrite <- Eval. set (M := gelu1 (sqrt 2)).
  assert (Hd : forall x, is_derive gelu1 x (gelu2 x)) by (intro x; apply (gelu_derivatives x)).
  assert (Hdo : forall x, is_derive (fun z => - gelu1 z) x (- gelu2 x)).
  { intro x. apply (is_derive_opp gelu1 x (gelu2 x)). apply Hd. }
  assert (H0 : gelu1 0 = / 2).
  { unfold gelu1. replace (0 / sqrt 2) with 0 by (field; lra). rewrite erf_0. field. }
  assert (HM : / 2 <= M).
  { rewrite <- H0. apply (increasing_on gelu1 gelu2); [lra | assumption |].
    intros x Hx. unfold gelu2. assert (Hp := phi_pos x). apply Rmult_le_pos; [nra | lra]. }
  assert (Hmax : forall x, gelu1 x <= M).
  { intro x. destruct (Rle_lt_dec x (sqrt 2)) as [Hx | Hx].
    - destruct (Rle_lt_dec (- sqrt 2) x) as [Hx' | Hx'].
      + apply (increasing_on gelu1 gelu2); [assumption | assumption |].
        intros z Hz. unfold gelu2. assert (Hp := phi_pos z). apply Rmult_le_pos; [nra | lra].
      + (* far left both terms are small *)
        assert (He : erf (x / sqrt 2) <= 0).
        { rewrite <- erf_0. apply (increasing_on erf erf1); [| intro; apply erf_derivatives | intros; apply erf1_pos].
          apply Rmult_le_reg_r with (sqrt 2); [assumption |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
        assert (Hp := phi_pos x). assert (x * phi x <= 0) by nra. unfold gelu1. lra.
    - assert (- M <= - gelu1 x); [| lra].
      apply (increasing_on (fun z => - gelu1 z) (fun z => - gelu2 z)); [lra | assumption |].
      intros z Hz. unfold gelu2. assert (Hp := phi_pos z).
      replace (- ((2 - z ^ 2) * phi z)) with ((z ^ 2 - 2) * phi z) by ring. apply Rmult_le_pos; [nra | lra]. }
  apply attained with (sqrt 2); [| fold M; apply Rabs_pos_eq; lra].
  intro x. apply Rabs_le. split; [| apply Hmax].
  (* gelu1 x + gelu1 (-x) = 1 *)
  assert (Hsym : gelu1 x + gelu1 (- x) = 1).
  { unfold gelu1, phi. replace (- x / sqrt 2) with (- (x / sqrt 2)) by (field; lra). rewrite erf_odd.
    replace ((- x) ^ 2) with (x ^ 2) by ring. field. lra. }
  assert (H := Hmax (- x)). lra.
Qed.

(** ** SiLU (x) = x sigmoid (x), second derivative *)
Definition silu (x : R) : R := x * sigmoid x.
Definition silu1 (x : R) : R := sigmoid x + x * sigmoid1 x.
Definition silu2 (x : R) : R := 2 * sigmoid1 x + x * sigmoid2 x.
Definition silu3 (x : R) : R := 3 * sigmoid2 x + x * sigmoid3 x.

Theorem silu_derivatives : derivatives silu silu1 silu2 silu3.
Proof.
  intro x. destruct (sigmoid_derivatives x) as (H1 & H2 & H3).
  assert (Hx : forall f d, is_derive f x d -> is_derive (fun x => x * f x) x (f x + x * d)).
  { intros f d Hf. replace (f x + x * d) with (1 * f x + x * d) by ring.
    apply (is_derive_mult (fun x : R => x) f x 1 d); [exact (is_derive_id (K := R_AbsRing) x) | assumption | intros; apply Rmult_comm]. }
  split; [| split].
  - apply Hx. assumption.
  - replace (silu2 x) with (sigmoid1 x + (sigmoid1 x + x * sigmoid2 x)) by (unfold silu2; ring).
    apply (is_derive_plus sigmoid (fun x => x * sigmoid1 x) x); [assumption | apply Hx; assumption].
  - replace (silu3 x) with (2 * sigmoid2 x + (sigmoid2 x + x * sigmoid3 x)) by (unfold silu3; ring).
    apply (is_derive_plus (fun x => 2 * sigmoid1 x) (fun x => x * sigmoid2 x) x); [| apply Hx; assumption].
    apply (is_derive_scal sigmoid1 x 2). assumption.
Qed.

Lemma sigmoid_opp x : sigmoid (- x) = 1 - sigmoid x.
Proof.
  unfold sigmoid. rewrite Ropp_involutive. assert (H1 := exp_pos x).
  rewrite exp_Ropp. field. lra.
Qed.

Theorem silu_s2 : is_sup_abs silu2 (1 / 2).
Proof.
  assert (Hhalf : forall x, 0 <= x -> / 2 <= sigmoid x).
  { intros x Hx. rewrite <- sigmoid_at_half.
    apply (increasing_on sigmoid sigmoid1); [assumption | intro; apply sigmoid_d |].
    intros z _. assert (H := sigmoid_range z). unfold sigmoid1. apply Rmult_le_pos; lra. }
  assert (Hpos : forall x, 0 <= x -> Rabs (silu2 x) <= 1 / 2).
  { intros x Hx. assert (Hh := Hhalf x Hx). assert (Hr := sigmoid_range x).
    unfold silu2, sigmoid1, sigmoid2. set (y := sigmoid x) in *.
    assert (Hz : 0 < y * (1 - y) <= 1 / 4).
    { assert (H := pow2_ge_0 (2 * y - 1)). split; [apply Rmult_lt_0_compat; lra | lra]. }
    assert (Hz2 : 0 <= x * (1 - y) * (y * (2 * y - 1))).
    { apply Rmult_le_pos; apply Rmult_le_pos; lra. }
    replace (2 * (y * (1 - y)) + x * (y * (1 - y) * (1 - 2 * y)))
      with (2 * (y * (1 - y)) - x * (1 - y) * (y * (2 * y - 1))) by ring.
    apply Rabs_le. split; [| lra].
    (* the lower bound: 2 z - (x (1-y)) y (2y-1) >= -1/2 *)
    assert (Hlow : x * (1 - y) * (y * (2 * y - 1)) <= 1 / 2 + 2 * (y * (1 - y))); [| lra].
    assert (Ee : 1 - y = exp (- x) * y).
    { unfold y, sigmoid. assert (H3 := exp_pos (- x)). field. lra. }
    (* x exp (-x) <= 1/2 as exp x >= 1 + x + x^2/2... >= 2 x *)
    assert (He : exp x * exp (- x) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
    assert (H1 := exp_ineq1_le (x / 2)). assert (H2 := exp_pos (- x)).
    assert (H3 : 2 * x <= exp x).
    { assert (Ex : exp x = exp (x / 2) ^ 2).
      { replace (exp x) with (exp (x / 2 + x / 2)) by (f_equal; field). rewrite exp_plus. ring. }
      rewrite Ex. assert (Hsq : (1 + x / 2) ^ 2 <= exp (x / 2) ^ 2) by (apply pow_incr; lra).
      assert (H4 := pow2_ge_0 (1 - x / 2)). lra. }
    assert (H4 : x * exp (- x) <= 1 / 2) by nra.
    assert (H5 : x * (1 - y) <= 1 / 2 * y) by (rewrite Ee; nra).
    assert (H6 : 0 <= y * (2 * y - 1) <= 1) by (split; nra).
    assert (H7 : x * (1 - y) * (y * (2 * y - 1)) <= 1 / 2 * y * (y * (2 * y - 1))) by (apply Rmult_le_compat_r; lra).
    assert (H8 : 1 / 2 * y * (y * (2 * y - 1)) <= 1 / 2 * y * 1) by (apply Rmult_le_compat_l; lra).
    lra. }
  apply attained with 0.
  - intro x. destruct (Rle_lt_dec 0 x) as [H | H]; [apply Hpos; assumption |].
    (* the second derivative is even *)
    assert (E : silu2 x = silu2 (- x)).
    { unfold silu2, sigmoid1, sigmoid2. rewrite sigmoid_opp. ring. }
    rewrite E. apply Hpos. lra.
  - unfold silu2, sigmoid1, sigmoid2. rewrite sigmoid_at_half, Rabs_pos_eq; lra.
Qed.
