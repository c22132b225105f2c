(** * Bounds of a function near a peak, and beyond a compact interval

    What StoredSuprema.v and Mish.v share: near a peak a function is concave, far out exp decides. *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Activations GeluSilu.
Open Scope R_scope.

(** ** A peak: f is concave on [a, b], rises up to c, changes little up to d, falls from there *)
Lemma peak (f f1 f2 : R -> R) (a c d b M : R) :
  a <= c <= d -> d <= b ->
  (forall x, is_derive f x (f1 x)) -> (forall x, is_derive f1 x (f2 x)) ->
  (forall x, a <= x <= b -> f2 x <= 0) -> 0 <= f1 c -> f1 d <= 0 ->
  (forall x, c <= x <= d -> f x <= M) ->
  forall x, a <= x <= b -> f x <= M.
Proof.
  intros Hac Hdb D1 D2 H2 Hc Hd HM x Hx.
  assert (Hfall : forall u v, a <= u -> u <= v -> v <= b -> f1 v <= f1 u).
  { intros u v H3 H4 H5. apply Ropp_le_cancel.
    apply (increasing_on (fun x => - f1 x) (fun x => - f2 x)); [assumption | |].
    - intro z. apply (is_derive_opp f1 z (f2 z)). apply D2.
    - intros z Hz. specialize (H2 z). lra. }
  destruct (Rle_lt_dec x c) as [H | H].
  - apply Rle_trans with (f c); [| apply HM; lra].
    apply (increasing_on f f1); [assumption | assumption |].
    intros z Hz. assert (H3 := Hfall z c). lra.
  - destruct (Rle_lt_dec x d) as [H' | H']; [apply HM; lra |].
    apply Rle_trans with (f d); [| apply HM; lra].
    apply Ropp_le_cancel.
    apply (increasing_on (fun x => - f x) (fun x => - f1 x)); [lra | |].
    + intro z. apply (is_derive_opp f z (f1 z)). apply D1.
    + intros z Hz. assert (H3 := Hfall d z). lra.
Qed.

(** ** The tail *)
Lemma exp_tail x : 16 <= x -> 0 < exp (- x) /\ x * exp (- x) <= / 16.
Proof.
  intro Hx. assert (Hp := exp_pos (- x)). split; [assumption |].
  assert (E : exp x * exp (- x) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
  assert (H1 : x / 4 <= exp (x / 4)) by (assert (H := exp_ineq1_le (x / 4)); lra).
  assert (E4 : exp x = exp (x / 4) ^ 4).
  { replace x with (x / 4 + x / 4 + (x / 4 + x / 4)) at 1 by field. rewrite !exp_plus. ring. }
  assert (H4 : (x / 4) ^ 4 <= exp x) by (rewrite E4; apply pow_incr; lra).
  assert (H5 : 16 * x <= (x / 4) ^ 4).
  { replace ((x / 4) ^ 4) with (x * (x * (x * x)) * / 256) by field.
    assert (H6 : 16 * 16 <= x * x) by (apply Rmult_le_compat; lra).
    assert (H7 : 16 * (16 * 16) <= x * (x * x)) by (apply Rmult_le_compat; lra).
    assert (H8 : x * (16 * (16 * 16)) <= x * (x * (x * x))) by (apply Rmult_le_compat_l; lra). lra. }
  assert (H6 : 16 * x * exp (- x) <= exp x * exp (- x)) by (apply Rmult_le_compat_r; lra).
  lra.
Qed.

(** ** A product with x *)
Lemma times_x (f : R -> R) (x d : R) : is_derive f x d -> is_derive (fun x => x * f x) x (f x + x * d).
Proof.
  intro H. replace (f x + x * d) with (1 * f x + x * d) by ring.
  apply (is_derive_mult (fun x : R => x) f x 1 d);
    [exact (is_derive_id (K := R_AbsRing) x) | assumption | intros; apply Rmult_comm].
Qed.
