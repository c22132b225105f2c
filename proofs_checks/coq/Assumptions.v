(** What each main theorem rests on.  Compiled last; its output is what [make coq] prints.

    Expected: at most the four axioms of Coq's own library of real numbers,
    [sig_forall_dec], [sig_not_dec], [functional_extensionality_dep] and [classic]. *)

From Coq Require Import Reals.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Runs TheoremA TheoremAprime Classical SquareLoss Smoothness
  LZB Monotone Profile TheoremB TheoremC LastStep Symmetry TheoremD ClippedBand Expansion Table Certified Models MuBeta
  Comparisons Euclidean Activations GeluSilu Mish StoredSuprema BPlus Claims.

Set Printing Width 110.
Open Scope R_scope.

Check @theorem_A. Print Assumptions theorem_A.
Check @theorem_A_step. Print Assumptions theorem_A_step.
Check @theorem_A_gclip. Print Assumptions theorem_A_gclip.
Check @theorem_A_effective. Print Assumptions theorem_A_effective.
Check @theorem_Aprime. Print Assumptions theorem_Aprime.
Check @theorem_Aprime_gclip. Print Assumptions theorem_Aprime_gclip.
Check @classical_route. Print Assumptions classical_route.
Check @classical_route_gclip. Print Assumptions classical_route_gclip.
Check @antitone_integrable. Print Assumptions antitone_integrable.
Check @theorem_B_root. Print Assumptions theorem_B_root.
Check @theorem_B_floors. Print Assumptions theorem_B_floors.
Check @theorem_B. Print Assumptions theorem_B.
Check @theorem_B_gclip. Print Assumptions theorem_B_gclip.
Check @theorem_B_effective. Print Assumptions theorem_B_effective.
Check @theorem_C. Print Assumptions theorem_C.
Check @theorem_C_effective. Print Assumptions theorem_C_effective.
Check @theorem_D_root. Print Assumptions theorem_D_root.
Check @theorem_D_last_step. Print Assumptions theorem_D_last_step.
Check @hessian_symmetric. Print Assumptions hessian_symmetric.
Check @trajectory_error. Print Assumptions trajectory_error.
Check @theorem_D_floors. Print Assumptions theorem_D_floors.
Check @theorem_D_gradients. Print Assumptions theorem_D_gradients.
Check @theorem_D_effective. Print Assumptions theorem_D_effective.
Check @theorem_D. Print Assumptions theorem_D.
Check @floors_diverge. Print Assumptions floors_diverge.
Check @constant_derivative_bound. Print Assumptions constant_derivative_bound.
Check @band_derivative_bound. Print Assumptions band_derivative_bound.
Check @step_expansion. Print Assumptions step_expansion.
Check @spectrum_curvature. Print Assumptions spectrum_curvature.
Check @spectrum_lipschitz. Print Assumptions spectrum_lipschitz.
Check @theorem_D_certified. Print Assumptions theorem_D_certified.
Check @theorem_B_certified. Print Assumptions theorem_B_certified.
Print checked_step.
Print checked_end.
Check @mu_le_beta. Print Assumptions mu_le_beta.
Check @smoothness_bound. Print Assumptions smoothness_bound.
Check @theorem_LZB. Print Assumptions theorem_LZB.
Check @tight_le_classic. Print Assumptions tight_le_classic.
Check @sharp_lt_twice_classic. Print Assumptions sharp_lt_twice_classic.
Check @theorem_A_Rp. Print Assumptions theorem_A_Rp.
Check @theorem_B_Rp. Print Assumptions theorem_B_Rp.
Check @hypotheses_A_can_hold. Print Assumptions hypotheses_A_can_hold.
Check @hypotheses_B_can_hold. Print Assumptions hypotheses_B_can_hold.
Check @theorem_B_has_instances. Print Assumptions theorem_B_has_instances.
Check @hypotheses_D_can_hold. Print Assumptions hypotheses_D_can_hold.
Check @theorem_D_has_instances. Print Assumptions theorem_D_has_instances.
Check @tanh_derivatives. Print Assumptions tanh_derivatives.
Check @tanh_s1. Print Assumptions tanh_s1.
Check @tanh_s2. Print Assumptions tanh_s2.
Check @tanh_s3. Print Assumptions tanh_s3.
Check @sigmoid_derivatives. Print Assumptions sigmoid_derivatives.
Check @sigmoid_s1. Print Assumptions sigmoid_s1.
Check @sigmoid_s2. Print Assumptions sigmoid_s2.
Check @sigmoid_s3. Print Assumptions sigmoid_s3.
Check @softplus_derivatives. Print Assumptions softplus_derivatives.
Check @softplus_s1. Print Assumptions softplus_s1.
Check @softplus_s2. Print Assumptions softplus_s2.
Check @softplus_s3. Print Assumptions softplus_s3.
Check @erf_derivatives. Print Assumptions erf_derivatives.
Check @erf_s1. Print Assumptions erf_s1.
Check @erf_s2. Print Assumptions erf_s2.
Check @erf_s3. Print Assumptions erf_s3.
Check @gelu_derivatives. Print Assumptions gelu_derivatives.
Check @gelu_s1. Print Assumptions gelu_s1.
Check @gelu_s2. Print Assumptions gelu_s2.
Check @silu_derivatives. Print Assumptions silu_derivatives.
Check @silu_s2. Print Assumptions silu_s2.
Check @tanh_stored.
Check @sigmoid_stored.
Check @softplus_stored.
Check @erf_stored.
Check @gelu_stored.
Check @silu_stored.
Check @mish_derivatives. Print Assumptions mish_derivatives.
Check @mish_stored.
Check @sin_stored.
Check @stored_reached.
Check @mish_reached.
Check @left_sum.
Check @product_between.
Definition all_stored :=
  (@tanh_stored, @sigmoid_stored, @softplus_stored, @erf_stored, @gelu_stored, @silu_stored, @mish_stored, @sin_stored,
   @stored_reached, @mish_reached,
   @left_sum, @product_between).
Print Assumptions all_stored.

(** The claims: their statements stand in Claims.v, which ends with all of them in one term; here what they rest on. *)
Print Assumptions every_claim.
