(** * Nonincreasing functions are Riemann integrable

    So that Theorem B needs no integrability hypothesis.  A bounded nonincreasing function is the uniform limit of
    functions with finitely many values, each a sum of indicators of initial intervals. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

Section Monotone.
Variables (f : R -> R) (b : R).
Hypothesis Hb : 0 <= b.
Hypothesis Hpos : forall x, 0 <= x <= b -> 0 <= f x.
Hypothesis Hmono : forall x y, 0 <= x -> x <= y -> y <= b -> f y <= f x.

(** The indicator of {f >= y}, times a constant. *)
Definition level (c y x : R) : R := if Rle_dec y (f x) then c else 0.

Lemma level_integrable c y : ex_RInt (level c y) 0 b.
Proof.
  set (A := fun x => x = 0 \/ (0 <= x <= b /\ y <= f x)).
  destruct (completeness A) as [m [Hub Hlub]].
  { exists b. intros x [Hx | [Hx _]]; lra. }
  { exists 0. left. reflexivity. }
  assert (Hm0 : 0 <= m) by (apply Hub; left; reflexivity).
  assert (Hmb : m <= b) by (apply Hlub; intros x [Hx | [Hx _]]; lra).
  apply ex_RInt_Chasles with m.
  - (* left of the supremum the level is reached *)
    apply (ex_RInt_ext (fun _ => c)); [| apply ex_RInt_const].
    intros x Hx. rewrite Rmin_left, Rmax_right in Hx by assumption.
    unfold level. destruct (Rle_dec y (f x)) as [_ | Hn]; [reflexivity | exfalso].
    apply (Rlt_not_le m x); [lra |]. apply Hlub. intros z [Hz | [Hz1 Hz2]]; [lra |].
    apply Rnot_lt_le. intro Hlt. apply Hn. apply Rle_trans with (f z); [assumption |]. apply Hmono; lra.
  - (* right of it, not *)
    apply (ex_RInt_ext (fun _ => 0)); [| apply ex_RInt_const].
    intros x Hx. rewrite Rmin_left, Rmax_right in Hx by assumption.
    unfold level. destruct (Rle_dec y (f x)) as [Hy | _]; [exfalso | reflexivity].
    assert (x <= m) by (apply Hub; right; split; [lra | assumption]). lra.
Qed.

(** f rounded down to a multiple of [c], up to k c. *)
Fixpoint stairs (c : R) (k : nat) (x : R) : R :=
  match k with
  | O => 0
  | S k' => stairs c k' x + level c (INR k * c) x
  end.

Lemma stairs_integrable c k : ex_RInt (stairs c k) 0 b.
Proof.
  induction k as [| k IH]; [apply ex_RInt_const |].
  apply (ex_RInt_plus (V := R_NormedModule) (stairs c k)); [assumption | apply level_integrable].
Qed.

Lemma stairs_close c k x : 0 < c -> 0 <= f x ->
  stairs c k x <= f x /\ (f x <= INR k * c -> f x <= stairs c k x + c) /\ stairs c k x <= INR k * c /\
  (INR k * c <= f x -> stairs c k x = INR k * c).
Proof.
  intros Hc Hf. induction k as [| k (IH1 & IH2 & IH3 & IH4)].
  - cbn [stairs INR]. repeat split; intros; lra.
  - cbn [stairs]. rewrite S_INR. unfold level.
    destruct (Rle_dec ((INR k + 1) * c) (f x)) as [H | H].
    + rewrite IH4 by lra. repeat split; intros; lra.
    + repeat split; [lra | intro H2 | lra | lra].
      destruct (Rle_lt_dec (f x) (INR k * c)) as [H3 | H3]; [apply IH2 in H3; lra |].
      rewrite IH4 by lra. lra.
Qed.

Theorem antitone_integrable : ex_RInt f 0 b.
Proof.
  set (g := fun x => f (Rmax 0 (Rmin x b))).
  assert (Hcl : forall x, 0 <= Rmax 0 (Rmin x b) <= b).
  { intro x. split; [apply Rmax_l |]. apply Rmax_lub; [assumption | apply Rmin_r]. }
  assert (Hgf : forall x, 0 <= x <= b -> g x = f x).
  { intros x Hx. unfold g. rewrite Rmin_left, Rmax_right by lra. reflexivity. }
  apply (ex_RInt_ext g).
  { intros x Hx. rewrite Rmin_left, Rmax_right in Hx by assumption. apply Hgf. lra. }
  set (M := f 0).
  assert (HM : forall x, 0 <= g x <= M).
  { intro x. specialize (Hcl x). unfold g, M. split; [apply Hpos; assumption | apply Hmono; lra]. }
  (* step functions with n + 1 stairs of height (M + 1) / (n + 1) *)
  set (c := fun n : nat => (M + 1) / (INR n + 1)).
  set (s := fun (n : nat) (x : R) => stairs (c n) (S n) (Rmax 0 (Rmin x b))).
  assert (HM0 : 0 <= M) by (specialize (HM 0); lra).
  assert (Hc : forall n, 0 < c n).
  { intro n. unfold c. apply Rdiv_lt_0_compat; [lra |]. assert (H := pos_INR n). lra. }
  assert (Hclose : forall n x, Rabs (s n x - g x) <= c n).
  { intros n x. unfold s, g. specialize (HM x). unfold g in HM.
    destruct (stairs_close (c n) (S n) (Rmax 0 (Rmin x b)) (Hc n)) as (H1 & H2 & _ & _); [lra |].
    assert (H3 : INR (S n) * c n = M + 1).
    { rewrite S_INR. unfold c. assert (H := pos_INR n). field. lra. }
    rewrite H3 in H2. specialize (H2 ltac:(lra)). apply Rabs_le. lra. }
  assert (Hint : forall n, ex_RInt (s n) 0 b).
  { intro n. apply (ex_RInt_ext (stairs (c n) (S n))); [| apply stairs_integrable].
    intros x Hx. rewrite Rmin_left, Rmax_right in Hx by assumption.
    unfold s. rewrite Rmin_left, Rmax_right by lra. reflexivity. }
  destruct (filterlim_RInt (V := R_CompleteNormedModule) s 0 b eventually _ g (fun n => RInt (s n) 0 b)) as (I & _ & HI).
  - intro n. apply (RInt_correct (V := R_CompleteNormedModule)). apply Hint.
  - apply filterlim_locally. intro eps.
    assert (Hlim : is_lim_seq c 0).
    { replace (Finite 0) with (Rbar_mult (M + 1) 0) by (cbn; f_equal; ring).
      apply (is_lim_seq_scal_l (fun n => / (INR n + 1))).
      apply (is_lim_seq_inv (fun n => INR n + 1) p_infty); [| discriminate].
      apply (is_lim_seq_plus _ _ p_infty 1); [apply is_lim_seq_INR | apply is_lim_seq_const | reflexivity]. }
    apply is_lim_seq_spec in Hlim. destruct (Hlim eps) as [N HN].
    exists N. intros n Hn x. specialize (HN n Hn). rewrite Rminus_0_r, Rabs_pos_eq in HN by (apply Rlt_le, Hc).
    change (Rabs (s n x - g x) < eps). specialize (Hclose n x). lra.
  - exists I. assumption.
Qed.

End Monotone.
