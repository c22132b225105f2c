(** * Suprema of the first three derivatives of the activations

    tanh, sigmoid, softplus: the derivatives are polynomials in the activation (or in the sigmoid), so the bounds are
    polynomial.  erf: exp(x) >= 1 + x.  Each bound is a proof over the whole line.  Where a supremum is attained
    the point is given, so the constant is the supremum and no smaller one would do. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(** ** Derivatives up to order three, as a chain *)
Definition derivatives (f f1 f2 f3 : R -> R) : Prop :=
  forall x, is_derive f x (f1 x) /\ is_derive f1 x (f2 x) /\ is_derive f2 x (f3 x).

(** [s] bounds |f| on the line, and [f] comes up to it. *)
Definition is_sup_abs (f : R -> R) (s : R) : Prop :=
  (forall x, Rabs (f x) <= s) /\ (forall e, 0 < e -> exists x, s - e < Rabs (f x)).

Lemma attained (f : R -> R) (s x : R) : (forall x, Rabs (f x) <= s) -> Rabs (f x) = s -> is_sup_abs f s.
Proof. intros H E. split; [assumption |]. intros e He. exists x. lra. Qed.

(** The constant 1/sqrt 3. *)
Definition c3 : R := / sqrt 3.

Lemma c3_facts : 0 < c3 < 1 /\ 3 * c3 ^ 2 = 1.
Proof.
  assert (H : sqrt 3 * sqrt 3 = 3) by (apply sqrt_sqrt; lra).
  assert (H0 : 0 < sqrt 3) by (apply sqrt_lt_R0; lra).
  assert (H1 : 1 < sqrt 3) by (apply Rnot_le_lt; intro; nra).
  unfold c3. split.
  - split; [apply Rinv_0_lt_compat; assumption |]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra.
  - replace (3 * (/ sqrt 3) ^ 2) with (3 / (sqrt 3 * sqrt 3)) by (field; lra). rewrite H. field.
Qed.

(** y - y^3 <= 2/3 c3 on [-1, 1]. *)
Lemma cubic_bound y : -1 <= y <= 1 -> Rabs (y * (1 - y ^ 2)) <= 2 / 3 * c3.
Proof.
  assert (Hc := c3_facts).
  assert (H : forall z, 0 <= z -> z * (1 - z ^ 2) <= 2 / 3 * c3).
  { intros z Hz. assert (0 <= (z - c3) ^ 2 * (z + 2 * c3)).
    { apply Rmult_le_pos; [apply pow2_ge_0 | lra]. }
    replace ((z - c3) ^ 2 * (z + 2 * c3)) with (z ^ 3 - 3 * c3 ^ 2 * z + 2 * c3 * c3 ^ 2) in H by ring.
    assert (E : c3 ^ 2 = / 3) by lra. rewrite E in H. lra. }
  intro Hy. apply Rabs_le. split.
  - assert (0 <= 1 - y ^ 2) by nra.
    destruct (Rle_lt_dec 0 y); [assert (0 <= y * (1 - y ^ 2)) by (apply Rmult_le_pos; lra); lra |].
    specialize (H (- y) ltac:(lra)). replace ((- y) ^ 2) with (y ^ 2) in H by ring. lra.
  - destruct (Rle_lt_dec 0 y); [apply H; assumption |].
    assert (0 <= 1 - y ^ 2) by nra. assert (y * (1 - y ^ 2) <= 0) by nra. lra.
Qed.

(** ** sigmoid *)
Definition sigmoid (x : R) : R := / (1 + exp (- x)).

Lemma sigmoid_range x : 0 < sigmoid x < 1.
Proof.
  assert (H := exp_pos (- x)). unfold sigmoid. split; [apply Rinv_0_lt_compat; lra |].
  rewrite <- Rinv_1. apply Rinv_lt_contravar; lra.
Qed.

(** The sigmoid takes every value between 0 and 1. *)
Lemma sigmoid_onto y : 0 < y < 1 -> sigmoid (- ln (/ y - 1)) = y.
Proof.
  intro Hy. assert (H : 1 < / y) by (rewrite <- Rinv_1; apply Rinv_lt_contravar; lra).
  unfold sigmoid. rewrite Ropp_involutive, exp_ln by lra. replace (1 + (/ y - 1)) with (/ y) by ring.
  apply Rinv_inv.
Qed.

Lemma sigmoid_d x : is_derive sigmoid x (sigmoid x * (1 - sigmoid x)).
Proof.
  assert (H := exp_pos (- x)). unfold sigmoid. auto_derive; [lra |]. field. lra.
Qed.

Definition sigmoid1 x := sigmoid x * (1 - sigmoid x).
Definition sigmoid2 x := sigmoid x * (1 - sigmoid x) * (1 - 2 * sigmoid x).
Definition sigmoid3 x := sigmoid x * (1 - sigmoid x) * (1 - 6 * sigmoid x * (1 - sigmoid x)).

(** A polynomial in a function with a known derivative. *)
Lemma derive_comp_poly (f p : R -> R) (x d dp : R) :
  is_derive f x d -> is_derive p (f x) dp -> is_derive (fun z => p (f z)) x (d * dp).
Proof. intros Hf Hp. apply (is_derive_comp p f x dp d); assumption. Qed.

Theorem sigmoid_derivatives : derivatives sigmoid sigmoid1 sigmoid2 sigmoid3.
Proof.
  intro x. split; [apply sigmoid_d |]. assert (H := sigmoid_d x). split.
  - replace (sigmoid2 x) with (sigmoid x * (1 - sigmoid x) * (1 - 2 * sigmoid x)) by reflexivity.
    apply (derive_comp_poly sigmoid (fun y => y * (1 - y))); [assumption |].
    auto_derive; try exact I; ring.
  - replace (sigmoid3 x) with (sigmoid x * (1 - sigmoid x) * (1 - 6 * sigmoid x * (1 - sigmoid x))) by reflexivity.
    apply (derive_comp_poly sigmoid (fun y => y * (1 - y) * (1 - 2 * y))); [assumption |].
    auto_derive; try exact I; ring.
Qed.

Lemma sigmoid_at_half : sigmoid 0 = / 2.
Proof. unfold sigmoid. rewrite Ropp_0, exp_0. field. Qed.

Theorem sigmoid_s1 : is_sup_abs sigmoid1 (1 / 4).
Proof.
  apply attained with 0.
  - intro x. unfold sigmoid1. assert (H := sigmoid_range x). assert (H1 := pow2_ge_0 (2 * sigmoid x - 1)).
    rewrite Rabs_pos_eq by nra. lra.
  - unfold sigmoid1. rewrite sigmoid_at_half, Rabs_pos_eq by lra. field.
Qed.

Theorem sigmoid_s2 : is_sup_abs sigmoid2 (1 / (6 * sqrt 3)).
Proof.
  assert (Hc := c3_facts).
  assert (H0 : 0 < sqrt 3) by (apply sqrt_lt_R0; lra).
  replace (1 / (6 * sqrt 3)) with (c3 / 6) by (unfold c3; field; lra).
  (* with y = 2 sigmoid - 1 it is - y (1 - y^2) / 4 *)
  assert (E : forall y, y * (1 - y) * (1 - 2 * y) = - ((2 * y - 1) * (1 - (2 * y - 1) ^ 2)) / 4) by (intro; field).
  apply attained with (- ln (/ ((1 + c3) / 2) - 1)).
  - intro x. unfold sigmoid2. rewrite E. assert (H := sigmoid_range x).
    unfold Rdiv. rewrite Rabs_mult, Rabs_Ropp, (Rabs_pos_eq (/ 4)) by lra.
    assert (H1 := cubic_bound (2 * sigmoid x - 1) ltac:(lra)). lra.
  - unfold sigmoid2. rewrite sigmoid_onto by lra. rewrite E.
    replace (2 * ((1 + c3) / 2) - 1) with c3 by field.
    assert (Ec : c3 ^ 2 = / 3) by lra. rewrite Ec.
    unfold Rdiv. rewrite Rabs_mult, Rabs_Ropp, !Rabs_pos_eq by lra. field.
Qed.

Theorem sigmoid_s3 : is_sup_abs sigmoid3 (1 / 8).
Proof.
  apply attained with 0.
  - intro x. unfold sigmoid3. assert (H := sigmoid_range x). set (y := sigmoid x) in *.
    set (z := y * (1 - y)). assert (Hz : 0 < z <= 1 / 4).
    { assert (H1 := pow2_ge_0 (2 * y - 1)). split; [apply Rmult_lt_0_compat; lra | unfold z; lra]. }
    replace (z * (1 - 6 * y * (1 - y))) with (z * (1 - 6 * z)) by (unfold z; ring).
    apply Rabs_le. split; nra.
  - unfold sigmoid3. rewrite sigmoid_at_half.
    replace (/ 2 * (1 - / 2) * (1 - 6 * / 2 * (1 - / 2))) with (- (1 / 8)) by field.
    rewrite Rabs_Ropp, Rabs_pos_eq; lra.
Qed.

(** ** tanh (x) = 2 sigmoid (2 x) - 1 *)
Lemma tanh_sigmoid x : tanh x = 2 * sigmoid (2 * x) - 1.
Proof.
  unfold tanh, sinh, cosh, sigmoid.
  assert (H1 := exp_pos x). assert (H2 := exp_pos (- x)).
  replace (- (2 * x)) with (- x + - x) by ring. rewrite exp_plus.
  assert (E : exp x * exp (- x) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
  assert (E2 : exp x = / exp (- x)) by (apply Rmult_eq_reg_r with (exp (- x)); [rewrite E; field; lra | lra]).
  rewrite E2. set (q := exp (- x)) in *. field.
  repeat split; try lra; nra.
Qed.

Lemma tanh_range x : -1 < tanh x < 1.
Proof. rewrite tanh_sigmoid. assert (H := sigmoid_range (2 * x)). lra. Qed.

Lemma tanh_at_0 : tanh 0 = 0.
Proof. rewrite tanh_sigmoid, Rmult_0_r, sigmoid_at_half. field. Qed.

Lemma tanh_onto y : -1 < y < 1 -> exists x, tanh x = y.
Proof.
  intro Hy. exists (- ln (/ ((1 + y) / 2) - 1) / 2). rewrite tanh_sigmoid.
  replace (2 * (- ln (/ ((1 + y) / 2) - 1) / 2)) with (- ln (/ ((1 + y) / 2) - 1)) by field.
  rewrite sigmoid_onto by lra. field.
Qed.

Lemma tanh_d x : is_derive tanh x (1 - tanh x ^ 2).
Proof.
  apply (is_derive_ext (fun x => 2 * sigmoid (2 * x) - 1)).
  { intro t. symmetry. apply tanh_sigmoid. }
  replace (1 - tanh x ^ 2) with (2 * (2 * (sigmoid (2 * x) * (1 - sigmoid (2 * x)))))
    by (rewrite tanh_sigmoid; ring).
  assert (H := sigmoid_d (2 * x)). set (d := sigmoid (2 * x) * (1 - sigmoid (2 * x))) in *.
  replace (2 * (2 * d)) with (2 * d * 2) by ring.
  apply (derive_comp_poly (fun x => sigmoid (2 * x)) (fun y => 2 * y - 1)).
  - apply (is_derive_comp sigmoid (fun x => 2 * x) x d 2); [assumption |]. auto_derive; try exact I; ring.
  - auto_derive; try exact I; ring.
Qed.

Definition tanh1 x := 1 - tanh x ^ 2.
Definition tanh2 x := - 2 * (tanh x * (1 - tanh x ^ 2)).
Definition tanh3 x := - 2 * (1 - tanh x ^ 2) * (1 - 3 * tanh x ^ 2).

Theorem tanh_derivatives : derivatives tanh tanh1 tanh2 tanh3.
Proof.
  intro x. split; [apply tanh_d |]. assert (H := tanh_d x). split.
  - replace (tanh2 x) with ((1 - tanh x ^ 2) * (- 2 * tanh x)) by (unfold tanh2; ring).
    apply (derive_comp_poly tanh (fun y => 1 - y ^ 2)); [assumption |]. auto_derive; try exact I; ring.
  - replace (tanh3 x) with ((1 - tanh x ^ 2) * (- 2 * (1 - 3 * tanh x ^ 2))) by (unfold tanh3; ring).
    apply (derive_comp_poly tanh (fun y => - 2 * (y * (1 - y ^ 2)))); [assumption |]. auto_derive; try exact I; ring.
Qed.

Theorem tanh_s1 : is_sup_abs tanh1 1.
Proof.
  apply attained with 0.
  - intro x. unfold tanh1. assert (H := tanh_range x). rewrite Rabs_pos_eq; nra.
  - unfold tanh1. rewrite tanh_at_0, Rabs_pos_eq; lra.
Qed.

Theorem tanh_s2 : is_sup_abs tanh2 (4 / (3 * sqrt 3)).
Proof.
  assert (Hc := c3_facts).
  assert (H0 : 0 < sqrt 3) by (apply sqrt_lt_R0; lra).
  replace (4 / (3 * sqrt 3)) with (4 / 3 * c3) by (unfold c3; field; lra).
  destruct (tanh_onto c3) as [x0 Hx0]; [lra |].
  apply attained with x0.
  - intro x. unfold tanh2. assert (H := tanh_range x).
    rewrite Rabs_mult, (Rabs_left (- 2)) by lra.
    assert (H1 := cubic_bound (tanh x) ltac:(lra)). lra.
  - unfold tanh2. rewrite Hx0. assert (Ec : c3 ^ 2 = / 3) by lra. rewrite Ec.
    rewrite Rabs_mult, (Rabs_left (- 2)), Rabs_pos_eq by lra. field.
Qed.

Theorem tanh_s3 : is_sup_abs tanh3 2.
Proof.
  apply attained with 0.
  - intro x. unfold tanh3. assert (H := tanh_range x). set (z := tanh x ^ 2).
    assert (0 <= z < 1) by (unfold z; nra). apply Rabs_le. split; nra.
  - unfold tanh3. rewrite tanh_at_0. replace (- 2 * (1 - 0 ^ 2) * (1 - 3 * 0 ^ 2)) with (- (2)) by ring.
    rewrite Rabs_Ropp, Rabs_pos_eq; lra.
Qed.

(** ** softplus (x) = ln (1 + e^x): its derivative is the sigmoid *)
Definition softplus (x : R) : R := ln (1 + exp x).

Theorem softplus_derivatives : derivatives softplus sigmoid sigmoid1 sigmoid2.
Proof.
  intro x. destruct (sigmoid_derivatives x) as (H1 & H2 & _). split; [| split; assumption].
  assert (Hx := exp_pos x). unfold softplus, sigmoid. auto_derive; [lra |].
  rewrite exp_Ropp. field. lra.
Qed.

(** The supremum 1 of its derivative is not attained, only approached. *)
Theorem softplus_s1 : is_sup_abs sigmoid 1 /\ forall x, Rabs (sigmoid x) < 1.
Proof.
  assert (H : forall x, Rabs (sigmoid x) < 1) by (intro x; assert (H := sigmoid_range x); rewrite Rabs_pos_eq; lra).
  split; [| assumption]. split; [intro; apply Rlt_le; apply H |].
  intros e He. set (y := Rmax (1 - e / 2) (/ 2)).
  assert (H1 := Rmax_l (1 - e / 2) (/ 2)). assert (H2 := Rmax_r (1 - e / 2) (/ 2)).
  assert (H3 : y < 1) by (apply Rmax_lub_lt; lra).
  exists (- ln (/ y - 1)). fold y in H1, H2. rewrite sigmoid_onto by lra. rewrite Rabs_pos_eq; lra.
Qed.

Theorem softplus_s2 : is_sup_abs sigmoid1 (1 / 4).
Proof. exact sigmoid_s1. Qed.

Theorem softplus_s3 : is_sup_abs sigmoid2 (1 / (6 * sqrt 3)).
Proof. exact sigmoid_s2. Qed.

(** ** erf *)
Definition erf (x : R) : R := 2 / sqrt PI * RInt (fun t => exp (- t ^ 2)) 0 x.
Definition erf1 x := 2 / sqrt PI * exp (- x ^ 2).
Definition erf2 x := - (4 / sqrt PI) * (x * exp (- x ^ 2)).
Definition erf3 x := 4 / sqrt PI * ((2 * x ^ 2 - 1) * exp (- x ^ 2)).

Lemma sqrt_PI_pos : 0 < sqrt PI.
Proof. apply sqrt_lt_R0, PI_RGT_0. Qed.

Theorem erf_derivatives : derivatives erf erf1 erf2 erf3.
Proof.
  assert (HP := sqrt_PI_pos).
  assert (Hcont : forall x, continuous (fun t => exp (- t ^ 2)) x).
  { intro x. apply (ex_derive_continuous (fun t => exp (- t ^ 2))). auto_derive. exact I. }
  intro x. split; [| split].
  - unfold erf, erf1. apply (is_derive_scal (fun x => RInt (fun t => exp (- t ^ 2)) 0 x)).
    apply (is_derive_RInt (fun t => exp (- t ^ 2)) _ 0 x); [| apply Hcont].
    apply filter_forall. intro y. apply (RInt_correct (V := R_CompleteNormedModule)).
    apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros z _. apply Hcont.
  - unfold erf1, erf2. auto_derive; try exact I. change (x * (x * 1)) with (x ^ 2). field. lra.
  - unfold erf2, erf3. auto_derive; try exact I. change (x * (x * 1)) with (x ^ 2). field. lra.
Qed.

Theorem erf_s1 : is_sup_abs erf1 (2 / sqrt PI).
Proof.
  assert (HP := sqrt_PI_pos).
  assert (Hc : 0 < 2 / sqrt PI) by (apply Rdiv_lt_0_compat; lra).
  apply attained with 0; unfold erf1.
  - intro x. assert (H := exp_pos (- x ^ 2)). rewrite Rabs_pos_eq by (apply Rmult_le_pos; lra).
    assert (exp (- x ^ 2) <= 1).
    { rewrite <- exp_0. assert (H1 := pow2_ge_0 x).
      destruct (Req_dec (x ^ 2) 0) as [E | E]; [rewrite E, Ropp_0; lra | apply Rlt_le, exp_increasing; lra]. }
    nra.
  - replace (- 0 ^ 2) with 0 by ring. rewrite exp_0, Rmult_1_r, Rabs_pos_eq; lra.
Qed.

(** 2 x^2 exp (1 - 2 x^2) <= 1, from t <= exp (t - 1). *)
Theorem erf_s2 : is_sup_abs erf2 (2 * sqrt 2 * exp (- / 2) / sqrt PI).
Proof.
  assert (HP := sqrt_PI_pos).
  assert (Hc : 0 < 4 / sqrt PI) by (apply Rdiv_lt_0_compat; lra).
  assert (H2 : sqrt 2 * sqrt 2 = 2) by (apply sqrt_sqrt; lra).
  assert (H20 : 0 < sqrt 2) by (apply sqrt_lt_R0; lra).
  assert (He := exp_pos (- / 2)).
  replace (2 * sqrt 2 * exp (- / 2) / sqrt PI) with (4 / sqrt PI * (sqrt 2 / 2 * exp (- / 2))) by (field; lra).
  apply attained with (sqrt 2 / 2); unfold erf2.
  - intro x. rewrite Rabs_mult, Rabs_Ropp, (Rabs_pos_eq (4 / sqrt PI)) by lra.
    apply Rmult_le_compat_l; [lra |].
    assert (Hx := exp_pos (- x ^ 2)).
    rewrite Rabs_mult, (Rabs_pos_eq (exp _)) by lra.
    set (a := Rabs x * exp (- x ^ 2)). set (b := sqrt 2 / 2 * exp (- / 2)).
    assert (Ha : 0 <= a) by (apply Rmult_le_pos; [apply Rabs_pos | lra]).
    assert (Hb : 0 < b) by (unfold b; apply Rmult_lt_0_compat; lra).
    assert (Hab : a ^ 2 <= b ^ 2).
    { assert (Ea : a ^ 2 = x ^ 2 * exp (- (2 * x ^ 2))).
      { unfold a. rewrite Rpow_mult_distr, pow2_abs. f_equal.
        replace (- (2 * x ^ 2)) with (- x ^ 2 + - x ^ 2) by ring. rewrite exp_plus. ring. }
      assert (Eb : b ^ 2 = / 2 * exp (- (1))).
      { unfold b. replace (- (1)) with (- / 2 + - / 2) by field. rewrite exp_plus.
        replace ((sqrt 2 / 2 * exp (- / 2)) ^ 2) with (sqrt 2 * sqrt 2 / 4 * (exp (- / 2) * exp (- / 2))) by field.
        rewrite H2. field. }
      rewrite Ea, Eb.
      assert (H := exp_ineq1_le (2 * x ^ 2 - 1)).
      assert (Hm : 2 * x ^ 2 * exp (- (2 * x ^ 2)) <= exp (2 * x ^ 2 - 1) * exp (- (2 * x ^ 2))).
      { apply Rmult_le_compat_r; [apply Rlt_le, exp_pos | lra]. }
      rewrite <- exp_plus in Hm. replace (2 * x ^ 2 - 1 + - (2 * x ^ 2)) with (- (1)) in Hm by ring. lra. }
    apply Rnot_lt_le. intro. nra.
  - replace (- (sqrt 2 / 2) ^ 2) with (- (sqrt 2 * sqrt 2 / 4)) by field. rewrite H2.
    replace (- (2 / 4)) with (- / 2) by field.
    rewrite Rabs_mult, Rabs_Ropp, !Rabs_pos_eq; [reflexivity | | lra].
    apply Rmult_le_pos; lra.
Qed.

Theorem erf_s3 : is_sup_abs erf3 (4 / sqrt PI).
Proof.
  assert (HP := sqrt_PI_pos).
  assert (Hc : 0 < 4 / sqrt PI) by (apply Rdiv_lt_0_compat; lra).
  apply attained with 0; unfold erf3.
  - intro x. rewrite Rabs_mult, (Rabs_pos_eq (4 / sqrt PI)) by lra.
    rewrite <- (Rmult_1_r (4 / sqrt PI)) at 2. apply Rmult_le_compat_l; [lra |].
    assert (Hx := exp_pos (- x ^ 2)). assert (Ht := pow2_ge_0 x). set (t := x ^ 2) in *.
    (* |2 t - 1| <= exp t for t >= 0: from exp t >= 1 + t and exp t = (exp (t/2))^2 >= (1 + t/2)^2 *)
    assert (E : exp t * exp (- t) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
    assert (H1 := exp_ineq1_le t).
    assert (H2 : (1 + t / 2) ^ 2 <= exp t).
    { replace t with (t / 2 + t / 2) at 2 by field. rewrite exp_plus.
      assert (H := exp_ineq1_le (t / 2)). nra. }
    rewrite Rabs_mult, (Rabs_pos_eq (exp (- t))) by lra.
    rewrite <- E. apply Rmult_le_compat_r; [lra |]. apply Rabs_le. split; nra.
  - replace (- 0 ^ 2) with 0 by ring. rewrite exp_0.
    replace ((2 * 0 ^ 2 - 1) * 1) with (- (1)) by ring.
    rewrite Rabs_mult, Rabs_Ropp, Rabs_R1, Rmult_1_r, Rabs_pos_eq; lra.
Qed.
