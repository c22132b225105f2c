(** * Interval arithmetic on the integers of Coq

    The ready-made tactics of coq-interval compute with the processor's integers and floating-point numbers, whose
    specifications are axioms.  Here the same library is instantiated with Coq's own integers, so that what is proved
    rests on nothing beyond the real numbers. *)

From Coq Require Import Reals List ZArith.
From Interval Require Import Specific_stdz Specific_ops Float_full Interval_helper Integral_helper.

Module Numbers := SpecificFloat StdZRadix2.
Module Intervals := FloatIntervalFull Numbers.
Module Tactics := IntervalTacticAux Intervals.
Module Integrals := IntegralTacticAux Numbers Intervals.

Open Scope R_scope.

(** A bound for all x of an interval given by a hypothesis, by Taylor models on at most 2^depth pieces. *)
Ltac enclose x depth :=
  let precision := eval vm_compute in (Numbers.PtoP 70%positive) in
  Tactics.do_interval (Some x) (x :: nil) precision 5%nat depth false false itm_taylor.

(** A bound of an expression without variables. *)
Ltac enclose_number :=
  let precision := eval vm_compute in (Numbers.PtoP 90%positive) in
  Tactics.do_interval (@None R) (@nil R) precision 0%nat 0%nat false false itm_naive.

(** A bound of an expression with one integral, over at most [pieces] pieces. *)
Ltac enclose_integral pieces :=
  let precision := eval vm_compute in (Numbers.PtoP 90%positive) in
  Integrals.do_integral precision 20%nat pieces false false.
