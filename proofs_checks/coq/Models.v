(** * The hypotheses of B, C and D can hold

    One residual on the line, r(x) = x + x^2/4: its derivative 1 + x/2 is not constant, so profiles are not either.
    From 1/4 the loss is not zero, delta-GClip and GClip (delta = 0) are clipped at gamma = 1/10, and a computed
    trajectory with errors of 1/1000 a step meets every hypothesis of Theorem D as it is certified. *)

From Coq Require Import Reals Lra Lia Psatz List.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Runs SquareLoss TheoremB LastStep TheoremD Expansion Table Certified.
Open Scope R_scope.

(** An equation between points of the line is one between real numbers. *)
Ltac real := match goal with |- ?a = ?b => change (@eq R a b) end.

(** A run from any start. *)
Fixpoint iterates {E : Hilbert} (step : E -> E) (x : E) (t : nat) : E :=
  match t with
  | O => x
  | S t' => step (iterates step x t')
  end.

Lemma iterates_run {E : Hilbert} (grad : E -> E) (eta gamma delta : R) (x : E) :
  delta_gclip_run grad eta gamma delta (iterates (gclip_map grad eta gamma delta) x).
Proof. intro t. reflexivity. Qed.

(** ** The residual *)

Definition bent (x : R_hilbert) : R_hilbert := (x + x * x / 4)%R.
Definition slope (x : R) : R := 1 + x / 2.
Definition bent_J (x v : R_hilbert) : R_hilbert := (slope x * v)%R.
Definition curve (x : R) : R := slope x * slope x + (x + x * x / 4) / 2.
Definition bent_hess (x v : R_hilbert) : R_hilbert := (curve x * v)%R.
Definition bent_grad : R_hilbert -> R_hilbert := square_grad bent bent_J.

Lemma hnorm_line (v : R_hilbert) : hnorm v = Rabs v.
Proof. apply sqrt_mult_self. Qed.

Lemma line_derivative_is (f : R -> R) (x l : R) :
  derivable_pt_lim f x l -> @has_derivative R_hilbert R_hilbert f x (fun v => (l * v)%R).
Proof.
  intro Hf. split.
  - split; [| split].
    + intros u v. change (plus u v) with (u + v). change (plus (l * u) (l * v)) with (l * u + l * v). real. ring.
    + intros a v. change (scal a v) with (a * v). change (scal a (l * v)) with (a * (l * v)). real. ring.
    + exists (Rabs l). intro v. rewrite !hnorm_line, Rabs_mult. lra.
  - intros e He. destruct (Hf e He) as [d Hd]. exists (d / 2). assert (Hd0 := cond_pos d). split; [lra |].
    intros v Hv. rewrite hnorm_line in *.
    change (minus (minus (f (plus x v)) (f x)) (l * v)) with (f (x + v) - f x - l * v).
    rewrite hnorm_line. destruct (Req_dec v 0) as [-> | Hv0].
    + rewrite Rplus_0_r, Rmult_0_r, Rminus_0_r, Rminus_diag_eq by reflexivity. rewrite Rabs_R0. lra.
    + assert (H := Hd v Hv0 ltac:(lra)).
      replace (f (x + v) - f x - l * v) with (((f (x + v) - f x) / v - l) * v) by (field; assumption).
      rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos | lra].
Qed.

Lemma bent_smooth : smooth_residual bent bent_J bent_J bent_hess.
Proof.
  constructor.
  - intro x. apply (line_derivative_is (fun x => x + x * x / 4)). apply is_derive_Reals.
    unfold slope. auto_derive; [exact I | field].
  - intros x v u. unfold bent_J. change (slope x * v * u = v * (slope x * u)). ring.
  - intro x. apply (line_derivative_is (fun x => slope x * (x + x * x / 4))). apply is_derive_Reals.
    unfold curve, slope. auto_derive; [exact I | field].
Qed.

(** Its numbers at x, for |x - c| <= e given as bounds of x. *)
Lemma near_bounds (c e x : R) : hnorm (minus (x : R_hilbert) c) <= e -> c - e <= x <= c + e.
Proof. rewrite hnorm_line. change (minus x c) with (x - c). intro H. apply Rabs_le_between in H. lra. Qed.

Lemma bent_jacobian (x lip : R) : Rabs (slope x) <= lip -> forall v, hnorm (bent_J x v) <= lip * hnorm v.
Proof.
  intros H v. rewrite !hnorm_line. unfold bent_J. rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos | assumption].
Qed.

Lemma bent_jacobian_lipschitz (x y v : R_hilbert) :
  hnorm (minus (bent_J x v) (bent_J y v)) <= 1 / 2 * hnorm (minus x y) * hnorm v.
Proof.
  rewrite !hnorm_line. change (minus x y) with (x - y).
  change (minus (bent_J x v) (bent_J y v)) with (slope x * v - slope y * v).
  replace (slope x * v - slope y * v) with (1 / 2 * (x - y) * v) by (unfold slope; field).
  rewrite !Rabs_mult, (Rabs_pos_eq (1 / 2)) by lra. lra.
Qed.

Lemma bent_sigma (x s : R) : s <= slope x -> sigma_min_at_least bent_J x s.
Proof.
  intros H u. rewrite !hnorm_line. unfold bent_J. rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos |].
  assert (H1 := RRle_abs (slope x)). lra.
Qed.

Lemma bent_form (x : R) (z : R_hilbert) : dot (bent_hess x z) z = curve x * hnorm z ^ 2.
Proof. rewrite hnorm_sqr. unfold bent_hess. change (curve x * z * z = curve x * (z * z)). ring. Qed.

Lemma bent_grad_norm (x : R) : 0 <= x -> hnorm (bent_grad x) = slope x * (x + x * x / 4).
Proof.
  intro Hx. rewrite hnorm_line. unfold bent_grad, square_grad, bent_J, bent. apply Rabs_pos_eq.
  unfold slope. apply Rmult_le_pos; nra.
Qed.

Lemma affine_integral (a b x y : R) : RInt (fun s => a - b * s) x y = a * (y - x) - b * (y ^ 2 - x ^ 2) / 2.
Proof.
  apply is_RInt_unique.
  replace (a * (y - x) - b * (y ^ 2 - x ^ 2) / 2)
    with (minus ((fun s => a * s - b * s ^ 2 / 2) y) ((fun s => a * s - b * s ^ 2 / 2) x)).
  - apply (is_RInt_derive (V := R_CompleteNormedModule) (fun s => a * s - b * s ^ 2 / 2) (fun s => a - b * s)); intros s _.
    + auto_derive; [exact I | field].
    + apply (continuous_minus (V := R_NormedModule)); [apply continuous_const |].
      apply (continuous_scal_r (V := R_NormedModule)). apply continuous_id.
  - change (minus ?u ?v) with (u - v). real. cbv beta. field.
Qed.

(** ** Theorem B: from 1/4, R = 1/2, sig(s) = 9/8 - s/2 *)

Definition profile_B (s : R) : R := 9 / 8 - 1 / 2 * s.

Theorem hypotheses_B_can_hold :
  hypotheses_B_integral bent bent_J bent_J bent_hess (1 / 4) (1 / 2) (9 / 4) (1 / 4) profile_B.
Proof.
  assert (E0 : hnorm (bent (1 / 4)) = 17 / 64).
  { rewrite hnorm_line. unfold bent. rewrite Rabs_pos_eq by lra. field. }
  constructor.
  - apply bent_smooth.
  - lra.
  - intros s Hs. unfold profile_B. lra.
  - intros a b Ha Hab Hb. unfold profile_B. lra.
  - intros x [Hx _]. apply bent_sigma. unfold profile_B, slope.
    rewrite hnorm_line in *. change (minus x (1 / 4)) with (x - 1 / 4) in *.
    assert (H := Rle_abs (- (x - 1 / 4))). rewrite Rabs_Ropp in H. lra.
  - split; [lra |]. intros x [Hx HL] v. rewrite bent_form. apply near_bounds in Hx.
    assert (Hr : hnorm (bent x) <= hnorm (bent (1 / 4))).
    { unfold square_loss in HL. assert (H1 := hnorm_pos (bent x)). assert (H2 := hnorm_pos (bent (1 / 4))).
      apply Rnot_lt_le. intro. nra. }
    rewrite E0, hnorm_line in Hr. unfold bent in Hr. apply Rabs_le_between in Hr.
    apply Rmult_le_compat_r; [apply pow2_ge_0 |]. unfold curve, slope. nra.
  - lra.
  - rewrite E0. unfold profile_B. rewrite affine_integral. unfold slack. lra.
Qed.

(** Its conclusion, for delta-GClip and GClip, with any gamma: the run exists and its loss is not zero at the start. *)
Theorem theorem_B_has_instances (gamma delta : R) :
  0 < gamma -> 0 <= delta <= 1 ->
  exists (w : nat -> R_hilbert) (rho : R),
    w O = (1 / 4)%R /\ 0 < square_loss bent (w O) /\ delta_gclip_run bent_grad (1 / 4) gamma delta w /\
    converges_linearly (square_loss bent) w rho
      (rate (profile_B rho ^ 2) (9 / 4) (1 / 4) (effective_delta gamma delta (1 / 2))) rho
      (fun t => radius_sharp (square_loss bent (w t)) (profile_B rho ^ 2) (9 / 4) (1 / 4)).
Proof.
  intros Hg Hd. destruct (theorem_B_root _ _ _ _ _ hypotheses_B_can_hold) as (rho & (Hrho & Hroot & _) & _).
  set (w := iterates (gclip_map bent_grad (1 / 4) gamma delta) (1 / 4)).
  exists w, rho. split; [reflexivity |]. split; [| split; [apply iterates_run |]].
  - unfold square_loss, w. cbn [iterates]. rewrite hnorm_line. unfold bent. rewrite Rabs_pos_eq by lra. lra.
  - apply (theorem_B_effective _ _ _ _ _ hypotheses_B_can_hold w gamma delta (1 / 2) rho); try assumption; try lra;
      [| reflexivity | apply iterates_run].
    intros x [Hx HL]. apply near_bounds in Hx.
    assert (Hr : hnorm (bent x) <= 17 / 64).
    { assert (E0 : hnorm (bent (1 / 4)) = 17 / 64).
      { rewrite hnorm_line. unfold bent. rewrite Rabs_pos_eq by lra. field. }
      unfold square_loss in HL. rewrite E0 in HL. assert (H1 := hnorm_pos (bent x)). apply Rnot_lt_le. intro. nra. }
    eapply Rle_trans; [apply (bent_jacobian x (11 / 8)) |].
    + unfold slope. apply Rabs_le. lra.
    + lra.
Qed.

(** ** Theorem D: the points 1/4, 226/1000, 202/1000, computed with errors of 1/1000 *)

Definition points (t : nat) : R_hilbert :=
  match t with O => (1 / 4)%R | 1%nat => (226 / 1000)%R | _ => (202 / 1000)%R end.
Definition errors (t : nat) : R := match t with O => 0 | 1%nat => 1 / 1000 | _ => 21 / 10000 end.
Definition tabulated : table := (21 / 10000, 1) :: (2021 / 10000, 99 / 100) :: (4021 / 10000, 89 / 100) :: nil.

Lemma scal_one (x : R_hilbert) : scal 1 x = x.
Proof. apply (scal_one (V := R_ModuleSpace)). Qed.

Definition unit_grad (x : R_hilbert) : R_hilbert := scal 1 (bent_grad x).

Lemma unit_grad_norm (x : R) : 0 <= x -> hnorm (unit_grad x) = slope x * (x + x * x / 4).
Proof. intro Hx. unfold unit_grad. rewrite scal_one. apply bent_grad_norm. assumption. Qed.

(** In the band the step is 1/40 to the left. *)
Lemma clipped_point (delta x : R) :
  0 <= delta <= 1 / 10 -> 1 / 10 <= x <= 1 / 4 ->
  gclip_map unit_grad (1 / 4) (1 / 10) delta x = (x - 1 / 40)%R.
Proof.
  intros Hd Hx. set (g := slope x * (x + x * x / 4)).
  assert (Hg : 1 / 10 <= g <= 1).
  { unfold g, slope. split; nra. }
  unfold gclip_map. rewrite (unit_grad_norm x) by lra. fold g. rewrite step_band by nra.
  replace (unit_grad x) with (g : R_hilbert) by (unfold unit_grad; rewrite scal_one; reflexivity).
  change (x - 1 / 4 * (1 / 10 / g) * g = x - 1 / 40). field. lra.
Qed.

Lemma band_factor_small : expansion_band (1 / 10) 2 (1 / 10) <= 11 / 10.
Proof.
  assert (Hal : Rmax (expansion_constant (1 / 10) 2 (1 / 10)) 1 = 101 / 100).
  { unfold expansion_constant. rewrite (Rmax_left (1 + 1 / 10 * (1 / 10))) by lra. rewrite Rmax_left by lra. field. }
  unfold expansion_band, block_norm. rewrite Hal.
  assert (H1 : forall x y, 0 <= y -> x <= y ^ 2 -> sqrt x <= y).
  { intros x y Hy Hxy. rewrite <- (sqrt_pow2 y) by assumption. apply sqrt_le_1_alt. assumption. }
  assert (H2 := H1 (1 / 10 * (2 + 1 / 10) / 2 * (1 / 10 * (2 + 1 / 10) / 2) + (101 / 100 + 1) ^ 2) (202 / 100) ltac:(lra) ltac:(lra)).
  assert (H3 := H1 (1 / 10 * (2 + 1 / 10) / 2 * (1 / 10 * (2 + 1 / 10) / 2) + (101 / 100 - 1) ^ 2) (11 / 100) ltac:(lra) ltac:(lra)).
  lra.
Qed.

Lemma model_step (delta : R) (t : nat) :
  0 <= delta <= 1 / 10 -> (t < 2)%nat ->
  checked_step bent bent_J bent_hess 1 (1 / 4) (1 / 10) delta points t
    (2 * errors t) 2 (1 / 10) (1 / 4) (1 / 3) (11 / 10) (1 / 1000).
Proof.
  intros Hd Ht.
  assert (Hp : 1 / 5 <= points t <= 1 / 4) by (destruct t as [| [| t]]; cbn; lra).
  assert (He : 0 <= errors t <= 1 / 1000) by (destruct t as [| [| t]]; cbn; try lra; lia).
  constructor.
  - lra.
  - change (fun x => scal 1 (square_grad bent bent_J x)) with unit_grad. rewrite clipped_point, hnorm_line by lra.
    change (minus (points (S t)) (points t - 1 / 40)) with (points (S t) - (points t - 1 / 40)).
    destruct t as [| [| t]]; [| | lia]; cbn; apply Rabs_le; lra.
  - intros x Hx z. apply near_bounds in Hx. rewrite scal_one, bent_form.
    assert (Hz := pow2_ge_0 (hnorm z)). assert (Hc : 0 <= curve x <= 2) by (unfold curve, slope; split; nra).
    split; [| apply Rmult_le_compat_r; lra].
    assert (0 <= curve x * hnorm z ^ 2) by (apply Rmult_le_pos; lra). lra.
  - change (scal 1 (square_grad bent bent_J (points t))) with (unit_grad (points t)). rewrite unit_grad_norm by lra.
    assert (Hg : 255 / 1000 <= slope (points t) * (points t + points t * points t / 4) <= 3 / 10).
    { destruct t as [| [| t]]; [| | lia]; cbn; unfold slope; lra. }
    split; [| lra]. eapply Rle_trans; [| apply Rmax_r]. lra.
  - intro H. lra.
  - intro H. lra.
  - intros _ _ _. rewrite (Rmax_left (1 / 4)) by lra. rewrite Rmin_right by lra.
    replace (1 / 4 * (1 / 10) / (1 / 4)) with (1 / 10) by field. apply band_factor_small.
Qed.

Lemma model_end :
  checked_end bent bent_J bent_J 1 (1 / 4) (points 2)
    (errors 2) (2 / 5) (11 / 50) (6 / 5) (7 / 5) (1 / 2) (7 / 20) (3 / 4) tabulated.
Proof.
  constructor; cbn [errors points].
  - lra.
  - intros x Hx. apply bent_jacobian. apply near_bounds in Hx. unfold slope. apply Rabs_le. lra.
  - rewrite hnorm_line. unfold bent. rewrite Rabs_pos_eq by lra. lra.
  - unfold tabulated. cbn. repeat split; lra.
  - unfold tabulated. cbn. intros g s [H | [H | [H | []]]] x Hx; injection H as <- <-; apply near_bounds in Hx;
      apply bent_sigma; unfold slope; lra.
  - intros x Hx. apply bent_jacobian. apply near_bounds in Hx. unfold slope. apply Rabs_le. lra.
  - intros x y _ _ v. apply bent_jacobian_lipschitz.
  - unfold smoothness, slack. lra.
  - unfold smoothness, slack, tabulated. cbn. repeat destruct Rle_dec; lra.
  - unfold smoothness, slack, tabulated. cbn. repeat destruct Rle_dec; lra.
  - unfold tabulated. cbn. repeat destruct Rle_dec; lra.
Qed.

(** All hypotheses of [theorem_D_certified] at once, and its conclusion: the computed points are not the exact ones, the
    loss is not zero, and the exact run of delta-GClip (0 < delta <= 1/10) or GClip (delta = 0) converges linearly. *)
Theorem theorem_D_has_instances (delta : R) :
  0 <= delta <= 1 / 10 ->
  exists w : nat -> R_hilbert,
    w O = points O /\ delta_gclip_run unit_grad (1 / 4) (1 / 10) delta w /\
    w 1%nat <> points 1 /\ w 2%nat <> points 2 /\ 0 < square_loss bent (w 2%nat) /\
    (forall t, (t <= 2)%nat -> hnorm (minus (w t) (points t)) <= errors t) /\
    converges_linearly (square_loss bent) (fun t => w (2 + t)%nat) (7 / 20)
      (rate (1 * (3 / 4)) (1 * smoothness (11 / 50) (7 / 5) (1 / 2)) (1 / 4) (effective_delta (1 / 10) delta (1 / 3))) (7 / 20)
      (fun t => radius_sharp (square_loss bent (w (2 + t)%nat)) (3 / 4) (smoothness (11 / 50) (7 / 5) (1 / 2)) (1 * (1 / 4))) /\
    exists w_inf, converges (fun t => w (2 + t)%nat) w_inf /\ square_loss bent w_inf = 0.
Proof.
  intro Hd. set (w := iterates (gclip_map unit_grad (1 / 4) (1 / 10) delta) (1 / 4)).
  assert (E1 : w 1%nat = (9 / 40)%R) by (unfold w; cbn [iterates]; rewrite clipped_point by lra; real; field).
  assert (E2 : w 2%nat = (1 / 5)%R).
  { change (w 2%nat) with (gclip_map unit_grad (1 / 4) (1 / 10) delta (w 1%nat)). rewrite E1, clipped_point by lra.
    real. field. }
  assert (Hrun : delta_gclip_run unit_grad (1 / 4) (1 / 10) delta w) by apply iterates_run.
  destruct (theorem_D_certified bent bent_J bent_J bent_hess 1 (1 / 4) (1 / 10) delta points 2 bent_smooth
              ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra)
              errors (fun t => 2 * errors t) (fun _ => 2) (fun _ => 1 / 10) (fun _ => 1 / 4) (fun _ => 1 / 3) (fun _ => 11 / 10)
              (fun _ => 1 / 1000) (points 2) (errors 2)
              (2 / 5) (11 / 50) (6 / 5) (7 / 5) (1 / 2) (7 / 20) (7 / 20) (3 / 4) (1 / 3) (1 / 20) tabulated w)
    as (Hnear & _ & Hlin & _ & l & Hl & Hz & _).
  - cbn. lra.
  - intros t Ht. split; [destruct t as [| [| t]]; cbn; try lra; lia | apply model_step; assumption].
  - intros [| [| t]] Ht; cbn; [lra | lra | lia].
  - rewrite hnorm_minus_diag. lra.
  - apply model_end.
  - lra.
  - lra.
  - lra.
  - rewrite hnorm_line. cbn. change (minus (202 / 1000) (1 / 4)) with (202 / 1000 - 1 / 4). apply Rabs_le. lra.
  - reflexivity.
  - exact Hrun.
  - exists w. split; [reflexivity |]. split; [assumption |].
    split; [rewrite E1; cbn; intro H; apply (f_equal (fun x : R => x * 1000)) in H; lra |].
    split; [rewrite E2; cbn; intro H; apply (f_equal (fun x : R => x * 1000)) in H; lra |].
    split; [rewrite E2; unfold square_loss; rewrite hnorm_line; unfold bent; rewrite Rabs_pos_eq by lra; lra |].
    split; [assumption |]. split; [assumption |]. exists l. split; assumption.
Qed.

(** The hypotheses of [theorem_D] with an integral, at the same points. *)
Definition profile_D (s : R) : R := 11 / 10 - 1 / 2 * s.

Theorem hypotheses_D_can_hold (delta : R) :
  0 <= delta <= 1 / 10 ->
  error_recursion (fun _ => gclip_map unit_grad (1 / 4) (1 / 10) delta) points errors (fun _ => 11 / 10) (fun _ => 1 / 1000) 2 /\
  0 < errors 2 /\
  hypotheses_D bent bent_J bent_J bent_hess (points 2) (errors 2) (2 / 5) (11 / 50) (6 / 5) (21 / 10) (1 / 4) profile_D.
Proof.
  intro Hd. split; [| split].
  - apply (checked_recursion bent bent_J bent_J bent_hess 1 (1 / 4) (1 / 10) delta points 2 bent_smooth
             ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra)
             errors (fun t => 2 * errors t) (fun _ => 2) (fun _ => 1 / 10) (fun _ => 1 / 4) (fun _ => 1 / 3)).
    + cbn. lra.
    + intros t Ht. split; [destruct t as [| [| t]]; cbn; try lra; lia | apply model_step; assumption].
    + intros [| [| t]] Ht; cbn; [lra | lra | lia].
  - cbn. lra.
  - constructor; cbn [errors points].
    + apply bent_smooth.
    + lra.
    + intros s Hs. unfold profile_D. lra.
    + intros a b Ha Hab Hb. unfold profile_D. lra.
    + intros x Hx. apply bent_sigma. unfold profile_D, slope.
      rewrite hnorm_line in *. change (minus x (202 / 1000)) with (x - 202 / 1000) in *.
      assert (H := Rle_abs (- (x - 202 / 1000))). rewrite Rabs_Ropp in H. lra.
    + split; [lra |]. intros x Hx. apply bent_jacobian. apply near_bounds in Hx. unfold slope. apply Rabs_le. lra.
    + rewrite hnorm_line. unfold bent. rewrite Rabs_pos_eq by lra. lra.
    + split; [lra |]. intros x [Hx Hr] v. rewrite bent_form. apply near_bounds in Hx.
      rewrite hnorm_line in Hr. unfold bent in Hr. apply Rabs_le_between in Hr.
      apply Rmult_le_compat_r; [apply pow2_ge_0 |]. unfold curve, slope. nra.
    + lra.
    + unfold profile_D. rewrite affine_integral. unfold slack. lra.
Qed.
