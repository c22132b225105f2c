(** * The stored activation constants

    Written by [python -m proofs_checks.coq_constants] from [pltheory/nets/activations]: each float as the
    fraction that it is exactly.  StoredSuprema.v proves that they are upper bounds. *)

From Coq Require Import Reals.
Open Scope R_scope.

Definition stored_tanh_s1 : R := 1 / 1.
Definition stored_tanh_s2 : R := 3466872609579541 / 4503599627370496.
Definition stored_tanh_s3 : R := 2 / 1.
Definition stored_sigmoid_s1 : R := 1 / 4.
Definition stored_sigmoid_s2 : R := 3466872609579541 / 36028797018963968.
Definition stored_sigmoid_s3 : R := 1 / 8.
Definition stored_softplus_s1 : R := 1 / 1.
Definition stored_softplus_s2 : R := 1 / 4.
Definition stored_softplus_s3 : R := 3466872609579541 / 36028797018963968.
Definition stored_erf_s1 : R := 5081767996463985 / 4503599627370496.
Definition stored_erf_s2 : R := 8717914118231873 / 9007199254740992.
Definition stored_erf_s3 : R := 5081767996463985 / 2251799813685248.
Definition stored_gelu_s1 : R := 317758267974555 / 281474976710656.
Definition stored_gelu_s2 : R := 7186705221432917 / 9007199254740992.
Definition stored_gelu_s3 : R := 7014533276500325 / 9007199254740992.
Definition stored_silu_s1 : R := 619154494038111 / 562949953421312.
Definition stored_silu_s2 : R := 1 / 2.
Definition stored_silu_s3 : R := 5551704638823375 / 18014398509481984.
