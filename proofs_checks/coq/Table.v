(** * Profiles given by a table

    A program tabulates lower bounds of sigma_min on balls of increasing radius, from [a] on: the value [s] of an entry
    [(g, s)] holds on the ball of radius [g].  The integral is bounded by the values at right ends. *)

From Coq Require Import Reals Lra List.
From PLTheory Require Import Profile.
Open Scope R_scope.

Definition table := list (R * R).

Fixpoint value_at (tab : table) (x : R) : R :=
  match tab with
  | nil => 0
  | (g, s) :: rest => if Rle_dec x g then s else value_at rest x
  end.

(** The integral from [a] to [x]. *)
Fixpoint integral_to (a : R) (tab : table) (x : R) : R :=
  match tab with
  | nil => 0
  | (g, s) :: rest => if Rle_dec x g then s * (x - a) else s * (g - a) + integral_to g rest x
  end.

Fixpoint last_radius (a : R) (tab : table) : R :=
  match tab with
  | nil => a
  | (g, _) :: rest => last_radius g rest
  end.

(** What is checked: radii do not decrease and values are not negative. *)
Fixpoint increasing (a : R) (tab : table) : Prop :=
  match tab with
  | nil => True
  | (g, s) :: rest => a <= g /\ 0 <= s /\ increasing g rest
  end.

(** Values of computed bounds may rise again by a rounding.  A bound on a larger ball is one on a smaller ball, so each
    may be raised to the largest of those after it; below [top], they do not increase then. *)
Definition head (tab : table) : R := match tab with nil => 0 | (_, s) :: _ => s end.

Fixpoint raised (tab : table) : table :=
  match tab with
  | nil => nil
  | (g, s) :: rest => (g, Rmax s (head (raised rest))) :: raised rest
  end.

(** Values do not increase. *)
Fixpoint orderly (a top : R) (tab : table) : Prop :=
  match tab with
  | nil => True
  | (g, s) :: rest => a <= g /\ 0 <= s <= top /\ orderly g s rest
  end.

Lemma value_range tab : forall a top x, 0 <= top -> orderly a top tab -> 0 <= value_at tab x <= top.
Proof.
  induction tab as [| [g s] rest IH]; intros a top x Ht Ho; cbn; [lra |].
  destruct Ho as (Hg & Hs & Ho). destruct (Rle_dec x g); [lra |].
  specialize (IH g s x (proj1 Hs) Ho). lra.
Qed.

Lemma value_antitone tab : forall a top x y, orderly a top tab -> x <= y -> value_at tab y <= value_at tab x.
Proof.
  induction tab as [| [g s] rest IH]; intros a top x y Ho Hxy; cbn; [lra |].
  destruct Ho as (Hg & Hs & Ho). destruct (Rle_dec y g), (Rle_dec x g); try lra.
  - apply (value_range rest g s y (proj1 Hs) Ho).
  - apply (IH g s); assumption.
Qed.

Lemma integral_start a top tab : orderly a top tab -> integral_to a tab a = 0.
Proof.
  destruct tab as [| [g s] rest]; intro Ho; cbn; [reflexivity |].
  destruct Ho as (Hg & _). destruct (Rle_dec a g); lra.
Qed.

Lemma integral_increment tab : forall a top x y,
  orderly a top tab -> a <= x -> x <= y -> y <= last_radius a tab ->
  value_at tab y * (y - x) <= integral_to a tab y - integral_to a tab x <= value_at tab x * (y - x).
Proof.
  induction tab as [| [g s] rest IH]; intros a top x y Ho Hx Hxy Hy; cbn in *; [lra |].
  destruct Ho as (Hg & Hs & Ho). destruct (Rle_dec y g) as [Hyg | Hyg], (Rle_dec x g) as [Hxg | Hxg]; try lra.
  - (* across the first radius *)
    destruct (IH g s g y Ho ltac:(lra) ltac:(lra) Hy) as [H1 H2].
    rewrite (integral_start g s rest Ho) in H1, H2.
    assert (Hv := value_range rest g s g (proj1 Hs) Ho). assert (Hvy := value_range rest g s y (proj1 Hs) Ho).
    assert (value_at rest g * (y - g) <= s * (y - g)) by (apply Rmult_le_compat_r; lra).
    assert (value_at rest y * (g - x) <= s * (g - x)) by (apply Rmult_le_compat_r; lra).
    split; lra.
  - destruct (IH g s x y Ho ltac:(lra) Hxy Hy) as [H1 H2]. split; lra.
Qed.

Lemma head_raised tab : forall a, increasing a tab -> 0 <= head (raised tab).
Proof.
  destruct tab as [| [g s] rest]; intros a Hi; cbn; [lra |]. destruct Hi as (_ & Hs & _).
  eapply Rle_trans; [apply Hs | apply Rmax_l].
Qed.

Lemma raised_orderly tab : forall a, increasing a tab -> orderly a (head (raised tab)) (raised tab).
Proof.
  induction tab as [| [g s] rest IH]; intros a Hi; cbn; [exact I |]. destruct Hi as (Hg & Hs & Hi).
  assert (H1 := Rmax_l s (head (raised rest))). assert (H2 := Rmax_r s (head (raised rest))).
  split; [assumption |]. split; [lra |].
  assert (Hweak : forall tab' b t t', t <= t' -> orderly b t tab' -> orderly b t' tab').
  { intros [| [g' s'] rest'] b t t' Ht Ho; cbn in *; [exact I |]. destruct Ho as (? & ? & ?). repeat split; try assumption; lra. }
  apply (Hweak _ _ (head (raised rest))); [assumption | apply IH; assumption].
Qed.

Lemma last_radius_raised tab : forall a, last_radius a (raised tab) = last_radius a tab.
Proof. induction tab as [| [g s] rest IH]; intro a; cbn; [reflexivity | apply IH]. Qed.

(** What holds of every entry, and holds on a smaller ball where it holds on a larger one, holds of the raised entries. *)
Lemma raised_entries (P : R -> R -> Prop) tab : forall a,
  increasing a tab -> (forall g g' s, g <= g' -> P g' s -> P g s) -> (forall g, P g 0) ->
  (forall g s, In (g, s) tab -> P g s) -> forall g s, In (g, s) (raised tab) -> P g s.
Proof.
  intros a Hi Hmono H0.
  assert (Hboth : forall tab b, increasing b tab -> (forall g s, In (g, s) tab -> P g s) ->
            P b (head (raised tab)) /\ forall g s, In (g, s) (raised tab) -> P g s).
  { clear tab a Hi. induction tab as [| [g s] rest IH]; intros b Hi Hall; cbn; [split; [apply H0 | intros ? ? []] |].
    destruct Hi as (Hg & _ & Hi).
    destruct (IH g Hi (fun g' s' Hin => Hall g' s' (or_intror Hin))) as [H1 H2].
    assert (H3 : P g (Rmax s (head (raised rest)))).
    { unfold Rmax. destruct Rle_dec; [assumption | apply Hall; left; reflexivity]. }
    split; [apply (Hmono b g); assumption |]. intros g' s' [E | Hin]; [injection E as <- <-; assumption | apply H2; assumption]. }
  intros Hall. apply (proj2 (Hboth tab a Hi Hall)).
Qed.

Lemma value_raised tab x : value_at tab x <= value_at (raised tab) x.
Proof. induction tab as [| [g s] rest IH]; cbn; [lra |]. destruct (Rle_dec x g); [apply Rmax_l | assumption]. Qed.

Lemma value_nonneg tab x : forall a, increasing a tab -> 0 <= value_at tab x.
Proof.
  induction tab as [| [g s] rest IH]; intros a Hi; cbn; [lra |]. destruct Hi as (_ & Hs & Hi).
  destruct (Rle_dec x g); [assumption | apply (IH g Hi)].
Qed.

Lemma integral_raised tab x : forall a, increasing a tab -> a <= x -> integral_to a tab x <= integral_to a (raised tab) x.
Proof.
  induction tab as [| [g s] rest IH]; intros a Hi Hx; cbn; [lra |]. destruct Hi as (Hg & Hs & Hi).
  assert (H1 := Rmax_l s (head (raised rest))).
  destruct (Rle_dec x g) as [Hxg | Hxg]; [apply Rmult_le_compat_r; lra |].
  assert (s * (g - a) <= Rmax s (head (raised rest)) * (g - a)) by (apply Rmult_le_compat_r; lra).
  specialize (IH g Hi ltac:(lra)). lra.
Qed.

(** Such a table is a profile of [s -> value_at (s + a)]. *)
Lemma table_profile (a top : R) (tab : table) (R0 : R) :
  0 <= top -> orderly a top tab -> last_radius a tab = R0 + a ->
  profile (fun s => value_at tab (s + a)) (fun x => integral_to a tab (x + a)) R0.
Proof.
  intros Ht Ho Hend. constructor.
  - intros s _. apply (value_range tab a top _ Ht Ho).
  - intros x y _ Hxy _. apply (value_antitone tab a top); [assumption | lra].
  - rewrite Rplus_0_l. apply (integral_start a top). assumption.
  - intros x y Hx Hxy Hy.
    assert (H := integral_increment tab a top (x + a) (y + a) Ho ltac:(lra) ltac:(lra) ltac:(lra)).
    replace (y + a - (x + a)) with (y - x) in H by ring. assumption.
Qed.
