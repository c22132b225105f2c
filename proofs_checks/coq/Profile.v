(** * Profiles: nonincreasing functions and their integral

    Theorem B uses of the integral [G x = int_0^x sig] only that its increments lie between those of the end values of
    the nonincreasing [sig].  This file shows that the Riemann integral has the property, and that [G] takes every
    value between 0 and [G R]. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Monotone.
Open Scope R_scope.

(** [sig] is nonnegative and nonincreasing on [0, R0], and [G] is a primitive of it in the weak sense that is used. *)
Record profile (sig G : R -> R) (R0 : R) : Prop := {
  sig_nonneg : forall s, 0 <= s <= R0 -> 0 <= sig s;
  sig_antitone : forall a b, 0 <= a -> a <= b -> b <= R0 -> sig b <= sig a;
  G_0 : G 0 = 0;
  G_increment : forall a b, 0 <= a -> a <= b -> b <= R0 -> sig b * (b - a) <= G b - G a <= sig a * (b - a)
}.

(** The Riemann integral of a nonincreasing function. *)
Lemma profile_RInt (sig : R -> R) (R0 : R) :
  0 <= R0 ->
  (forall s, 0 <= s <= R0 -> 0 <= sig s) ->
  (forall a b, 0 <= a -> a <= b -> b <= R0 -> sig b <= sig a) ->
  profile sig (fun x => RInt sig 0 x) R0.
Proof.
  intros HR Hn Hm. assert (Hex := antitone_integrable sig R0 HR Hn Hm).
  assert (Hsub : forall a b, 0 <= a -> a <= b -> b <= R0 -> ex_RInt sig a b).
  { intros a b Ha Hab Hb.
    apply (ex_RInt_Chasles_2 (V := R_CompleteNormedModule)) with 0; [lra |].
    apply (ex_RInt_Chasles_1 (V := R_CompleteNormedModule)) with R0; [lra | assumption]. }
  constructor; try assumption.
  - apply (RInt_point (V := R_CompleteNormedModule)).
  - intros a b Ha Hab Hb.
    assert (E : RInt sig 0 b - RInt sig 0 a = RInt sig a b).
    { assert (H := RInt_Chasles (V := R_CompleteNormedModule) sig 0 a b (Hsub 0 a ltac:(lra) ltac:(lra) ltac:(lra)) (Hsub a b Ha Hab Hb)).
      change (RInt sig 0 a + RInt sig a b = RInt sig 0 b) in H. lra. }
    rewrite E.
    assert (Hc : forall c, RInt (fun _ => c) a b = c * (b - a)).
    { intro c. rewrite RInt_const. apply Rmult_comm. }
    split.
    + rewrite <- Hc. apply RInt_le; [assumption | apply ex_RInt_const | apply Hsub; assumption |].
      intros x Hx. apply Hm; lra.
    + rewrite <- Hc. apply RInt_le; [assumption | apply Hsub; assumption | apply ex_RInt_const |].
      intros x Hx. apply Hm; lra.
Qed.

Section Root.
Variables (sig G : R -> R) (R0 : R).
Hypothesis HP : profile sig G R0.
Hypothesis HR : 0 <= R0.

Lemma G_mono a b : 0 <= a -> a <= b -> b <= R0 -> G a <= G b.
Proof.
  intros Ha Hab Hb. destruct (G_increment _ _ _ HP a b Ha Hab Hb) as [H _].
  assert (0 <= sig b) by (apply (sig_nonneg _ _ _ HP); lra).
  assert (0 <= sig b * (b - a)) by (apply Rmult_le_pos; lra). lra.
Qed.

(** Every value in [0, G R] is taken. *)
Lemma G_root y : 0 <= y <= G R0 -> exists rho, 0 <= rho <= R0 /\ G rho = y.
Proof.
  intro Hy.
  set (clamp := fun x => Rmax 0 (Rmin x R0)).
  assert (Hcl : forall x, 0 <= clamp x <= R0).
  { intro x. unfold clamp. split; [apply Rmax_l |]. apply Rmax_lub; [assumption | apply Rmin_r]. }
  assert (Hlip : forall x z, x <= z -> 0 <= clamp z - clamp x <= z - x).
  { intros x z Hxz. unfold clamp, Rmax, Rmin.
    repeat destruct Rle_dec; lra. }
  assert (Hs0 : 0 <= sig 0) by (apply (sig_nonneg _ _ _ HP); lra).
  assert (HGlip : forall x z, x <= z -> Rabs (G (clamp z) - G (clamp x)) <= sig 0 * (z - x)).
  { intros x z Hxz. destruct (Hlip x z Hxz) as [H1 H2]. destruct (Hcl x) as [H3 H4]. destruct (Hcl z) as [H5 H6].
    assert (H7 := G_mono (clamp x) (clamp z) H3 ltac:(lra) H6).
    destruct (G_increment _ _ _ HP (clamp x) (clamp z) H3 ltac:(lra) H6) as [_ H8].
    assert (H9 := sig_antitone _ _ _ HP 0 (clamp x) ltac:(lra) H3 H4).
    rewrite Rabs_pos_eq by lra.
    apply Rle_trans with (sig (clamp x) * (clamp z - clamp x)); [assumption |].
    apply Rmult_le_compat; try lra. apply (sig_nonneg _ _ _ HP); lra. }
  assert (Hcont : continuity (fun x => G (clamp x))).
  { intros x eps Heps. exists (eps / (sig 0 + 1)). split; [apply Rdiv_lt_0_compat; lra |].
    intros z [_ Hz]. cbn in *. unfold R_dist in *.
    assert (Hz2 : (sig 0 + 1) * Rabs (z - x) < eps).
    { apply Rlt_le_trans with ((sig 0 + 1) * (eps / (sig 0 + 1))); [apply Rmult_lt_compat_l; lra | right; field; lra]. }
    assert (Habs := Rabs_pos (z - x)).
    apply Rle_lt_trans with (sig 0 * Rabs (z - x)); [| nra].
    destruct (Rle_lt_dec x z) as [H | H].
    - rewrite (Rabs_pos_eq (z - x)) by lra. apply HGlip. assumption.
    - rewrite <- Rabs_Ropp, Ropp_minus_distr, <- (Rabs_Ropp (z - x)), Ropp_minus_distr, (Rabs_pos_eq (x - z)) by lra.
      apply HGlip. lra. }
  assert (E0 : clamp 0 = 0) by (unfold clamp, Rmax, Rmin; repeat destruct Rle_dec; lra).
  assert (ER : clamp R0 = R0) by (unfold clamp, Rmax, Rmin; repeat destruct Rle_dec; lra).
  destruct (IVT_gen (fun x => G (clamp x)) 0 R0 y Hcont) as (x & _ & Hx).
  { cbv beta. rewrite E0, ER, (G_0 _ _ _ HP), Rmin_left, Rmax_right by lra. assumption. }
  exists (clamp x). split; [apply Hcl | assumption].
Qed.

(** The profile is positive wherever something of the integral is left beyond. *)
Lemma sig_pos_before rho : 0 <= rho <= R0 -> G rho < G R0 -> rho < R0 /\ 0 < sig rho.
Proof.
  intros Hrho HG.
  assert (rho < R0).
  { apply Rnot_le_lt. intro. assert (rho = R0) by lra. subst. lra. }
  split; [assumption |].
  destruct (G_increment _ _ _ HP rho R0) as [_ H1]; try lra.
  apply Rnot_le_lt. intro. assert (sig rho * (R0 - rho) <= 0) by nra. lra.
Qed.

(** The root is unique. *)
Lemma G_root_unique rho rho' :
  0 <= rho <= R0 -> 0 <= rho' <= R0 -> G rho = G rho' -> G rho < G R0 -> rho = rho'.
Proof.
  assert (Hlt : forall x y, 0 <= x -> x < y -> y <= R0 -> G x = G y -> G x < G R0 -> False).
  { intros x y Hx Hxy Hy E HG.
    destruct (sig_pos_before y ltac:(lra)) as [_ Hs]; [lra |].
    destruct (G_increment _ _ _ HP x y) as [H _]; try lra.
    assert (0 < sig y * (y - x)) by (apply Rmult_lt_0_compat; lra). lra. }
  intros H1 H2 E HG. destruct (Rtotal_order rho rho') as [H | [H | H]]; [exfalso | assumption | exfalso].
  - apply (Hlt rho rho'); lra.
  - apply (Hlt rho' rho); lra.
Qed.

End Root.
