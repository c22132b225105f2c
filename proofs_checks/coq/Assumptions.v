(** What each main theorem rests on.  Compiled last; its output is what [make coq] prints.

    Expected: at most the four axioms of Coq's own library of real numbers,
    [sig_forall_dec], [sig_not_dec], [functional_extensionality_dep] and [classic]. *)

From Coq Require Import Reals.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Runs TheoremA TheoremAprime Classical SquareLoss Profile
  TheoremB TheoremC MuBeta.

Set Printing Width 110.
Open Scope R_scope.
Check @Rn. Print Assumptions Rn.
Check @theorem_A. Print Assumptions theorem_A.
Check @theorem_A_step. Print Assumptions theorem_A_step.
Check @theorem_A_gclip. Print Assumptions theorem_A_gclip.
Check @theorem_A_effective. Print Assumptions theorem_A_effective.
Check @theorem_Aprime. Print Assumptions theorem_Aprime.
Check @theorem_Aprime_gclip. Print Assumptions theorem_Aprime_gclip.
Check @classical_route. Print Assumptions classical_route.
Check @classical_route_gclip. Print Assumptions classical_route_gclip.
Check @theorem_B_root. Print Assumptions theorem_B_root.
Check @theorem_B. Print Assumptions theorem_B.
Check @theorem_B_gclip. Print Assumptions theorem_B_gclip.
Check @theorem_C. Print Assumptions theorem_C.
Check @theorem_D_root. Print Assumptions theorem_D_root.
Check @theorem_D_last_step. Print Assumptions theorem_D_last_step.
Check @mu_le_beta. Print Assumptions mu_le_beta.
