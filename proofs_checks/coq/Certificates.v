(** * Checking certificates: the rules that the proofs of Claims.v use

    A fact is [0 < e], [0 <= e] or [e = 0].  A certificate for a goal is an identity
    (product of positive facts) * goal = (sum of nonnegative terms) + (sum of multiples of equations). *)

From Coq Require Import Reals Lra.
From PLTheory Require Import Formulas.
Open Scope R_scope.

(** ** The same number under another name *)

Lemma same_gt (x y : R) : 0 < x -> x = y -> 0 < y.
Proof. intros H E. rewrite <- E. exact H. Qed.

Lemma same_ge (x y : R) : 0 <= x -> x = y -> 0 <= y.
Proof. intros H E. rewrite <- E. exact H. Qed.

Lemma same_eq (x y : R) : x = 0 -> x = y -> y = 0.
Proof. intros H E. rewrite <- E. exact H. Qed.

Lemma same_gt_ge (x y : R) : 0 < x -> x = y -> 0 <= y.
Proof. intros H E. rewrite <- E. apply Rlt_le. exact H. Qed.

Lemma same_eq_ge (x y : R) : x = 0 -> x = y -> 0 <= y.
Proof. intros H E. rewrite <- E, H. apply Rle_refl. Qed.

(** ** Certificates *)

Lemma certified_ge (t s z g : R) : 0 < t -> 0 <= s -> z = 0 -> t * g = s + z -> 0 <= g.
Proof.
  intros Ht Hs Hz E. apply Rmult_le_reg_l with t; [exact Ht |]. rewrite Rmult_0_r, E, Hz, Rplus_0_r. exact Hs.
Qed.

Lemma certified_gt (t s z g : R) : 0 < t -> 0 < s -> z = 0 -> t * g = s + z -> 0 < g.
Proof.
  intros Ht Hs Hz E. apply Rmult_lt_reg_l with t; [exact Ht |]. rewrite Rmult_0_r, E, Hz, Rplus_0_r. exact Hs.
Qed.

Lemma certified_eq (t s z g : R) : 0 < t -> s = 0 -> z = 0 -> t * g = s + z -> g = 0.
Proof.
  intros Ht Hs Hz E. apply Rmult_eq_reg_l with t; [| apply Rgt_not_eq; exact Ht].
  rewrite Rmult_0_r, E, Hs, Hz. apply Rplus_0_r.
Qed.

(** ** Names for roots, the smaller and the larger of two numbers *)

Lemma root_named (x : R) : 0 <= x -> exists u, u = sqrt x /\ 0 <= u /\ u ^ 2 - x = 0.
Proof.
  intro H. exists (sqrt x). split; [reflexivity | split; [apply sqrt_pos |]].
  replace (sqrt x ^ 2) with (sqrt x * sqrt x) by ring. rewrite sqrt_sqrt by exact H. ring.
Qed.

Lemma least_named (x y : R) : exists u, u = Rmin x y /\ 0 <= x - u /\ 0 <= y - u /\ (u - x) * (u - y) = 0.
Proof.
  exists (Rmin x y). split; [reflexivity |].
  assert (H1 := Rmin_l x y). assert (H2 := Rmin_r x y). split; [lra | split; [lra |]].
  unfold Rmin. destruct (Rle_dec x y); ring.
Qed.

Lemma greatest_named (x y : R) : exists u, u = Rmax x y /\ 0 <= u - x /\ 0 <= u - y /\ (u - x) * (u - y) = 0.
Proof.
  exists (Rmax x y). split; [reflexivity |].
  assert (H1 := Rmax_l x y). assert (H2 := Rmax_r x y). split; [lra | split; [lra |]].
  unfold Rmax. destruct (Rle_dec x y); ring.
Qed.

(** ** Tactics; each proves one kind of premise and does nothing else *)

(** A denominator is not zero because a fact, or a product of facts, says that it is positive. *)
Ltac nonzero :=
  repeat split;
  match goal with
  | |- ?x <> 0 => apply Rgt_not_eq; first [assumption | lra | apply Rmult_lt_0_compat; first [assumption | lra]]
  end.

(** Two rational expressions are the same. *)
Ltac rational := first [reflexivity | ring | field; nonzero].

(** A product of positive facts is positive. *)
Ltac positive :=
  first [assumption | apply Rmult_lt_0_compat; positive | lra].

(** A product of nonnegative facts, positive numbers and squares is nonnegative. *)
Ltac nonnegative :=
  first
    [ assumption
    | apply Rlt_le; assumption
    | apply pow2_ge_0
    | apply Rmult_le_pos; nonnegative
    | lra ].

(** The sum of a certificate: nonnegative, or positive with the first term positive, or 0 where it is empty. *)
Ltac signs :=
  first
    [ reflexivity
    | match goal with
      | |- 0 < _ + _ => apply Rplus_lt_le_0_compat; [signs | nonnegative]
      | |- 0 <= _ + _ => apply Rplus_le_le_0_compat; [signs | nonnegative]
      | |- 0 < _ => positive
      | |- 0 <= _ => nonnegative
      end ].

Lemma zero_times (c x : R) : x = 0 -> c * x = 0.
Proof. intro H. rewrite H. apply Rmult_0_r. Qed.

Lemma zero_plus (x y : R) : x = 0 -> y = 0 -> x + y = 0.
Proof. intros H1 H2. rewrite H1, H2. apply Rplus_0_r. Qed.

(** Multiples of equations are zero. *)
Ltac zeros :=
  first [reflexivity | apply zero_times; assumption | apply zero_plus; zeros].

(** A root, least or greatest of the goal is replaced by the variable that names it. *)
Ltac fold_named :=
  repeat match goal with
  | E : ?u = sqrt ?e |- context [sqrt ?d] =>
      replace (sqrt d) with u by (transitivity (sqrt e); [exact E | f_equal; rational])
  | E : ?u = Rmin ?e ?f |- context [Rmin ?c ?d] =>
      replace (Rmin c d) with u by (transitivity (Rmin e f); [exact E | f_equal; rational])
  | E : ?u = Rmax ?e ?f |- context [Rmax ?c ?d] =>
      replace (Rmax c d) with u by (transitivity (Rmax e f); [exact E | f_equal; rational])
  end.

(** Two expressions are the same once formulas are written out and roots have their names. *)
Ltac named := first [reflexivity | expand; fold_named; rational].

(** The next premise of a lemma is met. *)
Ltac feed H tactic :=
  match type of H with
  | ?premise -> _ => let h := fresh in assert (h : premise) by tactic; specialize (H h); clear h
  end.
