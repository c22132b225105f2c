(** * The claims, and the proofs of their claims, as the exact kernel has them

    Written by [python -m proofs_checks.coq_claims] from [proofs_checks/claims]: nothing here is edited by hand.
    Propositions that the kernel does not look into are variables and cited lemmas hypotheses of the section: a
    theorem holds of whatever satisfies those it uses. *)

From Coq Require Import Reals Lra.
From PLTheory Require Import Formulas Certificates.
Open Scope R_scope.

Section Claims.

Variables T1 T2 : Type.
(** lambda_max(Hess L) <= {0} on S *)
Variable lambda_max_Hess_L_on_S : R -> Prop.
(** the segment from {0} to {0} - {1} g with g = grad L({0}), |g| = {4}, lies in S; the roots of L at its ends are {2} and {3} *)
Variable the_segment_from_to_g_with : T1 -> R -> R -> R -> R -> Prop.
(** L is {0}-PL* on S: half the squared norm of grad L is at least {0} L *)
Variable L_is_PL_on_S_half : R -> Prop.
(** {0} lies in S *)
Variable lies_in_S : T1 -> Prop.
(** the square root of L({0}) is {1} *)
Variable the_square_root_of_L_is : T1 -> R -> Prop.
(** the norm of grad L({0}) is {1} *)
Variable the_norm_of_grad_L_is : T1 -> R -> Prop.
(** the distance of {0} from w_0 is at most {1} *)
Variable the_distance_of_from_w_is : T1 -> R -> Prop.
(** {1} is the largest number up to {2} whose segment from {0} along -grad L lies in S *)
Variable is_the_largest_number_up_to : T1 -> R -> R -> Prop.
(** {2} = {0} - {1} grad L({0}) *)
Variable grad_L : T1 -> R -> T1 -> Prop.
(** sig is nonincreasing and nonnegative on [0, inf), 0 beyond R, and sigma_min(J(v)) >= sig(|v - w_0|) on S *)
Variable sig_is_nonincreasing_and_nonnegative_on : Prop.
(** sig({0}) = {1} *)
Variable sig : R -> R -> Prop.
(** the integral of sig from 0 to {0} is {1} *)
Variable the_integral_of_sig_from_to : R -> R -> Prop.
(** the spectral norm of J is at most {0} on S *)
Variable the_spectral_norm_of_J_is : R -> Prop.
(** the spectral norm of DJ is at most {0} on S *)
Variable the_spectral_norm_of_DJ_is : R -> Prop.
(** the residual at w_0 has norm {0} *)
Variable the_residual_at_w_has_norm : R -> Prop.
(** the Frobenius norm of {0} is {1} *)
Variable the_Frobenius_norm_of_is : T2 -> R -> Prop.
(** ({0} + {1}) *)
Variable op_plus : T2 -> T2 -> T2.
(** the spectral norm of {0} is {1} *)
Variable the_spectral_norm_of_is : T2 -> R -> Prop.
(** ({0} {1}) *)
Variable op_times : T2 -> T2 -> T2.
(** the Frobenius norm of the change of f under the change {0} of its argument is {1} *)
Variable the_Frobenius_norm_of_the_change : T2 -> R -> Prop.
(** the modulus of f' is at most {0} *)
Variable the_modulus_of_f_prime_is : R -> Prop.
(** for a unit vector u the norms of J^T u and J'^T u are {0} and {1} *)
Variable for_a_unit_vector_u_the : R -> R -> Prop.
(** the spectral norm of J' - J is {0} *)
Variable the_spectral_norm_of_J_prime : R -> Prop.
(** H is symmetric with spectrum between -{0} and {1} *)
Variable H_is_symmetric_with_spectrum_between : R -> R -> Prop.
(** D = I - {0} (I - u u^T) H for a unit vector u *)
Variable D_I_I_u_u_T : R -> Prop.
(** a vector has component {0} >= 0 along u and norm {1} >= 0 across it; its image under D has {0} along u and norm {2} across *)
Variable a_vector_has_component_along_u : R -> R -> R -> Prop.
(** the residual at the computed point has norm {0} *)
Variable the_residual_at_the_computed_point : R -> Prop.
(** the start is within {0} of the computed point *)
Variable the_start_is_within_of_the : R -> Prop.
(** the moduli of act' and act'' are at most {0} and {1} *)
Variable the_moduli_of_act_prime_and : R -> R -> Prop.
(** {2} is the Frobenius norm of (k {0}) o act'(Z) + U o act''(Z) o {1} *)
Variable is_the_Frobenius_norm_of_k : T2 -> T2 -> R -> Prop.
(** k is {0}, and the norm over outputs of U at one neuron of one sample at most {1} *)
Variable k_is_and_the_norm_over : R -> R -> Prop.
(** the largest spectral norm over samples of {0} is at most {1} *)
Variable the_largest_spectral_norm_over_samples : T2 -> R -> Prop.
(** ({0} * {1}) *)
Variable op_rows : T2 -> T2 -> T2.
(** {0} is Psi({1}, {2}, {3}) *)
Variable is_Psi : R -> R -> R -> R -> Prop.
(** the partial derivatives of Psi at ({0}, {1}, {2}) are {3}, {4}, {5} *)
Variable the_partial_derivatives_of_Psi_at : R -> R -> R -> R -> R -> R -> Prop.
(** {0} is the product over the steps so far of 1 - h l, {1} and {2} are exp(-y) and exp(-(1 + {3}) y) for {4} = y = l times the sum of h, and {5} = 1/e *)
Variable is_the_product_over_the_steps : R -> R -> R -> R -> R -> R -> Prop.
(** {0} is the integral of |u o r| over a cell of length {1}, {2} that of the square *)
Variable is_the_integral_of_u_o : R -> R -> R -> Prop.
(** x^T K x is {0} where x^T K_0 x is {1} and |x|^2 is {2}, and the norm of E is {3} *)
Variable x_T_K_x_is_where : R -> R -> R -> R -> Prop.

Hypothesis cited_taylor :
  forall (G : R) (a : R) (b : R) (beta : R) (s : R) (w : T1),
  lambda_max_Hess_L_on_S beta ->
  the_segment_from_to_g_with w s a b G ->
  0 <= s ->
  0 <= (1 / 2) * G ^ 2 * beta * s ^ 2 - G ^ 2 * s + a ^ 2 - b ^ 2.

Hypothesis cited_pl_at_a_point :
  forall (G : R) (a : R) (mu : R) (w : T1),
  L_is_PL_on_S_half mu ->
  lies_in_S w ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  0 <= G ^ 2 - 2 * a ^ 2 * mu.

Hypothesis cited_last_point :
  forall (G : R) (P : R) (ball : R) (a : R) (a0 : R) (h : R) (w : T1) (w0 : T1),
  lies_in_S w ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  the_distance_of_from_w_is w P ->
  0 < - (P) + ball ->
  0 < G ->
  0 < h ->
  0 <= - (a) + a0 ->
  the_square_root_of_L_is w0 a0 ->
  exists (s : R) (b : R),
  0 < s /\
  0 <= h - s /\
  0 <= b /\
  the_segment_from_to_g_with w s a b G /\
  is_the_largest_number_up_to w s h.

Hypothesis cited_continuation :
  forall (G : R) (P : R) (ball : R) (a : R) (a0 : R) (a1 : R) (b : R) (h : R) (s : R) (w : T1) (w0 : T1) (w1 : T1),
  is_the_largest_number_up_to w s h ->
  the_segment_from_to_g_with w s a b G ->
  the_distance_of_from_w_is w P ->
  the_square_root_of_L_is w0 a0 ->
  0 < - (G * s) - P + ball ->
  0 < a0 - b ->
  grad_L w h w1 ->
  the_square_root_of_L_is w1 a1 ->
  lies_in_S w1 /\
  the_segment_from_to_g_with w h a a1 G /\
  the_distance_of_from_w_is w1 (G * h + P) /\
  a1 - b = 0.

Hypothesis cited_gradient_flow :
  forall (ball : R) (a0 : R) (beta : R) (e : R) (mu : R) (w0 : T1),
  L_is_PL_on_S_half mu ->
  lambda_max_Hess_L_on_S beta ->
  the_square_root_of_L_is w0 a0 ->
  0 < mu ->
  0 < a0 ->
  0 <= ball ->
  0 <= ball ^ 2 * mu - 2 * a0 ^ 2 ->
  0 < e ->
  exists (d : R) (x : R),
  0 < d /\
  0 <= - (d ^ 2 * mu) + 2 * x ^ 2 /\
  0 <= d ^ 2 * (beta + e) - 2 * x ^ 2.

Hypothesis cited_profile_values :
  forall (y : R),
  sig_is_nonincreasing_and_nonnegative_on ->
  0 <= y ->
  exists (sigma : R) (area : R),
  sig y sigma /\
  the_integral_of_sig_from_to y area /\
  0 <= sigma.

Hypothesis cited_integral_comparison :
  forall (area : R) (area1 : R) (sigma : R) (tau : R) (x : R) (y : R),
  sig_is_nonincreasing_and_nonnegative_on ->
  0 <= - (x) + y ->
  sig x sigma ->
  sig y tau ->
  the_integral_of_sig_from_to x area ->
  the_integral_of_sig_from_to y area1 ->
  0 <= area - area1 + sigma * (- (x) + y) /\
  0 <= - (area) + area1 - tau * (- (x) + y).

Hypothesis cited_profile_decreases :
  forall (sigma : R) (tau : R) (x : R) (y : R),
  sig_is_nonincreasing_and_nonnegative_on ->
  0 <= - (x) + y ->
  sig x sigma ->
  sig y tau ->
  0 <= sigma - tau.

Hypothesis cited_profile_bound :
  forall (G : R) (P : R) (a : R) (c : R) (sigma : R) (w : T1),
  sig_is_nonincreasing_and_nonnegative_on ->
  lies_in_S w ->
  the_distance_of_from_w_is w P ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  sig P sigma ->
  0 < c ->
  c ^ 2 - 2 = 0 ->
  0 <= G - a * c * sigma.

Hypothesis cited_square_loss_gradient :
  forall (G : R) (a : R) (ell : R) (w : T1),
  the_spectral_norm_of_J_is ell ->
  lies_in_S w ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  0 <= - (G ^ 2) + 2 * a ^ 2 * ell ^ 2.

Hypothesis cited_square_loss_curvature :
  forall (ell : R) (k : R) (rho0 : R) (y : R),
  the_spectral_norm_of_J_is ell ->
  the_spectral_norm_of_DJ_is k ->
  the_residual_at_w_has_norm rho0 ->
  0 <= y - smoothness rho0 ell k ->
  lambda_max_Hess_L_on_S y.

Hypothesis cited_frobenius_triangle :
  forall (X : T2) (Y : T2) (nx : R) (ny : R) (nz : R),
  the_Frobenius_norm_of_is X nx ->
  the_Frobenius_norm_of_is Y ny ->
  the_Frobenius_norm_of_is (op_plus X Y) nz ->
  0 <= nx + ny - nz.

Hypothesis cited_frobenius_product_left :
  forall (X : T2) (Y : T2) (nx : R) (ny : R) (nz : R),
  the_spectral_norm_of_is X nx ->
  the_Frobenius_norm_of_is Y ny ->
  the_Frobenius_norm_of_is (op_times X Y) nz ->
  0 <= nx * ny - nz.

Hypothesis cited_frobenius_product_right :
  forall (X : T2) (Y : T2) (nx : R) (ny : R) (nz : R),
  the_Frobenius_norm_of_is X nx ->
  the_spectral_norm_of_is Y ny ->
  the_Frobenius_norm_of_is (op_times X Y) nz ->
  0 <= nx * ny - nz.

Hypothesis cited_spectral_triangle :
  forall (X : T2) (Y : T2) (nx : R) (ny : R) (nz : R),
  the_spectral_norm_of_is X nx ->
  the_Frobenius_norm_of_is Y ny ->
  the_spectral_norm_of_is (op_plus X Y) nz ->
  0 <= nx + ny - nz.

Hypothesis cited_lipschitz_entries :
  forall (X : T2) (nx : R) (nz : R) (s1 : R),
  the_Frobenius_norm_of_is X nx ->
  the_Frobenius_norm_of_the_change X nz ->
  the_modulus_of_f_prime_is s1 ->
  0 <= nx * s1 - nz.

Hypothesis cited_spectral_bound :
  forall (nx : R) (ny : R) (nz : R),
  for_a_unit_vector_u_the nx ny ->
  the_spectral_norm_of_J_prime nz ->
  0 <= - (nx) + ny + nz /\
  0 <= nx - ny + nz.

Hypothesis cited_clipped_blocks :
  forall (al : R) (beta : R) (nu : R) (s : R) (x : R) (y : R) (z : R),
  H_is_symmetric_with_spectrum_between nu beta ->
  D_I_I_u_u_T s ->
  a_vector_has_component_along_u x y z ->
  0 < s ->
  0 <= al - expansion_constant s beta nu ->
  0 <= al * y + (1 / 2) * s * x * (beta + nu) - z /\
  0 <= z.

Hypothesis cited_nearby_residual :
  forall (ell : R) (eps : R) (near : R) (rho0 : R),
  the_residual_at_the_computed_point near ->
  the_start_is_within_of_the eps ->
  the_residual_at_w_has_norm rho0 ->
  the_spectral_norm_of_J_is ell ->
  0 <= ell * eps + near - rho0.

Hypothesis cited_gate_derivative :
  forall (X : T2) (Y : T2) (kappa : R) (nx : R) (ny : R) (nz : R) (s1 : R) (s2 : R) (top : R),
  the_moduli_of_act_prime_and s1 s2 ->
  is_the_Frobenius_norm_of_k X Y nz ->
  k_is_and_the_norm_over kappa top ->
  the_Frobenius_norm_of_is X nx ->
  the_Frobenius_norm_of_is Y ny ->
  0 <= kappa * nx * s1 + ny * s2 * top - nz.

Hypothesis cited_khatri_rao_bound :
  forall (X : T2) (Y : T2) (nx : R) (ny : R) (nz : R),
  the_Frobenius_norm_of_is X nx ->
  the_largest_spectral_norm_over_samples Y ny ->
  the_spectral_norm_of_is (op_rows X Y) nz ->
  0 <= nx * ny - nz.

Hypothesis cited_khatri_rao_rows :
  forall (X : T2) (Y : T2) (nx : R) (ny : R) (nz : R),
  the_largest_spectral_norm_over_samples X nx ->
  the_Frobenius_norm_of_is Y ny ->
  the_spectral_norm_of_is (op_rows X Y) nz ->
  0 <= nx * ny - nz.

Hypothesis cited_concave_homogeneous :
  forall (d1 : R) (d2 : R) (d3 : R) (p1 : R) (p2 : R) (p3 : R) (psi : R) (psi_p : R) (q1 : R) (q2 : R) (q3 : R),
  is_Psi psi q1 q2 q3 ->
  is_Psi psi_p p1 p2 p3 ->
  the_partial_derivatives_of_Psi_at p1 p2 p3 d1 d2 d3 ->
  0 <= d1 * (- (p1) + q1) + d2 * (- (p2) + q2) + d3 * (- (p3) + q3) - psi + psi_p /\
  0 <= - (d1 * p1) - d2 * p2 - d3 * p3 + (1 / 2) * psi_p /\
  0 <= d1 * p1 + d2 * p2 + d3 * p3 - (1 / 2) * psi_p.

Hypothesis cited_product_between :
  forall (high : R) (inverse_e : R) (low : R) (p : R) (th : R) (y : R),
  is_the_product_over_the_steps p high low th y inverse_e ->
  0 <= y ->
  0 <= th ->
  0 <= low /\
  0 <= - (low) + p /\
  0 <= high - p /\
  0 <= - (high * (- (th * y) + 1)) + low /\
  0 <= - (high * y) + inverse_e.

Hypothesis cited_cauchy_schwarz_cell :
  forall (cell : R) (r1 : R) (weighted1 : R),
  is_the_integral_of_u_o r1 cell weighted1 ->
  0 <= cell * weighted1 - r1 ^ 2 /\
  0 <= r1 /\
  0 < cell.

Hypothesis cited_spectral_product :
  forall (X : T2) (Y : T2) (nx : R) (ny : R) (nz : R),
  the_spectral_norm_of_is X nx ->
  the_spectral_norm_of_is Y ny ->
  the_spectral_norm_of_is (op_times X Y) nz ->
  0 <= nx * ny - nz.

Hypothesis cited_spectral_sum :
  forall (X : T2) (Y : T2) (nx : R) (ny : R) (nz : R),
  the_spectral_norm_of_is X nx ->
  the_spectral_norm_of_is Y ny ->
  the_spectral_norm_of_is (op_plus X Y) nz ->
  0 <= nx + ny - nz.

(** x^2 <= y^2 and x, y >= 0 give x <= y *)
Theorem claim_monotone_root :
  forall (x : R) (y : R),
  0 <= x ->
  0 <= y ->
  0 <= - (x ^ 2) + y ^ 2 ->
  0 <= - (x) + y.
Proof.
  intros x y given1 given2 given3.
  assert (fact4 : 0 <= x) by (apply (same_ge _ _ given1); named).
  assert (fact5 : 0 <= y) by (apply (same_ge _ _ given2); named).
  assert (fact6 : 0 <= - (x ^ 2) + y ^ 2) by (apply (same_ge _ _ given3); named).
  assert (both : 0 <= - (x) + y).
  {
    destruct (Rle_lt_dec 0 (- (x) + y)) as [fact7 | some12].
    {
      assert (fact8 : 0 <= - (x) + y).
      { apply (certified_ge (1)
          ((- (x) + y))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact7); named.
    }
    {
      assert (fact9 : 0 < x - y) by lra.
      assert (fact10 : 0 <= - (x) + y).
      { apply (certified_ge ((x - y))
          ((- (x ^ 2) + y ^ 2) + 2 * (x - y) * y)
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact10); named.
    }
  }
  rename both into fact11.
  apply (same_ge _ _ fact11); named.
Qed.

(** eta delta <= h <= eta *)
Theorem claim_step_interval :
  forall (G : R) (delta : R) (eta : R) (gamma : R),
  0 < eta ->
  0 < gamma ->
  0 < delta ->
  0 < 1 - delta ->
  0 < G ->
  0 <= - (delta * eta) + step_size eta gamma delta G /\
  0 <= eta - step_size eta gamma delta G.
Proof.
  intros G delta eta gamma given1 given2 given3 given4 given5.
  assert (fact6 : 0 < eta) by (apply (same_gt _ _ given1); named).
  assert (fact7 : 0 < gamma) by (apply (same_gt _ _ given2); named).
  assert (fact8 : 0 < delta) by (apply (same_gt _ _ given3); named).
  assert (fact9 : 0 < 1 - delta) by (apply (same_gt _ _ given4); named).
  assert (fact10 : 0 < G) by (apply (same_gt _ _ given5); named).
  destruct (greatest_named delta (/ G * gamma)) as (inner & some17 & some14 & some15 & some16).
  assert (fact11 : 0 <= - (delta) + inner) by (apply (same_ge _ _ some14); named).
  assert (fact12 : 0 <= inner - / G * gamma) by (apply (same_ge _ _ some15); named).
  assert (fact13 : (- (delta) + inner) * (inner - / G * gamma) = 0) by (apply (same_eq _ _ some16); named).
  destruct (least_named 1 inner) as (clipped & some24 & some21 & some22 & some23).
  assert (fact18 : 0 <= 1 - clipped) by (apply (same_ge _ _ some21); named).
  assert (fact19 : 0 <= - (clipped) + inner) by (apply (same_ge _ _ some22); named).
  assert (fact20 : (clipped - 1) * (clipped - inner) = 0) by (apply (same_eq _ _ some23); named).
  assert (both : 0 <= clipped - delta).
  {
    destruct (Rmult_integral (clipped - 1) (clipped - inner)) as [fact25 | fact27].
    { apply (same_eq _ _ fact20); rational. }
    {
      assert (fact26 : 0 <= clipped - delta).
      { apply (certified_ge (1)
          ((1 - delta))
          (1 * (clipped - 1))); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact26); named.
    }
    {
      assert (fact28 : 0 <= clipped - delta).
      { apply (certified_ge (1)
          ((- (delta) + inner))
          (1 * (clipped - inner))); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact28); named.
    }
  }
  rename both into fact29.
  assert (fact30 : 0 <= clipped * eta - delta * eta).
  { apply (certified_ge (1)
      (eta * (clipped - delta))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact31 : 0 <= - (clipped * eta) + eta).
  { apply (certified_ge (1)
      (eta * (1 - clipped))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact30); named. }
  apply (same_ge _ _ fact31); named.
Qed.

(** descent and rate of one step *)
Theorem claim_descent_rate :
  forall (G : R) (a : R) (b : R) (beta : R) (eta : R) (mu : R) (s : R) (w : T1),
  lambda_max_Hess_L_on_S beta ->
  the_segment_from_to_g_with w s a b G ->
  0 < beta ->
  0 <= s ->
  0 <= eta - s ->
  0 < slack beta eta ->
  0 <= G ^ 2 - 2 * a ^ 2 * mu ->
  0 <= - (G ^ 2 * decrease beta s) + a ^ 2 - b ^ 2 /\
  0 <= decrease beta s /\
  0 <= a ^ 2 * contraction mu beta s - b ^ 2.
Proof.
  intros G a b beta eta mu s w given1 given2 given3 given4 given5 given6 given7.
  pose proof given1 as fact8.
  pose proof given2 as fact9.
  assert (fact10 : 0 < beta) by (apply (same_gt _ _ given3); named).
  assert (fact11 : 0 <= s) by (apply (same_ge _ _ given4); named).
  assert (fact12 : 0 <= eta - s) by (apply (same_ge _ _ given5); named).
  assert (fact13 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given6); named).
  assert (fact14 : 0 <= G ^ 2 - 2 * a ^ 2 * mu) by (apply (same_ge _ _ given7); named).
  pose proof (cited_taylor G a b beta s w) as lemma.
  feed lemma ltac:(exact fact8).
  feed lemma ltac:(exact fact9).
  feed lemma ltac:(apply (same_ge _ _ fact11); named).
  rename lemma into some16.
  assert (fact15 : 0 <= (1 / 2) * G ^ 2 * beta * s ^ 2 - G ^ 2 * s + a ^ 2 - b ^ 2) by (apply (same_ge _ _ some16); named).
  assert (fact17 : 0 <= - (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2).
  { apply (certified_ge (1)
      (((1 / 2) * G ^ 2 * beta * s ^ 2 - G ^ 2 * s + a ^ 2 - b ^ 2))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact18 : 0 <= s * (- ((1 / 2) * beta * s) + 1)).
  { apply (certified_ge (1)
      (s * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * s * (eta - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact19 : 0 <= a ^ 2 * (- (2 * mu * s * (- ((1 / 2) * beta * s) + 1)) + 1) - b ^ 2).
  { apply (certified_ge (1)
      ((- (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) + (s * (- ((1 / 2) * beta * s) + 1)) * (G ^ 2 - 2 * a ^ 2 * mu))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact15); named. }
  split.
  { apply (same_ge _ _ fact18); named. }
  apply (same_ge _ _ fact19); named.
Qed.

(** worst decrease over [eta delta, eta]; q < 1 *)
Theorem claim_concave_minimum :
  forall (beta : R) (delta : R) (eta : R) (h : R) (mu : R),
  0 < beta ->
  0 < eta ->
  0 < delta ->
  0 < 1 - delta ->
  0 < mu ->
  0 < slack beta eta ->
  0 <= - (delta * eta) + h ->
  0 <= eta - h ->
  0 <= decrease beta h - Rmin (decrease beta (delta * eta)) (decrease beta eta) /\
  0 <= - (contraction mu beta h) + rate mu beta eta delta /\
  0 < 1 - rate mu beta eta delta.
Proof.
  intros beta delta eta h mu given1 given2 given3 given4 given5 given6 given7 given8.
  assert (fact9 : 0 < beta) by (apply (same_gt _ _ given1); named).
  assert (fact10 : 0 < eta) by (apply (same_gt _ _ given2); named).
  assert (fact11 : 0 < delta) by (apply (same_gt _ _ given3); named).
  assert (fact12 : 0 < 1 - delta) by (apply (same_gt _ _ given4); named).
  assert (fact13 : 0 < mu) by (apply (same_gt _ _ given5); named).
  assert (fact14 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given6); named).
  assert (fact15 : 0 <= - (delta * eta) + h) by (apply (same_ge _ _ given7); named).
  assert (fact16 : 0 <= eta - h) by (apply (same_ge _ _ given8); named).
  destruct (least_named (delta * eta * (- ((1 / 2) * beta * delta * eta) + 1)) (eta * (- ((1 / 2) * beta * eta) + 1))) as (worst & some23 & some20 & some21 & some22).
  assert (fact17 : 0 <= delta * eta * (- ((1 / 2) * beta * delta * eta) + 1) - worst) by (apply (same_ge _ _ some20); named).
  assert (fact18 : 0 <= eta * (- ((1 / 2) * beta * eta) + 1) - worst) by (apply (same_ge _ _ some21); named).
  assert (fact19 : (- (eta * (- ((1 / 2) * beta * eta) + 1)) + worst) * (- (delta * eta * (- ((1 / 2) * beta * delta * eta) + 1)) + worst) = 0) by (apply (same_eq _ _ some22); named).
  assert (fact24 : 0 < - (delta * eta) + eta).
  { apply (certified_gt (1)
      (eta * (1 - delta))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact25 : 0 <= h * (- ((1 / 2) * beta * h) + 1) - worst).
  { apply (certified_ge ((- (delta * eta) + eta))
      ((eta - h) * (delta * eta * (- ((1 / 2) * beta * delta * eta) + 1) - worst) + (- (delta * eta) + h) * (eta * (- ((1 / 2) * beta * eta) + 1) - worst) + (1 / 2) * beta * (- (delta * eta) + eta) * (eta - h) * (- (delta * eta) + h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact26 : 0 <= 2 * h * mu * (- ((1 / 2) * beta * h) + 1) - 2 * mu * worst).
  { apply (certified_ge (1)
      (2 * mu * (h * (- ((1 / 2) * beta * h) + 1) - worst))
      (0)); [positive | signs | zeros | rational]. }
  assert (both : 0 < worst).
  {
    destruct (Rmult_integral (- (delta * eta * (- ((1 / 2) * beta * delta * eta) + 1)) + worst) (- (eta * (- ((1 / 2) * beta * eta) + 1)) + worst)) as [fact27 | fact29].
    { apply (same_eq _ _ fact19); rational. }
    {
      assert (fact28 : 0 < worst).
      { apply (certified_gt (1)
          (eta * delta * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * eta * delta * beta * eta * (1 - delta))
          (1 * (- (delta * eta * (- ((1 / 2) * beta * delta * eta) + 1)) + worst))); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact28); named.
    }
    {
      assert (fact30 : 0 < worst).
      { apply (certified_gt (1)
          (eta * (- ((1 / 2) * beta * eta) + 1))
          (1 * (- (eta * (- ((1 / 2) * beta * eta) + 1)) + worst))); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact30); named.
    }
  }
  rename both into fact31.
  assert (fact32 : 0 < 2 * mu * worst).
  { apply (certified_gt (1)
      (2 * mu * worst)
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact25); named. }
  split.
  { apply (same_ge _ _ fact26); named. }
  apply (same_gt _ _ fact32); named.
Qed.

(** min at eta delta iff beta eta (1 + delta) <= 2 *)
Theorem claim_smaller_end :
  forall (beta : R) (delta : R) (eta : R),
  0 < eta ->
  0 < 1 - delta ->
  - ((1 / 2) * eta * (1 - delta) * (- (beta * eta * (delta + 1)) + 2)) + decrease beta eta - decrease beta (delta * eta) = 0 /\
  0 < (1 / 2) * eta * (1 - delta).
Proof.
  intros beta delta eta given1 given2.
  assert (fact3 : 0 < eta) by (apply (same_gt _ _ given1); named).
  assert (fact4 : 0 < 1 - delta) by (apply (same_gt _ _ given2); named).
  assert (fact5 : - (delta * eta * (- ((1 / 2) * beta * delta * eta) + 1)) - (1 / 2) * eta * (1 - delta) * (- (beta * eta * (delta + 1)) + 2) + eta * (- ((1 / 2) * beta * eta) + 1) = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact6 : 0 < (1 / 2) * eta * (1 - delta)).
  { apply (certified_gt (1)
      ((1 / 2) * eta * (1 - delta))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_eq _ _ fact5); named. }
  apply (same_gt _ _ fact6); named.
Qed.

(** closed form of q, gap to quadratics, R_A at 1/beta *)
Theorem claim_facts :
  forall (L0 : R) (beta : R) (delta : R) (eta : R) (h : R) (mu : R),
  0 < mu ->
  0 < beta ->
  0 <= h ->
  0 <= - (beta * h) + 1 ->
  0 <= L0 ->
  - (delta ^ 2 * eta ^ 2 * mu * (beta - mu)) + contraction mu beta (delta * eta) - (rate_classic mu eta delta) ^ 2 = 0 /\
  0 <= (- (h * mu) + 1) ^ 2 - 2 * contraction mu beta h + 1 /\
  0 <= - (radius_sharp L0 mu beta (/ beta)) + sqrt (8 * L0 * / mu) /\
  0 <= radius_sharp L0 mu beta (/ beta) - sqrt (8 * L0 * / mu).
Proof.
  intros L0 beta delta eta h mu given1 given2 given3 given4 given5.
  assert (fact6 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact7 : 0 < beta) by (apply (same_gt _ _ given2); named).
  assert (fact8 : 0 <= h) by (apply (same_ge _ _ given3); named).
  assert (fact9 : 0 <= - (beta * h) + 1) by (apply (same_ge _ _ given4); named).
  assert (fact10 : 0 <= L0) by (apply (same_ge _ _ given5); named).
  assert (fact11 : - (delta ^ 2 * eta ^ 2 * mu * (beta - mu)) - 2 * delta * eta * mu * (- ((1 / 2) * beta * delta * eta) + 1) - (- (delta * eta * mu) + 1) ^ 2 + 1 = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact12 : 0 <= 4 * h * mu * (- ((1 / 2) * beta * h) + 1) + (- (h * mu) + 1) ^ 2 - 1).
  { apply (certified_ge (1)
      (2 * mu * h * (- (beta * h) + 1) + (h * mu) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact13 : 0 <= 2 * L0 * / mu).
  { apply (certified_ge (mu)
      (2 * L0)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact14 : 0 <= 8 * L0 * / mu).
  { apply (certified_ge (mu)
      (8 * L0)
      (0)); [positive | signs | zeros | rational]. }
  assert (some20 : 0 <= (2 * L0 * / mu)) by (apply (same_ge _ _ fact13); named).
  destruct (root_named (2 * L0 * / mu) some20) as (u & some19 & some17 & some18).
  assert (fact15 : 0 <= u) by (apply (same_ge _ _ some17); named).
  assert (fact16 : - (2 * L0 * / mu) + u ^ 2 = 0) by (apply (same_eq _ _ some18); named).
  assert (some26 : 0 <= (8 * L0 * / mu)) by (apply (same_ge _ _ fact14); named).
  destruct (root_named (8 * L0 * / mu) some26) as (v & some25 & some23 & some24).
  assert (fact21 : 0 <= v) by (apply (same_ge _ _ some23); named).
  assert (fact22 : - (8 * L0 * / mu) + v ^ 2 = 0) by (apply (same_eq _ _ some24); named).
  assert (fact27 : 0 <= 2 * u).
  { apply (certified_ge (1)
      (2 * u)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact28 : - (4 * u ^ 2) + v ^ 2 = 0).
  { apply (certified_eq (1)
      (0)
      (1 * (- (8 * L0 * / mu) + v ^ 2) + (- 4) * (- (2 * L0 * / mu) + u ^ 2))); [positive | signs | zeros | rational]. }
  assert (fact29 : 4 * u ^ 2 - v ^ 2 = 0).
  { apply (certified_eq (1)
      (0)
      ((- 1) * (- (4 * u ^ 2) + v ^ 2))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (2 * u) v) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact27); named).
  feed lemma ltac:(apply (same_ge _ _ fact21); named).
  feed lemma ltac:(apply (same_eq_ge _ _ fact28); named).
  rename lemma into some31.
  assert (fact30 : 0 <= - (2 * u) + v) by (apply (same_ge _ _ some31); named).
  pose proof (claim_monotone_root v (2 * u)) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact21); named).
  feed lemma ltac:(apply (same_ge _ _ fact27); named).
  feed lemma ltac:(apply (same_eq_ge _ _ fact29); named).
  rename lemma into some33.
  assert (fact32 : 0 <= 2 * u - v) by (apply (same_ge _ _ some33); named).
  assert (fact34 : 0 <= - (2 * u) + v).
  { apply (certified_ge (1)
      ((- (2 * u) + v))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact35 : 0 <= 2 * u - v).
  { apply (certified_ge (1)
      ((2 * u - v))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_eq _ _ fact11); named. }
  split.
  { apply (same_ge _ _ fact12); named. }
  split.
  { apply (same_ge _ _ fact30); named. }
  apply (same_ge _ _ fact32); named.
Qed.

(** potential step: a - b >= h |g| (1 - beta eta/2) m/2 *)
Theorem claim_potential_step :
  forall (G : R) (a : R) (b : R) (beta : R) (eta : R) (h : R) (m : R),
  0 < a ->
  0 < m ->
  0 <= G ->
  0 < beta ->
  0 <= h ->
  0 <= eta - h ->
  0 < slack beta eta ->
  0 <= G ^ 2 - a ^ 2 * m ^ 2 ->
  0 <= - (G ^ 2 * decrease beta h) + a ^ 2 - b ^ 2 ->
  0 <= - (G * h * m * slack beta eta) + 2 * a - 2 * b.
Proof.
  intros G a b beta eta h m given1 given2 given3 given4 given5 given6 given7 given8 given9.
  assert (fact10 : 0 < a) by (apply (same_gt _ _ given1); named).
  assert (fact11 : 0 < m) by (apply (same_gt _ _ given2); named).
  assert (fact12 : 0 <= G) by (apply (same_ge _ _ given3); named).
  assert (fact13 : 0 < beta) by (apply (same_gt _ _ given4); named).
  assert (fact14 : 0 <= h) by (apply (same_ge _ _ given5); named).
  assert (fact15 : 0 <= eta - h) by (apply (same_ge _ _ given6); named).
  assert (fact16 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given7); named).
  assert (fact17 : 0 <= G ^ 2 - a ^ 2 * m ^ 2) by (apply (same_ge _ _ given8); named).
  assert (fact18 : 0 <= - (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - b ^ 2) by (apply (same_ge _ _ given9); named).
  assert (fact19 : 0 <= a * m).
  { apply (certified_ge (1)
      (m * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (a * m) G) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact19); named).
  feed lemma ltac:(apply (same_ge _ _ fact12); named).
  feed lemma ltac:(apply (same_ge _ _ fact17); named).
  rename lemma into some21.
  assert (fact20 : 0 <= G - a * m) by (apply (same_ge _ _ some21); named).
  assert (fact22 : 0 <= - (G * h * m * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * b).
  { apply (certified_ge (a)
      ((a - b) ^ 2 + (- (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - b ^ 2) + (1 / 2) * beta * h * (eta - h) * G ^ 2 + h * (- ((1 / 2) * beta * eta) + 1) * (G - a * m) ^ 2 + h * (- ((1 / 2) * beta * eta) + 1) * m * a * (G - a * m))
      (0)); [positive | signs | zeros | rational]. }
  apply (same_ge _ _ fact22); named.
Qed.

(** a step stays in S; its length is at most k (a - a1) *)
Theorem claim_no_exit :
  forall (G : R) (P : R) (ball : R) (a : R) (a0 : R) (a1 : R) (beta : R) (delta : R) (eta : R) (h : R) (m : R) (mu : R) (w : T1) (w0 : T1) (w1 : T1),
  0 < mu ->
  0 < m ->
  m ^ 2 - 2 * mu = 0 ->
  0 < beta ->
  0 < eta ->
  0 < delta ->
  0 < slack beta eta ->
  0 < a0 ->
  lambda_max_Hess_L_on_S beta ->
  L_is_PL_on_S_half mu ->
  the_square_root_of_L_is w0 a0 ->
  0 < ball - 2 * a0 * / m * / (slack beta eta) ->
  lies_in_S w ->
  the_distance_of_from_w_is w P ->
  0 <= - (a) + a0 ->
  0 <= - (P) + 2 * / m * (- (a) + a0) * / (slack beta eta) ->
  0 < a ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  grad_L w h w1 ->
  the_square_root_of_L_is w1 a1 ->
  0 <= G ->
  0 <= a ->
  0 <= a1 ->
  0 <= - (delta * eta) + h ->
  0 <= eta - h ->
  lies_in_S w1 /\
  the_distance_of_from_w_is w1 (G * h + P) /\
  0 <= - (G * h) + 2 * / m * (a - a1) * / (slack beta eta) /\
  0 <= - (G ^ 2 * decrease beta h) + a ^ 2 - a1 ^ 2 /\
  0 <= a ^ 2 * contraction mu beta h - a1 ^ 2 /\
  0 < a0 - a1.
Proof.
  intros G P ball a a0 a1 beta delta eta h m mu w w0 w1 given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17 given18 given19 given20 given21 given22 given23 given24 given25 given26.
  assert (fact27 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact28 : 0 < m) by (apply (same_gt _ _ given2); named).
  assert (fact29 : m ^ 2 - 2 * mu = 0) by (apply (same_eq _ _ given3); named).
  assert (fact30 : 0 < beta) by (apply (same_gt _ _ given4); named).
  assert (fact31 : 0 < eta) by (apply (same_gt _ _ given5); named).
  assert (fact32 : 0 < delta) by (apply (same_gt _ _ given6); named).
  assert (fact33 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given7); named).
  assert (fact34 : 0 < a0) by (apply (same_gt _ _ given8); named).
  pose proof given9 as fact35.
  pose proof given10 as fact36.
  pose proof given11 as fact37.
  assert (fact38 : 0 < ball - 2 * a0 * / m * / (- ((1 / 2) * beta * eta) + 1)) by (apply (same_gt _ _ given12); named).
  pose proof given13 as fact39.
  pose proof given14 as fact40.
  assert (fact41 : 0 <= - (a) + a0) by (apply (same_ge _ _ given15); named).
  assert (fact42 : 0 <= - (P) + 2 * / m * (- (a) + a0) * / (- ((1 / 2) * beta * eta) + 1)) by (apply (same_ge _ _ given16); named).
  assert (fact43 : 0 < a) by (apply (same_gt _ _ given17); named).
  pose proof given18 as fact44.
  pose proof given19 as fact45.
  pose proof given20 as fact46.
  pose proof given21 as fact47.
  assert (fact48 : 0 <= G) by (apply (same_ge _ _ given22); named).
  assert (fact49 : 0 <= a) by (apply (same_ge _ _ given23); named).
  assert (fact50 : 0 <= a1) by (apply (same_ge _ _ given24); named).
  assert (fact51 : 0 <= - (delta * eta) + h) by (apply (same_ge _ _ given25); named).
  assert (fact52 : 0 <= eta - h) by (apply (same_ge _ _ given26); named).
  assert (fact53 : 0 <= 2 * / m * / (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_ge (m * (- ((1 / 2) * beta * eta) + 1))
      (2)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_pl_at_a_point G a mu w) as lemma.
  feed lemma ltac:(exact fact36).
  feed lemma ltac:(exact fact39).
  feed lemma ltac:(exact fact44).
  feed lemma ltac:(exact fact45).
  rename lemma into some55.
  assert (fact54 : 0 <= G ^ 2 - 2 * a ^ 2 * mu) by (apply (same_ge _ _ some55); named).
  assert (fact56 : 0 <= G ^ 2 - a ^ 2 * m ^ 2).
  { apply (certified_ge (1)
      ((G ^ 2 - 2 * a ^ 2 * mu))
      ((- (a ^ 2)) * (m ^ 2 - 2 * mu))); [positive | signs | zeros | rational]. }
  assert (fact57 : 0 < a * m).
  { apply (certified_gt (1)
      (m * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (a * m) G) as lemma.
  feed lemma ltac:(apply (same_gt_ge _ _ fact57); named).
  feed lemma ltac:(apply (same_ge _ _ fact48); named).
  feed lemma ltac:(apply (same_ge _ _ fact56); named).
  rename lemma into some59.
  assert (fact58 : 0 <= G - a * m) by (apply (same_ge _ _ some59); named).
  assert (fact60 : 0 < G).
  { apply (certified_gt (1)
      ((a * m) + (G - a * m))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact61 : 0 < h).
  { apply (certified_gt (1)
      (eta * delta + (- (delta * eta) + h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact62 : 0 <= h).
  { apply (certified_ge (1)
      (h)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact63 : 0 <= h * (- ((1 / 2) * beta * h) + 1)).
  { apply (certified_ge (1)
      (h * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * h * (eta - h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact64 : 0 < - (P) + ball).
  { apply (certified_gt (1)
      ((ball - 2 * a0 * / m * / (- ((1 / 2) * beta * eta) + 1)) + (- (P) + 2 * / m * (- (a) + a0) * / (- ((1 / 2) * beta * eta) + 1)) + (2 * / m * / (- ((1 / 2) * beta * eta) + 1)) * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_last_point G P ball a a0 h w w0) as lemma.
  feed lemma ltac:(exact fact39).
  feed lemma ltac:(exact fact44).
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(exact fact40).
  feed lemma ltac:(apply (same_gt _ _ fact64); named).
  feed lemma ltac:(apply (same_gt _ _ fact60); named).
  feed lemma ltac:(apply (same_gt _ _ fact61); named).
  feed lemma ltac:(apply (same_ge _ _ fact41); named).
  feed lemma ltac:(exact fact37).
  destruct lemma as (s & b & some70 & some71 & some72 & some73 & some74).
  assert (fact65 : 0 < s) by (apply (same_gt _ _ some70); named).
  assert (fact66 : 0 <= h - s) by (apply (same_ge _ _ some71); named).
  assert (fact67 : 0 <= b) by (apply (same_ge _ _ some72); named).
  pose proof some73 as fact68.
  pose proof some74 as fact69.
  assert (fact75 : 0 <= eta - s).
  { apply (certified_ge (1)
      ((eta - h) + (h - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact76 : 0 <= s).
  { apply (certified_ge (1)
      (s)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_descent_rate G a b beta eta mu s w) as lemma.
  feed lemma ltac:(exact fact35).
  feed lemma ltac:(exact fact68).
  feed lemma ltac:(apply (same_gt _ _ fact30); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact65); named).
  feed lemma ltac:(apply (same_ge _ _ fact75); named).
  feed lemma ltac:(apply (same_gt _ _ fact33); named).
  feed lemma ltac:(apply (same_ge _ _ fact54); named).
  destruct lemma as (some80 & some81 & some82).
  assert (fact77 : 0 <= - (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) by (apply (same_ge _ _ some80); named).
  assert (fact78 : 0 <= s * (- ((1 / 2) * beta * s) + 1)) by (apply (same_ge _ _ some81); named).
  assert (fact79 : 0 <= a ^ 2 * (- (2 * mu * s * (- ((1 / 2) * beta * s) + 1)) + 1) - b ^ 2) by (apply (same_ge _ _ some82); named).
  pose proof (claim_potential_step G a b beta eta s m) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact43); named).
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_ge _ _ fact48); named).
  feed lemma ltac:(apply (same_gt _ _ fact30); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact65); named).
  feed lemma ltac:(apply (same_ge _ _ fact75); named).
  feed lemma ltac:(apply (same_gt _ _ fact33); named).
  feed lemma ltac:(apply (same_ge _ _ fact56); named).
  feed lemma ltac:(apply (same_ge _ _ fact77); named).
  rename lemma into some84.
  assert (fact83 : 0 <= - (G * m * s * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * b) by (apply (same_ge _ _ some84); named).
  assert (fact85 : 0 <= - (G * s) + 2 * / m * (a - b) * / (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_ge (m * (- ((1 / 2) * beta * eta) + 1))
      ((- (G * m * s * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * b))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact86 : 0 < - (G * s) - P + ball).
  { apply (certified_gt (1)
      ((ball - 2 * a0 * / m * / (- ((1 / 2) * beta * eta) + 1)) + (- (P) + 2 * / m * (- (a) + a0) * / (- ((1 / 2) * beta * eta) + 1)) + (- (G * s) + 2 * / m * (a - b) * / (- ((1 / 2) * beta * eta) + 1)) + (2 * / m * / (- ((1 / 2) * beta * eta) + 1)) * b)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact87 : 0 < s * (- ((1 / 2) * beta * s) + 1)).
  { apply (certified_gt (1)
      (s * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * s * (eta - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact88 : 0 < a0 + b).
  { apply (certified_gt (1)
      (a0 + b)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact89 : 0 < a0 - b).
  { apply (certified_gt ((a0 + b))
      ((s * (- ((1 / 2) * beta * s) + 1)) * G * G + (- (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) + (- (a) + a0) * (- (a) + a0) + 2 * (- (a) + a0) * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_continuation G P ball a a0 a1 b h s w w0 w1) as lemma.
  feed lemma ltac:(exact fact69).
  feed lemma ltac:(exact fact68).
  feed lemma ltac:(exact fact40).
  feed lemma ltac:(exact fact37).
  feed lemma ltac:(apply (same_gt _ _ fact86); named).
  feed lemma ltac:(apply (same_gt _ _ fact89); named).
  feed lemma ltac:(exact fact46).
  feed lemma ltac:(exact fact47).
  destruct lemma as (some94 & some95 & some96 & some97).
  pose proof some94 as fact90.
  pose proof some95 as fact91.
  pose proof some96 as fact92.
  assert (fact93 : a1 - b = 0) by (apply (same_eq _ _ some97); named).
  pose proof (claim_descent_rate G a a1 beta eta mu h w) as lemma.
  feed lemma ltac:(exact fact35).
  feed lemma ltac:(exact fact91).
  feed lemma ltac:(apply (same_gt _ _ fact30); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact61); named).
  feed lemma ltac:(apply (same_ge _ _ fact52); named).
  feed lemma ltac:(apply (same_gt _ _ fact33); named).
  feed lemma ltac:(apply (same_ge _ _ fact54); named).
  destruct lemma as (some101 & some102 & some103).
  assert (fact98 : 0 <= - (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - a1 ^ 2) by (apply (same_ge _ _ some101); named).
  assert (fact99 : 0 <= h * (- ((1 / 2) * beta * h) + 1)) by (apply (same_ge _ _ some102); named).
  assert (fact100 : 0 <= a ^ 2 * (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) - a1 ^ 2) by (apply (same_ge _ _ some103); named).
  pose proof (claim_potential_step G a a1 beta eta h m) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact43); named).
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_ge _ _ fact48); named).
  feed lemma ltac:(apply (same_gt _ _ fact30); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact61); named).
  feed lemma ltac:(apply (same_ge _ _ fact52); named).
  feed lemma ltac:(apply (same_gt _ _ fact33); named).
  feed lemma ltac:(apply (same_ge _ _ fact56); named).
  feed lemma ltac:(apply (same_ge _ _ fact98); named).
  rename lemma into some105.
  assert (fact104 : 0 <= - (G * h * m * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * a1) by (apply (same_ge _ _ some105); named).
  assert (fact106 : 0 <= - (G * h) + 2 * / m * (a - a1) * / (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_ge (m * (- ((1 / 2) * beta * eta) + 1))
      ((- (G * h * m * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * a1))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact107 : 0 < a0 - a1).
  { apply (certified_gt (1)
      ((a0 - b))
      ((- 1) * (a1 - b))); [positive | signs | zeros | rational]. }
  split.
  { exact fact90. }
  split.
  { exact fact92. }
  split.
  { apply (same_ge _ _ fact106); named. }
  split.
  { apply (same_ge _ _ fact98); named. }
  split.
  { apply (same_ge _ _ fact100); named. }
  apply (same_gt _ _ fact107); named.
Qed.

(** counterexample: mu > beta on a small ball *)
Theorem claim_small_ball :
  forall (x : R) (y : R) (z : R),
  0 <= x - (3 / 10) ->
  - (x ^ 2) + y = 0 ->
  0 <= 1 - y ->
  0 <= z ->
  0 <= 9 / 100 - z ->
  0 <= y - (9 / 100) /\
  0 <= 1 / 98 - (1 / 98) * y /\
  0 <= 14 * z ^ 3 - (1 / 2) * z + (7 / 200) /\
  0 < 1 / 49 /\
  0 < 12 / 25.
Proof.
  intros x y z given1 given2 given3 given4 given5.
  assert (fact6 : 0 <= x - (3 / 10)) by (apply (same_ge _ _ given1); named).
  assert (fact7 : - (x ^ 2) + y = 0) by (apply (same_eq _ _ given2); named).
  assert (fact8 : 0 <= 1 - y) by (apply (same_ge _ _ given3); named).
  assert (fact9 : 0 <= z) by (apply (same_ge _ _ given4); named).
  assert (fact10 : 0 <= 9 / 100 - z) by (apply (same_ge _ _ given5); named).
  assert (fact11 : 0 <= x - (3 / 10)).
  { apply (certified_ge (1)
      ((x - (3 / 10)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact12 : 0 <= y - (9 / 100)).
  { apply (certified_ge (1)
      ((x - (3 / 10)) ^ 2 + (3 / 5) * (x - (3 / 10)))
      (1 * (- (x ^ 2) + y))); [positive | signs | zeros | rational]. }
  assert (fact13 : 0 <= 1 / 98 - (1 / 98) * y).
  { apply (certified_ge (1)
      ((1 / 98) * (1 - y))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact14 : 0 < - (14 * z ^ 2) - (63 / 50) * z + (1933 / 5000)).
  { apply (certified_gt (1)
      ((799 / 5000) + (63 / 25) * (9 / 100 - z) + 14 * z * (9 / 100 - z))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact15 : 0 <= 14 * z ^ 3 - (1 / 2) * z + (7 / 200)).
  { apply (certified_ge (1)
      ((103 / 500000) + (9 / 100 - z) * (- (14 * z ^ 2) - (63 / 50) * z + (1933 / 5000)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact16 : 0 < 1 / 49).
  { apply (certified_gt (1)
      ((1 / 49))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact17 : 0 < 12 / 25).
  { apply (certified_gt (1)
      ((12 / 25))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact12); named. }
  split.
  { apply (same_ge _ _ fact13); named. }
  split.
  { apply (same_ge _ _ fact15); named. }
  split.
  { apply (same_gt _ _ fact16); named. }
  apply (same_gt _ _ fact17); named.
Qed.

(** mu <= beta when R >= sqrt(2 L_0/mu) *)
Theorem claim_mu_le_beta :
  forall (ball : R) (a0 : R) (beta : R) (mu : R) (w0 : T1),
  0 < mu ->
  0 < a0 ->
  0 <= ball ->
  0 <= ball ^ 2 * mu - 2 * a0 ^ 2 ->
  L_is_PL_on_S_half mu ->
  lambda_max_Hess_L_on_S beta ->
  the_square_root_of_L_is w0 a0 ->
  0 <= beta - mu.
Proof.
  intros ball a0 beta mu w0 given1 given2 given3 given4 given5 given6 given7.
  assert (fact8 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact9 : 0 < a0) by (apply (same_gt _ _ given2); named).
  assert (fact10 : 0 <= ball) by (apply (same_ge _ _ given3); named).
  assert (fact11 : 0 <= ball ^ 2 * mu - 2 * a0 ^ 2) by (apply (same_ge _ _ given4); named).
  pose proof given5 as fact12.
  pose proof given6 as fact13.
  pose proof given7 as fact14.
  assert (both : 0 <= beta - mu).
  {
    destruct (Rle_lt_dec 0 (beta - mu)) as [fact15 | some27].
    {
      assert (fact16 : 0 <= beta - mu).
      { apply (certified_ge (1)
          ((beta - mu))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact15); named.
    }
    {
      assert (fact17 : 0 < - (beta) + mu) by lra.
      assert (fact18 : 0 < - ((1 / 2) * beta) + (1 / 2) * mu).
      { apply (certified_gt (1)
          ((1 / 2) * (- (beta) + mu))
          (0)); [positive | signs | zeros | rational]. }
      pose proof (cited_gradient_flow ball a0 beta (- ((1 / 2) * beta) + (1 / 2) * mu) mu w0) as lemma.
      feed lemma ltac:(exact fact12).
      feed lemma ltac:(exact fact13).
      feed lemma ltac:(exact fact14).
      feed lemma ltac:(apply (same_gt _ _ fact8); named).
      feed lemma ltac:(apply (same_gt _ _ fact9); named).
      feed lemma ltac:(apply (same_ge _ _ fact10); named).
      feed lemma ltac:(apply (same_ge _ _ fact11); named).
      feed lemma ltac:(apply (same_gt _ _ fact18); named).
      destruct lemma as (d & x & some22 & some23 & some24).
      assert (fact19 : 0 < d) by (apply (same_gt _ _ some22); named).
      assert (fact20 : 0 <= - (d ^ 2 * mu) + 2 * x ^ 2) by (apply (same_ge _ _ some23); named).
      assert (fact21 : 0 <= d ^ 2 * ((1 / 2) * beta + (1 / 2) * mu) - 2 * x ^ 2) by (apply (same_ge _ _ some24); named).
      assert (fact25 : 0 <= beta - mu).
      { apply (certified_ge (d * d)
          (2 * (- (d ^ 2 * mu) + 2 * x ^ 2) + 2 * (d ^ 2 * ((1 / 2) * beta + (1 / 2) * mu) - 2 * x ^ 2))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact25); named.
    }
  }
  rename both into fact26.
  apply (same_ge _ _ fact26); named.
Qed.

(** 0 <= contraction when mu <= beta *)
Theorem claim_tight_contraction :
  forall (beta : R) (h : R) (mu : R),
  0 < mu ->
  0 < beta ->
  0 <= beta - mu ->
  0 <= contraction mu beta h.
Proof.
  intros beta h mu given1 given2 given3.
  assert (fact4 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact5 : 0 < beta) by (apply (same_gt _ _ given2); named).
  assert (fact6 : 0 <= beta - mu) by (apply (same_ge _ _ given3); named).
  assert (fact7 : 0 <= - (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1).
  { apply (certified_ge (beta)
      ((beta - mu) + mu * (- (beta * h) + 1) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  apply (same_ge _ _ fact7); named.
Qed.

(** h |g| c m <= (1 + sqrt(contraction)) (a - b) *)
Theorem claim_tight_path :
  forall (G : R) (a : R) (b : R) (beta : R) (h : R) (m : R) (mu : R),
  0 < mu ->
  0 < m ->
  m ^ 2 - 2 * mu = 0 ->
  0 < beta ->
  0 <= beta - mu ->
  0 <= h ->
  0 < slack beta h ->
  0 < a ->
  0 <= b ->
  0 <= G ->
  0 <= G - a * m ->
  0 <= - (G ^ 2 * decrease beta h) + a ^ 2 - b ^ 2 ->
  0 <= - (G * h * m * slack beta h) + (a - b) * (sqrt (contraction mu beta h) + 1).
Proof.
  intros G a b beta h m mu given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12.
  assert (fact13 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact14 : 0 < m) by (apply (same_gt _ _ given2); named).
  assert (fact15 : m ^ 2 - 2 * mu = 0) by (apply (same_eq _ _ given3); named).
  assert (fact16 : 0 < beta) by (apply (same_gt _ _ given4); named).
  assert (fact17 : 0 <= beta - mu) by (apply (same_ge _ _ given5); named).
  assert (fact18 : 0 <= h) by (apply (same_ge _ _ given6); named).
  assert (fact19 : 0 < - ((1 / 2) * beta * h) + 1) by (apply (same_gt _ _ given7); named).
  assert (fact20 : 0 < a) by (apply (same_gt _ _ given8); named).
  assert (fact21 : 0 <= b) by (apply (same_ge _ _ given9); named).
  assert (fact22 : 0 <= G) by (apply (same_ge _ _ given10); named).
  assert (fact23 : 0 <= G - a * m) by (apply (same_ge _ _ given11); named).
  assert (fact24 : 0 <= - (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - b ^ 2) by (apply (same_ge _ _ given12); named).
  pose proof (claim_tight_contraction beta h mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact13); named).
  feed lemma ltac:(apply (same_gt _ _ fact16); named).
  feed lemma ltac:(apply (same_ge _ _ fact17); named).
  rename lemma into some26.
  assert (fact25 : 0 <= - (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) by (apply (same_ge _ _ some26); named).
  assert (some32 : 0 <= (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1)) by (apply (same_ge _ _ fact25); named).
  destruct (root_named (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) some32) as (u & some31 & some29 & some30).
  assert (fact27 : 0 <= u) by (apply (same_ge _ _ some29); named).
  assert (fact28 : 2 * h * mu * (- ((1 / 2) * beta * h) + 1) + u ^ 2 - 1 = 0) by (apply (same_eq _ _ some30); named).
  assert (fact33 : 0 <= 1).
  { apply (certified_ge (1)
      (1)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact34 : 0 <= 1 - u ^ 2).
  { apply (certified_ge (1)
      (2 * mu * h * (- ((1 / 2) * beta * h) + 1))
      ((- 1) * (2 * h * mu * (- ((1 / 2) * beta * h) + 1) + u ^ 2 - 1))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root u 1) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact27); named).
  feed lemma ltac:(apply (same_ge _ _ fact33); named).
  feed lemma ltac:(apply (same_ge _ _ fact34); named).
  rename lemma into some36.
  assert (fact35 : 0 <= 1 - u) by (apply (same_ge _ _ some36); named).
  assert (fact37 : 0 <= - (G ^ 2 * (1 - u ^ 2)) + a ^ 2 * m ^ 2 - b ^ 2 * m ^ 2).
  { apply (certified_ge (1)
      ((- (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - b ^ 2) * m * m)
      ((G ^ 2) * (2 * h * mu * (- ((1 / 2) * beta * h) + 1) + u ^ 2 - 1) + (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) * (m ^ 2 - 2 * mu))); [positive | signs | zeros | rational]. }
  assert (fact38 : 0 <= a * m).
  { apply (certified_ge (1)
      (m * a)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact39 : 0 <= b * m).
  { apply (certified_ge (1)
      (m * b)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact40 : 0 <= G * (1 - u)).
  { apply (certified_ge (1)
      ((1 - u) * G)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact41 : 0 <= - (G ^ 2 * (1 - u) ^ 2) + a ^ 2 * m ^ 2).
  { apply (certified_ge (1)
      ((- (G ^ 2 * (1 - u ^ 2)) + a ^ 2 * m ^ 2 - b ^ 2 * m ^ 2) + (b * m) ^ 2 + 2 * u * (1 - u) * G ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (G * (1 - u)) (a * m)) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact40); named).
  feed lemma ltac:(apply (same_ge _ _ fact38); named).
  feed lemma ltac:(apply (same_ge _ _ fact41); named).
  rename lemma into some43.
  assert (fact42 : 0 <= - (G * (1 - u)) + a * m) by (apply (same_ge _ _ some43); named).
  assert (fact44 : 0 <= - (b ^ 2 * m ^ 2) + (- (G * (1 - u)) + a * m) ^ 2).
  { apply (certified_ge (1)
      ((- (G ^ 2 * (1 - u ^ 2)) + a ^ 2 * m ^ 2 - b ^ 2 * m ^ 2) + 2 * (G * (1 - u)) * (G - a * m))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (b * m) (- (G * (1 - u)) + a * m)) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  feed lemma ltac:(apply (same_ge _ _ fact42); named).
  feed lemma ltac:(apply (same_ge _ _ fact44); named).
  rename lemma into some46.
  assert (fact45 : 0 <= - (G * (1 - u)) + a * m - b * m) by (apply (same_ge _ _ some46); named).
  assert (fact47 : 0 <= - (G * h * m * (- ((1 / 2) * beta * h) + 1)) + (a - b) * (u + 1)).
  { apply (certified_ge (m)
      ((- (G * (1 - u)) + a * m - b * m) + u * (- (G * (1 - u)) + a * m - b * m))
      ((- (G)) * (2 * h * mu * (- ((1 / 2) * beta * h) + 1) + u ^ 2 - 1) + (- (G * h * (- ((1 / 2) * beta * h) + 1))) * (m ^ 2 - 2 * mu))); [positive | signs | zeros | rational]. }
  apply (same_ge _ _ fact47); named.
Qed.

(** (1 + sqrt(contraction))/(1 - beta h/2) grows with h *)
Theorem claim_tight_monotone :
  forall (beta : R) (eta : R) (h : R) (mu : R),
  0 < mu ->
  0 < beta ->
  0 <= beta - mu ->
  0 <= h ->
  0 <= eta - h ->
  0 < slack beta eta ->
  0 <= (sqrt (contraction mu beta eta) + 1) * slack beta h - (sqrt (contraction mu beta h) + 1) * slack beta eta.
Proof.
  intros beta eta h mu given1 given2 given3 given4 given5 given6.
  assert (fact7 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact8 : 0 < beta) by (apply (same_gt _ _ given2); named).
  assert (fact9 : 0 <= beta - mu) by (apply (same_ge _ _ given3); named).
  assert (fact10 : 0 <= h) by (apply (same_ge _ _ given4); named).
  assert (fact11 : 0 <= eta - h) by (apply (same_ge _ _ given5); named).
  assert (fact12 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given6); named).
  pose proof (claim_tight_contraction beta h mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact7); named).
  feed lemma ltac:(apply (same_gt _ _ fact8); named).
  feed lemma ltac:(apply (same_ge _ _ fact9); named).
  rename lemma into some14.
  assert (fact13 : 0 <= - (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) by (apply (same_ge _ _ some14); named).
  pose proof (claim_tight_contraction beta eta mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact7); named).
  feed lemma ltac:(apply (same_gt _ _ fact8); named).
  feed lemma ltac:(apply (same_ge _ _ fact9); named).
  rename lemma into some16.
  assert (fact15 : 0 <= - (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1) by (apply (same_ge _ _ some16); named).
  assert (some22 : 0 <= (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1)) by (apply (same_ge _ _ fact13); named).
  destruct (root_named (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) some22) as (u & some21 & some19 & some20).
  assert (fact17 : 0 <= u) by (apply (same_ge _ _ some19); named).
  assert (fact18 : 2 * h * mu * (- ((1 / 2) * beta * h) + 1) + u ^ 2 - 1 = 0) by (apply (same_eq _ _ some20); named).
  assert (some28 : 0 <= (- (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1)) by (apply (same_ge _ _ fact15); named).
  destruct (root_named (- (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1) some28) as (v & some27 & some25 & some26).
  assert (fact23 : 0 <= v) by (apply (same_ge _ _ some25); named).
  assert (fact24 : 2 * eta * mu * (- ((1 / 2) * beta * eta) + 1) + v ^ 2 - 1 = 0) by (apply (same_eq _ _ some26); named).
  assert (fact29 : 0 < - ((1 / 2) * beta * h) + 1).
  { apply (certified_gt (1)
      ((- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * (eta - h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact30 : 0 <= (1 / 2) * beta * eta - (1 / 2) * beta * h).
  { apply (certified_ge (1)
      ((1 / 2) * beta * (eta - h))
      (0)); [positive | signs | zeros | rational]. }
  assert (both : 0 <= beta * (v + 1) - 2 * mu * (- ((1 / 2) * beta * eta) + 1)).
  {
    destruct (Rle_lt_dec 0 (- (beta) + 2 * mu * (- ((1 / 2) * beta * eta) + 1))) as [fact31 | some40].
    {
      assert (fact32 : 0 <= beta * v).
      { apply (certified_ge (1)
          (beta * v)
          (0)); [positive | signs | zeros | rational]. }
      assert (fact33 : 0 <= beta ^ 2 * v ^ 2 - (- (beta) + 2 * mu * (- ((1 / 2) * beta * eta) + 1)) ^ 2).
      { apply (certified_ge (1)
          (4 * mu * (beta - mu) * (- ((1 / 2) * beta * eta) + 1) * (- ((1 / 2) * beta * eta) + 1))
          ((beta ^ 2) * (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1) + v ^ 2 - 1))); [positive | signs | zeros | rational]. }
      pose proof (claim_monotone_root (- (beta) + 2 * mu * slack beta eta) (beta * v)) as lemma.
      feed lemma ltac:(apply (same_ge _ _ fact31); named).
      feed lemma ltac:(apply (same_ge _ _ fact32); named).
      feed lemma ltac:(apply (same_ge _ _ fact33); named).
      rename lemma into some35.
      assert (fact34 : 0 <= beta * v + beta - 2 * mu * (- ((1 / 2) * beta * eta) + 1)) by (apply (same_ge _ _ some35); named).
      assert (fact36 : 0 <= beta * (v + 1) - 2 * mu * (- ((1 / 2) * beta * eta) + 1)).
      { apply (certified_ge (1)
          ((beta * v + beta - 2 * mu * (- ((1 / 2) * beta * eta) + 1)))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact34); named.
    }
    {
      assert (fact37 : 0 < beta - 2 * mu * (- ((1 / 2) * beta * eta) + 1)) by lra.
      assert (fact38 : 0 <= beta * (v + 1) - 2 * mu * (- ((1 / 2) * beta * eta) + 1)).
      { apply (certified_ge (1)
          ((beta - 2 * mu * (- ((1 / 2) * beta * eta) + 1)) + beta * v)
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact38); named.
    }
  }
  rename both into fact39.
  assert (fact41 : 0 <= (1 / 2) * beta * eta - (1 / 2) * beta * h + v * (- ((1 / 2) * beta * h) + 1)).
  { apply (certified_ge (1)
      (((1 / 2) * beta * eta - (1 / 2) * beta * h) + v * (- ((1 / 2) * beta * h) + 1))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact42 : 0 <= u * (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_ge (1)
      (u * (- ((1 / 2) * beta * eta) + 1))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact43 : 0 <= - (u ^ 2 * (- ((1 / 2) * beta * eta) + 1) ^ 2) + ((1 / 2) * beta * eta - (1 / 2) * beta * h + v * (- ((1 / 2) * beta * h) + 1)) ^ 2).
  { apply (certified_ge (beta)
      (2 * ((1 / 2) * beta * eta - (1 / 2) * beta * h) * (- ((1 / 2) * beta * h) + 1) * (beta * (v + 1) - 2 * mu * (- ((1 / 2) * beta * eta) + 1)))
      ((beta * (- ((1 / 2) * beta * h) + 1) ^ 2) * (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1) + v ^ 2 - 1) + (- (beta * (- ((1 / 2) * beta * eta) + 1) ^ 2)) * (2 * h * mu * (- ((1 / 2) * beta * h) + 1) + u ^ 2 - 1))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (u * slack beta eta) (v * slack beta h - slack beta eta + slack beta h)) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact42); named).
  feed lemma ltac:(apply (same_ge _ _ fact41); named).
  feed lemma ltac:(apply (same_ge _ _ fact43); named).
  rename lemma into some45.
  assert (fact44 : 0 <= (1 / 2) * beta * eta - (1 / 2) * beta * h - u * (- ((1 / 2) * beta * eta) + 1) + v * (- ((1 / 2) * beta * h) + 1)) by (apply (same_ge _ _ some45); named).
  assert (fact46 : 0 <= - ((u + 1) * (- ((1 / 2) * beta * eta) + 1)) + (v + 1) * (- ((1 / 2) * beta * h) + 1)).
  { apply (certified_ge (1)
      (((1 / 2) * beta * eta - (1 / 2) * beta * h - u * (- ((1 / 2) * beta * eta) + 1) + v * (- ((1 / 2) * beta * h) + 1)))
      (0)); [positive | signs | zeros | rational]. }
  apply (same_ge _ _ fact44); named.
Qed.

(** a step stays in the smaller ball of A' *)
Theorem claim_no_exit_tight :
  forall (G : R) (P : R) (ball : R) (a : R) (a0 : R) (a1 : R) (beta : R) (delta : R) (eta : R) (h : R) (m : R) (mu : R) (w : T1) (w0 : T1) (w1 : T1),
  0 < mu ->
  0 < m ->
  m ^ 2 - 2 * mu = 0 ->
  0 < beta ->
  0 < eta ->
  0 < delta ->
  0 < slack beta eta ->
  0 < a0 ->
  lambda_max_Hess_L_on_S beta ->
  L_is_PL_on_S_half mu ->
  the_square_root_of_L_is w0 a0 ->
  0 <= beta - mu ->
  0 < ball - a0 * / m * (sqrt (contraction mu beta eta) + 1) * / (slack beta eta) ->
  lies_in_S w ->
  the_distance_of_from_w_is w P ->
  0 <= - (a) + a0 ->
  0 <= - (P) + / m * (- (a) + a0) * (sqrt (contraction mu beta eta) + 1) * / (slack beta eta) ->
  0 < a ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  grad_L w h w1 ->
  the_square_root_of_L_is w1 a1 ->
  0 <= G ->
  0 <= a ->
  0 <= a1 ->
  0 <= - (delta * eta) + h ->
  0 <= eta - h ->
  lies_in_S w1 /\
  the_distance_of_from_w_is w1 (G * h + P) /\
  0 <= - (G * h) + / m * (a - a1) * (sqrt (contraction mu beta eta) + 1) * / (slack beta eta) /\
  0 <= a ^ 2 * contraction mu beta h - a1 ^ 2 /\
  0 < a0 - a1.
Proof.
  intros G P ball a a0 a1 beta delta eta h m mu w w0 w1 given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17 given18 given19 given20 given21 given22 given23 given24 given25 given26 given27.
  assert (fact28 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact29 : 0 < m) by (apply (same_gt _ _ given2); named).
  assert (fact30 : m ^ 2 - 2 * mu = 0) by (apply (same_eq _ _ given3); named).
  assert (fact31 : 0 < beta) by (apply (same_gt _ _ given4); named).
  assert (fact32 : 0 < eta) by (apply (same_gt _ _ given5); named).
  assert (fact33 : 0 < delta) by (apply (same_gt _ _ given6); named).
  assert (fact34 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given7); named).
  assert (fact35 : 0 < a0) by (apply (same_gt _ _ given8); named).
  pose proof given9 as fact36.
  pose proof given10 as fact37.
  pose proof given11 as fact38.
  assert (fact39 : 0 <= beta - mu) by (apply (same_ge _ _ given12); named).
  pose proof given14 as fact40.
  pose proof given15 as fact41.
  assert (fact42 : 0 <= - (a) + a0) by (apply (same_ge _ _ given16); named).
  assert (fact43 : 0 < a) by (apply (same_gt _ _ given18); named).
  pose proof given19 as fact44.
  pose proof given20 as fact45.
  pose proof given21 as fact46.
  pose proof given22 as fact47.
  assert (fact48 : 0 <= G) by (apply (same_ge _ _ given23); named).
  assert (fact49 : 0 <= a) by (apply (same_ge _ _ given24); named).
  assert (fact50 : 0 <= a1) by (apply (same_ge _ _ given25); named).
  assert (fact51 : 0 <= - (delta * eta) + h) by (apply (same_ge _ _ given26); named).
  assert (fact52 : 0 <= eta - h) by (apply (same_ge _ _ given27); named).
  pose proof (claim_tight_contraction beta eta mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  rename lemma into some54.
  assert (fact53 : 0 <= - (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1) by (apply (same_ge _ _ some54); named).
  assert (some60 : 0 <= (- (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1)) by (apply (same_ge _ _ fact53); named).
  destruct (root_named (- (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1) some60) as (v & some59 & some57 & some58).
  assert (fact55 : 0 <= v) by (apply (same_ge _ _ some57); named).
  assert (fact56 : 2 * eta * mu * (- ((1 / 2) * beta * eta) + 1) + v ^ 2 - 1 = 0) by (apply (same_eq _ _ some58); named).
  assert (fact61 : 0 < ball - a0 * / m * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) by (apply (same_gt _ _ given13); named).
  assert (fact62 : 0 <= - (P) + / m * (- (a) + a0) * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) by (apply (same_ge _ _ given17); named).
  assert (fact63 : 0 <= / m * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_ge (m * (- ((1 / 2) * beta * eta) + 1))
      (1 + v)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_pl_at_a_point G a mu w) as lemma.
  feed lemma ltac:(exact fact37).
  feed lemma ltac:(exact fact40).
  feed lemma ltac:(exact fact44).
  feed lemma ltac:(exact fact45).
  rename lemma into some65.
  assert (fact64 : 0 <= G ^ 2 - 2 * a ^ 2 * mu) by (apply (same_ge _ _ some65); named).
  assert (fact66 : 0 <= G ^ 2 - a ^ 2 * m ^ 2).
  { apply (certified_ge (1)
      ((G ^ 2 - 2 * a ^ 2 * mu))
      ((- (a ^ 2)) * (m ^ 2 - 2 * mu))); [positive | signs | zeros | rational]. }
  assert (fact67 : 0 < a * m).
  { apply (certified_gt (1)
      (m * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (a * m) G) as lemma.
  feed lemma ltac:(apply (same_gt_ge _ _ fact67); named).
  feed lemma ltac:(apply (same_ge _ _ fact48); named).
  feed lemma ltac:(apply (same_ge _ _ fact66); named).
  rename lemma into some69.
  assert (fact68 : 0 <= G - a * m) by (apply (same_ge _ _ some69); named).
  assert (fact70 : 0 < G).
  { apply (certified_gt (1)
      ((a * m) + (G - a * m))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact71 : 0 < h).
  { apply (certified_gt (1)
      (eta * delta + (- (delta * eta) + h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact72 : 0 <= h).
  { apply (certified_ge (1)
      (h)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact73 : 0 <= h * (- ((1 / 2) * beta * h) + 1)).
  { apply (certified_ge (1)
      (h * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * h * (eta - h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact74 : 0 < - (P) + ball).
  { apply (certified_gt (1)
      ((ball - a0 * / m * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) + (- (P) + / m * (- (a) + a0) * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) + (/ m * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_last_point G P ball a a0 h w w0) as lemma.
  feed lemma ltac:(exact fact40).
  feed lemma ltac:(exact fact44).
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(exact fact41).
  feed lemma ltac:(apply (same_gt _ _ fact74); named).
  feed lemma ltac:(apply (same_gt _ _ fact70); named).
  feed lemma ltac:(apply (same_gt _ _ fact71); named).
  feed lemma ltac:(apply (same_ge _ _ fact42); named).
  feed lemma ltac:(exact fact38).
  destruct lemma as (s & b & some80 & some81 & some82 & some83 & some84).
  assert (fact75 : 0 < s) by (apply (same_gt _ _ some80); named).
  assert (fact76 : 0 <= h - s) by (apply (same_ge _ _ some81); named).
  assert (fact77 : 0 <= b) by (apply (same_ge _ _ some82); named).
  pose proof some83 as fact78.
  pose proof some84 as fact79.
  assert (fact85 : 0 <= eta - s).
  { apply (certified_ge (1)
      ((eta - h) + (h - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact86 : 0 <= s).
  { apply (certified_ge (1)
      (s)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_descent_rate G a b beta eta mu s w) as lemma.
  feed lemma ltac:(exact fact36).
  feed lemma ltac:(exact fact78).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact75); named).
  feed lemma ltac:(apply (same_ge _ _ fact85); named).
  feed lemma ltac:(apply (same_gt _ _ fact34); named).
  feed lemma ltac:(apply (same_ge _ _ fact64); named).
  destruct lemma as (some90 & some91 & some92).
  assert (fact87 : 0 <= - (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) by (apply (same_ge _ _ some90); named).
  assert (fact88 : 0 <= s * (- ((1 / 2) * beta * s) + 1)) by (apply (same_ge _ _ some91); named).
  assert (fact89 : 0 <= a ^ 2 * (- (2 * mu * s * (- ((1 / 2) * beta * s) + 1)) + 1) - b ^ 2) by (apply (same_ge _ _ some92); named).
  assert (fact93 : 0 <= a ^ 2 - b ^ 2).
  { apply (certified_ge (1)
      ((- (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) + (s * (- ((1 / 2) * beta * s) + 1)) * G ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root b a) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact77); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact43); named).
  feed lemma ltac:(apply (same_ge _ _ fact93); named).
  rename lemma into some95.
  assert (fact94 : 0 <= a - b) by (apply (same_ge _ _ some95); named).
  assert (fact96 : 0 < - ((1 / 2) * beta * s) + 1).
  { apply (certified_gt (1)
      ((- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * (eta - s))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_tight_contraction beta s mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  rename lemma into some98.
  assert (fact97 : 0 <= - (2 * mu * s * (- ((1 / 2) * beta * s) + 1)) + 1) by (apply (same_ge _ _ some98); named).
  assert (some104 : 0 <= (- (2 * mu * s * (- ((1 / 2) * beta * s) + 1)) + 1)) by (apply (same_ge _ _ fact97); named).
  destruct (root_named (- (2 * mu * s * (- ((1 / 2) * beta * s) + 1)) + 1) some104) as (u_partial & some103 & some101 & some102).
  assert (fact99 : 0 <= u_partial) by (apply (same_ge _ _ some101); named).
  assert (fact100 : 2 * mu * s * (- ((1 / 2) * beta * s) + 1) + u_partial ^ 2 - 1 = 0) by (apply (same_eq _ _ some102); named).
  pose proof (claim_tight_path G a b beta s m mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_gt _ _ fact29); named).
  feed lemma ltac:(apply (same_eq _ _ fact30); named).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact75); named).
  feed lemma ltac:(apply (same_gt _ _ fact96); named).
  feed lemma ltac:(apply (same_gt _ _ fact43); named).
  feed lemma ltac:(apply (same_ge _ _ fact77); named).
  feed lemma ltac:(apply (same_ge _ _ fact48); named).
  feed lemma ltac:(apply (same_ge _ _ fact68); named).
  feed lemma ltac:(apply (same_ge _ _ fact87); named).
  rename lemma into some106.
  assert (fact105 : 0 <= - (G * m * s * (- ((1 / 2) * beta * s) + 1)) + (a - b) * (u_partial + 1)) by (apply (same_ge _ _ some106); named).
  pose proof (claim_tight_monotone beta eta s mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact75); named).
  feed lemma ltac:(apply (same_ge _ _ fact85); named).
  feed lemma ltac:(apply (same_gt _ _ fact34); named).
  rename lemma into some108.
  assert (fact107 : 0 <= - ((u_partial + 1) * (- ((1 / 2) * beta * eta) + 1)) + (v + 1) * (- ((1 / 2) * beta * s) + 1)) by (apply (same_ge _ _ some108); named).
  assert (fact109 : 0 <= - (G * s) + / m * (a - b) * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_ge ((- ((1 / 2) * beta * s) + 1) * m * (- ((1 / 2) * beta * eta) + 1))
      ((- ((u_partial + 1) * (- ((1 / 2) * beta * eta) + 1)) + (v + 1) * (- ((1 / 2) * beta * s) + 1)) * (a - b) + (- ((1 / 2) * beta * eta) + 1) * (- (G * m * s * (- ((1 / 2) * beta * s) + 1)) + (a - b) * (u_partial + 1)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact110 : 0 < - (G * s) - P + ball).
  { apply (certified_gt (1)
      ((ball - a0 * / m * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) + (- (P) + / m * (- (a) + a0) * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) + (- (G * s) + / m * (a - b) * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) + (/ m * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)) * b)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact111 : 0 < s * (- ((1 / 2) * beta * s) + 1)).
  { apply (certified_gt (1)
      (s * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * s * (eta - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact112 : 0 < a0 + b).
  { apply (certified_gt (1)
      (a0 + b)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact113 : 0 < a0 - b).
  { apply (certified_gt ((a0 + b))
      ((s * (- ((1 / 2) * beta * s) + 1)) * G * G + (- (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) + (- (a) + a0) * (- (a) + a0) + 2 * (- (a) + a0) * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_continuation G P ball a a0 a1 b h s w w0 w1) as lemma.
  feed lemma ltac:(exact fact79).
  feed lemma ltac:(exact fact78).
  feed lemma ltac:(exact fact41).
  feed lemma ltac:(exact fact38).
  feed lemma ltac:(apply (same_gt _ _ fact110); named).
  feed lemma ltac:(apply (same_gt _ _ fact113); named).
  feed lemma ltac:(exact fact46).
  feed lemma ltac:(exact fact47).
  destruct lemma as (some118 & some119 & some120 & some121).
  pose proof some118 as fact114.
  pose proof some119 as fact115.
  pose proof some120 as fact116.
  assert (fact117 : a1 - b = 0) by (apply (same_eq _ _ some121); named).
  pose proof (claim_descent_rate G a a1 beta eta mu h w) as lemma.
  feed lemma ltac:(exact fact36).
  feed lemma ltac:(exact fact115).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact71); named).
  feed lemma ltac:(apply (same_ge _ _ fact52); named).
  feed lemma ltac:(apply (same_gt _ _ fact34); named).
  feed lemma ltac:(apply (same_ge _ _ fact64); named).
  destruct lemma as (some125 & some126 & some127).
  assert (fact122 : 0 <= - (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - a1 ^ 2) by (apply (same_ge _ _ some125); named).
  assert (fact123 : 0 <= h * (- ((1 / 2) * beta * h) + 1)) by (apply (same_ge _ _ some126); named).
  assert (fact124 : 0 <= a ^ 2 * (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) - a1 ^ 2) by (apply (same_ge _ _ some127); named).
  assert (fact128 : 0 <= a ^ 2 - a1 ^ 2).
  { apply (certified_ge (1)
      ((- (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - a1 ^ 2) + (h * (- ((1 / 2) * beta * h) + 1)) * G ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root a1 a) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact50); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact43); named).
  feed lemma ltac:(apply (same_ge _ _ fact128); named).
  rename lemma into some130.
  assert (fact129 : 0 <= a - a1) by (apply (same_ge _ _ some130); named).
  assert (fact131 : 0 < - ((1 / 2) * beta * h) + 1).
  { apply (certified_gt (1)
      ((- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * (eta - h))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_tight_contraction beta h mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  rename lemma into some133.
  assert (fact132 : 0 <= - (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) by (apply (same_ge _ _ some133); named).
  assert (some139 : 0 <= (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1)) by (apply (same_ge _ _ fact132); named).
  destruct (root_named (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) some139) as (u_whole & some138 & some136 & some137).
  assert (fact134 : 0 <= u_whole) by (apply (same_ge _ _ some136); named).
  assert (fact135 : 2 * h * mu * (- ((1 / 2) * beta * h) + 1) + u_whole ^ 2 - 1 = 0) by (apply (same_eq _ _ some137); named).
  pose proof (claim_tight_path G a a1 beta h m mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_gt _ _ fact29); named).
  feed lemma ltac:(apply (same_eq _ _ fact30); named).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact71); named).
  feed lemma ltac:(apply (same_gt _ _ fact131); named).
  feed lemma ltac:(apply (same_gt _ _ fact43); named).
  feed lemma ltac:(apply (same_ge _ _ fact50); named).
  feed lemma ltac:(apply (same_ge _ _ fact48); named).
  feed lemma ltac:(apply (same_ge _ _ fact68); named).
  feed lemma ltac:(apply (same_ge _ _ fact122); named).
  rename lemma into some141.
  assert (fact140 : 0 <= - (G * h * m * (- ((1 / 2) * beta * h) + 1)) + (a - a1) * (u_whole + 1)) by (apply (same_ge _ _ some141); named).
  pose proof (claim_tight_monotone beta eta h mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact28); named).
  feed lemma ltac:(apply (same_gt _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact71); named).
  feed lemma ltac:(apply (same_ge _ _ fact52); named).
  feed lemma ltac:(apply (same_gt _ _ fact34); named).
  rename lemma into some143.
  assert (fact142 : 0 <= - ((u_whole + 1) * (- ((1 / 2) * beta * eta) + 1)) + (v + 1) * (- ((1 / 2) * beta * h) + 1)) by (apply (same_ge _ _ some143); named).
  assert (fact144 : 0 <= - (G * h) + / m * (a - a1) * (v + 1) * / (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_ge ((- ((1 / 2) * beta * h) + 1) * m * (- ((1 / 2) * beta * eta) + 1))
      ((- ((u_whole + 1) * (- ((1 / 2) * beta * eta) + 1)) + (v + 1) * (- ((1 / 2) * beta * h) + 1)) * (a - a1) + (- ((1 / 2) * beta * eta) + 1) * (- (G * h * m * (- ((1 / 2) * beta * h) + 1)) + (a - a1) * (u_whole + 1)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact145 : 0 < a0 - a1).
  { apply (certified_gt (1)
      ((a0 - b))
      ((- 1) * (a1 - b))); [positive | signs | zeros | rational]. }
  split.
  { exact fact114. }
  split.
  { exact fact116. }
  split.
  { apply (same_ge _ _ fact144); named. }
  split.
  { apply (same_ge _ _ fact124); named. }
  apply (same_gt _ _ fact145); named.
Qed.

(** the path stays below the root of the integral *)
Theorem claim_integral_root :
  forall (P : R) (ball : R) (area : R) (area1 : R) (rho : R) (tau : R) (total : R),
  sig_is_nonincreasing_and_nonnegative_on ->
  0 <= P ->
  0 <= rho ->
  0 <= ball - rho ->
  sig rho tau ->
  the_integral_of_sig_from_to rho area1 ->
  the_integral_of_sig_from_to ball total ->
  the_integral_of_sig_from_to P area ->
  0 < - (area1) + total ->
  0 <= - (area) + area1 ->
  0 <= tau ->
  0 <= - (P) + rho /\
  0 < tau /\
  0 < ball - rho.
Proof.
  intros P ball area area1 rho tau total given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11.
  pose proof given1 as fact12.
  assert (fact13 : 0 <= P) by (apply (same_ge _ _ given2); named).
  assert (fact14 : 0 <= rho) by (apply (same_ge _ _ given3); named).
  assert (fact15 : 0 <= ball - rho) by (apply (same_ge _ _ given4); named).
  pose proof given5 as fact16.
  pose proof given6 as fact17.
  pose proof given7 as fact18.
  pose proof given8 as fact19.
  assert (fact20 : 0 < - (area1) + total) by (apply (same_gt _ _ given9); named).
  assert (fact21 : 0 <= - (area) + area1) by (apply (same_ge _ _ given10); named).
  assert (fact22 : 0 <= tau) by (apply (same_ge _ _ given11); named).
  assert (fact23 : 0 <= ball).
  { apply (certified_ge (1)
      ((ball - rho) + rho)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_profile_values ball) as lemma.
  feed lemma ltac:(exact fact12).
  feed lemma ltac:(apply (same_ge _ _ fact23); named).
  destruct lemma as (at_R & total_again & some27 & some28 & some29).
  pose proof some27 as fact24.
  pose proof some28 as fact25.
  assert (fact26 : 0 <= at_R) by (apply (same_ge _ _ some29); named).
  pose proof (cited_profile_values P) as lemma.
  feed lemma ltac:(exact fact12).
  feed lemma ltac:(apply (same_ge _ _ fact13); named).
  destruct lemma as (at_P & area_again & some33 & some34 & some35).
  pose proof some33 as fact30.
  pose proof some34 as fact31.
  assert (fact32 : 0 <= at_P) by (apply (same_ge _ _ some35); named).
  pose proof (cited_integral_comparison area1 total tau at_R rho ball) as lemma.
  feed lemma ltac:(exact fact12).
  feed lemma ltac:(apply (same_ge _ _ fact15); named).
  feed lemma ltac:(exact fact16).
  feed lemma ltac:(exact fact24).
  feed lemma ltac:(exact fact17).
  feed lemma ltac:(exact fact18).
  destruct lemma as (some38 & some39).
  assert (fact36 : 0 <= area1 + tau * (ball - rho) - total) by (apply (same_ge _ _ some38); named).
  assert (fact37 : 0 <= - (area1) - at_R * (ball - rho) + total) by (apply (same_ge _ _ some39); named).
  assert (both : 0 <= - (P) + rho).
  {
    destruct (Rle_lt_dec 0 (- (P) + rho)) as [fact40 | some64].
    {
      assert (fact41 : 0 <= - (P) + rho).
      { apply (certified_ge (1)
          ((- (P) + rho))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact40); named.
    }
    {
      assert (fact42 : 0 < P - rho) by lra.
      assert (fact43 : 0 <= P - rho).
      { apply (certified_ge (1)
          ((P - rho))
          (0)); [positive | signs | zeros | rational]. }
      assert (both : 0 <= - (P) + rho).
      {
        destruct (Rle_lt_dec 0 (- (P) + ball)) as [fact44 | some62].
        {
          pose proof (cited_integral_comparison area1 area tau at_P rho P) as lemma.
          feed lemma ltac:(exact fact12).
          feed lemma ltac:(apply (same_gt_ge _ _ fact42); named).
          feed lemma ltac:(exact fact16).
          feed lemma ltac:(exact fact30).
          feed lemma ltac:(exact fact17).
          feed lemma ltac:(exact fact19).
          destruct lemma as (some47 & some48).
          assert (fact45 : 0 <= - (area) + area1 + tau * (P - rho)) by (apply (same_ge _ _ some47); named).
          assert (fact46 : 0 <= area - area1 - at_P * (P - rho)) by (apply (same_ge _ _ some48); named).
          pose proof (cited_integral_comparison area total at_P at_R P ball) as lemma.
          feed lemma ltac:(exact fact12).
          feed lemma ltac:(apply (same_ge _ _ fact44); named).
          feed lemma ltac:(exact fact30).
          feed lemma ltac:(exact fact24).
          feed lemma ltac:(exact fact19).
          feed lemma ltac:(exact fact18).
          destruct lemma as (some51 & some52).
          assert (fact49 : 0 <= area + at_P * (- (P) + ball) - total) by (apply (same_ge _ _ some51); named).
          assert (fact50 : 0 <= - (area) - at_R * (- (P) + ball) + total) by (apply (same_ge _ _ some52); named).
          assert (fact53 : 0 <= - (P) + rho).
          { apply (certified_ge ((- (area1) + total))
              ((- (P) + ball) * (area - area1 - at_P * (P - rho)) + (P - rho) * (area + at_P * (- (P) + ball) - total) + (ball - rho) * (- (area) + area1))
              (0)); [positive | signs | zeros | rational]. }
          apply (same_ge _ _ fact53); named.
        }
        {
          assert (fact54 : 0 < P - ball) by lra.
          assert (fact55 : 0 <= P - ball).
          { apply (certified_ge (1)
              ((P - ball))
              (0)); [positive | signs | zeros | rational]. }
          pose proof (cited_integral_comparison total area at_R at_P ball P) as lemma.
          feed lemma ltac:(exact fact12).
          feed lemma ltac:(apply (same_gt_ge _ _ fact54); named).
          feed lemma ltac:(exact fact24).
          feed lemma ltac:(exact fact30).
          feed lemma ltac:(exact fact18).
          feed lemma ltac:(exact fact19).
          destruct lemma as (some58 & some59).
          assert (fact56 : 0 <= - (area) + at_R * (P - ball) + total) by (apply (same_ge _ _ some58); named).
          assert (fact57 : 0 <= area - at_P * (P - ball) - total) by (apply (same_ge _ _ some59); named).
          assert (fact60 : 0 <= - (P) + rho).
          { apply (certified_ge ((- (area1) + total))
              ((P - rho) * (- (area) + area1) + (P - rho) * (area - at_P * (P - ball) - total) + (P - rho) * (P - ball) * at_P)
              (0)); [positive | signs | zeros | rational]. }
          apply (same_ge _ _ fact60); named.
        }
      }
      rename both into fact61.
      apply (same_ge _ _ fact61); named.
    }
  }
  rename both into fact63.
  assert (both : 0 < tau).
  {
    destruct (Rle_lt_dec 0 (- (tau))) as [fact65 | some70].
    {
      assert (fact66 : 0 < tau).
      { apply (certified_gt ((- (area1) + total))
          ((- (area1) + total) + tau * (- (area1) + total) + (area1 + tau * (ball - rho) - total) + (- (tau)) * (ball - rho))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact66); named.
    }
    {
      assert (fact67 : 0 < tau) by lra.
      assert (fact68 : 0 < tau).
      { apply (certified_gt (1)
          (tau)
          (0)); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact67); named.
    }
  }
  rename both into fact69.
  assert (both : 0 < ball - rho).
  {
    destruct (Rle_lt_dec 0 (- (ball) + rho)) as [fact71 | some76].
    {
      assert (fact72 : 0 < ball - rho).
      { apply (certified_gt ((- (area1) + total))
          ((- (area1) + total) + (ball - rho) * (- (area1) + total) + (area1 + tau * (ball - rho) - total) + (- (ball) + rho) * tau)
          (0)); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact72); named.
    }
    {
      assert (fact73 : 0 < ball - rho) by lra.
      assert (fact74 : 0 < ball - rho).
      { apply (certified_gt (1)
          ((ball - rho))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact73); named.
    }
  }
  rename both into fact75.
  split.
  { apply (same_ge _ _ fact63); named. }
  split.
  { apply (same_gt _ _ fact69); named. }
  apply (same_gt _ _ fact75); named.
Qed.

(** Theorem B, one step *)
Theorem claim_profile_step :
  forall (G : R) (P : R) (ball : R) (a : R) (a0 : R) (a1 : R) (area : R) (area1 : R) (area_rho : R) (beta : R) (c : R) (delta : R) (eta : R) (h : R) (rho : R) (tau : R) (total : R) (w : T1) (w0 : T1) (w1 : T1),
  0 < beta ->
  0 < eta ->
  0 < delta ->
  0 < slack beta eta ->
  0 < a0 ->
  lambda_max_Hess_L_on_S beta ->
  the_square_root_of_L_is w0 a0 ->
  0 < c ->
  c ^ 2 - 2 = 0 ->
  sig_is_nonincreasing_and_nonnegative_on ->
  0 <= rho ->
  0 <= ball - rho ->
  sig rho tau ->
  0 <= tau ->
  the_integral_of_sig_from_to rho area_rho ->
  the_integral_of_sig_from_to ball total ->
  0 < - (area_rho) + total ->
  - (a0 * c) + area_rho * slack beta eta = 0 ->
  lies_in_S w ->
  the_distance_of_from_w_is w P ->
  0 <= - (a) + a0 ->
  0 <= P ->
  the_integral_of_sig_from_to P area ->
  0 <= - (area * slack beta eta) + c * (- (a) + a0) ->
  0 < a ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  grad_L w h w1 ->
  the_square_root_of_L_is w1 a1 ->
  0 <= G ->
  0 <= a ->
  0 <= a1 ->
  0 <= - (delta * eta) + h ->
  0 <= eta - h ->
  the_integral_of_sig_from_to (G * h + P) area1 ->
  lies_in_S w1 /\
  the_distance_of_from_w_is w1 (G * h + P) /\
  0 <= G * h + P /\
  0 <= - (area1 * slack beta eta) + c * (a0 - a1) /\
  0 <= - (G * h) - P + rho /\
  0 <= a ^ 2 * contraction (tau ^ 2) beta h - a1 ^ 2 /\
  0 <= - (G * c * h * tau * slack beta eta) + 2 * a - 2 * a1 /\
  0 < a0 - a1.
Proof.
  intros G P ball a a0 a1 area area1 area_rho beta c delta eta h rho tau total w w0 w1 given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17 given18 given19 given20 given21 given22 given23 given24 given25 given26 given27 given28 given29 given30 given31 given32 given33 given34 given35.
  assert (fact36 : 0 < beta) by (apply (same_gt _ _ given1); named).
  assert (fact37 : 0 < eta) by (apply (same_gt _ _ given2); named).
  assert (fact38 : 0 < delta) by (apply (same_gt _ _ given3); named).
  assert (fact39 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given4); named).
  assert (fact40 : 0 < a0) by (apply (same_gt _ _ given5); named).
  pose proof given6 as fact41.
  pose proof given7 as fact42.
  assert (fact43 : 0 < c) by (apply (same_gt _ _ given8); named).
  assert (fact44 : c ^ 2 - 2 = 0) by (apply (same_eq _ _ given9); named).
  pose proof given10 as fact45.
  assert (fact46 : 0 <= rho) by (apply (same_ge _ _ given11); named).
  assert (fact47 : 0 <= ball - rho) by (apply (same_ge _ _ given12); named).
  pose proof given13 as fact48.
  assert (fact49 : 0 <= tau) by (apply (same_ge _ _ given14); named).
  pose proof given15 as fact50.
  pose proof given16 as fact51.
  assert (fact52 : 0 < - (area_rho) + total) by (apply (same_gt _ _ given17); named).
  assert (fact53 : - (a0 * c) + area_rho * (- ((1 / 2) * beta * eta) + 1) = 0) by (apply (same_eq _ _ given18); named).
  pose proof given19 as fact54.
  pose proof given20 as fact55.
  assert (fact56 : 0 <= - (a) + a0) by (apply (same_ge _ _ given21); named).
  assert (fact57 : 0 <= P) by (apply (same_ge _ _ given22); named).
  pose proof given23 as fact58.
  assert (fact59 : 0 <= - (area * (- ((1 / 2) * beta * eta) + 1)) + c * (- (a) + a0)) by (apply (same_ge _ _ given24); named).
  assert (fact60 : 0 < a) by (apply (same_gt _ _ given25); named).
  pose proof given26 as fact61.
  pose proof given27 as fact62.
  pose proof given28 as fact63.
  pose proof given29 as fact64.
  assert (fact65 : 0 <= G) by (apply (same_ge _ _ given30); named).
  assert (fact66 : 0 <= a) by (apply (same_ge _ _ given31); named).
  assert (fact67 : 0 <= a1) by (apply (same_ge _ _ given32); named).
  assert (fact68 : 0 <= - (delta * eta) + h) by (apply (same_ge _ _ given33); named).
  assert (fact69 : 0 <= eta - h) by (apply (same_ge _ _ given34); named).
  pose proof given35 as fact70.
  assert (fact71 : 0 <= - (area) + area_rho).
  { apply (certified_ge ((- ((1 / 2) * beta * eta) + 1))
      (c * a + (- (area * (- ((1 / 2) * beta * eta) + 1)) + c * (- (a) + a0)))
      (1 * (- (a0 * c) + area_rho * (- ((1 / 2) * beta * eta) + 1)))); [positive | signs | zeros | rational]. }
  pose proof (claim_integral_root P ball area area_rho rho tau total) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact57); named).
  feed lemma ltac:(apply (same_ge _ _ fact46); named).
  feed lemma ltac:(apply (same_ge _ _ fact47); named).
  feed lemma ltac:(exact fact48).
  feed lemma ltac:(exact fact50).
  feed lemma ltac:(exact fact51).
  feed lemma ltac:(exact fact58).
  feed lemma ltac:(apply (same_gt _ _ fact52); named).
  feed lemma ltac:(apply (same_ge _ _ fact71); named).
  feed lemma ltac:(apply (same_ge _ _ fact49); named).
  destruct lemma as (some75 & some76 & some77).
  assert (fact72 : 0 <= - (P) + rho) by (apply (same_ge _ _ some75); named).
  assert (fact73 : 0 < tau) by (apply (same_gt _ _ some76); named).
  assert (fact74 : 0 < ball - rho) by (apply (same_gt _ _ some77); named).
  assert (fact78 : 0 < - (P) + ball).
  { apply (certified_gt (1)
      ((ball - rho) + (- (P) + rho))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_profile_values P) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact57); named).
  destruct lemma as (at_P & area_again & some82 & some83 & some84).
  pose proof some82 as fact79.
  pose proof some83 as fact80.
  assert (fact81 : 0 <= at_P) by (apply (same_ge _ _ some84); named).
  pose proof (cited_profile_decreases at_P tau P rho) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact72); named).
  feed lemma ltac:(exact fact79).
  feed lemma ltac:(exact fact48).
  rename lemma into some86.
  assert (fact85 : 0 <= at_P - tau) by (apply (same_ge _ _ some86); named).
  assert (fact87 : 0 < at_P).
  { apply (certified_gt (1)
      (tau + (at_P - tau))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_profile_bound G P a c at_P w) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(exact fact54).
  feed lemma ltac:(exact fact55).
  feed lemma ltac:(exact fact61).
  feed lemma ltac:(exact fact62).
  feed lemma ltac:(exact fact79).
  feed lemma ltac:(apply (same_gt _ _ fact43); named).
  feed lemma ltac:(apply (same_eq _ _ fact44); named).
  rename lemma into some89.
  assert (fact88 : 0 <= G - a * at_P * c) by (apply (same_ge _ _ some89); named).
  assert (fact90 : 0 < a * at_P * c).
  { apply (certified_gt (1)
      (at_P * c * a)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact91 : 0 < G).
  { apply (certified_gt (1)
      ((a * at_P * c) + (G - a * at_P * c))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact92 : 0 < at_P * c).
  { apply (certified_gt (1)
      (c * at_P)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact93 : 0 <= G ^ 2 - a ^ 2 * at_P ^ 2 * c ^ 2).
  { apply (certified_ge (1)
      ((G - a * at_P * c) * (G - a * at_P * c) + 2 * (G - a * at_P * c) * (a * at_P * c))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact94 : 0 <= G ^ 2 - 2 * a ^ 2 * tau ^ 2).
  { apply (certified_ge (1)
      ((G ^ 2 - a ^ 2 * at_P ^ 2 * c ^ 2) + 2 * (at_P - tau) * (at_P - tau) * a ^ 2 + 4 * (at_P - tau) * tau * a ^ 2)
      ((a ^ 2 * at_P ^ 2) * (c ^ 2 - 2))); [positive | signs | zeros | rational]. }
  assert (fact95 : 0 < h).
  { apply (certified_gt (1)
      (eta * delta + (- (delta * eta) + h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact96 : 0 <= h).
  { apply (certified_ge (1)
      (h)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact97 : 0 <= h * (- ((1 / 2) * beta * h) + 1)).
  { apply (certified_ge (1)
      (h * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * h * (eta - h))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_last_point G P ball a a0 h w w0) as lemma.
  feed lemma ltac:(exact fact54).
  feed lemma ltac:(exact fact61).
  feed lemma ltac:(exact fact62).
  feed lemma ltac:(exact fact55).
  feed lemma ltac:(apply (same_gt _ _ fact78); named).
  feed lemma ltac:(apply (same_gt _ _ fact91); named).
  feed lemma ltac:(apply (same_gt _ _ fact95); named).
  feed lemma ltac:(apply (same_ge _ _ fact56); named).
  feed lemma ltac:(exact fact42).
  destruct lemma as (s & b & some103 & some104 & some105 & some106 & some107).
  assert (fact98 : 0 < s) by (apply (same_gt _ _ some103); named).
  assert (fact99 : 0 <= h - s) by (apply (same_ge _ _ some104); named).
  assert (fact100 : 0 <= b) by (apply (same_ge _ _ some105); named).
  pose proof some106 as fact101.
  pose proof some107 as fact102.
  assert (fact108 : 0 <= eta - s).
  { apply (certified_ge (1)
      ((eta - h) + (h - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact109 : 0 <= s).
  { apply (certified_ge (1)
      (s)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_descent_rate G a b beta eta (tau ^ 2) s w) as lemma.
  feed lemma ltac:(exact fact41).
  feed lemma ltac:(exact fact101).
  feed lemma ltac:(apply (same_gt _ _ fact36); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact98); named).
  feed lemma ltac:(apply (same_ge _ _ fact108); named).
  feed lemma ltac:(apply (same_gt _ _ fact39); named).
  feed lemma ltac:(apply (same_ge _ _ fact94); named).
  destruct lemma as (some113 & some114 & some115).
  assert (fact110 : 0 <= - (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) by (apply (same_ge _ _ some113); named).
  assert (fact111 : 0 <= s * (- ((1 / 2) * beta * s) + 1)) by (apply (same_ge _ _ some114); named).
  assert (fact112 : 0 <= a ^ 2 * (- (2 * s * tau ^ 2 * (- ((1 / 2) * beta * s) + 1)) + 1) - b ^ 2) by (apply (same_ge _ _ some115); named).
  pose proof (claim_potential_step G a b beta eta s (at_P * c)) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact60); named).
  feed lemma ltac:(apply (same_gt _ _ fact92); named).
  feed lemma ltac:(apply (same_ge _ _ fact65); named).
  feed lemma ltac:(apply (same_gt _ _ fact36); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact98); named).
  feed lemma ltac:(apply (same_ge _ _ fact108); named).
  feed lemma ltac:(apply (same_gt _ _ fact39); named).
  feed lemma ltac:(apply (same_ge _ _ fact93); named).
  feed lemma ltac:(apply (same_ge _ _ fact110); named).
  rename lemma into some117.
  assert (fact116 : 0 <= - (G * at_P * c * s * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * b) by (apply (same_ge _ _ some117); named).
  assert (fact118 : 0 <= G * s + P).
  { apply (certified_ge (1)
      (P + s * G)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact119 : 0 <= G * s).
  { apply (certified_ge (1)
      (s * G)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_profile_values (G * s + P)) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact118); named).
  destruct lemma as (at_partial & area_partial & some123 & some124 & some125).
  pose proof some123 as fact120.
  pose proof some124 as fact121.
  assert (fact122 : 0 <= at_partial) by (apply (same_ge _ _ some125); named).
  pose proof (cited_integral_comparison area area_partial at_P at_partial P (G * s + P)) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact119); named).
  feed lemma ltac:(exact fact79).
  feed lemma ltac:(exact fact120).
  feed lemma ltac:(exact fact58).
  feed lemma ltac:(exact fact121).
  destruct lemma as (some128 & some129).
  assert (fact126 : 0 <= G * at_P * s + area - area_partial) by (apply (same_ge _ _ some128); named).
  assert (fact127 : 0 <= - (G * at_partial * s) - area + area_partial) by (apply (same_ge _ _ some129); named).
  assert (fact130 : 0 <= - (area_partial * (- ((1 / 2) * beta * eta) + 1)) + c * (a0 - b)).
  { apply (certified_ge (c)
      (c * (- (area * (- ((1 / 2) * beta * eta) + 1)) + c * (- (a) + a0)) + c * (- ((1 / 2) * beta * eta) + 1) * (G * at_P * s + area - area_partial) + (- (G * at_P * c * s * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * b))
      ((a - b) * (c ^ 2 - 2))); [positive | signs | zeros | rational]. }
  assert (fact131 : 0 <= - (area_partial) + area_rho).
  { apply (certified_ge ((- ((1 / 2) * beta * eta) + 1))
      ((- (area_partial * (- ((1 / 2) * beta * eta) + 1)) + c * (a0 - b)) + c * b)
      (1 * (- (a0 * c) + area_rho * (- ((1 / 2) * beta * eta) + 1)))); [positive | signs | zeros | rational]. }
  pose proof (claim_integral_root (G * s + P) ball area_partial area_rho rho tau total) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact118); named).
  feed lemma ltac:(apply (same_ge _ _ fact46); named).
  feed lemma ltac:(apply (same_ge _ _ fact47); named).
  feed lemma ltac:(exact fact48).
  feed lemma ltac:(exact fact50).
  feed lemma ltac:(exact fact51).
  feed lemma ltac:(exact fact121).
  feed lemma ltac:(apply (same_gt _ _ fact52); named).
  feed lemma ltac:(apply (same_ge _ _ fact131); named).
  feed lemma ltac:(apply (same_ge _ _ fact49); named).
  destruct lemma as (some135 & some136 & some137).
  assert (fact132 : 0 <= - (G * s) - P + rho) by (apply (same_ge _ _ some135); named).
  assert (fact133 : 0 < tau) by (apply (same_gt _ _ some136); named).
  assert (fact134 : 0 < ball - rho) by (apply (same_gt _ _ some137); named).
  assert (fact138 : 0 < - (G * s) - P + ball).
  { apply (certified_gt (1)
      ((ball - rho) + (- (G * s) - P + rho))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact139 : 0 < s * (- ((1 / 2) * beta * s) + 1)).
  { apply (certified_gt (1)
      (s * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * s * (eta - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact140 : 0 < a0 + b).
  { apply (certified_gt (1)
      (a0 + b)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact141 : 0 < a0 - b).
  { apply (certified_gt ((a0 + b))
      ((s * (- ((1 / 2) * beta * s) + 1)) * G * G + (- (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) + (- (a) + a0) * (- (a) + a0) + 2 * (- (a) + a0) * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_continuation G P ball a a0 a1 b h s w w0 w1) as lemma.
  feed lemma ltac:(exact fact102).
  feed lemma ltac:(exact fact101).
  feed lemma ltac:(exact fact55).
  feed lemma ltac:(exact fact42).
  feed lemma ltac:(apply (same_gt _ _ fact138); named).
  feed lemma ltac:(apply (same_gt _ _ fact141); named).
  feed lemma ltac:(exact fact63).
  feed lemma ltac:(exact fact64).
  destruct lemma as (some146 & some147 & some148 & some149).
  pose proof some146 as fact142.
  pose proof some147 as fact143.
  pose proof some148 as fact144.
  assert (fact145 : a1 - b = 0) by (apply (same_eq _ _ some149); named).
  pose proof (claim_descent_rate G a a1 beta eta (tau ^ 2) h w) as lemma.
  feed lemma ltac:(exact fact41).
  feed lemma ltac:(exact fact143).
  feed lemma ltac:(apply (same_gt _ _ fact36); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact95); named).
  feed lemma ltac:(apply (same_ge _ _ fact69); named).
  feed lemma ltac:(apply (same_gt _ _ fact39); named).
  feed lemma ltac:(apply (same_ge _ _ fact94); named).
  destruct lemma as (some153 & some154 & some155).
  assert (fact150 : 0 <= - (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - a1 ^ 2) by (apply (same_ge _ _ some153); named).
  assert (fact151 : 0 <= h * (- ((1 / 2) * beta * h) + 1)) by (apply (same_ge _ _ some154); named).
  assert (fact152 : 0 <= a ^ 2 * (- (2 * h * tau ^ 2 * (- ((1 / 2) * beta * h) + 1)) + 1) - a1 ^ 2) by (apply (same_ge _ _ some155); named).
  pose proof (claim_potential_step G a a1 beta eta h (at_P * c)) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact60); named).
  feed lemma ltac:(apply (same_gt _ _ fact92); named).
  feed lemma ltac:(apply (same_ge _ _ fact65); named).
  feed lemma ltac:(apply (same_gt _ _ fact36); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact95); named).
  feed lemma ltac:(apply (same_ge _ _ fact69); named).
  feed lemma ltac:(apply (same_gt _ _ fact39); named).
  feed lemma ltac:(apply (same_ge _ _ fact93); named).
  feed lemma ltac:(apply (same_ge _ _ fact150); named).
  rename lemma into some157.
  assert (fact156 : 0 <= - (G * at_P * c * h * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * a1) by (apply (same_ge _ _ some157); named).
  assert (fact158 : 0 <= G * h + P).
  { apply (certified_ge (1)
      (P + h * G)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact159 : 0 <= G * h).
  { apply (certified_ge (1)
      (h * G)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_profile_values (G * h + P)) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact158); named).
  destruct lemma as (at_whole & area_too & some163 & some164 & some165).
  pose proof some163 as fact160.
  pose proof some164 as fact161.
  assert (fact162 : 0 <= at_whole) by (apply (same_ge _ _ some165); named).
  pose proof (cited_integral_comparison area area1 at_P at_whole P (G * h + P)) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact159); named).
  feed lemma ltac:(exact fact79).
  feed lemma ltac:(exact fact160).
  feed lemma ltac:(exact fact58).
  feed lemma ltac:(exact fact70).
  destruct lemma as (some168 & some169).
  assert (fact166 : 0 <= G * at_P * h + area - area1) by (apply (same_ge _ _ some168); named).
  assert (fact167 : 0 <= - (G * at_whole * h) - area + area1) by (apply (same_ge _ _ some169); named).
  assert (fact170 : 0 <= - (area1 * (- ((1 / 2) * beta * eta) + 1)) + c * (a0 - a1)).
  { apply (certified_ge (c)
      (c * (- (area * (- ((1 / 2) * beta * eta) + 1)) + c * (- (a) + a0)) + c * (- ((1 / 2) * beta * eta) + 1) * (G * at_P * h + area - area1) + (- (G * at_P * c * h * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * a1))
      ((a - a1) * (c ^ 2 - 2))); [positive | signs | zeros | rational]. }
  assert (fact171 : 0 <= - (area1) + area_rho).
  { apply (certified_ge ((- ((1 / 2) * beta * eta) + 1))
      ((- (area1 * (- ((1 / 2) * beta * eta) + 1)) + c * (a0 - a1)) + c * a1)
      (1 * (- (a0 * c) + area_rho * (- ((1 / 2) * beta * eta) + 1)))); [positive | signs | zeros | rational]. }
  pose proof (claim_integral_root (G * h + P) ball area1 area_rho rho tau total) as lemma.
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_ge _ _ fact158); named).
  feed lemma ltac:(apply (same_ge _ _ fact46); named).
  feed lemma ltac:(apply (same_ge _ _ fact47); named).
  feed lemma ltac:(exact fact48).
  feed lemma ltac:(exact fact50).
  feed lemma ltac:(exact fact51).
  feed lemma ltac:(exact fact70).
  feed lemma ltac:(apply (same_gt _ _ fact52); named).
  feed lemma ltac:(apply (same_ge _ _ fact171); named).
  feed lemma ltac:(apply (same_ge _ _ fact49); named).
  destruct lemma as (some175 & some176 & some177).
  assert (fact172 : 0 <= - (G * h) - P + rho) by (apply (same_ge _ _ some175); named).
  assert (fact173 : 0 < tau) by (apply (same_gt _ _ some176); named).
  assert (fact174 : 0 < ball - rho) by (apply (same_gt _ _ some177); named).
  assert (fact178 : 0 < a0 - a1).
  { apply (certified_gt (1)
      ((a0 - b))
      ((- 1) * (a1 - b))); [positive | signs | zeros | rational]. }
  assert (fact179 : 0 <= - (G * c * h * tau * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * a1).
  { apply (certified_ge (1)
      ((- (G * at_P * c * h * (- ((1 / 2) * beta * eta) + 1)) + 2 * a - 2 * a1) + h * G * (- ((1 / 2) * beta * eta) + 1) * c * (at_P - tau))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { exact fact142. }
  split.
  { exact fact144. }
  split.
  { apply (same_ge _ _ fact158); named. }
  split.
  { apply (same_ge _ _ fact170); named. }
  split.
  { apply (same_ge _ _ fact172); named. }
  split.
  { apply (same_ge _ _ fact152); named. }
  split.
  { apply (same_ge _ _ fact179); named. }
  apply (same_gt _ _ fact178); named.
Qed.

(** Theorem C: linear profile from a checkpoint *)
Theorem claim_theorem_c :
  forall (beta : R) (eta : R) (rho : R) (rho0 : R) (sig0 : R) (slope : R) (x : R),
  0 < sig0 ->
  0 < slope ->
  0 < slack beta eta ->
  0 < - (2 * rho0 * slope) + sig0 ^ 2 * slack beta eta ->
  - (rho0) + (- ((1 / 2) * rho ^ 2 * slope) + rho * sig0) * slack beta eta = 0 ->
  0 <= - (rho * slope) + sig0 ->
  0 < - (rho0) + (1 / 2) * sig0 ^ 2 * / slope * slack beta eta /\
  2 * rho0 * slope * / (slack beta eta) - sig0 ^ 2 + (- (rho * slope) + sig0) ^ 2 = 0 /\
  0 < - (2 * rho0 * slope * / (slack beta eta)) + sig0 ^ 2 /\
  0 <= sig0 ^ 2 - 4 * slope * x * (sig0 - slope * x).
Proof.
  intros beta eta rho rho0 sig0 slope x given1 given2 given3 given4 given5 given6.
  assert (fact7 : 0 < sig0) by (apply (same_gt _ _ given1); named).
  assert (fact8 : 0 < slope) by (apply (same_gt _ _ given2); named).
  assert (fact9 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given3); named).
  assert (fact10 : 0 < - (2 * rho0 * slope) + sig0 ^ 2 * (- ((1 / 2) * beta * eta) + 1)) by (apply (same_gt _ _ given4); named).
  assert (fact11 : - (rho0) + (- ((1 / 2) * beta * eta) + 1) * (- ((1 / 2) * rho ^ 2 * slope) + rho * sig0) = 0) by (apply (same_eq _ _ given5); named).
  assert (fact12 : 0 <= - (rho * slope) + sig0) by (apply (same_ge _ _ given6); named).
  assert (fact13 : 0 < - (rho0) + (1 / 2) * sig0 ^ 2 * / slope * (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_gt (slope)
      ((1 / 2) * (- (2 * rho0 * slope) + sig0 ^ 2 * (- ((1 / 2) * beta * eta) + 1)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact14 : 2 * rho0 * slope * / (- ((1 / 2) * beta * eta) + 1) - sig0 ^ 2 + (- (rho * slope) + sig0) ^ 2 = 0).
  { apply (certified_eq ((- ((1 / 2) * beta * eta) + 1))
      (0)
      ((- (2 * slope)) * (- (rho0) + (- ((1 / 2) * beta * eta) + 1) * (- ((1 / 2) * rho ^ 2 * slope) + rho * sig0)))); [positive | signs | zeros | rational]. }
  assert (fact15 : 0 < - (2 * rho0 * slope * / (- ((1 / 2) * beta * eta) + 1)) + sig0 ^ 2).
  { apply (certified_gt ((- ((1 / 2) * beta * eta) + 1))
      ((- (2 * rho0 * slope) + sig0 ^ 2 * (- ((1 / 2) * beta * eta) + 1)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact16 : 0 <= sig0 ^ 2 - 4 * slope * x * (sig0 - slope * x)).
  { apply (certified_ge (1)
      ((sig0 - 2 * slope * x) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_gt _ _ fact13); named. }
  split.
  { apply (same_eq _ _ fact14); named. }
  split.
  { apply (same_gt _ _ fact15); named. }
  apply (same_ge _ _ fact16); named.
Qed.

(** classical route, one step *)
Theorem claim_classical_step :
  forall (A : R) (G : R) (P : R) (ball : R) (a : R) (a0 : R) (a1 : R) (beta : R) (c : R) (delta : R) (ell : R) (eta : R) (h : R) (m : R) (mu : R) (w : T1) (w0 : T1) (w1 : T1),
  0 < mu ->
  0 < m ->
  m ^ 2 - 2 * mu = 0 ->
  0 < beta ->
  0 < eta ->
  0 < delta ->
  0 < a0 ->
  lambda_max_Hess_L_on_S beta ->
  L_is_PL_on_S_half mu ->
  the_square_root_of_L_is w0 a0 ->
  0 < c ->
  c ^ 2 - 2 = 0 ->
  0 <= 1 - delta ->
  0 <= - (beta * eta) + 1 ->
  0 <= beta - mu ->
  0 < ell ->
  the_spectral_norm_of_J_is ell ->
  0 < ball - a0 * c * / delta * ell * / mu * (sqrt (rate_classic mu eta delta) + 1) ->
  lies_in_S w ->
  the_distance_of_from_w_is w P ->
  0 <= - (a) + a0 ->
  0 <= A - a ->
  0 <= - (A) + a0 ->
  0 <= - (P) + c * / delta * ell * / mu * (- (A) + a0) * (sqrt (rate_classic mu eta delta) + 1) ->
  0 < a ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  grad_L w h w1 ->
  the_square_root_of_L_is w1 a1 ->
  0 <= G ->
  0 <= a ->
  0 <= a1 ->
  0 <= - (delta * eta) + h ->
  0 <= eta - h ->
  lies_in_S w1 /\
  the_distance_of_from_w_is w1 (G * h + P) /\
  0 <= a ^ 2 * rate_classic mu eta delta - a1 ^ 2 /\
  0 <= A * sqrt (rate_classic mu eta delta) - a1 /\
  0 <= - (A * sqrt (rate_classic mu eta delta)) + a0 /\
  0 <= - (G * h) - P + c * / delta * ell * / mu * (- (A * sqrt (rate_classic mu eta delta)) + a0) * (sqrt (rate_classic mu eta delta) + 1) /\
  0 <= - (G * h) + c * / delta * ell * / mu * (- (A * sqrt (rate_classic mu eta delta)) + A) * (sqrt (rate_classic mu eta delta) + 1) /\
  0 < a0 - a1.
Proof.
  intros A G P ball a a0 a1 beta c delta ell eta h m mu w w0 w1 given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17 given18 given19 given20 given21 given22 given23 given24 given25 given26 given27 given28 given29 given30 given31 given32 given33 given34.
  assert (fact35 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact36 : 0 < m) by (apply (same_gt _ _ given2); named).
  assert (fact37 : m ^ 2 - 2 * mu = 0) by (apply (same_eq _ _ given3); named).
  assert (fact38 : 0 < beta) by (apply (same_gt _ _ given4); named).
  assert (fact39 : 0 < eta) by (apply (same_gt _ _ given5); named).
  assert (fact40 : 0 < delta) by (apply (same_gt _ _ given6); named).
  assert (fact41 : 0 < a0) by (apply (same_gt _ _ given7); named).
  pose proof given8 as fact42.
  pose proof given9 as fact43.
  pose proof given10 as fact44.
  assert (fact45 : 0 < c) by (apply (same_gt _ _ given11); named).
  assert (fact46 : c ^ 2 - 2 = 0) by (apply (same_eq _ _ given12); named).
  assert (fact47 : 0 <= 1 - delta) by (apply (same_ge _ _ given13); named).
  assert (fact48 : 0 <= - (beta * eta) + 1) by (apply (same_ge _ _ given14); named).
  assert (fact49 : 0 <= beta - mu) by (apply (same_ge _ _ given15); named).
  assert (fact50 : 0 < ell) by (apply (same_gt _ _ given16); named).
  pose proof given17 as fact51.
  pose proof given19 as fact52.
  pose proof given20 as fact53.
  assert (fact54 : 0 <= - (a) + a0) by (apply (same_ge _ _ given21); named).
  assert (fact55 : 0 <= A - a) by (apply (same_ge _ _ given22); named).
  assert (fact56 : 0 <= - (A) + a0) by (apply (same_ge _ _ given23); named).
  assert (fact57 : 0 < a) by (apply (same_gt _ _ given25); named).
  pose proof given26 as fact58.
  pose proof given27 as fact59.
  pose proof given28 as fact60.
  pose proof given29 as fact61.
  assert (fact62 : 0 <= G) by (apply (same_ge _ _ given30); named).
  assert (fact63 : 0 <= a) by (apply (same_ge _ _ given31); named).
  assert (fact64 : 0 <= a1) by (apply (same_ge _ _ given32); named).
  assert (fact65 : 0 <= - (delta * eta) + h) by (apply (same_ge _ _ given33); named).
  assert (fact66 : 0 <= eta - h) by (apply (same_ge _ _ given34); named).
  assert (fact67 : 0 <= - (eta * mu) + 1).
  { apply (certified_ge (1)
      ((- (beta * eta) + 1) + eta * (beta - mu))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact68 : 0 <= - (delta * eta * mu) + 1).
  { apply (certified_ge (1)
      ((- (eta * mu) + 1) + mu * eta * (1 - delta))
      (0)); [positive | signs | zeros | rational]. }
  assert (some74 : 0 <= (- (delta * eta * mu) + 1)) by (apply (same_ge _ _ fact68); named).
  destruct (root_named (- (delta * eta * mu) + 1) some74) as (v & some73 & some71 & some72).
  assert (fact69 : 0 <= v) by (apply (same_ge _ _ some71); named).
  assert (fact70 : delta * eta * mu + v ^ 2 - 1 = 0) by (apply (same_eq _ _ some72); named).
  assert (fact75 : 0 < ball - a0 * c * / delta * ell * / mu * (v + 1)) by (apply (same_gt _ _ given18); named).
  assert (fact76 : 0 <= - (P) + c * / delta * ell * / mu * (- (A) + a0) * (v + 1)) by (apply (same_ge _ _ given24); named).
  assert (fact77 : 0 < delta * mu).
  { apply (certified_gt (1)
      (delta * mu)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact78 : 0 <= c * / delta * ell * / mu * (v + 1)).
  { apply (certified_ge (delta * mu)
      (c * ell + c * ell * v)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact79 : 0 < - ((1 / 2) * beta * eta) + 1).
  { apply (certified_gt (1)
      ((1 / 2) + (1 / 2) * (- (beta * eta) + 1))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_pl_at_a_point G a mu w) as lemma.
  feed lemma ltac:(exact fact43).
  feed lemma ltac:(exact fact52).
  feed lemma ltac:(exact fact58).
  feed lemma ltac:(exact fact59).
  rename lemma into some81.
  assert (fact80 : 0 <= G ^ 2 - 2 * a ^ 2 * mu) by (apply (same_ge _ _ some81); named).
  pose proof (cited_square_loss_gradient G a ell w) as lemma.
  feed lemma ltac:(exact fact51).
  feed lemma ltac:(exact fact52).
  feed lemma ltac:(exact fact58).
  feed lemma ltac:(exact fact59).
  rename lemma into some83.
  assert (fact82 : 0 <= - (G ^ 2) + 2 * a ^ 2 * ell ^ 2) by (apply (same_ge _ _ some83); named).
  assert (fact84 : 0 < 2 * a ^ 2 * mu).
  { apply (certified_gt (1)
      (2 * mu * a * a)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact85 : 0 <= G ^ 2 - a ^ 2 * m ^ 2).
  { apply (certified_ge (1)
      ((G ^ 2 - 2 * a ^ 2 * mu))
      ((- (a ^ 2)) * (m ^ 2 - 2 * mu))); [positive | signs | zeros | rational]. }
  assert (fact86 : 0 < a * m).
  { apply (certified_gt (1)
      (m * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (a * m) G) as lemma.
  feed lemma ltac:(apply (same_gt_ge _ _ fact86); named).
  feed lemma ltac:(apply (same_ge _ _ fact62); named).
  feed lemma ltac:(apply (same_ge _ _ fact85); named).
  rename lemma into some88.
  assert (fact87 : 0 <= G - a * m) by (apply (same_ge _ _ some88); named).
  assert (fact89 : 0 < G).
  { apply (certified_gt (1)
      ((a * m) + (G - a * m))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact90 : 0 <= - (G ^ 2) + a ^ 2 * c ^ 2 * ell ^ 2).
  { apply (certified_ge (1)
      ((- (G ^ 2) + 2 * a ^ 2 * ell ^ 2))
      ((a ^ 2 * ell ^ 2) * (c ^ 2 - 2))); [positive | signs | zeros | rational]. }
  assert (fact91 : 0 <= a * c * ell).
  { apply (certified_ge (1)
      (c * ell * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root G (a * c * ell)) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact62); named).
  feed lemma ltac:(apply (same_ge _ _ fact91); named).
  feed lemma ltac:(apply (same_ge _ _ fact90); named).
  rename lemma into some93.
  assert (fact92 : 0 <= - (G) + a * c * ell) by (apply (same_ge _ _ some93); named).
  assert (fact94 : 0 <= A * c * ell - G).
  { apply (certified_ge (1)
      ((- (G) + a * c * ell) + c * ell * (A - a))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact95 : 0 <= 1 - v ^ 2).
  { apply (certified_ge (1)
      (eta * delta * mu)
      ((- 1) * (delta * eta * mu + v ^ 2 - 1))); [positive | signs | zeros | rational]. }
  assert (fact96 : 0 <= 1).
  { apply (certified_ge (1)
      (1)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root v 1) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact69); named).
  feed lemma ltac:(apply (same_ge _ _ fact96); named).
  feed lemma ltac:(apply (same_ge _ _ fact95); named).
  rename lemma into some98.
  assert (fact97 : 0 <= 1 - v) by (apply (same_ge _ _ some98); named).
  assert (fact99 : - (A * c * ell * eta) + c * / delta * ell * / mu * (v + 1) * (- (A * v) + A) = 0).
  { apply (certified_eq (delta * mu)
      (0)
      ((- (A * c * ell)) * (delta * eta * mu + v ^ 2 - 1))); [positive | signs | zeros | rational]. }
  assert (fact100 : 0 < h).
  { apply (certified_gt (1)
      (eta * delta + (- (delta * eta) + h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact101 : 0 <= h).
  { apply (certified_ge (1)
      (h)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact102 : 0 <= h * (- ((1 / 2) * beta * h) + 1)).
  { apply (certified_ge (1)
      (h * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * h * (eta - h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact103 : 0 <= A * c * ell).
  { apply (certified_ge (1)
      ((a * c * ell) + c * ell * (A - a))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact104 : 0 <= - (G * h) + c * / delta * ell * / mu * (v + 1) * (- (A * v) + A)).
  { apply (certified_ge (1)
      (h * (A * c * ell - G) + (eta - h) * (A * c * ell))
      (1 * (- (A * c * ell * eta) + c * / delta * ell * / mu * (v + 1) * (- (A * v) + A)))); [positive | signs | zeros | rational]. }
  assert (fact105 : 0 <= A).
  { apply (certified_ge (1)
      (a + (A - a))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact106 : 0 <= A * v).
  { apply (certified_ge (1)
      (v * A)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact107 : 0 < - (P) + ball).
  { apply (certified_gt (1)
      ((ball - a0 * c * / delta * ell * / mu * (v + 1)) + (- (P) + c * / delta * ell * / mu * (- (A) + a0) * (v + 1)) + (c * / delta * ell * / mu * (v + 1)) * A)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_last_point G P ball a a0 h w w0) as lemma.
  feed lemma ltac:(exact fact52).
  feed lemma ltac:(exact fact58).
  feed lemma ltac:(exact fact59).
  feed lemma ltac:(exact fact53).
  feed lemma ltac:(apply (same_gt _ _ fact107); named).
  feed lemma ltac:(apply (same_gt _ _ fact89); named).
  feed lemma ltac:(apply (same_gt _ _ fact100); named).
  feed lemma ltac:(apply (same_ge _ _ fact54); named).
  feed lemma ltac:(exact fact44).
  destruct lemma as (s & b & some113 & some114 & some115 & some116 & some117).
  assert (fact108 : 0 < s) by (apply (same_gt _ _ some113); named).
  assert (fact109 : 0 <= h - s) by (apply (same_ge _ _ some114); named).
  assert (fact110 : 0 <= b) by (apply (same_ge _ _ some115); named).
  pose proof some116 as fact111.
  pose proof some117 as fact112.
  assert (fact118 : 0 <= eta - s).
  { apply (certified_ge (1)
      ((eta - h) + (h - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact119 : 0 <= s).
  { apply (certified_ge (1)
      (s)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_descent_rate G a b beta eta mu s w) as lemma.
  feed lemma ltac:(exact fact42).
  feed lemma ltac:(exact fact111).
  feed lemma ltac:(apply (same_gt _ _ fact38); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact108); named).
  feed lemma ltac:(apply (same_ge _ _ fact118); named).
  feed lemma ltac:(apply (same_gt _ _ fact79); named).
  feed lemma ltac:(apply (same_ge _ _ fact80); named).
  destruct lemma as (some123 & some124 & some125).
  assert (fact120 : 0 <= - (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) by (apply (same_ge _ _ some123); named).
  assert (fact121 : 0 <= s * (- ((1 / 2) * beta * s) + 1)) by (apply (same_ge _ _ some124); named).
  assert (fact122 : 0 <= a ^ 2 * (- (2 * mu * s * (- ((1 / 2) * beta * s) + 1)) + 1) - b ^ 2) by (apply (same_ge _ _ some125); named).
  assert (fact126 : 0 < - (G * s) - P + ball).
  { apply (certified_gt (1)
      ((ball - a0 * c * / delta * ell * / mu * (v + 1)) + (- (P) + c * / delta * ell * / mu * (- (A) + a0) * (v + 1)) + (- (G * h) + c * / delta * ell * / mu * (v + 1) * (- (A * v) + A)) + (h - s) * G + (c * / delta * ell * / mu * (v + 1)) * (A * v))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact127 : 0 < s * (- ((1 / 2) * beta * s) + 1)).
  { apply (certified_gt (1)
      (s * (- ((1 / 2) * beta * eta) + 1) + (1 / 2) * beta * s * (eta - s))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact128 : 0 < a0 + b).
  { apply (certified_gt (1)
      (a0 + b)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact129 : 0 < a0 - b).
  { apply (certified_gt ((a0 + b))
      ((s * (- ((1 / 2) * beta * s) + 1)) * G * G + (- (G ^ 2 * s * (- ((1 / 2) * beta * s) + 1)) + a ^ 2 - b ^ 2) + (- (a) + a0) * (- (a) + a0) + 2 * (- (a) + a0) * a)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_continuation G P ball a a0 a1 b h s w w0 w1) as lemma.
  feed lemma ltac:(exact fact112).
  feed lemma ltac:(exact fact111).
  feed lemma ltac:(exact fact53).
  feed lemma ltac:(exact fact44).
  feed lemma ltac:(apply (same_gt _ _ fact126); named).
  feed lemma ltac:(apply (same_gt _ _ fact129); named).
  feed lemma ltac:(exact fact60).
  feed lemma ltac:(exact fact61).
  destruct lemma as (some134 & some135 & some136 & some137).
  pose proof some134 as fact130.
  pose proof some135 as fact131.
  pose proof some136 as fact132.
  assert (fact133 : a1 - b = 0) by (apply (same_eq _ _ some137); named).
  pose proof (claim_descent_rate G a a1 beta eta mu h w) as lemma.
  feed lemma ltac:(exact fact42).
  feed lemma ltac:(exact fact131).
  feed lemma ltac:(apply (same_gt _ _ fact38); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact100); named).
  feed lemma ltac:(apply (same_ge _ _ fact66); named).
  feed lemma ltac:(apply (same_gt _ _ fact79); named).
  feed lemma ltac:(apply (same_ge _ _ fact80); named).
  destruct lemma as (some141 & some142 & some143).
  assert (fact138 : 0 <= - (G ^ 2 * h * (- ((1 / 2) * beta * h) + 1)) + a ^ 2 - a1 ^ 2) by (apply (same_ge _ _ some141); named).
  assert (fact139 : 0 <= h * (- ((1 / 2) * beta * h) + 1)) by (apply (same_ge _ _ some142); named).
  assert (fact140 : 0 <= a ^ 2 * (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) - a1 ^ 2) by (apply (same_ge _ _ some143); named).
  assert (fact144 : 0 <= - (beta * h) + 1).
  { apply (certified_ge (1)
      ((- (beta * eta) + 1) + beta * (eta - h))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact145 : 0 <= a ^ 2 * (- (delta * eta * mu) + 1) - a1 ^ 2).
  { apply (certified_ge (1)
      ((a ^ 2 * (- (2 * h * mu * (- ((1 / 2) * beta * h) + 1)) + 1) - a1 ^ 2) + mu * (- (delta * eta) + h) * a ^ 2 + mu * h * (- (beta * h) + 1) * a ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact146 : 0 <= A ^ 2 * v ^ 2 - a1 ^ 2).
  { apply (certified_ge (1)
      ((a ^ 2 * (- (delta * eta * mu) + 1) - a1 ^ 2) + (A - a) * (A - a) * v ^ 2 + 2 * (A - a) * a * v ^ 2)
      ((a ^ 2) * (delta * eta * mu + v ^ 2 - 1))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root a1 (A * v)) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact64); named).
  feed lemma ltac:(apply (same_ge _ _ fact106); named).
  feed lemma ltac:(apply (same_ge _ _ fact146); named).
  rename lemma into some148.
  assert (fact147 : 0 <= A * v - a1) by (apply (same_ge _ _ some148); named).
  assert (fact149 : 0 <= - (G * h) - P + c * / delta * ell * / mu * (v + 1) * (- (A * v) + a0)).
  { apply (certified_ge (1)
      ((- (P) + c * / delta * ell * / mu * (- (A) + a0) * (v + 1)) + (- (G * h) + c * / delta * ell * / mu * (v + 1) * (- (A * v) + A)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact150 : 0 < a0 - a1).
  { apply (certified_gt (1)
      ((a0 - b))
      ((- 1) * (a1 - b))); [positive | signs | zeros | rational]. }
  assert (fact151 : 0 <= - (A * v) + a0).
  { apply (certified_ge (1)
      ((- (A) + a0) + A * (1 - v))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { exact fact130. }
  split.
  { exact fact132. }
  split.
  { apply (same_ge _ _ fact145); named. }
  split.
  { apply (same_ge _ _ fact147); named. }
  split.
  { apply (same_ge _ _ fact151); named. }
  split.
  { apply (same_ge _ _ fact149); named. }
  split.
  { apply (same_ge _ _ fact104); named. }
  apply (same_gt _ _ fact150); named.
Qed.

(** R* <= R_classic and R_A < 2 R_classic *)
Theorem claim_radii :
  forall (L0 : R) (beta : R) (delta : R) (ell : R) (eta : R) (mu : R),
  0 < mu ->
  0 < beta ->
  0 <= beta - mu ->
  0 < eta ->
  0 <= - (beta * eta) + 1 ->
  0 < delta ->
  0 < 1 - delta ->
  0 < ell ->
  0 <= ell ^ 2 - mu ->
  0 < L0 ->
  0 <= radius_classic L0 mu eta delta ell - radius_tight L0 mu beta eta /\
  0 < 2 * radius_classic L0 mu eta delta ell - radius_sharp L0 mu beta eta.
Proof.
  intros L0 beta delta ell eta mu given1 given2 given3 given4 given5 given6 given7 given8 given9 given10.
  assert (fact11 : 0 < mu) by (apply (same_gt _ _ given1); named).
  assert (fact12 : 0 < beta) by (apply (same_gt _ _ given2); named).
  assert (fact13 : 0 <= beta - mu) by (apply (same_ge _ _ given3); named).
  assert (fact14 : 0 < eta) by (apply (same_gt _ _ given4); named).
  assert (fact15 : 0 <= - (beta * eta) + 1) by (apply (same_ge _ _ given5); named).
  assert (fact16 : 0 < delta) by (apply (same_gt _ _ given6); named).
  assert (fact17 : 0 < 1 - delta) by (apply (same_gt _ _ given7); named).
  assert (fact18 : 0 < ell) by (apply (same_gt _ _ given8); named).
  assert (fact19 : 0 <= ell ^ 2 - mu) by (apply (same_ge _ _ given9); named).
  assert (fact20 : 0 < L0) by (apply (same_gt _ _ given10); named).
  assert (fact21 : 0 < - ((1 / 2) * beta * eta) + 1).
  { apply (certified_gt (1)
      ((1 / 2) + (1 / 2) * (- (beta * eta) + 1))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_tight_contraction beta eta mu) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact11); named).
  feed lemma ltac:(apply (same_gt _ _ fact12); named).
  feed lemma ltac:(apply (same_ge _ _ fact13); named).
  rename lemma into some23.
  assert (fact22 : 0 <= - (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1) by (apply (same_ge _ _ some23); named).
  assert (some29 : 0 <= (- (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1)) by (apply (same_ge _ _ fact22); named).
  destruct (root_named (- (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1)) + 1) some29) as (u & some28 & some26 & some27).
  assert (fact24 : 0 <= u) by (apply (same_ge _ _ some26); named).
  assert (fact25 : 2 * eta * mu * (- ((1 / 2) * beta * eta) + 1) + u ^ 2 - 1 = 0) by (apply (same_eq _ _ some27); named).
  assert (fact30 : 0 <= - (eta * mu) + 1).
  { apply (certified_ge (1)
      ((- (beta * eta) + 1) + eta * (beta - mu))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact31 : 0 <= - (delta * eta * mu) + 1).
  { apply (certified_ge (1)
      (mu * eta * (1 - delta) + (- (eta * mu) + 1))
      (0)); [positive | signs | zeros | rational]. }
  assert (some37 : 0 <= (- (delta * eta * mu) + 1)) by (apply (same_ge _ _ fact31); named).
  destruct (root_named (- (delta * eta * mu) + 1) some37) as (v & some36 & some34 & some35).
  assert (fact32 : 0 <= v) by (apply (same_ge _ _ some34); named).
  assert (fact33 : delta * eta * mu + v ^ 2 - 1 = 0) by (apply (same_eq _ _ some35); named).
  assert (fact38 : 0 <= - (u ^ 2) + v ^ 2).
  { apply (certified_ge (1)
      (mu * eta * (1 - delta) + mu * eta * (- (beta * eta) + 1))
      (1 * (delta * eta * mu + v ^ 2 - 1) + (- 1) * (2 * eta * mu * (- ((1 / 2) * beta * eta) + 1) + u ^ 2 - 1))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root u v) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact24); named).
  feed lemma ltac:(apply (same_ge _ _ fact32); named).
  feed lemma ltac:(apply (same_ge _ _ fact38); named).
  rename lemma into some40.
  assert (fact39 : 0 <= - (u) + v) by (apply (same_ge _ _ some40); named).
  assert (fact41 : 0 <= 2 * L0 * / mu).
  { apply (certified_ge (mu)
      (2 * L0)
      (0)); [positive | signs | zeros | rational]. }
  assert (some47 : 0 <= (2 * L0 * / mu)) by (apply (same_ge _ _ fact41); named).
  destruct (root_named (2 * L0 * / mu) some47) as (z & some46 & some44 & some45).
  assert (fact42 : 0 <= z) by (apply (same_ge _ _ some44); named).
  assert (fact43 : - (2 * L0 * / mu) + z ^ 2 = 0) by (apply (same_eq _ _ some45); named).
  assert (fact48 : 0 <= (1 / 2) * L0 * / mu).
  { apply (certified_ge (mu)
      ((1 / 2) * L0)
      (0)); [positive | signs | zeros | rational]. }
  assert (some54 : 0 <= ((1 / 2) * L0 * / mu)) by (apply (same_ge _ _ fact48); named).
  destruct (root_named ((1 / 2) * L0 * / mu) some54) as (t & some53 & some51 & some52).
  assert (fact49 : 0 <= t) by (apply (same_ge _ _ some51); named).
  assert (fact50 : - ((1 / 2) * L0 * / mu) + t ^ 2 = 0) by (apply (same_eq _ _ some52); named).
  assert (fact55 : 0 <= 2 * L0).
  { apply (certified_ge (1)
      (2 * L0)
      (0)); [positive | signs | zeros | rational]. }
  assert (some61 : 0 <= (2 * L0)) by (apply (same_ge _ _ fact55); named).
  destruct (root_named (2 * L0) some61) as (wide & some60 & some58 & some59).
  assert (fact56 : 0 <= wide) by (apply (same_ge _ _ some58); named).
  assert (fact57 : - (2 * L0) + wide ^ 2 = 0) by (apply (same_eq _ _ some59); named).
  assert (fact62 : - (4 * t ^ 2) + z ^ 2 = 0).
  { apply (certified_eq (1)
      (0)
      (1 * (- (2 * L0 * / mu) + z ^ 2) + (- 4) * (- ((1 / 2) * L0 * / mu) + t ^ 2))); [positive | signs | zeros | rational]. }
  assert (fact63 : 0 <= 2 * t).
  { apply (certified_ge (1)
      (2 * t)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (2 * t) z) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact63); named).
  feed lemma ltac:(apply (same_ge _ _ fact42); named).
  feed lemma ltac:(apply (same_eq_ge _ _ fact62); named).
  rename lemma into some65.
  assert (fact64 : 0 <= - (2 * t) + z) by (apply (same_ge _ _ some65); named).
  assert (fact66 : 0 <= mu * z).
  { apply (certified_ge (1)
      (mu * z)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact67 : 0 <= ell * wide).
  { apply (certified_ge (1)
      (ell * wide)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact68 : 0 <= ell ^ 2 * wide ^ 2 - mu ^ 2 * z ^ 2).
  { apply (certified_ge (1)
      (2 * L0 * (ell ^ 2 - mu))
      ((ell ^ 2) * (- (2 * L0) + wide ^ 2) + (- (mu ^ 2)) * (- (2 * L0 * / mu) + z ^ 2))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (mu * z) (ell * wide)) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact66); named).
  feed lemma ltac:(apply (same_ge _ _ fact67); named).
  feed lemma ltac:(apply (same_ge _ _ fact68); named).
  rename lemma into some70.
  assert (fact69 : 0 <= ell * wide - mu * z) by (apply (same_ge _ _ some70); named).
  assert (fact71 : 0 <= / delta * ell * / mu * wide * (v + 1) - / delta * z * (v + 1)).
  { apply (certified_ge (delta * mu)
      ((ell * wide - mu * z) + v * (ell * wide - mu * z))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact72 : 0 <= - (z * (v + 1)) + / delta * z * (v + 1)).
  { apply (certified_ge (delta)
      (z * (1 - delta) + z * (1 - delta) * v)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact73 : 0 <= - (t * (u + 1) * / (- ((1 / 2) * beta * eta) + 1)) + z * (v + 1)).
  { apply (certified_ge ((- ((1 / 2) * beta * eta) + 1))
      ((- ((1 / 2) * beta * eta) + 1) * z * (- (u) + v) + (- ((1 / 2) * beta * eta) + 1) * (- (2 * t) + z) + (- ((1 / 2) * beta * eta) + 1) * (- (2 * t) + z) * u + t * (- (beta * eta) + 1) + t * (- (beta * eta) + 1) * u)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact74 : 0 <= - (t * (u + 1) * / (- ((1 / 2) * beta * eta) + 1)) + / delta * ell * / mu * wide * (v + 1)).
  { apply (certified_ge (1)
      ((/ delta * ell * / mu * wide * (v + 1) - / delta * z * (v + 1)) + (- (z * (v + 1)) + / delta * z * (v + 1)) + (- (t * (u + 1) * / (- ((1 / 2) * beta * eta) + 1)) + z * (v + 1)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact75 : 0 < z ^ 2).
  { apply (certified_gt (mu)
      (2 * L0)
      (mu * (- (2 * L0 * / mu) + z ^ 2))); [positive | signs | zeros | rational]. }
  assert (both : 0 < z).
  {
    destruct (Rle_lt_dec 0 (- (z))) as [fact76 | some81].
    {
      assert (fact77 : 0 < z).
      { apply (certified_gt ((z ^ 2))
          ((z ^ 2) + (- (z)) * z + (z ^ 2) * z)
          (0)); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact77); named.
    }
    {
      assert (fact78 : 0 < z) by lra.
      assert (fact79 : 0 < z).
      { apply (certified_gt (1)
          (z)
          (0)); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact78); named.
    }
  }
  rename both into fact80.
  assert (fact82 : 0 < - (z * / (- ((1 / 2) * beta * eta) + 1)) + 2 * / delta * ell * / mu * wide * (v + 1)).
  { apply (certified_gt ((- ((1 / 2) * beta * eta) + 1) * delta)
      (z * (1 - delta) + 2 * (- ((1 / 2) * beta * eta) + 1) * delta * (/ delta * ell * / mu * wide * (v + 1) - / delta * z * (v + 1)) + 2 * (- ((1 / 2) * beta * eta) + 1) * z * v + z * (- (beta * eta) + 1))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact74); named. }
  apply (same_gt _ _ fact82); named.
Qed.

(** LZB22 Theorem 6: constants of gradient descent *)
Theorem claim_lzb22_theorem6 :
  forall (ball : R) (ell : R) (eta : R) (k : R) (mu : R) (rho0 : R),
  0 < ell ->
  0 <= k ->
  0 < rho0 ->
  0 < mu ->
  0 <= ell ^ 2 - mu ->
  0 < eta ->
  0 < smoothness rho0 ell k ->
  0 <= - (eta) + max_step_gradient_descent rho0 ell k ->
  ball - radius_gradient_descent rho0 mu ell = 0 ->
  the_spectral_norm_of_J_is ell ->
  the_spectral_norm_of_DJ_is k ->
  the_residual_at_w_has_norm rho0 ->
  lambda_max_Hess_L_on_S (smoothness rho0 ell k) /\
  0 <= - (eta * smoothness rho0 ell k) + 1 /\
  0 <= - (mu) + smoothness rho0 ell k /\
  0 < ball - radius_classic ((1 / 2) * rho0 ^ 2) mu eta 1 ell.
Proof.
  intros ball ell eta k mu rho0 given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12.
  assert (fact13 : 0 < ell) by (apply (same_gt _ _ given1); named).
  assert (fact14 : 0 <= k) by (apply (same_ge _ _ given2); named).
  assert (fact15 : 0 < rho0) by (apply (same_gt _ _ given3); named).
  assert (fact16 : 0 < mu) by (apply (same_gt _ _ given4); named).
  assert (fact17 : 0 <= ell ^ 2 - mu) by (apply (same_ge _ _ given5); named).
  assert (fact18 : 0 < eta) by (apply (same_gt _ _ given6); named).
  assert (fact19 : 0 < ell ^ 2 + k * rho0) by (apply (same_gt _ _ given7); named).
  assert (fact20 : 0 <= - (eta) + / (ell ^ 2 + k * rho0)) by (apply (same_ge _ _ given8); named).
  assert (fact21 : ball - 2 * ell * / mu * rho0 = 0) by (apply (same_eq _ _ given9); named).
  pose proof given10 as fact22.
  pose proof given11 as fact23.
  pose proof given12 as fact24.
  assert (fact25 : 0 <= 0).
  { apply (certified_ge (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_square_loss_curvature ell k rho0 (smoothness rho0 ell k)) as lemma.
  feed lemma ltac:(exact fact22).
  feed lemma ltac:(exact fact23).
  feed lemma ltac:(exact fact24).
  feed lemma ltac:(apply (same_ge _ _ fact25); named).
  rename lemma into some27.
  pose proof some27 as fact26.
  assert (fact28 : 0 <= - (eta * (ell ^ 2 + k * rho0)) + 1).
  { apply (certified_ge (1)
      ((ell ^ 2 + k * rho0) * (- (eta) + / (ell ^ 2 + k * rho0)))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact29 : 0 <= ell ^ 2 + k * rho0 - mu).
  { apply (certified_ge (1)
      ((ell ^ 2 - mu) + rho0 * k)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact30 : 0 <= - (eta * mu) + 1).
  { apply (certified_ge (1)
      ((- (eta * (ell ^ 2 + k * rho0)) + 1) + eta * (ell ^ 2 + k * rho0 - mu))
      (0)); [positive | signs | zeros | rational]. }
  assert (some36 : 0 <= (- (eta * mu) + 1)) by (apply (same_ge _ _ fact30); named).
  destruct (root_named (- (eta * mu) + 1) some36) as (v & some35 & some33 & some34).
  assert (fact31 : 0 <= v) by (apply (same_ge _ _ some33); named).
  assert (fact32 : eta * mu + v ^ 2 - 1 = 0) by (apply (same_eq _ _ some34); named).
  assert (fact37 : 0 <= 1).
  { apply (certified_ge (1)
      (1)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact38 : 0 <= 1 - v ^ 2).
  { apply (certified_ge (1)
      (eta * mu)
      ((- 1) * (eta * mu + v ^ 2 - 1))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root v 1) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact37); named).
  feed lemma ltac:(apply (same_ge _ _ fact38); named).
  rename lemma into some40.
  assert (fact39 : 0 <= 1 - v) by (apply (same_ge _ _ some40); named).
  assert (fact41 : 0 < v + 1).
  { apply (certified_gt (1)
      (1 + v)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact42 : 0 < 1 - v).
  { apply (certified_gt ((v + 1))
      (eta * mu)
      ((- 1) * (eta * mu + v ^ 2 - 1))); [positive | signs | zeros | rational]. }
  assert (fact43 : 0 <= rho0 ^ 2).
  { apply (certified_ge (1)
      (rho0 ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (some49 : 0 <= (rho0 ^ 2)) by (apply (same_ge _ _ fact43); named).
  destruct (root_named (rho0 ^ 2) some49) as (u & some48 & some46 & some47).
  assert (fact44 : 0 <= u) by (apply (same_ge _ _ some46); named).
  assert (fact45 : - (rho0 ^ 2) + u ^ 2 = 0) by (apply (same_eq _ _ some47); named).
  assert (fact50 : 0 <= rho0).
  { apply (certified_ge (1)
      (rho0)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact51 : rho0 ^ 2 - u ^ 2 = 0).
  { apply (certified_eq (1)
      (0)
      ((- 1) * (- (rho0 ^ 2) + u ^ 2))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root u rho0) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact44); named).
  feed lemma ltac:(apply (same_gt_ge _ _ fact15); named).
  feed lemma ltac:(apply (same_eq_ge _ _ fact51); named).
  rename lemma into some53.
  assert (fact52 : 0 <= rho0 - u) by (apply (same_ge _ _ some53); named).
  assert (fact54 : 0 < ball - ell * / mu * u * (v + 1)).
  { apply (certified_gt (mu)
      (ell * rho0 * (1 - v) + ell * (rho0 - u) * (v + 1))
      (mu * (ball - 2 * ell * / mu * rho0))); [positive | signs | zeros | rational]. }
  split.
  { exact fact26. }
  split.
  { apply (same_ge _ _ fact28); named. }
  split.
  { apply (same_ge _ _ fact29); named. }
  apply (same_gt _ _ fact54); named.
Qed.

(** h >= eta delta_eff where |grad L| <= bound *)
Theorem claim_delta_effective :
  forall (G : R) (bound : R) (delta : R) (eta : R) (gamma : R),
  0 < eta ->
  0 < gamma ->
  0 <= delta ->
  0 <= 1 - delta ->
  0 < G ->
  0 <= - (G) + bound ->
  0 <= - (eta * effective_delta gamma delta bound) + step_size eta gamma delta G.
Proof.
  intros G bound delta eta gamma given1 given2 given3 given4 given5 given6.
  assert (fact7 : 0 < eta) by (apply (same_gt _ _ given1); named).
  assert (fact8 : 0 < gamma) by (apply (same_gt _ _ given2); named).
  assert (fact9 : 0 <= delta) by (apply (same_ge _ _ given3); named).
  assert (fact10 : 0 <= 1 - delta) by (apply (same_ge _ _ given4); named).
  assert (fact11 : 0 < G) by (apply (same_gt _ _ given5); named).
  assert (fact12 : 0 <= - (G) + bound) by (apply (same_ge _ _ given6); named).
  assert (fact13 : 0 < bound).
  { apply (certified_gt (1)
      (G + (- (G) + bound))
      (0)); [positive | signs | zeros | rational]. }
  destruct (greatest_named delta (/ G * gamma)) as (inner & some20 & some17 & some18 & some19).
  assert (fact14 : 0 <= - (delta) + inner) by (apply (same_ge _ _ some17); named).
  assert (fact15 : 0 <= inner - / G * gamma) by (apply (same_ge _ _ some18); named).
  assert (fact16 : (- (delta) + inner) * (inner - / G * gamma) = 0) by (apply (same_eq _ _ some19); named).
  destruct (least_named 1 inner) as (clipped & some27 & some24 & some25 & some26).
  assert (fact21 : 0 <= 1 - clipped) by (apply (same_ge _ _ some24); named).
  assert (fact22 : 0 <= - (clipped) + inner) by (apply (same_ge _ _ some25); named).
  assert (fact23 : (clipped - 1) * (clipped - inner) = 0) by (apply (same_eq _ _ some26); named).
  destruct (least_named 1 (/ bound * gamma)) as (plain & some34 & some31 & some32 & some33).
  assert (fact28 : 0 <= 1 - plain) by (apply (same_ge _ _ some31); named).
  assert (fact29 : 0 <= - (plain) + / bound * gamma) by (apply (same_ge _ _ some32); named).
  assert (fact30 : (plain - 1) * (plain - / bound * gamma) = 0) by (apply (same_eq _ _ some33); named).
  destruct (greatest_named delta plain) as (effective & some41 & some38 & some39 & some40).
  assert (fact35 : 0 <= - (delta) + effective) by (apply (same_ge _ _ some38); named).
  assert (fact36 : 0 <= effective - plain) by (apply (same_ge _ _ some39); named).
  assert (fact37 : (- (delta) + effective) * (effective - plain) = 0) by (apply (same_eq _ _ some40); named).
  assert (fact42 : 0 <= - (/ bound * gamma) + / G * gamma).
  { apply (certified_ge (G * bound)
      (gamma * (- (G) + bound))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact43 : 0 <= inner - plain).
  { apply (certified_ge (1)
      ((inner - / G * gamma) + (- (/ bound * gamma) + / G * gamma) + (- (plain) + / bound * gamma))
      (0)); [positive | signs | zeros | rational]. }
  assert (both : 0 <= clipped - effective).
  {
    destruct (Rmult_integral (- (delta) + effective) (effective - plain)) as [fact44 | fact50].
    { apply (same_eq _ _ fact37); rational. }
    {
      assert (both : 0 <= clipped - effective).
      {
        destruct (Rmult_integral (clipped - 1) (clipped - inner)) as [fact45 | fact47].
        { apply (same_eq _ _ fact23); rational. }
        {
          assert (fact46 : 0 <= clipped - effective).
          { apply (certified_ge (1)
              ((1 - delta))
              (1 * (clipped - 1) + (- 1) * (- (delta) + effective))); [positive | signs | zeros | rational]. }
          apply (same_ge _ _ fact46); named.
        }
        {
          assert (fact48 : 0 <= clipped - effective).
          { apply (certified_ge (1)
              ((- (delta) + inner))
              (1 * (clipped - inner) + (- 1) * (- (delta) + effective))); [positive | signs | zeros | rational]. }
          apply (same_ge _ _ fact48); named.
        }
      }
      rename both into fact49.
      apply (same_ge _ _ fact49); named.
    }
    {
      assert (both : 0 <= clipped - effective).
      {
        destruct (Rmult_integral (clipped - 1) (clipped - inner)) as [fact51 | fact53].
        { apply (same_eq _ _ fact23); rational. }
        {
          assert (fact52 : 0 <= clipped - effective).
          { apply (certified_ge (1)
              ((1 - plain))
              (1 * (clipped - 1) + (- 1) * (effective - plain))); [positive | signs | zeros | rational]. }
          apply (same_ge _ _ fact52); named.
        }
        {
          assert (fact54 : 0 <= clipped - effective).
          { apply (certified_ge (1)
              ((inner - plain))
              (1 * (clipped - inner) + (- 1) * (effective - plain))); [positive | signs | zeros | rational]. }
          apply (same_ge _ _ fact54); named.
        }
      }
      rename both into fact55.
      apply (same_ge _ _ fact55); named.
    }
  }
  rename both into fact56.
  assert (fact57 : 0 <= clipped * eta - effective * eta).
  { apply (certified_ge (1)
      (eta * (clipped - effective))
      (0)); [positive | signs | zeros | rational]. }
  apply (same_ge _ _ fact57); named.
Qed.

(** GClip's rate vanishes, delta-GClip's does not *)
Theorem claim_gclip_vanishing :
  forall (delta : R) (eta : R) (gamma : R) (q : R) (x : R),
  0 < eta ->
  0 < 2 - eta ->
  0 < gamma ->
  0 < delta ->
  0 < 1 - delta ->
  0 < x ->
  0 < - (2 * eta * gamma) + x * (1 - q) ->
  0 < - (q) + (1 - step_size eta gamma 0 x) ^ 2 /\
  0 <= - ((1 - step_size eta gamma delta x) ^ 2) + rate 1 1 eta delta /\
  0 < 1 - rate 1 1 eta delta.
Proof.
  intros delta eta gamma q x given1 given2 given3 given4 given5 given6 given7.
  assert (fact8 : 0 < eta) by (apply (same_gt _ _ given1); named).
  assert (fact9 : 0 < 2 - eta) by (apply (same_gt _ _ given2); named).
  assert (fact10 : 0 < gamma) by (apply (same_gt _ _ given3); named).
  assert (fact11 : 0 < delta) by (apply (same_gt _ _ given4); named).
  assert (fact12 : 0 < 1 - delta) by (apply (same_gt _ _ given5); named).
  assert (fact13 : 0 < x) by (apply (same_gt _ _ given6); named).
  assert (fact14 : 0 < - (2 * eta * gamma) + x * (1 - q)) by (apply (same_gt _ _ given7); named).
  destruct (greatest_named 0 (gamma * / x)) as (inner & some21 & some18 & some19 & some20).
  assert (fact15 : 0 <= inner) by (apply (same_ge _ _ some18); named).
  assert (fact16 : 0 <= - (gamma * / x) + inner) by (apply (same_ge _ _ some19); named).
  assert (fact17 : inner * (- (gamma * / x) + inner) = 0) by (apply (same_eq _ _ some20); named).
  destruct (least_named 1 inner) as (clipped & some28 & some25 & some26 & some27).
  assert (fact22 : 0 <= 1 - clipped) by (apply (same_ge _ _ some25); named).
  assert (fact23 : 0 <= - (clipped) + inner) by (apply (same_ge _ _ some26); named).
  assert (fact24 : (clipped - 1) * (clipped - inner) = 0) by (apply (same_eq _ _ some27); named).
  assert (fact29 : 0 < gamma * / x).
  { apply (certified_gt (x)
      (gamma)
      (0)); [positive | signs | zeros | rational]. }
  assert (both : 0 <= gamma * / x - inner).
  {
    destruct (Rmult_integral inner (- (gamma * / x) + inner)) as [fact30 | fact32].
    { apply (same_eq _ _ fact17); rational. }
    {
      assert (fact31 : 0 <= gamma * / x - inner).
      { apply (certified_ge (1)
          ((gamma * / x))
          ((- 1) * inner)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact31); named.
    }
    {
      assert (fact33 : 0 <= gamma * / x - inner).
      { apply (certified_ge (1)
          (0)
          ((- 1) * (- (gamma * / x) + inner))); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact33); named.
    }
  }
  rename both into fact34.
  assert (fact35 : 0 <= - (clipped) + gamma * / x).
  { apply (certified_ge (1)
      ((- (clipped) + inner) + (gamma * / x - inner))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact36 : 0 < - (q) + (- (clipped * eta) + 1) ^ 2).
  { apply (certified_gt (x)
      ((- (2 * eta * gamma) + x * (1 - q)) + 2 * eta * (- (clipped) + gamma * / x) * x + x * (clipped * eta) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  destruct (greatest_named delta (gamma * / x)) as (inner_d & some43 & some40 & some41 & some42).
  assert (fact37 : 0 <= - (delta) + inner_d) by (apply (same_ge _ _ some40); named).
  assert (fact38 : 0 <= - (gamma * / x) + inner_d) by (apply (same_ge _ _ some41); named).
  assert (fact39 : (- (delta) + inner_d) * (- (gamma * / x) + inner_d) = 0) by (apply (same_eq _ _ some42); named).
  destruct (least_named 1 inner_d) as (clipped_d & some50 & some47 & some48 & some49).
  assert (fact44 : 0 <= 1 - clipped_d) by (apply (same_ge _ _ some47); named).
  assert (fact45 : 0 <= - (clipped_d) + inner_d) by (apply (same_ge _ _ some48); named).
  assert (fact46 : (clipped_d - 1) * (clipped_d - inner_d) = 0) by (apply (same_eq _ _ some49); named).
  destruct (least_named (delta * eta * (- ((1 / 2) * delta * eta) + 1)) (eta * (1 - (1 / 2) * eta))) as (worst & some57 & some54 & some55 & some56).
  assert (fact51 : 0 <= delta * eta * (- ((1 / 2) * delta * eta) + 1) - worst) by (apply (same_ge _ _ some54); named).
  assert (fact52 : 0 <= eta * (1 - (1 / 2) * eta) - worst) by (apply (same_ge _ _ some55); named).
  assert (fact53 : (- (eta * (1 - (1 / 2) * eta)) + worst) * (- (delta * eta * (- ((1 / 2) * delta * eta) + 1)) + worst) = 0) by (apply (same_eq _ _ some56); named).
  assert (fact58 : 0 < 1).
  { apply (certified_gt (1)
      (1)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact59 : 0 < 1 - (1 / 2) * eta).
  { apply (certified_gt (1)
      ((1 / 2) * (2 - eta))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_step_interval x delta eta gamma) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact8); named).
  feed lemma ltac:(apply (same_gt _ _ fact10); named).
  feed lemma ltac:(apply (same_gt _ _ fact11); named).
  feed lemma ltac:(apply (same_gt _ _ fact12); named).
  feed lemma ltac:(apply (same_gt _ _ fact13); named).
  destruct lemma as (some62 & some63).
  assert (fact60 : 0 <= clipped_d * eta - delta * eta) by (apply (same_ge _ _ some62); named).
  assert (fact61 : 0 <= - (clipped_d * eta) + eta) by (apply (same_ge _ _ some63); named).
  pose proof (claim_concave_minimum 1 delta eta (step_size eta gamma delta x) 1) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact58); named).
  feed lemma ltac:(apply (same_gt _ _ fact8); named).
  feed lemma ltac:(apply (same_gt _ _ fact11); named).
  feed lemma ltac:(apply (same_gt _ _ fact12); named).
  feed lemma ltac:(apply (same_gt _ _ fact58); named).
  feed lemma ltac:(apply (same_gt _ _ fact59); named).
  feed lemma ltac:(apply (same_ge _ _ fact60); named).
  feed lemma ltac:(apply (same_ge _ _ fact61); named).
  destruct lemma as (some67 & some68 & some69).
  assert (fact64 : 0 <= clipped_d * eta * (- ((1 / 2) * clipped_d * eta) + 1) - worst) by (apply (same_ge _ _ some67); named).
  assert (fact65 : 0 <= 2 * clipped_d * eta * (- ((1 / 2) * clipped_d * eta) + 1) - 2 * worst) by (apply (same_ge _ _ some68); named).
  assert (fact66 : 0 < 2 * worst) by (apply (same_gt _ _ some69); named).
  assert (fact70 : 0 <= - (2 * worst) - (- (clipped_d * eta) + 1) ^ 2 + 1).
  { apply (certified_ge (1)
      ((2 * clipped_d * eta * (- ((1 / 2) * clipped_d * eta) + 1) - 2 * worst))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_gt _ _ fact36); named. }
  split.
  { apply (same_ge _ _ fact65); named. }
  apply (same_gt _ _ fact66); named.
Qed.

(** forward recursion: dZ and dA *)
Theorem claim_perturbation_forward :
  forall (A_change : T2) (Atilde : T2) (Delta : T2) (W : T2) (ain : R) (ain1 : R) (bias : R) (dA : R) (dZ : R) (dact : R) (dbias : R) (dw : R) (kappa : R) (kdA : R) (left : R) (nA : R) (nD : R) (nW : R) (nW1 : R) (right : R) (s1 : R) (t : R) (tau : R) (wt : R),
  0 <= kappa ->
  0 <= - (nD) + t ->
  0 <= nD ->
  0 <= dA * kappa - kdA ->
  0 <= kdA ->
  0 <= nA ->
  0 <= nW1 ->
  0 <= nW ->
  0 <= dA ->
  0 <= s1 ->
  the_spectral_norm_of_is Atilde nA ->
  the_spectral_norm_of_is W nW ->
  the_spectral_norm_of_is (op_plus W Delta) nW1 ->
  the_Frobenius_norm_of_is Delta nD ->
  the_Frobenius_norm_of_is A_change kdA ->
  the_Frobenius_norm_of_is (op_times Atilde Delta) left ->
  the_Frobenius_norm_of_is (op_times A_change (op_plus W Delta)) right ->
  the_Frobenius_norm_of_is (op_plus (op_times Atilde Delta) (op_times A_change (op_plus W Delta))) dZ ->
  the_Frobenius_norm_of_the_change (op_plus (op_times Atilde Delta) (op_times A_change (op_plus W Delta))) dact ->
  the_modulus_of_f_prime_is s1 ->
  - (ain * dw * kappa) - ain * kappa * wt + ain1 * kappa * (dw + wt) - kappa * (- (ain) + ain1) * (dw + wt) = 0 /\
  - (bias * tau) - dbias * tau + tau * (bias + dbias) = 0 /\
  0 <= dA * kappa * (nW + t) - dZ + nA * t /\
  0 <= - (dact) + s1 * (dA * kappa * (nW + t) + nA * t).
Proof.
  intros A_change Atilde Delta W ain ain1 bias dA dZ dact dbias dw kappa kdA left nA nD nW nW1 right s1 t tau wt given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17 given18 given19 given20.
  assert (fact21 : 0 <= kappa) by (apply (same_ge _ _ given1); named).
  assert (fact22 : 0 <= - (nD) + t) by (apply (same_ge _ _ given2); named).
  assert (fact23 : 0 <= nD) by (apply (same_ge _ _ given3); named).
  assert (fact24 : 0 <= dA * kappa - kdA) by (apply (same_ge _ _ given4); named).
  assert (fact25 : 0 <= kdA) by (apply (same_ge _ _ given5); named).
  assert (fact26 : 0 <= nA) by (apply (same_ge _ _ given6); named).
  assert (fact27 : 0 <= nW1) by (apply (same_ge _ _ given7); named).
  assert (fact28 : 0 <= nW) by (apply (same_ge _ _ given8); named).
  assert (fact29 : 0 <= dA) by (apply (same_ge _ _ given9); named).
  assert (fact30 : 0 <= s1) by (apply (same_ge _ _ given10); named).
  pose proof given11 as fact31.
  pose proof given12 as fact32.
  pose proof given13 as fact33.
  pose proof given14 as fact34.
  pose proof given15 as fact35.
  pose proof given16 as fact36.
  pose proof given17 as fact37.
  pose proof given18 as fact38.
  pose proof given19 as fact39.
  pose proof given20 as fact40.
  assert (fact41 : - (ain * dw * kappa) - ain * kappa * wt + ain1 * kappa * (dw + wt) - kappa * (- (ain) + ain1) * (dw + wt) = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact42 : - (bias * tau) - dbias * tau + tau * (bias + dbias) = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_frobenius_triangle (op_times Atilde Delta) (op_times A_change (op_plus W Delta)) left right dZ) as lemma.
  feed lemma ltac:(exact fact36).
  feed lemma ltac:(exact fact37).
  feed lemma ltac:(exact fact38).
  rename lemma into some44.
  assert (fact43 : 0 <= - (dZ) + left + right) by (apply (same_ge _ _ some44); named).
  pose proof (cited_frobenius_product_left Atilde Delta nA nD left) as lemma.
  feed lemma ltac:(exact fact31).
  feed lemma ltac:(exact fact34).
  feed lemma ltac:(exact fact36).
  rename lemma into some46.
  assert (fact45 : 0 <= - (left) + nA * nD) by (apply (same_ge _ _ some46); named).
  pose proof (cited_frobenius_product_right A_change (op_plus W Delta) kdA nW1 right) as lemma.
  feed lemma ltac:(exact fact35).
  feed lemma ltac:(exact fact33).
  feed lemma ltac:(exact fact37).
  rename lemma into some48.
  assert (fact47 : 0 <= kdA * nW1 - right) by (apply (same_ge _ _ some48); named).
  pose proof (cited_spectral_triangle W Delta nW nD nW1) as lemma.
  feed lemma ltac:(exact fact32).
  feed lemma ltac:(exact fact34).
  feed lemma ltac:(exact fact33).
  rename lemma into some50.
  assert (fact49 : 0 <= nD + nW - nW1) by (apply (same_ge _ _ some50); named).
  assert (fact51 : 0 <= t).
  { apply (certified_ge (1)
      ((- (nD) + t) + nD)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact52 : 0 <= nW - nW1 + t).
  { apply (certified_ge (1)
      ((nD + nW - nW1) + (- (nD) + t))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact53 : 0 <= dA * kappa * (nW + t) - dZ + nA * t).
  { apply (certified_ge (1)
      ((- (dZ) + left + right) + (- (left) + nA * nD) + nA * (- (nD) + t) + (kdA * nW1 - right) + kdA * (nW - nW1 + t) + (dA * kappa - kdA) * nW + (dA * kappa - kdA) * t)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_lipschitz_entries (op_plus (op_times Atilde Delta) (op_times A_change (op_plus W Delta))) dZ dact s1) as lemma.
  feed lemma ltac:(exact fact38).
  feed lemma ltac:(exact fact39).
  feed lemma ltac:(exact fact40).
  rename lemma into some55.
  assert (fact54 : 0 <= dZ * s1 - dact) by (apply (same_ge _ _ some55); named).
  assert (fact56 : 0 <= - (dact) + s1 * (dA * kappa * (nW + t) + nA * t)).
  { apply (certified_ge (1)
      ((dZ * s1 - dact) + s1 * (dA * kappa * (nW + t) - dZ + nA * t))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_eq _ _ fact41); named. }
  split.
  { apply (same_eq _ _ fact42); named. }
  split.
  { apply (same_ge _ _ fact53); named. }
  apply (same_ge _ _ fact56); named.
Qed.

(** backward recursion: dU and dB *)
Theorem claim_perturbation_backward :
  forall (B : T2) (B_change : T2) (Delta : T2) (W : T2) (b : R) (b1 : R) (dB1 : R) (dU : R) (dw : R) (e1 : R) (e2 : R) (kappa : R) (left : R) (nB : R) (nD : R) (nW : R) (nW1 : R) (right : R) (s2 : R) (slope : R) (slope1 : R) (t : R) (top : R) (u11 : R) (u12 : R) (u21 : R) (u22 : R) (up : R) (up1 : R) (wt : R) (z1 : R) (z2 : R),
  0 <= kappa ->
  0 <= - (nD) + t ->
  0 <= nB ->
  0 <= dB1 ->
  the_spectral_norm_of_is W nW ->
  the_spectral_norm_of_is (op_plus W Delta) nW1 ->
  the_Frobenius_norm_of_is Delta nD ->
  the_spectral_norm_of_is B nB ->
  the_Frobenius_norm_of_is B_change dB1 ->
  the_Frobenius_norm_of_is (op_times B_change (op_plus W Delta)) left ->
  the_Frobenius_norm_of_is (op_times B Delta) right ->
  the_Frobenius_norm_of_is (op_plus (op_times B_change (op_plus W Delta)) (op_times B Delta)) dU ->
  0 <= s2 ->
  0 <= - (e1 ^ 2) + s2 ^ 2 * z1 ^ 2 ->
  0 <= - (e2 ^ 2) + s2 ^ 2 * z2 ^ 2 ->
  0 <= top ^ 2 - u11 ^ 2 - u12 ^ 2 ->
  0 <= top ^ 2 - u21 ^ 2 - u22 ^ 2 ->
  - (b * dw) - b * wt + b1 * (dw + wt) - (- (b) + b1) * (dw + wt) = 0 /\
  - (slope * up) + slope1 * up1 - slope1 * (- (up) + up1) - up * (- (slope) + slope1) = 0 /\
  0 <= - (dU * kappa) + kappa * (dB1 * (nW + t) + nB * t) /\
  0 <= - (e1 ^ 2 * (u11 ^ 2 + u12 ^ 2)) - e2 ^ 2 * (u21 ^ 2 + u22 ^ 2) + s2 ^ 2 * top ^ 2 * (z1 ^ 2 + z2 ^ 2).
Proof.
  intros B B_change Delta W b b1 dB1 dU dw e1 e2 kappa left nB nD nW nW1 right s2 slope slope1 t top u11 u12 u21 u22 up up1 wt z1 z2 given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17.
  assert (fact18 : 0 <= kappa) by (apply (same_ge _ _ given1); named).
  assert (fact19 : 0 <= - (nD) + t) by (apply (same_ge _ _ given2); named).
  assert (fact20 : 0 <= nB) by (apply (same_ge _ _ given3); named).
  assert (fact21 : 0 <= dB1) by (apply (same_ge _ _ given4); named).
  pose proof given5 as fact22.
  pose proof given6 as fact23.
  pose proof given7 as fact24.
  pose proof given8 as fact25.
  pose proof given9 as fact26.
  pose proof given10 as fact27.
  pose proof given11 as fact28.
  pose proof given12 as fact29.
  assert (fact30 : 0 <= s2) by (apply (same_ge _ _ given13); named).
  assert (fact31 : 0 <= - (e1 ^ 2) + s2 ^ 2 * z1 ^ 2) by (apply (same_ge _ _ given14); named).
  assert (fact32 : 0 <= - (e2 ^ 2) + s2 ^ 2 * z2 ^ 2) by (apply (same_ge _ _ given15); named).
  assert (fact33 : 0 <= top ^ 2 - u11 ^ 2 - u12 ^ 2) by (apply (same_ge _ _ given16); named).
  assert (fact34 : 0 <= top ^ 2 - u21 ^ 2 - u22 ^ 2) by (apply (same_ge _ _ given17); named).
  assert (fact35 : - (b * dw) - b * wt + b1 * (dw + wt) - (- (b) + b1) * (dw + wt) = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact36 : - (slope * up) + slope1 * up1 - slope1 * (- (up) + up1) - up * (- (slope) + slope1) = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_frobenius_triangle (op_times B_change (op_plus W Delta)) (op_times B Delta) left right dU) as lemma.
  feed lemma ltac:(exact fact27).
  feed lemma ltac:(exact fact28).
  feed lemma ltac:(exact fact29).
  rename lemma into some38.
  assert (fact37 : 0 <= - (dU) + left + right) by (apply (same_ge _ _ some38); named).
  pose proof (cited_frobenius_product_right B_change (op_plus W Delta) dB1 nW1 left) as lemma.
  feed lemma ltac:(exact fact26).
  feed lemma ltac:(exact fact23).
  feed lemma ltac:(exact fact27).
  rename lemma into some40.
  assert (fact39 : 0 <= dB1 * nW1 - left) by (apply (same_ge _ _ some40); named).
  pose proof (cited_frobenius_product_left B Delta nB nD right) as lemma.
  feed lemma ltac:(exact fact25).
  feed lemma ltac:(exact fact24).
  feed lemma ltac:(exact fact28).
  rename lemma into some42.
  assert (fact41 : 0 <= nB * nD - right) by (apply (same_ge _ _ some42); named).
  pose proof (cited_spectral_triangle W Delta nW nD nW1) as lemma.
  feed lemma ltac:(exact fact22).
  feed lemma ltac:(exact fact24).
  feed lemma ltac:(exact fact23).
  rename lemma into some44.
  assert (fact43 : 0 <= nD + nW - nW1) by (apply (same_ge _ _ some44); named).
  assert (fact45 : 0 <= nW - nW1 + t).
  { apply (certified_ge (1)
      ((nD + nW - nW1) + (- (nD) + t))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact46 : 0 <= - (dU * kappa) + kappa * (dB1 * (nW + t) + nB * t)).
  { apply (certified_ge (1)
      (kappa * (- (dU) + left + right) + kappa * (dB1 * nW1 - left) + kappa * dB1 * (nW - nW1 + t) + kappa * (nB * nD - right) + kappa * nB * (- (nD) + t))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact47 : 0 <= - (e1 ^ 2 * (u11 ^ 2 + u12 ^ 2)) - e2 ^ 2 * (u21 ^ 2 + u22 ^ 2) + s2 ^ 2 * top ^ 2 * (z1 ^ 2 + z2 ^ 2)).
  { apply (certified_ge (1)
      ((- (e1 ^ 2) + s2 ^ 2 * z1 ^ 2) * top ^ 2 + (- (e2 ^ 2) + s2 ^ 2 * z2 ^ 2) * top ^ 2 + (top ^ 2 - u11 ^ 2 - u12 ^ 2) * e1 ^ 2 + (top ^ 2 - u21 ^ 2 - u22 ^ 2) * e2 ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_eq _ _ fact35); named. }
  split.
  { apply (same_eq _ _ fact36); named. }
  split.
  { apply (same_ge _ _ fact46); named. }
  apply (same_ge _ _ fact47); named.
Qed.

(** ||P o AA^T|| <= ||P|| max |a_i|^2 (Schur, Khatri-Rao) *)
Theorem claim_khatri_rao :
  forall (a11 : R) (a12 : R) (a21 : R) (a22 : R) (a31 : R) (a32 : R) (c : R) (p11 : R) (p12 : R) (p13 : R) (p22 : R) (p23 : R) (p33 : R) (top : R) (x1 : R) (x2 : R) (x3 : R),
  0 <= c ->
  0 <= - (a11 ^ 2) - a12 ^ 2 + top ^ 2 ->
  0 <= - (a21 ^ 2) - a22 ^ 2 + top ^ 2 ->
  0 <= - (a31 ^ 2) - a32 ^ 2 + top ^ 2 ->
  0 <= - (a11 ^ 2 * p11 * x1 ^ 2) - 2 * a11 * a21 * p12 * x1 * x2 - 2 * a11 * a31 * p13 * x1 * x3 - a21 ^ 2 * p22 * x2 ^ 2 - 2 * a21 * a31 * p23 * x2 * x3 - a31 ^ 2 * p33 * x3 ^ 2 + c * (a11 ^ 2 * x1 ^ 2 + a21 ^ 2 * x2 ^ 2 + a31 ^ 2 * x3 ^ 2) ->
  0 <= - (a12 ^ 2 * p11 * x1 ^ 2) - 2 * a12 * a22 * p12 * x1 * x2 - 2 * a12 * a32 * p13 * x1 * x3 - a22 ^ 2 * p22 * x2 ^ 2 - 2 * a22 * a32 * p23 * x2 * x3 - a32 ^ 2 * p33 * x3 ^ 2 + c * (a12 ^ 2 * x1 ^ 2 + a22 ^ 2 * x2 ^ 2 + a32 ^ 2 * x3 ^ 2) ->
  a11 ^ 2 * p11 * x1 ^ 2 + 2 * a11 * a21 * p12 * x1 * x2 + 2 * a11 * a31 * p13 * x1 * x3 + a12 ^ 2 * p11 * x1 ^ 2 + 2 * a12 * a22 * p12 * x1 * x2 + 2 * a12 * a32 * p13 * x1 * x3 + a21 ^ 2 * p22 * x2 ^ 2 + 2 * a21 * a31 * p23 * x2 * x3 + a22 ^ 2 * p22 * x2 ^ 2 + 2 * a22 * a32 * p23 * x2 * x3 + a31 ^ 2 * p33 * x3 ^ 2 + a32 ^ 2 * p33 * x3 ^ 2 - c * (a11 ^ 2 * x1 ^ 2 + a21 ^ 2 * x2 ^ 2 + a31 ^ 2 * x3 ^ 2) - c * (a12 ^ 2 * x1 ^ 2 + a22 ^ 2 * x2 ^ 2 + a32 ^ 2 * x3 ^ 2) + c * (x1 ^ 2 * (a11 ^ 2 + a12 ^ 2) + x2 ^ 2 * (a21 ^ 2 + a22 ^ 2) + x3 ^ 2 * (a31 ^ 2 + a32 ^ 2)) - p11 * x1 ^ 2 * (a11 ^ 2 + a12 ^ 2) - 2 * p12 * x1 * x2 * (a11 * a21 + a12 * a22) - 2 * p13 * x1 * x3 * (a11 * a31 + a12 * a32) - p22 * x2 ^ 2 * (a21 ^ 2 + a22 ^ 2) - 2 * p23 * x2 * x3 * (a21 * a31 + a22 * a32) - p33 * x3 ^ 2 * (a31 ^ 2 + a32 ^ 2) = 0 /\
  0 <= c * top ^ 2 * (x1 ^ 2 + x2 ^ 2 + x3 ^ 2) - p11 * x1 ^ 2 * (a11 ^ 2 + a12 ^ 2) - 2 * p12 * x1 * x2 * (a11 * a21 + a12 * a22) - 2 * p13 * x1 * x3 * (a11 * a31 + a12 * a32) - p22 * x2 ^ 2 * (a21 ^ 2 + a22 ^ 2) - 2 * p23 * x2 * x3 * (a21 * a31 + a22 * a32) - p33 * x3 ^ 2 * (a31 ^ 2 + a32 ^ 2).
Proof.
  intros a11 a12 a21 a22 a31 a32 c p11 p12 p13 p22 p23 p33 top x1 x2 x3 given1 given2 given3 given4 given5 given6.
  assert (fact7 : 0 <= c) by (apply (same_ge _ _ given1); named).
  assert (fact8 : 0 <= - (a11 ^ 2) - a12 ^ 2 + top ^ 2) by (apply (same_ge _ _ given2); named).
  assert (fact9 : 0 <= - (a21 ^ 2) - a22 ^ 2 + top ^ 2) by (apply (same_ge _ _ given3); named).
  assert (fact10 : 0 <= - (a31 ^ 2) - a32 ^ 2 + top ^ 2) by (apply (same_ge _ _ given4); named).
  assert (fact11 : 0 <= - (a11 ^ 2 * p11 * x1 ^ 2) - 2 * a11 * a21 * p12 * x1 * x2 - 2 * a11 * a31 * p13 * x1 * x3 - a21 ^ 2 * p22 * x2 ^ 2 - 2 * a21 * a31 * p23 * x2 * x3 - a31 ^ 2 * p33 * x3 ^ 2 + c * (a11 ^ 2 * x1 ^ 2 + a21 ^ 2 * x2 ^ 2 + a31 ^ 2 * x3 ^ 2)) by (apply (same_ge _ _ given5); named).
  assert (fact12 : 0 <= - (a12 ^ 2 * p11 * x1 ^ 2) - 2 * a12 * a22 * p12 * x1 * x2 - 2 * a12 * a32 * p13 * x1 * x3 - a22 ^ 2 * p22 * x2 ^ 2 - 2 * a22 * a32 * p23 * x2 * x3 - a32 ^ 2 * p33 * x3 ^ 2 + c * (a12 ^ 2 * x1 ^ 2 + a22 ^ 2 * x2 ^ 2 + a32 ^ 2 * x3 ^ 2)) by (apply (same_ge _ _ given6); named).
  assert (fact13 : a11 ^ 2 * p11 * x1 ^ 2 + 2 * a11 * a21 * p12 * x1 * x2 + 2 * a11 * a31 * p13 * x1 * x3 + a12 ^ 2 * p11 * x1 ^ 2 + 2 * a12 * a22 * p12 * x1 * x2 + 2 * a12 * a32 * p13 * x1 * x3 + a21 ^ 2 * p22 * x2 ^ 2 + 2 * a21 * a31 * p23 * x2 * x3 + a22 ^ 2 * p22 * x2 ^ 2 + 2 * a22 * a32 * p23 * x2 * x3 + a31 ^ 2 * p33 * x3 ^ 2 + a32 ^ 2 * p33 * x3 ^ 2 - c * (a11 ^ 2 * x1 ^ 2 + a21 ^ 2 * x2 ^ 2 + a31 ^ 2 * x3 ^ 2) - c * (a12 ^ 2 * x1 ^ 2 + a22 ^ 2 * x2 ^ 2 + a32 ^ 2 * x3 ^ 2) + c * (x1 ^ 2 * (a11 ^ 2 + a12 ^ 2) + x2 ^ 2 * (a21 ^ 2 + a22 ^ 2) + x3 ^ 2 * (a31 ^ 2 + a32 ^ 2)) - p11 * x1 ^ 2 * (a11 ^ 2 + a12 ^ 2) - 2 * p12 * x1 * x2 * (a11 * a21 + a12 * a22) - 2 * p13 * x1 * x3 * (a11 * a31 + a12 * a32) - p22 * x2 ^ 2 * (a21 ^ 2 + a22 ^ 2) - 2 * p23 * x2 * x3 * (a21 * a31 + a22 * a32) - p33 * x3 ^ 2 * (a31 ^ 2 + a32 ^ 2) = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact14 : 0 <= c * top ^ 2 * (x1 ^ 2 + x2 ^ 2 + x3 ^ 2) - p11 * x1 ^ 2 * (a11 ^ 2 + a12 ^ 2) - 2 * p12 * x1 * x2 * (a11 * a21 + a12 * a22) - 2 * p13 * x1 * x3 * (a11 * a31 + a12 * a32) - p22 * x2 ^ 2 * (a21 ^ 2 + a22 ^ 2) - 2 * p23 * x2 * x3 * (a21 * a31 + a22 * a32) - p33 * x3 ^ 2 * (a31 ^ 2 + a32 ^ 2)).
  { apply (certified_ge (1)
      ((- (a11 ^ 2 * p11 * x1 ^ 2) - 2 * a11 * a21 * p12 * x1 * x2 - 2 * a11 * a31 * p13 * x1 * x3 - a21 ^ 2 * p22 * x2 ^ 2 - 2 * a21 * a31 * p23 * x2 * x3 - a31 ^ 2 * p33 * x3 ^ 2 + c * (a11 ^ 2 * x1 ^ 2 + a21 ^ 2 * x2 ^ 2 + a31 ^ 2 * x3 ^ 2)) + (- (a12 ^ 2 * p11 * x1 ^ 2) - 2 * a12 * a22 * p12 * x1 * x2 - 2 * a12 * a32 * p13 * x1 * x3 - a22 ^ 2 * p22 * x2 ^ 2 - 2 * a22 * a32 * p23 * x2 * x3 - a32 ^ 2 * p33 * x3 ^ 2 + c * (a12 ^ 2 * x1 ^ 2 + a22 ^ 2 * x2 ^ 2 + a32 ^ 2 * x3 ^ 2)) + c * (- (a11 ^ 2) - a12 ^ 2 + top ^ 2) * x1 ^ 2 + c * (- (a21 ^ 2) - a22 ^ 2 + top ^ 2) * x2 ^ 2 + c * (- (a31 ^ 2) - a32 ^ 2 + top ^ 2) * x3 ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_eq _ _ fact13); named. }
  apply (same_ge _ _ fact14); named.
Qed.

(** change of J, the profile sigma_min(J_0) - dJ, L_F *)
Theorem claim_perturbation_jacobian :
  forall (abar : R) (act : R) (act1 : R) (b : R) (b1 : R) (bbar : R) (dB : R) (dJ : R) (dJl : R) (first : R) (floor : R) (j1 : R) (j2 : R) (kdA : R) (nx : R) (ny : R) (nz : R) (second : R) (v1 : R) (v2 : R) (whole : R),
  0 <= dB * (abar + kdA) - first ->
  0 <= bbar * kdA - second ->
  0 <= - (dJl) + first + second ->
  0 <= dJ - nz ->
  0 <= - (floor) + nx ->
  0 <= - (nx) + whole ->
  for_a_unit_vector_u_the nx ny ->
  the_spectral_norm_of_J_prime nz ->
  - (act * b) + act1 * b1 - act1 * (- (b) + b1) - b * (- (act) + act1) = 0 /\
  0 <= bbar * kdA + dB * (abar + kdA) - dJl /\
  0 <= (j1 ^ 2 + j2 ^ 2) * (v1 ^ 2 + v2 ^ 2) - (j1 * v1 + j2 * v2) ^ 2 /\
  0 <= dJ - floor + ny /\
  0 <= dJ - ny + whole.
Proof.
  intros abar act act1 b b1 bbar dB dJ dJl first floor j1 j2 kdA nx ny nz second v1 v2 whole given1 given2 given3 given4 given5 given6 given7 given8.
  assert (fact9 : 0 <= dB * (abar + kdA) - first) by (apply (same_ge _ _ given1); named).
  assert (fact10 : 0 <= bbar * kdA - second) by (apply (same_ge _ _ given2); named).
  assert (fact11 : 0 <= - (dJl) + first + second) by (apply (same_ge _ _ given3); named).
  assert (fact12 : 0 <= dJ - nz) by (apply (same_ge _ _ given4); named).
  assert (fact13 : 0 <= - (floor) + nx) by (apply (same_ge _ _ given5); named).
  assert (fact14 : 0 <= - (nx) + whole) by (apply (same_ge _ _ given6); named).
  pose proof given7 as fact15.
  pose proof given8 as fact16.
  assert (fact17 : - (act * b) + act1 * b1 - act1 * (- (b) + b1) - b * (- (act) + act1) = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact18 : 0 <= bbar * kdA + dB * (abar + kdA) - dJl).
  { apply (certified_ge (1)
      ((dB * (abar + kdA) - first) + (bbar * kdA - second) + (- (dJl) + first + second))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact19 : 0 <= (j1 ^ 2 + j2 ^ 2) * (v1 ^ 2 + v2 ^ 2) - (j1 * v1 + j2 * v2) ^ 2).
  { apply (certified_ge (1)
      ((j1 * v2 - j2 * v1) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_spectral_bound nx ny nz) as lemma.
  feed lemma ltac:(exact fact15).
  feed lemma ltac:(exact fact16).
  destruct lemma as (some22 & some23).
  assert (fact20 : 0 <= - (nx) + ny + nz) by (apply (same_ge _ _ some22); named).
  assert (fact21 : 0 <= nx - ny + nz) by (apply (same_ge _ _ some23); named).
  assert (fact24 : 0 <= dJ - floor + ny).
  { apply (certified_ge (1)
      ((- (nx) + ny + nz) + (- (floor) + nx) + (dJ - nz))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact25 : 0 <= dJ - ny + whole).
  { apply (certified_ge (1)
      ((nx - ny + nz) + (- (nx) + whole) + (dJ - nz))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_eq _ _ fact17); named. }
  split.
  { apply (same_ge _ _ fact18); named. }
  split.
  { apply (same_ge _ _ fact19); named. }
  split.
  { apply (same_ge _ _ fact24); named. }
  apply (same_ge _ _ fact25); named.
Qed.

(** optimal split over layers; ||M|| bounds *)
Theorem claim_layer_split :
  forall (c1 : R) (c2 : R) (c3 : R) (column : R) (m11 : R) (m12 : R) (m13 : R) (m21 : R) (m22 : R) (m23 : R) (m31 : R) (m32 : R) (m33 : R) (radius : R) (row : R) (t1 : R) (t2 : R) (t3 : R),
  0 <= radius ^ 2 - t1 ^ 2 - t2 ^ 2 - t3 ^ 2 ->
  0 <= m11 ->
  0 <= m12 ->
  0 <= m13 ->
  0 <= m21 ->
  0 <= m22 ->
  0 <= m23 ->
  0 <= m31 ->
  0 <= m32 ->
  0 <= m33 ->
  0 <= row ->
  0 <= - (m11) - m12 - m13 + row ->
  0 <= - (m21) - m22 - m23 + row ->
  0 <= - (m31) - m32 - m33 + row ->
  0 <= column - m11 - m21 - m31 ->
  0 <= column - m12 - m22 - m32 ->
  0 <= column - m13 - m23 - m33 ->
  0 <= radius ^ 2 * (c1 ^ 2 + c2 ^ 2 + c3 ^ 2) - (c1 * t1 + c2 * t2 + c3 * t3) ^ 2 /\
  0 <= (t1 ^ 2 + t2 ^ 2 + t3 ^ 2) * (m11 ^ 2 + m12 ^ 2 + m13 ^ 2 + m21 ^ 2 + m22 ^ 2 + m23 ^ 2 + m31 ^ 2 + m32 ^ 2 + m33 ^ 2) - (m11 * t1 + m12 * t2 + m13 * t3) ^ 2 - (m21 * t1 + m22 * t2 + m23 * t3) ^ 2 - (m31 * t1 + m32 * t2 + m33 * t3) ^ 2 /\
  0 <= column * row * (t1 ^ 2 + t2 ^ 2 + t3 ^ 2) - (m11 * t1 + m12 * t2 + m13 * t3) ^ 2 - (m21 * t1 + m22 * t2 + m23 * t3) ^ 2 - (m31 * t1 + m32 * t2 + m33 * t3) ^ 2.
Proof.
  intros c1 c2 c3 column m11 m12 m13 m21 m22 m23 m31 m32 m33 radius row t1 t2 t3 given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17.
  assert (fact18 : 0 <= radius ^ 2 - t1 ^ 2 - t2 ^ 2 - t3 ^ 2) by (apply (same_ge _ _ given1); named).
  assert (fact19 : 0 <= m11) by (apply (same_ge _ _ given2); named).
  assert (fact20 : 0 <= m12) by (apply (same_ge _ _ given3); named).
  assert (fact21 : 0 <= m13) by (apply (same_ge _ _ given4); named).
  assert (fact22 : 0 <= m21) by (apply (same_ge _ _ given5); named).
  assert (fact23 : 0 <= m22) by (apply (same_ge _ _ given6); named).
  assert (fact24 : 0 <= m23) by (apply (same_ge _ _ given7); named).
  assert (fact25 : 0 <= m31) by (apply (same_ge _ _ given8); named).
  assert (fact26 : 0 <= m32) by (apply (same_ge _ _ given9); named).
  assert (fact27 : 0 <= m33) by (apply (same_ge _ _ given10); named).
  assert (fact28 : 0 <= row) by (apply (same_ge _ _ given11); named).
  assert (fact29 : 0 <= - (m11) - m12 - m13 + row) by (apply (same_ge _ _ given12); named).
  assert (fact30 : 0 <= - (m21) - m22 - m23 + row) by (apply (same_ge _ _ given13); named).
  assert (fact31 : 0 <= - (m31) - m32 - m33 + row) by (apply (same_ge _ _ given14); named).
  assert (fact32 : 0 <= column - m11 - m21 - m31) by (apply (same_ge _ _ given15); named).
  assert (fact33 : 0 <= column - m12 - m22 - m32) by (apply (same_ge _ _ given16); named).
  assert (fact34 : 0 <= column - m13 - m23 - m33) by (apply (same_ge _ _ given17); named).
  assert (fact35 : 0 <= radius ^ 2 * (c1 ^ 2 + c2 ^ 2 + c3 ^ 2) - (c1 * t1 + c2 * t2 + c3 * t3) ^ 2).
  { apply (certified_ge (1)
      ((radius ^ 2 - t1 ^ 2 - t2 ^ 2 - t3 ^ 2) * c1 ^ 2 + (radius ^ 2 - t1 ^ 2 - t2 ^ 2 - t3 ^ 2) * c2 ^ 2 + (radius ^ 2 - t1 ^ 2 - t2 ^ 2 - t3 ^ 2) * c3 ^ 2 + (- (c1 * t2) + c2 * t1) ^ 2 + (- (c1 * t3) + c3 * t1) ^ 2 + (- (c2 * t3) + c3 * t2) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact36 : 0 <= (t1 ^ 2 + t2 ^ 2 + t3 ^ 2) * (m11 ^ 2 + m12 ^ 2 + m13 ^ 2 + m21 ^ 2 + m22 ^ 2 + m23 ^ 2 + m31 ^ 2 + m32 ^ 2 + m33 ^ 2) - (m11 * t1 + m12 * t2 + m13 * t3) ^ 2 - (m21 * t1 + m22 * t2 + m23 * t3) ^ 2 - (m31 * t1 + m32 * t2 + m33 * t3) ^ 2).
  { apply (certified_ge (1)
      ((- (m11 * t2) + m12 * t1) ^ 2 + (- (m11 * t3) + m13 * t1) ^ 2 + (- (m12 * t3) + m13 * t2) ^ 2 + (- (m21 * t2) + m22 * t1) ^ 2 + (- (m21 * t3) + m23 * t1) ^ 2 + (- (m22 * t3) + m23 * t2) ^ 2 + (- (m31 * t2) + m32 * t1) ^ 2 + (- (m31 * t3) + m33 * t1) ^ 2 + (- (m32 * t3) + m33 * t2) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact37 : 0 <= column * row * (t1 ^ 2 + t2 ^ 2 + t3 ^ 2) - (m11 * t1 + m12 * t2 + m13 * t3) ^ 2 - (m21 * t1 + m22 * t2 + m23 * t3) ^ 2 - (m31 * t1 + m32 * t2 + m33 * t3) ^ 2).
  { apply (certified_ge (1)
      (m12 * m11 * (- (t1) + t2) ^ 2 + m13 * m11 * (- (t1) + t3) ^ 2 + m13 * m12 * (- (t2) + t3) ^ 2 + m22 * m21 * (- (t1) + t2) ^ 2 + m23 * m21 * (- (t1) + t3) ^ 2 + m23 * m22 * (- (t2) + t3) ^ 2 + m32 * m31 * (- (t1) + t2) ^ 2 + m33 * m31 * (- (t1) + t3) ^ 2 + m33 * m32 * (- (t2) + t3) ^ 2 + (- (m11) - m12 - m13 + row) * m11 * t1 ^ 2 + (- (m11) - m12 - m13 + row) * m12 * t2 ^ 2 + (- (m11) - m12 - m13 + row) * m13 * t3 ^ 2 + (- (m21) - m22 - m23 + row) * m21 * t1 ^ 2 + (- (m21) - m22 - m23 + row) * m22 * t2 ^ 2 + (- (m21) - m22 - m23 + row) * m23 * t3 ^ 2 + (- (m31) - m32 - m33 + row) * m31 * t1 ^ 2 + (- (m31) - m32 - m33 + row) * m32 * t2 ^ 2 + (- (m31) - m32 - m33 + row) * m33 * t3 ^ 2 + row * (column - m11 - m21 - m31) * t1 ^ 2 + row * (column - m12 - m22 - m32) * t2 ^ 2 + row * (column - m13 - m23 - m33) * t3 ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact35); named. }
  split.
  { apply (same_ge _ _ fact36); named. }
  apply (same_ge _ _ fact37); named.
Qed.

(** norm of ((1, 0), (v, al)), and (v + sqrt(v^2 + 4 al^2))/2 *)
Theorem claim_block_norm :
  forall (al : R) (v : R) (x : R) (y : R),
  0 < v ->
  0 <= al - 1 ->
  0 <= - (x ^ 2) + (x ^ 2 + y ^ 2) * (block_norm v al) ^ 2 - (al * y + v * x) ^ 2 /\
  0 <= (1 / 2) * v - block_norm v al + (1 / 2) * sqrt (4 * al ^ 2 + v ^ 2).
Proof.
  intros al v x y given1 given2.
  assert (fact3 : 0 < v) by (apply (same_gt _ _ given1); named).
  assert (fact4 : 0 <= al - 1) by (apply (same_ge _ _ given2); named).
  assert (fact5 : 0 <= v ^ 2 + (al + 1) ^ 2).
  { apply (certified_ge (1)
      (v ^ 2 + (al + 1) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact6 : 0 <= v ^ 2 + (al - 1) ^ 2).
  { apply (certified_ge (1)
      (v ^ 2 + (al - 1) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact7 : 0 <= 4 * al ^ 2 + v ^ 2).
  { apply (certified_ge (1)
      (v ^ 2 + 4 * al ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (some13 : 0 <= (v ^ 2 + (al + 1) ^ 2)) by (apply (same_ge _ _ fact5); named).
  destruct (root_named (v ^ 2 + (al + 1) ^ 2) some13) as (p & some12 & some10 & some11).
  assert (fact8 : 0 <= p) by (apply (same_ge _ _ some10); named).
  assert (fact9 : p ^ 2 - v ^ 2 - (al + 1) ^ 2 = 0) by (apply (same_eq _ _ some11); named).
  assert (some19 : 0 <= (v ^ 2 + (al - 1) ^ 2)) by (apply (same_ge _ _ fact6); named).
  destruct (root_named (v ^ 2 + (al - 1) ^ 2) some19) as (q & some18 & some16 & some17).
  assert (fact14 : 0 <= q) by (apply (same_ge _ _ some16); named).
  assert (fact15 : q ^ 2 - v ^ 2 - (al - 1) ^ 2 = 0) by (apply (same_eq _ _ some17); named).
  assert (some25 : 0 <= (4 * al ^ 2 + v ^ 2)) by (apply (same_ge _ _ fact7); named).
  destruct (root_named (4 * al ^ 2 + v ^ 2) some25) as (r & some24 & some22 & some23).
  assert (fact20 : 0 <= r) by (apply (same_ge _ _ some22); named).
  assert (fact21 : - (4 * al ^ 2) + r ^ 2 - v ^ 2 = 0) by (apply (same_eq _ _ some23); named).
  assert (fact26 : 0 <= v).
  { apply (certified_ge (1)
      (v)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact27 : 0 <= p ^ 2 - v ^ 2).
  { apply (certified_ge (1)
      ((al + 1) ^ 2)
      (1 * (p ^ 2 - v ^ 2 - (al + 1) ^ 2))); [positive | signs | zeros | rational]. }
  assert (fact28 : 0 <= q ^ 2 - v ^ 2).
  { apply (certified_ge (1)
      ((al - 1) ^ 2)
      (1 * (q ^ 2 - v ^ 2 - (al - 1) ^ 2))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root v p) as lemma.
  feed lemma ltac:(apply (same_gt_ge _ _ fact3); named).
  feed lemma ltac:(apply (same_ge _ _ fact8); named).
  feed lemma ltac:(apply (same_ge _ _ fact27); named).
  rename lemma into some30.
  assert (fact29 : 0 <= p - v) by (apply (same_ge _ _ some30); named).
  pose proof (claim_monotone_root v q) as lemma.
  feed lemma ltac:(apply (same_gt_ge _ _ fact3); named).
  feed lemma ltac:(apply (same_ge _ _ fact14); named).
  feed lemma ltac:(apply (same_ge _ _ fact28); named).
  rename lemma into some32.
  assert (fact31 : 0 <= q - v) by (apply (same_ge _ _ some32); named).
  assert (fact33 : 0 < p).
  { apply (certified_gt (1)
      (v + (p - v))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact34 : 0 < q).
  { apply (certified_gt (1)
      (v + (q - v))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact35 : 0 < p * q).
  { apply (certified_gt (1)
      (p * q)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact36 : 0 <= - (x ^ 2) + ((1 / 2) * p + (1 / 2) * q) ^ 2 * (x ^ 2 + y ^ 2) - (al * y + v * x) ^ 2).
  { apply (certified_ge ((p * q))
      ((- (al * v * x) + y * (- (al ^ 2) + ((1 / 2) * p + (1 / 2) * q) ^ 2)) ^ 2 + (- (al * v * y) + x * (- (v ^ 2) + ((1 / 2) * p + (1 / 2) * q) ^ 2 - 1)) ^ 2)
      (((1 / 2) * x ^ 2 - (1 / 2) * ((1 / 2) * p + (1 / 2) * q) ^ 2 * (x ^ 2 + y ^ 2) + (x ^ 2 + y ^ 2) * ((1 / 16) * p ^ 2 + (1 / 4) * p * q + (5 / 16) * q ^ 2 - (1 / 8) * v ^ 2 - (1 / 16) * (al - 1) ^ 2 - (1 / 16) * (al + 1) ^ 2) + (1 / 2) * (al * y + v * x) ^ 2) * (p ^ 2 - v ^ 2 - (al + 1) ^ 2) + ((1 / 2) * x ^ 2 - (1 / 2) * ((1 / 2) * p + (1 / 2) * q) ^ 2 * (x ^ 2 + y ^ 2) + (x ^ 2 + y ^ 2) * ((1 / 16) * p ^ 2 + (1 / 4) * p * q + (1 / 16) * q ^ 2 + (1 / 8) * v ^ 2 - (1 / 16) * (al - 1) ^ 2 + (3 / 16) * (al + 1) ^ 2) + (1 / 2) * (al * y + v * x) ^ 2) * (q ^ 2 - v ^ 2 - (al - 1) ^ 2))); [positive | signs | zeros | rational]. }
  assert (fact37 : 0 <= al ^ 2 - 1).
  { apply (certified_ge (1)
      ((al - 1) * (al - 1) + 2 * (al - 1))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact38 : 0 <= p * q).
  { apply (certified_ge (1)
      ((p * q))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact39 : 0 <= al ^ 2 + r * v - 1).
  { apply (certified_ge (1)
      ((al ^ 2 - 1) + v * r)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact40 : 0 <= - (p ^ 2 * q ^ 2) + (al ^ 2 + r * v - 1) ^ 2).
  { apply (certified_ge (1)
      (2 * (al ^ 2 - 1) * v * r + 2 * (al ^ 2 - 1) * v ^ 2)
      ((v ^ 2) * (- (4 * al ^ 2) + r ^ 2 - v ^ 2) + (- (q ^ 2)) * (p ^ 2 - v ^ 2 - (al + 1) ^ 2) + (- (v ^ 2) - (al + 1) ^ 2) * (q ^ 2 - v ^ 2 - (al - 1) ^ 2))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (p * q) (al ^ 2 + r * v - 1)) as lemma.
  feed lemma ltac:(apply (same_gt_ge _ _ fact35); named).
  feed lemma ltac:(apply (same_ge _ _ fact39); named).
  feed lemma ltac:(apply (same_ge _ _ fact40); named).
  rename lemma into some42.
  assert (fact41 : 0 <= al ^ 2 - p * q + r * v - 1) by (apply (same_ge _ _ some42); named).
  assert (fact43 : 0 <= - ((p + q) ^ 2) + (r + v) ^ 2).
  { apply (certified_ge (1)
      (2 * (al ^ 2 - p * q + r * v - 1))
      (1 * (- (4 * al ^ 2) + r ^ 2 - v ^ 2) + (- 1) * (p ^ 2 - v ^ 2 - (al + 1) ^ 2) + (- 1) * (q ^ 2 - v ^ 2 - (al - 1) ^ 2))); [positive | signs | zeros | rational]. }
  assert (fact44 : 0 <= p + q).
  { apply (certified_ge (1)
      (p + q)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact45 : 0 <= r + v).
  { apply (certified_ge (1)
      (v + r)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (p + q) (r + v)) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact44); named).
  feed lemma ltac:(apply (same_ge _ _ fact45); named).
  feed lemma ltac:(apply (same_ge _ _ fact43); named).
  rename lemma into some47.
  assert (fact46 : 0 <= - (p) - q + r + v) by (apply (same_ge _ _ some47); named).
  assert (fact48 : 0 <= - ((1 / 2) * p) - (1 / 2) * q + (1 / 2) * r + (1 / 2) * v).
  { apply (certified_ge (1)
      ((1 / 2) * (- (p) - q + r + v))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact36); named. }
  apply (same_ge _ _ fact48); named.
Qed.

(** ||I - h H|| <= max(1 + h nu, h beta - 1) *)
Theorem claim_expansion_constant :
  forall (beta : R) (h : R) (lam : R) (nu : R),
  0 < beta ->
  0 <= nu ->
  0 <= h ->
  0 <= - (beta * h) + 2 ->
  0 <= lam + nu ->
  0 <= beta - lam ->
  0 <= h * lam + expansion_constant h beta nu - 1 /\
  0 <= - (h * lam) + expansion_constant h beta nu + 1 /\
  0 <= h * nu - expansion_constant h beta nu + 1.
Proof.
  intros beta h lam nu given1 given2 given3 given4 given5 given6.
  assert (fact7 : 0 < beta) by (apply (same_gt _ _ given1); named).
  assert (fact8 : 0 <= nu) by (apply (same_ge _ _ given2); named).
  assert (fact9 : 0 <= h) by (apply (same_ge _ _ given3); named).
  assert (fact10 : 0 <= - (beta * h) + 2) by (apply (same_ge _ _ given4); named).
  assert (fact11 : 0 <= lam + nu) by (apply (same_ge _ _ given5); named).
  assert (fact12 : 0 <= beta - lam) by (apply (same_ge _ _ given6); named).
  destruct (greatest_named (h * nu + 1) (beta * h - 1)) as (factor & some19 & some16 & some17 & some18).
  assert (fact13 : 0 <= factor - h * nu - 1) by (apply (same_ge _ _ some16); named).
  assert (fact14 : 0 <= - (beta * h) + factor + 1) by (apply (same_ge _ _ some17); named).
  assert (fact15 : (factor - h * nu - 1) * (- (beta * h) + factor + 1) = 0) by (apply (same_eq _ _ some18); named).
  assert (fact20 : 0 <= factor + h * lam - 1).
  { apply (certified_ge (1)
      ((factor - h * nu - 1) + h * (lam + nu))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact21 : 0 <= factor - h * lam + 1).
  { apply (certified_ge (1)
      ((- (beta * h) + factor + 1) + h * (beta - lam))
      (0)); [positive | signs | zeros | rational]. }
  assert (both : 0 <= - (factor) + h * nu + 1).
  {
    destruct (Rmult_integral (factor - h * nu - 1) (- (beta * h) + factor + 1)) as [fact22 | fact24].
    { apply (same_eq _ _ fact15); rational. }
    {
      assert (fact23 : 0 <= - (factor) + h * nu + 1).
      { apply (certified_ge (1)
          (0)
          ((- 1) * (factor - h * nu - 1))); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact23); named.
    }
    {
      assert (fact25 : 0 <= - (factor) + h * nu + 1).
      { apply (certified_ge (1)
          ((- (beta * h) + 2) + h * nu)
          ((- 1) * (- (beta * h) + factor + 1))); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact25); named.
    }
  }
  rename both into fact26.
  split.
  { apply (same_ge _ _ fact20); named. }
  split.
  { apply (same_ge _ _ fact21); named. }
  apply (same_ge _ _ fact26); named.
Qed.

(** expansion of the clipped step *)
Theorem claim_expansion_band :
  forall (beta : R) (nu : R) (s : R) (x : R) (y : R) (z : R),
  0 < beta ->
  0 <= nu ->
  0 < s ->
  H_is_symmetric_with_spectrum_between nu beta ->
  D_I_I_u_u_T s ->
  a_vector_has_component_along_u x y z ->
  0 <= - (x ^ 2) - z ^ 2 + (x ^ 2 + y ^ 2) * (expansion_band s beta nu) ^ 2 /\
  0 <= (1 / 4) * s * (beta + nu) - expansion_band s beta nu + (1 / 2) * sqrt ((1 / 4) * s ^ 2 * (beta + nu) ^ 2 + 4 * (Rmax (expansion_constant s beta nu) 1) ^ 2).
Proof.
  intros beta nu s x y z given1 given2 given3 given4 given5 given6.
  assert (fact7 : 0 < beta) by (apply (same_gt _ _ given1); named).
  assert (fact8 : 0 <= nu) by (apply (same_ge _ _ given2); named).
  assert (fact9 : 0 < s) by (apply (same_gt _ _ given3); named).
  pose proof given4 as fact10.
  pose proof given5 as fact11.
  pose proof given6 as fact12.
  destruct (greatest_named (nu * s + 1) (beta * s - 1)) as (inner & some19 & some16 & some17 & some18).
  assert (fact13 : 0 <= inner - nu * s - 1) by (apply (same_ge _ _ some16); named).
  assert (fact14 : 0 <= - (beta * s) + inner + 1) by (apply (same_ge _ _ some17); named).
  assert (fact15 : (inner - nu * s - 1) * (- (beta * s) + inner + 1) = 0) by (apply (same_eq _ _ some18); named).
  destruct (greatest_named inner 1) as (al & some26 & some23 & some24 & some25).
  assert (fact20 : 0 <= al - inner) by (apply (same_ge _ _ some23); named).
  assert (fact21 : 0 <= al - 1) by (apply (same_ge _ _ some24); named).
  assert (fact22 : (al - 1) * (al - inner) = 0) by (apply (same_eq _ _ some25); named).
  assert (fact27 : 0 <= (1 / 4) * s ^ 2 * (beta + nu) ^ 2 + (al + 1) ^ 2).
  { apply (certified_ge (1)
      (((1 / 2) * s * (beta + nu)) ^ 2 + (al + 1) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (some33 : 0 <= ((1 / 4) * s ^ 2 * (beta + nu) ^ 2 + (al + 1) ^ 2)) by (apply (same_ge _ _ fact27); named).
  destruct (root_named ((1 / 4) * s ^ 2 * (beta + nu) ^ 2 + (al + 1) ^ 2) some33) as (p & some32 & some30 & some31).
  assert (fact28 : 0 <= p) by (apply (same_ge _ _ some30); named).
  assert (fact29 : p ^ 2 - (1 / 4) * s ^ 2 * (beta + nu) ^ 2 - (al + 1) ^ 2 = 0) by (apply (same_eq _ _ some31); named).
  assert (fact34 : 0 <= (1 / 4) * s ^ 2 * (beta + nu) ^ 2 + (al - 1) ^ 2).
  { apply (certified_ge (1)
      (((1 / 2) * s * (beta + nu)) ^ 2 + (al - 1) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (some40 : 0 <= ((1 / 4) * s ^ 2 * (beta + nu) ^ 2 + (al - 1) ^ 2)) by (apply (same_ge _ _ fact34); named).
  destruct (root_named ((1 / 4) * s ^ 2 * (beta + nu) ^ 2 + (al - 1) ^ 2) some40) as (q & some39 & some37 & some38).
  assert (fact35 : 0 <= q) by (apply (same_ge _ _ some37); named).
  assert (fact36 : q ^ 2 - (1 / 4) * s ^ 2 * (beta + nu) ^ 2 - (al - 1) ^ 2 = 0) by (apply (same_eq _ _ some38); named).
  assert (fact41 : 0 <= 4 * al ^ 2 + (1 / 4) * s ^ 2 * (beta + nu) ^ 2).
  { apply (certified_ge (1)
      (((1 / 2) * s * (beta + nu)) ^ 2 + (2 * al) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (some47 : 0 <= (4 * al ^ 2 + (1 / 4) * s ^ 2 * (beta + nu) ^ 2)) by (apply (same_ge _ _ fact41); named).
  destruct (root_named (4 * al ^ 2 + (1 / 4) * s ^ 2 * (beta + nu) ^ 2) some47) as (r & some46 & some44 & some45).
  assert (fact42 : 0 <= r) by (apply (same_ge _ _ some44); named).
  assert (fact43 : - (4 * al ^ 2) + r ^ 2 - (1 / 4) * s ^ 2 * (beta + nu) ^ 2 = 0) by (apply (same_eq _ _ some45); named).
  assert (fact48 : 0 < (1 / 2) * s * (beta + nu)).
  { apply (certified_gt (1)
      ((1 / 2) * s * beta + (1 / 2) * s * nu)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_block_norm al ((1 / 2) * s * (beta + nu)) x y) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact48); named).
  feed lemma ltac:(apply (same_ge _ _ fact21); named).
  destruct lemma as (some51 & some52).
  assert (fact49 : 0 <= - (x ^ 2) + ((1 / 2) * p + (1 / 2) * q) ^ 2 * (x ^ 2 + y ^ 2) - (al * y + (1 / 2) * s * x * (beta + nu)) ^ 2) by (apply (same_ge _ _ some51); named).
  assert (fact50 : 0 <= - ((1 / 2) * p) - (1 / 2) * q + (1 / 2) * r + (1 / 4) * s * (beta + nu)) by (apply (same_ge _ _ some52); named).
  pose proof (cited_clipped_blocks al beta nu s x y z) as lemma.
  feed lemma ltac:(exact fact10).
  feed lemma ltac:(exact fact11).
  feed lemma ltac:(exact fact12).
  feed lemma ltac:(apply (same_gt _ _ fact9); named).
  feed lemma ltac:(apply (same_ge _ _ fact20); named).
  destruct lemma as (some55 & some56).
  assert (fact53 : 0 <= al * y + (1 / 2) * s * x * (beta + nu) - z) by (apply (same_ge _ _ some55); named).
  assert (fact54 : 0 <= z) by (apply (same_ge _ _ some56); named).
  assert (fact57 : 0 <= - (z ^ 2) + (al * y + (1 / 2) * s * x * (beta + nu)) ^ 2).
  { apply (certified_ge (1)
      ((al * y + (1 / 2) * s * x * (beta + nu) - z) * (al * y + (1 / 2) * s * x * (beta + nu) - z) + 2 * (al * y + (1 / 2) * s * x * (beta + nu) - z) * z)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact58 : 0 <= - (x ^ 2) - z ^ 2 + ((1 / 2) * p + (1 / 2) * q) ^ 2 * (x ^ 2 + y ^ 2)).
  { apply (certified_ge (1)
      ((- (x ^ 2) + ((1 / 2) * p + (1 / 2) * q) ^ 2 * (x ^ 2 + y ^ 2) - (al * y + (1 / 2) * s * x * (beta + nu)) ^ 2) + (- (z ^ 2) + (al * y + (1 / 2) * s * x * (beta + nu)) ^ 2))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact58); named. }
  apply (same_ge _ _ fact50); named.
Qed.

(** Theorem D, last step: every start in B(w_T, eps) *)
Theorem claim_last_step :
  forall (P : R) (ball : R) (area : R) (area1 : R) (beta : R) (ell : R) (eps : R) (eta : R) (k : R) (near : R) (rbar : R) (rho : R) (rho0 : R) (tau : R) (total : R) (y : R),
  sig_is_nonincreasing_and_nonnegative_on ->
  0 <= eps ->
  0 <= rho ->
  0 <= ball - rho ->
  0 <= P ->
  0 <= k ->
  0 < slack beta eta ->
  beta - smoothness rbar ell k = 0 ->
  the_residual_at_the_computed_point near ->
  the_start_is_within_of_the eps ->
  the_residual_at_w_has_norm rho0 ->
  the_spectral_norm_of_J_is ell ->
  the_spectral_norm_of_DJ_is k ->
  0 <= - (ell * eps) - near + rbar ->
  the_integral_of_sig_from_to eps area ->
  the_integral_of_sig_from_to (ball + eps) total ->
  0 < - (rbar) + (- (area) + total) * slack beta eta ->
  sig (eps + rho) tau ->
  0 <= tau ->
  the_integral_of_sig_from_to (eps + rho) area1 ->
  - (rbar) + (- (area) + area1) * slack beta eta = 0 ->
  the_integral_of_sig_from_to (P + eps) y ->
  0 <= rho0 - (- (area) + y) * slack beta eta ->
  0 <= rbar - rho0 /\
  0 < - (rho0) + (- (area) + total) * slack beta eta /\
  lambda_max_Hess_L_on_S beta /\
  0 <= - (P) + rho /\
  0 < ball - rho /\
  0 < tau ^ 2.
Proof.
  intros P ball area area1 beta ell eps eta k near rbar rho rho0 tau total y given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17 given18 given19 given20 given21 given22 given23.
  pose proof given1 as fact24.
  assert (fact25 : 0 <= eps) by (apply (same_ge _ _ given2); named).
  assert (fact26 : 0 <= rho) by (apply (same_ge _ _ given3); named).
  assert (fact27 : 0 <= ball - rho) by (apply (same_ge _ _ given4); named).
  assert (fact28 : 0 <= P) by (apply (same_ge _ _ given5); named).
  assert (fact29 : 0 <= k) by (apply (same_ge _ _ given6); named).
  assert (fact30 : 0 < - ((1 / 2) * beta * eta) + 1) by (apply (same_gt _ _ given7); named).
  assert (fact31 : beta - ell ^ 2 - k * rbar = 0) by (apply (same_eq _ _ given8); named).
  pose proof given9 as fact32.
  pose proof given10 as fact33.
  pose proof given11 as fact34.
  pose proof given12 as fact35.
  pose proof given13 as fact36.
  assert (fact37 : 0 <= - (ell * eps) - near + rbar) by (apply (same_ge _ _ given14); named).
  pose proof given15 as fact38.
  pose proof given16 as fact39.
  assert (fact40 : 0 < - (rbar) + (- (area) + total) * (- ((1 / 2) * beta * eta) + 1)) by (apply (same_gt _ _ given17); named).
  pose proof given18 as fact41.
  assert (fact42 : 0 <= tau) by (apply (same_ge _ _ given19); named).
  pose proof given20 as fact43.
  assert (fact44 : - (rbar) + (- (area) + area1) * (- ((1 / 2) * beta * eta) + 1) = 0) by (apply (same_eq _ _ given21); named).
  pose proof given22 as fact45.
  assert (fact46 : 0 <= rho0 - (- (area) + y) * (- ((1 / 2) * beta * eta) + 1)) by (apply (same_ge _ _ given23); named).
  pose proof (cited_nearby_residual ell eps near rho0) as lemma.
  feed lemma ltac:(exact fact32).
  feed lemma ltac:(exact fact33).
  feed lemma ltac:(exact fact34).
  feed lemma ltac:(exact fact35).
  rename lemma into some48.
  assert (fact47 : 0 <= ell * eps + near - rho0) by (apply (same_ge _ _ some48); named).
  assert (fact49 : 0 <= rbar - rho0).
  { apply (certified_ge (1)
      ((ell * eps + near - rho0) + (- (ell * eps) - near + rbar))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact50 : 0 < - (rho0) + (- (area) + total) * (- ((1 / 2) * beta * eta) + 1)).
  { apply (certified_gt (1)
      ((- (rbar) + (- (area) + total) * (- ((1 / 2) * beta * eta) + 1)) + (rbar - rho0))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact51 : 0 <= beta - ell ^ 2 - k * rho0).
  { apply (certified_ge (1)
      (k * (rbar - rho0))
      (1 * (beta - ell ^ 2 - k * rbar))); [positive | signs | zeros | rational]. }
  pose proof (cited_square_loss_curvature ell k rho0 beta) as lemma.
  feed lemma ltac:(exact fact35).
  feed lemma ltac:(exact fact36).
  feed lemma ltac:(exact fact34).
  feed lemma ltac:(apply (same_ge _ _ fact51); named).
  rename lemma into some53.
  pose proof some53 as fact52.
  assert (fact54 : 0 <= P + eps).
  { apply (certified_ge (1)
      (eps + P)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact55 : 0 <= eps + rho).
  { apply (certified_ge (1)
      (eps + rho)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact56 : 0 < - (area1) + total).
  { apply (certified_gt ((- ((1 / 2) * beta * eta) + 1))
      ((- (rbar) + (- (area) + total) * (- ((1 / 2) * beta * eta) + 1)))
      ((- 1) * (- (rbar) + (- (area) + area1) * (- ((1 / 2) * beta * eta) + 1)))); [positive | signs | zeros | rational]. }
  assert (fact57 : 0 <= area1 - y).
  { apply (certified_ge ((- ((1 / 2) * beta * eta) + 1))
      ((rho0 - (- (area) + y) * (- ((1 / 2) * beta * eta) + 1)) + (rbar - rho0))
      (1 * (- (rbar) + (- (area) + area1) * (- ((1 / 2) * beta * eta) + 1)))); [positive | signs | zeros | rational]. }
  pose proof (claim_integral_root (P + eps) (ball + eps) y area1 (eps + rho) tau total) as lemma.
  feed lemma ltac:(exact fact24).
  feed lemma ltac:(apply (same_ge _ _ fact54); named).
  feed lemma ltac:(apply (same_ge _ _ fact55); named).
  feed lemma ltac:(apply (same_ge _ _ fact27); named).
  feed lemma ltac:(exact fact41).
  feed lemma ltac:(exact fact43).
  feed lemma ltac:(exact fact39).
  feed lemma ltac:(exact fact45).
  feed lemma ltac:(apply (same_gt _ _ fact56); named).
  feed lemma ltac:(apply (same_ge _ _ fact57); named).
  feed lemma ltac:(apply (same_ge _ _ fact42); named).
  destruct lemma as (some61 & some62 & some63).
  assert (fact58 : 0 <= - (P) + rho) by (apply (same_ge _ _ some61); named).
  assert (fact59 : 0 < tau) by (apply (same_gt _ _ some62); named).
  assert (fact60 : 0 < ball - rho) by (apply (same_gt _ _ some63); named).
  assert (fact64 : 0 <= - (P) + rho).
  { apply (certified_ge (1)
      ((- (P) + rho))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact65 : 0 < ball - rho).
  { apply (certified_gt (1)
      ((ball - rho))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact66 : 0 < tau ^ 2).
  { apply (certified_gt (1)
      (tau * tau)
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact49); named. }
  split.
  { apply (same_gt _ _ fact50); named. }
  split.
  { exact fact52. }
  split.
  { apply (same_ge _ _ fact58); named. }
  split.
  { apply (same_gt _ _ fact60); named. }
  apply (same_gt _ _ fact66); named.
Qed.

(** Theorem D, a floor for every step after w_T *)
Theorem claim_step_floor :
  forall (G : R) (a : R) (delta : R) (ell : R) (eta : R) (gamma : R) (rbar : R) (w : T1),
  0 < eta ->
  0 < gamma ->
  0 <= delta ->
  0 <= 1 - delta ->
  0 < G ->
  0 < ell ->
  0 < rbar ->
  lies_in_S w ->
  the_square_root_of_L_is w a ->
  the_norm_of_grad_L_is w G ->
  the_spectral_norm_of_J_is ell ->
  0 <= - (2 * a ^ 2) + rbar ^ 2 ->
  0 <= - (G) + ell * rbar /\
  0 <= - (eta * effective_delta gamma delta (ell * rbar)) + step_size eta gamma delta G /\
  0 < effective_delta gamma delta (ell * rbar) /\
  0 <= 1 - effective_delta gamma delta (ell * rbar).
Proof.
  intros G a delta ell eta gamma rbar w given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12.
  assert (fact13 : 0 < eta) by (apply (same_gt _ _ given1); named).
  assert (fact14 : 0 < gamma) by (apply (same_gt _ _ given2); named).
  assert (fact15 : 0 <= delta) by (apply (same_ge _ _ given3); named).
  assert (fact16 : 0 <= 1 - delta) by (apply (same_ge _ _ given4); named).
  assert (fact17 : 0 < G) by (apply (same_gt _ _ given5); named).
  assert (fact18 : 0 < ell) by (apply (same_gt _ _ given6); named).
  assert (fact19 : 0 < rbar) by (apply (same_gt _ _ given7); named).
  pose proof given8 as fact20.
  pose proof given9 as fact21.
  pose proof given10 as fact22.
  pose proof given11 as fact23.
  assert (fact24 : 0 <= - (2 * a ^ 2) + rbar ^ 2) by (apply (same_ge _ _ given12); named).
  pose proof (cited_square_loss_gradient G a ell w) as lemma.
  feed lemma ltac:(exact fact23).
  feed lemma ltac:(exact fact20).
  feed lemma ltac:(exact fact21).
  feed lemma ltac:(exact fact22).
  rename lemma into some26.
  assert (fact25 : 0 <= - (G ^ 2) + 2 * a ^ 2 * ell ^ 2) by (apply (same_ge _ _ some26); named).
  assert (fact27 : 0 <= - (G ^ 2) + ell ^ 2 * rbar ^ 2).
  { apply (certified_ge (1)
      ((- (G ^ 2) + 2 * a ^ 2 * ell ^ 2) + (- (2 * a ^ 2) + rbar ^ 2) * ell ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact28 : 0 <= ell * rbar).
  { apply (certified_ge (1)
      (ell * rbar)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact29 : 0 <= G).
  { apply (certified_ge (1)
      (G)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root G (ell * rbar)) as lemma.
  feed lemma ltac:(apply (same_gt_ge _ _ fact17); named).
  feed lemma ltac:(apply (same_ge _ _ fact28); named).
  feed lemma ltac:(apply (same_ge _ _ fact27); named).
  rename lemma into some31.
  assert (fact30 : 0 <= - (G) + ell * rbar) by (apply (same_ge _ _ some31); named).
  destruct (greatest_named delta (/ G * gamma)) as (inner & some38 & some35 & some36 & some37).
  assert (fact32 : 0 <= - (delta) + inner) by (apply (same_ge _ _ some35); named).
  assert (fact33 : 0 <= inner - / G * gamma) by (apply (same_ge _ _ some36); named).
  assert (fact34 : (- (delta) + inner) * (inner - / G * gamma) = 0) by (apply (same_eq _ _ some37); named).
  destruct (least_named 1 inner) as (clipped & some45 & some42 & some43 & some44).
  assert (fact39 : 0 <= 1 - clipped) by (apply (same_ge _ _ some42); named).
  assert (fact40 : 0 <= - (clipped) + inner) by (apply (same_ge _ _ some43); named).
  assert (fact41 : (clipped - 1) * (clipped - inner) = 0) by (apply (same_eq _ _ some44); named).
  destruct (least_named 1 (/ ell * gamma * / rbar)) as (plain & some52 & some49 & some50 & some51).
  assert (fact46 : 0 <= 1 - plain) by (apply (same_ge _ _ some49); named).
  assert (fact47 : 0 <= - (plain) + / ell * gamma * / rbar) by (apply (same_ge _ _ some50); named).
  assert (fact48 : (plain - 1) * (plain - / ell * gamma * / rbar) = 0) by (apply (same_eq _ _ some51); named).
  destruct (greatest_named delta plain) as (floor & some59 & some56 & some57 & some58).
  assert (fact53 : 0 <= - (delta) + floor) by (apply (same_ge _ _ some56); named).
  assert (fact54 : 0 <= floor - plain) by (apply (same_ge _ _ some57); named).
  assert (fact55 : (- (delta) + floor) * (floor - plain) = 0) by (apply (same_eq _ _ some58); named).
  pose proof (claim_delta_effective G (ell * rbar) delta eta gamma) as lemma.
  feed lemma ltac:(apply (same_gt _ _ fact13); named).
  feed lemma ltac:(apply (same_gt _ _ fact14); named).
  feed lemma ltac:(apply (same_ge _ _ fact15); named).
  feed lemma ltac:(apply (same_ge _ _ fact16); named).
  feed lemma ltac:(apply (same_gt _ _ fact17); named).
  feed lemma ltac:(apply (same_ge _ _ fact30); named).
  rename lemma into some61.
  assert (fact60 : 0 <= clipped * eta - eta * floor) by (apply (same_ge _ _ some61); named).
  assert (fact62 : 0 < / ell * gamma * / rbar).
  { apply (certified_gt (ell * rbar)
      (gamma)
      (0)); [positive | signs | zeros | rational]. }
  assert (both : 0 < plain).
  {
    destruct (Rmult_integral (plain - 1) (plain - / ell * gamma * / rbar)) as [fact63 | fact65].
    { apply (same_eq _ _ fact48); rational. }
    {
      assert (fact64 : 0 < plain).
      { apply (certified_gt (1)
          (1)
          (1 * (plain - 1))); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact64); named.
    }
    {
      assert (fact66 : 0 < plain).
      { apply (certified_gt (1)
          ((/ ell * gamma * / rbar))
          (1 * (plain - / ell * gamma * / rbar))); [positive | signs | zeros | rational]. }
      apply (same_gt _ _ fact66); named.
    }
  }
  rename both into fact67.
  assert (fact68 : 0 < floor).
  { apply (certified_gt (1)
      (plain + (floor - plain))
      (0)); [positive | signs | zeros | rational]. }
  assert (both : 0 <= 1 - floor).
  {
    destruct (Rmult_integral (- (delta) + floor) (floor - plain)) as [fact69 | fact71].
    { apply (same_eq _ _ fact55); rational. }
    {
      assert (fact70 : 0 <= 1 - floor).
      { apply (certified_ge (1)
          ((1 - delta))
          ((- 1) * (- (delta) + floor))); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact70); named.
    }
    {
      assert (fact72 : 0 <= 1 - floor).
      { apply (certified_ge (1)
          ((1 - plain))
          ((- 1) * (floor - plain))); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact72); named.
    }
  }
  rename both into fact73.
  assert (fact74 : 0 <= 1 - floor).
  { apply (certified_ge (1)
      ((1 - floor))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact30); named. }
  split.
  { apply (same_ge _ _ fact60); named. }
  split.
  { apply (same_gt _ _ fact68); named. }
  apply (same_ge _ _ fact73); named.
Qed.

(** rows of M: derivative of J layer by layer *)
Theorem claim_lipschitz_recursion :
  forall (A_dot : T2) (Atilde : T2) (B : T2) (B_dot : T2) (B_next : T2) (B_next_dot : T2) (Delta : T2) (Delta_next : T2) (W : T2) (W_next : T2) (a : R) (ab : R) (adot : R) (b : R) (bb : R) (bdot : R) (dA : R) (dA1 : R) (dB : R) (dB1 : R) (dJ : R) (dU : R) (dZ : R) (j1 : R) (j2 : R) (kappa : R) (nA : R) (nB : R) (nD : R) (nD1 : R) (nW : R) (nW1 : R) (s1 : R) (s2 : R) (t : R) (t1 : R) (top : R) (u1 : R) (u2 : R) (xa : R) (xb : R) (xb1 : R) (z1 : R) (z2 : R),
  0 <= kappa ->
  0 <= ab ->
  0 <= nW ->
  0 <= nW1 ->
  0 <= nB ->
  0 <= bb ->
  0 <= s1 ->
  0 <= s2 ->
  0 <= top ->
  0 <= nA ->
  0 <= xa ->
  0 <= xb1 ->
  0 <= nD ->
  0 <= nD1 ->
  0 <= dA ->
  0 <= dA1 ->
  0 <= dB1 ->
  0 <= - (nD) + t ->
  0 <= - (nD1) + t1 ->
  0 <= - (dA) + kappa * xa ->
  0 <= - (dB1) + xb1 ->
  0 <= - (dB) + xb ->
  the_spectral_norm_of_is Atilde ab ->
  the_spectral_norm_of_is W nW ->
  the_spectral_norm_of_is W_next nW1 ->
  the_spectral_norm_of_is B_next nB ->
  the_Frobenius_norm_of_is Delta nD ->
  the_Frobenius_norm_of_is Delta_next nD1 ->
  the_Frobenius_norm_of_is A_dot dA ->
  the_Frobenius_norm_of_is B_next_dot dB1 ->
  the_Frobenius_norm_of_is (op_times Atilde Delta) z1 ->
  the_Frobenius_norm_of_is (op_times A_dot W) z2 ->
  the_Frobenius_norm_of_is (op_plus (op_times Atilde Delta) (op_times A_dot W)) dZ ->
  the_Frobenius_norm_of_is (op_times B_next_dot W_next) u1 ->
  the_Frobenius_norm_of_is (op_times B_next Delta_next) u2 ->
  the_Frobenius_norm_of_is (op_plus (op_times B_next_dot W_next) (op_times B_next Delta_next)) dU ->
  the_moduli_of_act_prime_and s1 s2 ->
  is_the_Frobenius_norm_of_k (op_plus (op_times B_next_dot W_next) (op_times B_next Delta_next)) (op_plus (op_times Atilde Delta) (op_times A_dot W)) dB ->
  k_is_and_the_norm_over kappa top ->
  the_Frobenius_norm_of_is B_dot dB ->
  the_largest_spectral_norm_over_samples Atilde nA ->
  the_largest_spectral_norm_over_samples B bb ->
  the_spectral_norm_of_is (op_rows B_dot Atilde) j1 ->
  the_spectral_norm_of_is (op_rows B A_dot) j2 ->
  0 <= - (dJ) + j1 + j2 ->
  - (a * b) - a * bdot - adot * b - adot * bdot + (a + adot) * (b + bdot) = 0 /\
  0 <= ab * t - dZ + kappa * nW * xa /\
  0 <= - (dU * kappa) + kappa * (nB * t1 + nW1 * xb1) /\
  0 <= - (dB) + kappa * s1 * (nB * t1 + nW1 * xb1) + s2 * top * (ab * t + kappa * nW * xa) /\
  0 <= bb * kappa * xa - dJ + nA * xb.
Proof.
  intros A_dot Atilde B B_dot B_next B_next_dot Delta Delta_next W W_next a ab adot b bb bdot dA dA1 dB dB1 dJ dU dZ j1 j2 kappa nA nB nD nD1 nW nW1 s1 s2 t t1 top u1 u2 xa xb xb1 z1 z2 given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17 given18 given19 given20 given21 given22 given23 given24 given25 given26 given27 given28 given29 given30 given31 given32 given33 given34 given35 given36 given37 given38 given39 given40 given41 given42 given43 given44 given45.
  assert (fact46 : 0 <= kappa) by (apply (same_ge _ _ given1); named).
  assert (fact47 : 0 <= ab) by (apply (same_ge _ _ given2); named).
  assert (fact48 : 0 <= nW) by (apply (same_ge _ _ given3); named).
  assert (fact49 : 0 <= nW1) by (apply (same_ge _ _ given4); named).
  assert (fact50 : 0 <= nB) by (apply (same_ge _ _ given5); named).
  assert (fact51 : 0 <= bb) by (apply (same_ge _ _ given6); named).
  assert (fact52 : 0 <= s1) by (apply (same_ge _ _ given7); named).
  assert (fact53 : 0 <= s2) by (apply (same_ge _ _ given8); named).
  assert (fact54 : 0 <= top) by (apply (same_ge _ _ given9); named).
  assert (fact55 : 0 <= nA) by (apply (same_ge _ _ given10); named).
  assert (fact56 : 0 <= xa) by (apply (same_ge _ _ given11); named).
  assert (fact57 : 0 <= xb1) by (apply (same_ge _ _ given12); named).
  assert (fact58 : 0 <= nD) by (apply (same_ge _ _ given13); named).
  assert (fact59 : 0 <= nD1) by (apply (same_ge _ _ given14); named).
  assert (fact60 : 0 <= dA) by (apply (same_ge _ _ given15); named).
  assert (fact61 : 0 <= dA1) by (apply (same_ge _ _ given16); named).
  assert (fact62 : 0 <= dB1) by (apply (same_ge _ _ given17); named).
  assert (fact63 : 0 <= - (nD) + t) by (apply (same_ge _ _ given18); named).
  assert (fact64 : 0 <= - (nD1) + t1) by (apply (same_ge _ _ given19); named).
  assert (fact65 : 0 <= - (dA) + kappa * xa) by (apply (same_ge _ _ given20); named).
  assert (fact66 : 0 <= - (dB1) + xb1) by (apply (same_ge _ _ given21); named).
  assert (fact67 : 0 <= - (dB) + xb) by (apply (same_ge _ _ given22); named).
  pose proof given23 as fact68.
  pose proof given24 as fact69.
  pose proof given25 as fact70.
  pose proof given26 as fact71.
  pose proof given27 as fact72.
  pose proof given28 as fact73.
  pose proof given29 as fact74.
  pose proof given30 as fact75.
  pose proof given31 as fact76.
  pose proof given32 as fact77.
  pose proof given33 as fact78.
  pose proof given34 as fact79.
  pose proof given35 as fact80.
  pose proof given36 as fact81.
  pose proof given37 as fact82.
  pose proof given38 as fact83.
  pose proof given39 as fact84.
  pose proof given40 as fact85.
  pose proof given41 as fact86.
  pose proof given42 as fact87.
  pose proof given43 as fact88.
  pose proof given44 as fact89.
  assert (fact90 : 0 <= - (dJ) + j1 + j2) by (apply (same_ge _ _ given45); named).
  assert (fact91 : - (a * b) - a * bdot - adot * b - adot * bdot + (a + adot) * (b + bdot) = 0).
  { apply (certified_eq (1)
      (0)
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_frobenius_product_left Atilde Delta ab nD z1) as lemma.
  feed lemma ltac:(exact fact68).
  feed lemma ltac:(exact fact72).
  feed lemma ltac:(exact fact76).
  rename lemma into some93.
  assert (fact92 : 0 <= ab * nD - z1) by (apply (same_ge _ _ some93); named).
  pose proof (cited_frobenius_product_right A_dot W dA nW z2) as lemma.
  feed lemma ltac:(exact fact74).
  feed lemma ltac:(exact fact69).
  feed lemma ltac:(exact fact77).
  rename lemma into some95.
  assert (fact94 : 0 <= dA * nW - z2) by (apply (same_ge _ _ some95); named).
  pose proof (cited_frobenius_triangle (op_times Atilde Delta) (op_times A_dot W) z1 z2 dZ) as lemma.
  feed lemma ltac:(exact fact76).
  feed lemma ltac:(exact fact77).
  feed lemma ltac:(exact fact78).
  rename lemma into some97.
  assert (fact96 : 0 <= - (dZ) + z1 + z2) by (apply (same_ge _ _ some97); named).
  assert (fact98 : 0 <= ab * t - dZ + kappa * nW * xa).
  { apply (certified_ge (1)
      ((- (dZ) + z1 + z2) + (ab * nD - z1) + (dA * nW - z2) + ab * (- (nD) + t) + nW * (- (dA) + kappa * xa))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_frobenius_product_right B_next_dot W_next dB1 nW1 u1) as lemma.
  feed lemma ltac:(exact fact75).
  feed lemma ltac:(exact fact70).
  feed lemma ltac:(exact fact79).
  rename lemma into some100.
  assert (fact99 : 0 <= dB1 * nW1 - u1) by (apply (same_ge _ _ some100); named).
  pose proof (cited_frobenius_product_left B_next Delta_next nB nD1 u2) as lemma.
  feed lemma ltac:(exact fact71).
  feed lemma ltac:(exact fact73).
  feed lemma ltac:(exact fact80).
  rename lemma into some102.
  assert (fact101 : 0 <= nB * nD1 - u2) by (apply (same_ge _ _ some102); named).
  pose proof (cited_frobenius_triangle (op_times B_next_dot W_next) (op_times B_next Delta_next) u1 u2 dU) as lemma.
  feed lemma ltac:(exact fact79).
  feed lemma ltac:(exact fact80).
  feed lemma ltac:(exact fact81).
  rename lemma into some104.
  assert (fact103 : 0 <= - (dU) + u1 + u2) by (apply (same_ge _ _ some104); named).
  assert (fact105 : 0 <= - (dU * kappa) + kappa * (nB * t1 + nW1 * xb1)).
  { apply (certified_ge (1)
      (kappa * (- (dU) + u1 + u2) + kappa * (dB1 * nW1 - u1) + kappa * (nB * nD1 - u2) + kappa * nB * (- (nD1) + t1) + kappa * nW1 * (- (dB1) + xb1))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_gate_derivative (op_plus (op_times B_next_dot W_next) (op_times B_next Delta_next)) (op_plus (op_times Atilde Delta) (op_times A_dot W)) kappa dU dZ dB s1 s2 top) as lemma.
  feed lemma ltac:(exact fact82).
  feed lemma ltac:(exact fact83).
  feed lemma ltac:(exact fact84).
  feed lemma ltac:(exact fact81).
  feed lemma ltac:(exact fact78).
  rename lemma into some107.
  assert (fact106 : 0 <= - (dB) + dU * kappa * s1 + dZ * s2 * top) by (apply (same_ge _ _ some107); named).
  assert (fact108 : 0 <= - (dB) + kappa * s1 * (nB * t1 + nW1 * xb1) + s2 * top * (ab * t + kappa * nW * xa)).
  { apply (certified_ge (1)
      ((- (dB) + dU * kappa * s1 + dZ * s2 * top) + s1 * (- (dU * kappa) + kappa * (nB * t1 + nW1 * xb1)) + s2 * top * (ab * t - dZ + kappa * nW * xa))
      (0)); [positive | signs | zeros | rational]. }
  pose proof (cited_khatri_rao_bound B_dot Atilde dB nA j1) as lemma.
  feed lemma ltac:(exact fact85).
  feed lemma ltac:(exact fact86).
  feed lemma ltac:(exact fact88).
  rename lemma into some110.
  assert (fact109 : 0 <= dB * nA - j1) by (apply (same_ge _ _ some110); named).
  pose proof (cited_khatri_rao_rows B A_dot bb dA j2) as lemma.
  feed lemma ltac:(exact fact87).
  feed lemma ltac:(exact fact74).
  feed lemma ltac:(exact fact89).
  rename lemma into some112.
  assert (fact111 : 0 <= bb * dA - j2) by (apply (same_ge _ _ some112); named).
  assert (fact113 : 0 <= bb * kappa * xa - dJ + nA * xb).
  { apply (certified_ge (1)
      ((- (dJ) + j1 + j2) + (dB * nA - j1) + (bb * dA - j2) + nA * (- (dB) + xb) + bb * (- (dA) + kappa * xa))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_eq _ _ fact91); named. }
  split.
  { apply (same_ge _ _ fact98); named. }
  split.
  { apply (same_ge _ _ fact105); named. }
  split.
  { apply (same_ge _ _ fact108); named. }
  apply (same_ge _ _ fact113); named.
Qed.

(** B+ (I2): sup Psi <= Psi(p)/2 + max slope *)
Theorem claim_bplus_c1 :
  forall (d1 : R) (d2 : R) (d3 : R) (p1 : R) (p2 : R) (p3 : R) (psi : R) (psi_p : R) (q1 : R) (q2 : R) (q3 : R) (top : R),
  is_Psi psi q1 q2 q3 ->
  is_Psi psi_p p1 p2 p3 ->
  the_partial_derivatives_of_Psi_at p1 p2 p3 d1 d2 d3 ->
  0 <= q1 ->
  0 <= q2 ->
  0 <= q3 ->
  q1 + q2 + q3 - 1 = 0 ->
  0 <= - (d1) + top ->
  0 <= - (d2) + top ->
  0 <= - (d3) + top ->
  0 <= - (psi) + (1 / 2) * psi_p + top.
Proof.
  intros d1 d2 d3 p1 p2 p3 psi psi_p q1 q2 q3 top given1 given2 given3 given4 given5 given6 given7 given8 given9 given10.
  pose proof given1 as fact11.
  pose proof given2 as fact12.
  pose proof given3 as fact13.
  assert (fact14 : 0 <= q1) by (apply (same_ge _ _ given4); named).
  assert (fact15 : 0 <= q2) by (apply (same_ge _ _ given5); named).
  assert (fact16 : 0 <= q3) by (apply (same_ge _ _ given6); named).
  assert (fact17 : q1 + q2 + q3 - 1 = 0) by (apply (same_eq _ _ given7); named).
  assert (fact18 : 0 <= - (d1) + top) by (apply (same_ge _ _ given8); named).
  assert (fact19 : 0 <= - (d2) + top) by (apply (same_ge _ _ given9); named).
  assert (fact20 : 0 <= - (d3) + top) by (apply (same_ge _ _ given10); named).
  pose proof (cited_concave_homogeneous d1 d2 d3 p1 p2 p3 psi psi_p q1 q2 q3) as lemma.
  feed lemma ltac:(exact fact11).
  feed lemma ltac:(exact fact12).
  feed lemma ltac:(exact fact13).
  destruct lemma as (some24 & some25 & some26).
  assert (fact21 : 0 <= d1 * (- (p1) + q1) + d2 * (- (p2) + q2) + d3 * (- (p3) + q3) - psi + psi_p) by (apply (same_ge _ _ some24); named).
  assert (fact22 : 0 <= - (d1 * p1) - d2 * p2 - d3 * p3 + (1 / 2) * psi_p) by (apply (same_ge _ _ some25); named).
  assert (fact23 : 0 <= d1 * p1 + d2 * p2 + d3 * p3 - (1 / 2) * psi_p) by (apply (same_ge _ _ some26); named).
  assert (fact27 : 0 <= - (psi) + (1 / 2) * psi_p + top).
  { apply (certified_ge (1)
      ((d1 * (- (p1) + q1) + d2 * (- (p2) + q2) + d3 * (- (p3) + q3) - psi + psi_p) + (d1 * p1 + d2 * p2 + d3 * p3 - (1 / 2) * psi_p) + q1 * (- (d1) + top) + q2 * (- (d2) + top) + q3 * (- (d3) + top))
      ((- (top)) * (q1 + q2 + q3 - 1))); [positive | signs | zeros | rational]. }
  apply (same_ge _ _ fact27); named.
Qed.

(** B+ (I3): discretisation *)
Theorem claim_bplus_discretisation :
  forall (e : R) (growth : R) (high : R) (inverse_e : R) (late : R) (low : R) (p : R) (th : R) (y : R),
  is_the_product_over_the_steps p high low th y inverse_e ->
  0 <= y ->
  0 <= th ->
  0 <= e ->
  0 <= late - y ->
  0 <= growth - 1 ->
  0 <= - (e) + high ->
  0 <= e * growth - high ->
  0 <= high - p /\
  0 <= - (high) + inverse_e * th + p /\
  0 <= e * (growth + late * th - 1) + e - p /\
  0 <= e * (growth + late * th - 1) - e + p.
Proof.
  intros e growth high inverse_e late low p th y given1 given2 given3 given4 given5 given6 given7 given8.
  pose proof given1 as fact9.
  assert (fact10 : 0 <= y) by (apply (same_ge _ _ given2); named).
  assert (fact11 : 0 <= th) by (apply (same_ge _ _ given3); named).
  assert (fact12 : 0 <= e) by (apply (same_ge _ _ given4); named).
  assert (fact13 : 0 <= late - y) by (apply (same_ge _ _ given5); named).
  assert (fact14 : 0 <= growth - 1) by (apply (same_ge _ _ given6); named).
  assert (fact15 : 0 <= - (e) + high) by (apply (same_ge _ _ given7); named).
  assert (fact16 : 0 <= e * growth - high) by (apply (same_ge _ _ given8); named).
  pose proof (cited_product_between high inverse_e low p th y) as lemma.
  feed lemma ltac:(exact fact9).
  feed lemma ltac:(apply (same_ge _ _ fact10); named).
  feed lemma ltac:(apply (same_ge _ _ fact11); named).
  destruct lemma as (some22 & some23 & some24 & some25 & some26).
  assert (fact17 : 0 <= low) by (apply (same_ge _ _ some22); named).
  assert (fact18 : 0 <= - (low) + p) by (apply (same_ge _ _ some23); named).
  assert (fact19 : 0 <= high - p) by (apply (same_ge _ _ some24); named).
  assert (fact20 : 0 <= - (high * (- (th * y) + 1)) + low) by (apply (same_ge _ _ some25); named).
  assert (fact21 : 0 <= - (high * y) + inverse_e) by (apply (same_ge _ _ some26); named).
  assert (fact27 : 0 <= - (high) + inverse_e * th + p).
  { apply (certified_ge (1)
      ((- (low) + p) + (- (high * (- (th * y) + 1)) + low) + th * (- (high * y) + inverse_e))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact28 : 0 <= late).
  { apply (certified_ge (1)
      ((late - y) + y)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact29 : 0 <= e * (growth + late * th - 1) + e - p).
  { apply (certified_ge (1)
      ((e * growth - high) + (high - p) + e * th * late)
      (0)); [positive | signs | zeros | rational]. }
  assert (both : 0 <= e * (growth + late * th - 1) - e + p).
  {
    destruct (Rle_lt_dec 0 (- (th * y) + 1)) as [fact30 | some35].
    {
      assert (fact31 : 0 <= e * (growth + late * th - 1) - e + p).
      { apply (certified_ge (1)
          ((- (low) + p) + (- (high * (- (th * y) + 1)) + low) + (- (e) + high) * (- (th * y) + 1) + e * th * (late - y) + e * (growth - 1))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact31); named.
    }
    {
      assert (fact32 : 0 < th * y - 1) by lra.
      assert (fact33 : 0 <= e * (growth + late * th - 1) - e + p).
      { apply (certified_ge (1)
          ((- (low) + p) + low + e * th * (late - y) + e * (th * y - 1) + e * (growth - 1))
          (0)); [positive | signs | zeros | rational]. }
      apply (same_ge _ _ fact33); named.
    }
  }
  rename both into fact34.
  split.
  { apply (same_ge _ _ fact19); named. }
  split.
  { apply (same_ge _ _ fact27); named. }
  split.
  { apply (same_ge _ _ fact29); named. }
  apply (same_ge _ _ fact34); named.
Qed.

(** B+ (I4): solving for I_t *)
Theorem claim_bplus_solved :
  forall (Dq : R) (c1 : R) (dev1 : R) (dev2 : R) (edge : R) (eps1 : R) (eps2 : R) (lin1 : R) (lin2 : R) (mass1 : R) (mass2 : R) (moved : R) (total : R),
  0 < - (c1 * eps2) + 1 ->
  0 <= eps1 ->
  0 <= - (eps1) + eps2 ->
  0 <= dev1 ->
  0 <= dev2 ->
  0 <= eps1 * lin1 + eps2 * lin2 - total ->
  0 <= dev1 - lin1 + mass1 + moved ->
  0 <= Dq + dev2 + edge - lin2 + mass2 - moved ->
  0 <= moved ->
  0 <= c1 * total - dev1 - dev2 ->
  0 <= - (total) + / (- (c1 * eps2) + 1) * (eps1 * mass1 + eps2 * mass2 + eps2 * (Dq + edge)).
Proof.
  intros Dq c1 dev1 dev2 edge eps1 eps2 lin1 lin2 mass1 mass2 moved total given1 given2 given3 given4 given5 given6 given7 given8 given9 given10.
  assert (fact11 : 0 < - (c1 * eps2) + 1) by (apply (same_gt _ _ given1); named).
  assert (fact12 : 0 <= eps1) by (apply (same_ge _ _ given2); named).
  assert (fact13 : 0 <= - (eps1) + eps2) by (apply (same_ge _ _ given3); named).
  assert (fact14 : 0 <= dev1) by (apply (same_ge _ _ given4); named).
  assert (fact15 : 0 <= dev2) by (apply (same_ge _ _ given5); named).
  assert (fact16 : 0 <= eps1 * lin1 + eps2 * lin2 - total) by (apply (same_ge _ _ given6); named).
  assert (fact17 : 0 <= dev1 - lin1 + mass1 + moved) by (apply (same_ge _ _ given7); named).
  assert (fact18 : 0 <= Dq + dev2 + edge - lin2 + mass2 - moved) by (apply (same_ge _ _ given8); named).
  assert (fact19 : 0 <= moved) by (apply (same_ge _ _ given9); named).
  assert (fact20 : 0 <= c1 * total - dev1 - dev2) by (apply (same_ge _ _ given10); named).
  assert (fact21 : 0 <= eps2).
  { apply (certified_ge (1)
      (eps1 + (- (eps1) + eps2))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact22 : 0 <= - (total) + / (- (c1 * eps2) + 1) * (eps1 * mass1 + eps2 * mass2 + eps2 * (Dq + edge))).
  { apply (certified_ge ((- (c1 * eps2) + 1))
      ((eps1 * lin1 + eps2 * lin2 - total) + eps1 * (dev1 - lin1 + mass1 + moved) + eps2 * (Dq + dev2 + edge - lin2 + mass2 - moved) + eps2 * (c1 * total - dev1 - dev2) + (- (eps1) + eps2) * dev1 + (- (eps1) + eps2) * moved)
      (0)); [positive | signs | zeros | rational]. }
  apply (same_ge _ _ fact22); named.
Qed.

(** B+ (L1): nearer end of a cell *)
Theorem claim_bplus_nearer_end :
  forall (c1 : R) (c2 : R) (c3 : R) (x1 : R) (x2 : R) (x3 : R),
  0 <= x1 ->
  0 <= x2 ->
  0 <= x3 ->
  0 <= 1 - x1 ->
  0 <= 1 - x2 ->
  0 <= 1 - x3 ->
  0 <= - (x1 ^ 2) - (1 - x1) ^ 2 + 1 /\
  0 <= c1 ^ 2 + c2 ^ 2 + c3 ^ 2 - 2 * Rmin (c1 ^ 2 * x1 ^ 2 + c2 ^ 2 * x2 ^ 2 + c3 ^ 2 * x3 ^ 2) (c1 ^ 2 * (1 - x1) ^ 2 + c2 ^ 2 * (1 - x2) ^ 2 + c3 ^ 2 * (1 - x3) ^ 2).
Proof.
  intros c1 c2 c3 x1 x2 x3 given1 given2 given3 given4 given5 given6.
  assert (fact7 : 0 <= x1) by (apply (same_ge _ _ given1); named).
  assert (fact8 : 0 <= x2) by (apply (same_ge _ _ given2); named).
  assert (fact9 : 0 <= x3) by (apply (same_ge _ _ given3); named).
  assert (fact10 : 0 <= 1 - x1) by (apply (same_ge _ _ given4); named).
  assert (fact11 : 0 <= 1 - x2) by (apply (same_ge _ _ given5); named).
  assert (fact12 : 0 <= 1 - x3) by (apply (same_ge _ _ given6); named).
  destruct (least_named (c1 ^ 2 * x1 ^ 2 + c2 ^ 2 * x2 ^ 2 + c3 ^ 2 * x3 ^ 2) (c1 ^ 2 * (1 - x1) ^ 2 + c2 ^ 2 * (1 - x2) ^ 2 + c3 ^ 2 * (1 - x3) ^ 2)) as (nearer & some19 & some16 & some17 & some18).
  assert (fact13 : 0 <= c1 ^ 2 * x1 ^ 2 + c2 ^ 2 * x2 ^ 2 + c3 ^ 2 * x3 ^ 2 - nearer) by (apply (same_ge _ _ some16); named).
  assert (fact14 : 0 <= c1 ^ 2 * (1 - x1) ^ 2 + c2 ^ 2 * (1 - x2) ^ 2 + c3 ^ 2 * (1 - x3) ^ 2 - nearer) by (apply (same_ge _ _ some17); named).
  assert (fact15 : (- (c1 ^ 2 * x1 ^ 2) - c2 ^ 2 * x2 ^ 2 - c3 ^ 2 * x3 ^ 2 + nearer) * (- (c1 ^ 2 * (1 - x1) ^ 2) - c2 ^ 2 * (1 - x2) ^ 2 - c3 ^ 2 * (1 - x3) ^ 2 + nearer) = 0) by (apply (same_eq _ _ some18); named).
  assert (fact20 : 0 <= - (x1 ^ 2) - (1 - x1) ^ 2 + 1).
  { apply (certified_ge (1)
      (2 * x1 * (1 - x1))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact21 : 0 <= c1 ^ 2 + c2 ^ 2 + c3 ^ 2 - 2 * nearer).
  { apply (certified_ge (1)
      ((c1 ^ 2 * x1 ^ 2 + c2 ^ 2 * x2 ^ 2 + c3 ^ 2 * x3 ^ 2 - nearer) + (c1 ^ 2 * (1 - x1) ^ 2 + c2 ^ 2 * (1 - x2) ^ 2 + c3 ^ 2 * (1 - x3) ^ 2 - nearer) + 2 * x1 * (1 - x1) * c1 ^ 2 + 2 * x2 * (1 - x2) * c2 ^ 2 + 2 * x3 * (1 - x3) * c3 ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact20); named. }
  apply (same_ge _ _ fact21); named.
Qed.

(** B+ (L2): GAM by Cauchy and Schwarz *)
Theorem claim_bplus_gam :
  forall (H1 : R) (H2 : R) (om1 : R) (om2 : R) (part1 : R) (part2 : R) (square1 : R) (square2 : R),
  0 < om1 ->
  0 < om2 ->
  is_the_integral_of_u_o part1 H1 square1 ->
  is_the_integral_of_u_o part2 H2 square2 ->
  0 <= - (part1) - part2 + sqrt ((H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1)).
Proof.
  intros H1 H2 om1 om2 part1 part2 square1 square2 given1 given2 given3 given4.
  assert (fact5 : 0 < om1) by (apply (same_gt _ _ given1); named).
  assert (fact6 : 0 < om2) by (apply (same_gt _ _ given2); named).
  pose proof given3 as fact7.
  pose proof given4 as fact8.
  pose proof (cited_cauchy_schwarz_cell H1 part1 square1) as lemma.
  feed lemma ltac:(exact fact7).
  destruct lemma as (some12 & some13 & some14).
  assert (fact9 : 0 <= H1 * square1 - part1 ^ 2) by (apply (same_ge _ _ some12); named).
  assert (fact10 : 0 <= part1) by (apply (same_ge _ _ some13); named).
  assert (fact11 : 0 < H1) by (apply (same_gt _ _ some14); named).
  pose proof (cited_cauchy_schwarz_cell H2 part2 square2) as lemma.
  feed lemma ltac:(exact fact8).
  destruct lemma as (some18 & some19 & some20).
  assert (fact15 : 0 <= H2 * square2 - part2 ^ 2) by (apply (same_ge _ _ some18); named).
  assert (fact16 : 0 <= part2) by (apply (same_ge _ _ some19); named).
  assert (fact17 : 0 < H2) by (apply (same_gt _ _ some20); named).
  assert (fact21 : 0 < H1 * om1).
  { apply (certified_gt (1)
      (om1 * H1)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact22 : 0 < H2 * om2).
  { apply (certified_gt (1)
      (om2 * H2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact23 : 0 <= - ((part1 + part2) ^ 2) + (H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1)).
  { apply (certified_ge ((H1 * om1) * (H2 * om2))
      ((H2 * om2) * (H1 * om1) * (H1 * square1 - part1 ^ 2) + (H2 * om2) * (H2 * om2) * (H1 * square1 - part1 ^ 2) + (H1 * om1) * (H1 * om1) * (H2 * square2 - part2 ^ 2) + (H1 * om1) * (H2 * om2) * (H2 * square2 - part2 ^ 2) + (H1 * om1 * part2 - H2 * om2 * part1) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact24 : 0 <= (H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1)).
  { apply (certified_ge (1)
      ((- ((part1 + part2) ^ 2) + (H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1)) + (part1 + part2) ^ 2)
      (0)); [positive | signs | zeros | rational]. }
  assert (some30 : 0 <= ((H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1))) by (apply (same_ge _ _ fact24); named).
  destruct (root_named ((H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1)) some30) as (u & some29 & some27 & some28).
  assert (fact25 : 0 <= u) by (apply (same_ge _ _ some27); named).
  assert (fact26 : u ^ 2 - (H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1) = 0) by (apply (same_eq _ _ some28); named).
  assert (fact31 : 0 <= part1 + part2).
  { apply (certified_ge (1)
      (part1 + part2)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact32 : 0 <= u ^ 2 - (part1 + part2) ^ 2).
  { apply (certified_ge (1)
      ((- ((part1 + part2) ^ 2) + (H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1)))
      (1 * (u ^ 2 - (H1 * om1 + H2 * om2) * (/ om2 * square2 + / om1 * square1)))); [positive | signs | zeros | rational]. }
  pose proof (claim_monotone_root (part1 + part2) u) as lemma.
  feed lemma ltac:(apply (same_ge _ _ fact31); named).
  feed lemma ltac:(apply (same_ge _ _ fact25); named).
  feed lemma ltac:(apply (same_ge _ _ fact32); named).
  rename lemma into some34.
  assert (fact33 : 0 <= - (part1) - part2 + u) by (apply (same_ge _ _ some34); named).
  assert (fact35 : 0 <= - (part1) - part2 + u).
  { apply (certified_ge (1)
      ((- (part1) - part2 + u))
      (0)); [positive | signs | zeros | rational]. }
  apply (same_ge _ _ fact33); named.
Qed.

(** B+ (SC3): E_t <= eps, lambda_min(K) >= (1 - eps) l_1 *)
Theorem claim_bplus_consistency :
  forall (De : T2) (De_bar : T2) (Q_0 : T2) (average : R) (c1g : R) (ce : R) (d1g : R) (d2 : R) (de : R) (eb : R) (eps : R) (first : R) (form : R) (form0 : R) (l1 : R) (moved : R) (norm : R) (second : R) (square : R) (third : R) (two_terms : R),
  0 <= - (2 * c1g) - 2 * ce * eb - 2 * d2 + eps - (d1g + d2 + de * eb) ^ 2 ->
  0 < 1 - eps ->
  0 <= c1g + ce * eb + d2 - first ->
  0 <= c1g + ce * eb + d2 - second ->
  0 <= d1g + d2 + de * eb - moved ->
  0 <= - (average) + d1g + d2 + de * eb ->
  0 <= moved ->
  0 <= average ->
  the_spectral_norm_of_is De moved ->
  the_spectral_norm_of_is De_bar average ->
  the_spectral_norm_of_is (op_times Q_0 De) first ->
  the_spectral_norm_of_is (op_times De_bar Q_0) second ->
  the_spectral_norm_of_is (op_times De_bar De) third ->
  the_spectral_norm_of_is (op_plus (op_times Q_0 De) (op_times De_bar Q_0)) two_terms ->
  the_spectral_norm_of_is (op_plus (op_plus (op_times Q_0 De) (op_times De_bar Q_0)) (op_times De_bar De)) norm ->
  x_T_K_x_is_where form form0 square norm ->
  0 <= form - form0 * (1 - norm) ->
  0 <= form0 - l1 * square ->
  0 <= form0 ->
  0 <= eps - norm /\
  0 <= form - l1 * square * (1 - eps).
Proof.
  intros De De_bar Q_0 average c1g ce d1g d2 de eb eps first form form0 l1 moved norm second square third two_terms given1 given2 given3 given4 given5 given6 given7 given8 given9 given10 given11 given12 given13 given14 given15 given16 given17 given18 given19.
  assert (fact20 : 0 <= - (2 * c1g) - 2 * ce * eb - 2 * d2 + eps - (d1g + d2 + de * eb) ^ 2) by (apply (same_ge _ _ given1); named).
  assert (fact21 : 0 < 1 - eps) by (apply (same_gt _ _ given2); named).
  assert (fact22 : 0 <= c1g + ce * eb + d2 - first) by (apply (same_ge _ _ given3); named).
  assert (fact23 : 0 <= c1g + ce * eb + d2 - second) by (apply (same_ge _ _ given4); named).
  assert (fact24 : 0 <= d1g + d2 + de * eb - moved) by (apply (same_ge _ _ given5); named).
  assert (fact25 : 0 <= - (average) + d1g + d2 + de * eb) by (apply (same_ge _ _ given6); named).
  assert (fact26 : 0 <= moved) by (apply (same_ge _ _ given7); named).
  assert (fact27 : 0 <= average) by (apply (same_ge _ _ given8); named).
  pose proof given9 as fact28.
  pose proof given10 as fact29.
  pose proof given11 as fact30.
  pose proof given12 as fact31.
  pose proof given13 as fact32.
  pose proof given14 as fact33.
  pose proof given15 as fact34.
  pose proof given16 as fact35.
  assert (fact36 : 0 <= form - form0 * (1 - norm)) by (apply (same_ge _ _ given17); named).
  assert (fact37 : 0 <= form0 - l1 * square) by (apply (same_ge _ _ given18); named).
  assert (fact38 : 0 <= form0) by (apply (same_ge _ _ given19); named).
  pose proof (cited_spectral_product De_bar De average moved third) as lemma.
  feed lemma ltac:(exact fact29).
  feed lemma ltac:(exact fact28).
  feed lemma ltac:(exact fact32).
  rename lemma into some40.
  assert (fact39 : 0 <= average * moved - third) by (apply (same_ge _ _ some40); named).
  pose proof (cited_spectral_sum (op_times Q_0 De) (op_times De_bar Q_0) first second two_terms) as lemma.
  feed lemma ltac:(exact fact30).
  feed lemma ltac:(exact fact31).
  feed lemma ltac:(exact fact33).
  rename lemma into some42.
  assert (fact41 : 0 <= first + second - two_terms) by (apply (same_ge _ _ some42); named).
  pose proof (cited_spectral_sum (op_plus (op_times Q_0 De) (op_times De_bar Q_0)) (op_times De_bar De) two_terms third norm) as lemma.
  feed lemma ltac:(exact fact33).
  feed lemma ltac:(exact fact32).
  feed lemma ltac:(exact fact34).
  rename lemma into some44.
  assert (fact43 : 0 <= - (norm) + third + two_terms) by (apply (same_ge _ _ some44); named).
  assert (fact45 : 0 <= d1g + d2 + de * eb).
  { apply (certified_ge (1)
      ((d1g + d2 + de * eb - moved) + moved)
      (0)); [positive | signs | zeros | rational]. }
  assert (fact46 : 0 <= eps - norm).
  { apply (certified_ge (1)
      ((- (2 * c1g) - 2 * ce * eb - 2 * d2 + eps - (d1g + d2 + de * eb) ^ 2) + (- (norm) + third + two_terms) + (first + second - two_terms) + (average * moved - third) + (c1g + ce * eb + d2 - first) + (c1g + ce * eb + d2 - second) + (- (average) + d1g + d2 + de * eb) * moved + (d1g + d2 + de * eb) * (d1g + d2 + de * eb - moved))
      (0)); [positive | signs | zeros | rational]. }
  assert (fact47 : 0 <= form - l1 * square * (1 - eps)).
  { apply (certified_ge (1)
      ((form - form0 * (1 - norm)) + (eps - norm) * form0 + (1 - eps) * (form0 - l1 * square))
      (0)); [positive | signs | zeros | rational]. }
  split.
  { apply (same_ge _ _ fact46); named. }
  apply (same_ge _ _ fact47); named.
Qed.

End Claims.
