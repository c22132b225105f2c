(** * Two sums of Theorem B+ that run over all steps

    The other scalar lemmas are theorems of Claims.v. *)

From Coq Require Import Reals Lra.
Open Scope R_scope.

(** The sum over the steps before t. *)
Fixpoint sum_before (x : nat -> R) (t : nat) : R :=
  match t with O => 0 | S t => sum_before x t + x t end.

(** The product over the steps before t. *)
Fixpoint product_before (x : nat -> R) (t : nat) : R :=
  match t with O => 1 | S t => product_before x t * x t end.

(** (I2): a left sum of a nonincreasing nonnegative function against its integral [A]. *)
Theorem left_sum (h f A : nat -> R) (eta : R) :
  (forall t, 0 <= h t <= eta) -> (forall t, 0 <= f (S t) <= f t) -> A O = 0 ->
  (forall t, h t * f (S t) <= A (S t) - A t) ->
  forall t, sum_before (fun s => h s * f s) t <= A t + eta * f O.
Proof.
  intros Hh Hf HA Hstep.
  assert (Hind : forall t, sum_before (fun s => h s * f s) t <= A t + eta * (f O - f t)).
  { induction t as [| t IH]; [simpl; rewrite HA; lra |].
    simpl. destruct (Hh t) as [H1 H2]. destruct (Hf t) as [H3 H4]. specialize (Hstep t).
    assert (H5 : 0 <= (eta - h t) * (f t - f (S t))) by (apply Rmult_le_pos; lra). lra. }
  intro t. specialize (Hind t).
  assert (H0 : 0 <= f t) by (destruct t as [| t]; [destruct (Hf O); lra | apply (Hf t)]).
  assert (H1 : 0 <= eta * f t) by (apply Rmult_le_pos; [destruct (Hh O); lra | exact H0]). lra.
Qed.

(** (I3): a product between products, factor by factor. *)
Theorem product_between (low p high : nat -> R) :
  (forall t, 0 <= low t <= p t) -> (forall t, p t <= high t) ->
  forall t, 0 <= product_before low t <= product_before p t /\ product_before p t <= product_before high t.
Proof.
  intros Hlow Hhigh. induction t as [| t IH]; simpl; [lra |].
  destruct IH as [IH1 IH2]. specialize (Hlow t). specialize (Hhigh t). repeat split.
  - apply Rmult_le_pos; lra.
  - apply Rmult_le_compat; lra.
  - apply Rmult_le_compat; lra.
Qed.
