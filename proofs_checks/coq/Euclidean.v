(** * Two of the theorems written out for R^p, and an instance of the hypotheses

    The same statements as [theorem_A_gclip] and [theorem_B_gclip] with every definition of ours about runs and
    hypotheses unfolded, for a reader who wants the whole statement in one place; and a proof that the hypotheses
    of Theorem A can hold, so that it is not empty. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential TheoremA SquareLoss Monotone Profile TheoremB.
Open Scope R_scope.

Theorem theorem_A_Rp (p : nat) (L : Rn p -> R) (grad : Rn p -> Rn p) (hess : Rn p -> Rn p -> Rn p)
    (w : nat -> Rn p) (R0 mu beta eta gamma delta : R) :
  (forall x, 0 <= L x) ->
  (forall x, has_gradient L x (grad x)) ->
  (forall x, has_derivative grad x (hess x)) ->
  0 < mu -> 0 < beta -> 0 < eta < 2 / beta -> 0 < delta <= 1 ->
  (forall x, hnorm (minus x (w O)) <= R0 -> L x <= L (w O) -> mu * L x <= hnorm (grad x) ^ 2 / 2) ->
  (forall x, hnorm (minus x (w O)) <= R0 -> L x <= L (w O) -> forall v, dot (hess x v) v <= beta * hnorm v ^ 2) ->
  sqrt (2 * L (w O) / mu) / slack beta eta < R0 ->
  (forall t, w (S t) = minus (w t) (scal (gclip_step eta gamma delta (hnorm (grad (w t)))) (grad (w t)))) ->
  (forall t, hnorm (minus (w t) (w O)) <= R0) /\
  rate mu beta eta delta < 1 /\
  (forall t, L (w t) <= rate mu beta eta delta ^ t * L (w O)) /\
  (forall t, path w t <= sqrt (2 * L (w O) / mu) / slack beta eta) /\
  exists w_inf, L w_inf = 0 /\
    (forall eps, 0 < eps -> exists N, forall t, (N <= t)%nat -> hnorm (minus (w t) w_inf) < eps) /\
    (forall t, hnorm (minus (w t) w_inf) <= sqrt (2 * L (w t) / mu) / slack beta eta).
Proof.
  intros H1 H2 H3 Hmu Hb He Hd HPL Hh HR Hrun.
  assert (HA : hypotheses_A L grad hess w R0 mu beta eta delta).
  { constructor; try assumption.
    - constructor; assumption.
    - intros x [? ?]. apply HPL; assumption.
    - split; [assumption |]. intros x [? ?]. apply Hh; assumption.
    - split; assumption. }
  destruct (theorem_A_gclip w R0 mu beta eta delta gamma HA Hrun) as [G1 [G2 G3] G4 (l & G5 & G6 & _ & G7)].
  split; [intro t; apply (G1 t) |]. split; [assumption |]. split; [assumption |]. split; [assumption |].
  exists l. split; [assumption |]. split; assumption.
Qed.

Theorem theorem_B_Rp (p q : nat) (r : Rn p -> Rn q) (J : Rn p -> Rn p -> Rn q) (Jt : Rn p -> Rn q -> Rn p)
    (hess : Rn p -> Rn p -> Rn p) (w : nat -> Rn p) (R0 beta eta gamma delta : R) (sig : R -> R) :
  (forall x, has_derivative r x (J x)) ->
  (forall x v u, dot (J x v) u = dot v (Jt x u)) ->
  (forall x, has_derivative (fun y => Jt y (r y)) x (hess x)) ->
  0 <= R0 -> 0 < beta -> 0 < eta < 2 / beta -> 0 < delta <= 1 ->
  (forall s, 0 <= s <= R0 -> 0 <= sig s) ->
  (forall a b, 0 <= a -> a <= b -> b <= R0 -> sig b <= sig a) ->
  (forall x, hnorm (minus x (w O)) <= R0 -> hnorm (r x) <= hnorm (r (w O)) ->
     forall u, sig (hnorm (minus x (w O))) * hnorm u <= hnorm (Jt x u)) ->
  (forall x, hnorm (minus x (w O)) <= R0 -> hnorm (r x) <= hnorm (r (w O)) ->
     forall v, dot (hess x v) v <= beta * hnorm v ^ 2) ->
  hnorm (r (w O)) < slack beta eta * RInt sig 0 R0 ->
  (forall t, w (S t) = minus (w t) (scal (gclip_step eta gamma delta (hnorm (Jt (w t) (r (w t))))) (Jt (w t) (r (w t))))) ->
  exists rho, 0 <= rho < R0 /\ slack beta eta * RInt sig 0 rho = hnorm (r (w O)) /\ 0 < sig rho /\
    (forall t, hnorm (minus (w t) (w O)) <= rho) /\
    (forall t, path w t <= rho) /\
    rate (sig rho ^ 2) beta eta delta < 1 /\
    (forall t, hnorm (r (w t)) ^ 2 <= rate (sig rho ^ 2) beta eta delta ^ t * hnorm (r (w O)) ^ 2) /\
    exists w_inf, r w_inf = zero /\
      forall eps, 0 < eps -> exists N, forall t, (N <= t)%nat -> hnorm (minus (w t) w_inf) < eps.
Proof.
  intros H1 H2 H3 HR Hb He Hd Hn Hm Hs Hh Hres Hrun.
  assert (HL : forall x, square_loss r x <= square_loss r (w O) -> hnorm (r x) <= hnorm (r (w O))).
  { intros x Hx. unfold square_loss in Hx. assert (A1 := hnorm_pos (r x)). assert (A2 := hnorm_pos (r (w O))).
    apply Rnot_lt_le. intro. nra. }
  assert (HB : hypotheses_B_integral r J Jt hess (w O) R0 beta eta sig).
  { constructor; try assumption.
    - constructor; assumption.
    - intros x [? ?] u. apply Hs; [| apply HL]; assumption.
    - split; [assumption |]. intros x [? ?] v. apply Hh; [| apply HL]; assumption. }
  destruct (theorem_B_root (w O) R0 beta eta sig HB) as (rho & (Hrho & Hroot & Hsig) & _).
  destruct (theorem_B_gclip (w O) R0 beta eta sig HB w gamma delta rho Hd ltac:(lra) Hroot eq_refl Hrun)
    as [G1 [G2 G3] G4 (l & G5 & G6 & _ & _)].
  exists rho. split; [assumption |]. split; [assumption |]. split; [assumption |].
  split; [intro t; apply (G1 t) |]. split; [assumption |]. split; [assumption |]. split.
  - intro t. specialize (G3 t). unfold square_loss in G3. lra.
  - exists l. split; [| assumption].
    apply hnorm_eq_0. unfold square_loss in G6. assert (A := hnorm_pos (r l)). nra.
Qed.

(** ** The hypotheses can hold: L(x) = x^2 / 2 on the line, from 1, with mu = beta = eta = 1 and R = 3 *)
Definition parabola (x : R_hilbert) : R := x * x / 2.

Lemma parabola_smooth : @smooth_loss R_hilbert parabola (fun x => x) (fun _ v => v).
Proof.
  assert (Hnorm : forall v : R_hilbert, hnorm v = Rabs v) by (intro v; apply sqrt_mult_self).
  constructor.
  - intro x. unfold parabola. assert (0 <= x * x) by apply Rle_0_sqr. lra.
  - intros x eps Heps. exists eps. split; [assumption |]. intros v Hv. rewrite Hnorm in *.
    unfold parabola. change (plus x v) with (x + v). change (dot x v) with (x * v).
    replace ((x + v) * (x + v) / 2 - x * x / 2 - x * v) with (v * v / 2) by field.
    assert (Ev : v * v = Rabs v * Rabs v) by (rewrite <- Rabs_mult, Rabs_pos_eq; [reflexivity | apply Rle_0_sqr]).
    assert (H0 := Rabs_pos v). rewrite Ev. rewrite Rabs_pos_eq by nra. nra.
  - intro x. split.
    + split; [reflexivity |]. split; [reflexivity |]. exists 1. intro v. lra.
    + intros eps Heps. exists 1. split; [lra |]. intros v _.
      replace (minus (minus (plus x v) x) v) with (zero : R_hilbert).
      * rewrite hnorm_zero. apply Rmult_le_pos; [lra | apply hnorm_pos].
      * apply dot_ext. intro z. dot_expand. ring.
Qed.

Theorem hypotheses_A_can_hold (w : nat -> R_hilbert) :
  w O = 1 -> hypotheses_A parabola (fun x => x) (fun _ v => v) w 3 1 1 1 (1 / 2).
Proof.
  intro Hw.
  assert (Hsq : forall v : R_hilbert, hnorm v ^ 2 = v * v) by (intro v; exact (hnorm_sqr (E := R_hilbert) v)).
  constructor.
  - apply parabola_smooth.
  - lra.
  - intros x _. rewrite Hsq. unfold parabola. lra.
  - split; [lra |]. intros x _ v. rewrite Hsq. change (dot v v) with (v * v). lra.
  - lra.
  - rewrite Hw. unfold radius_sharp, slack, parabola.
    replace (2 * (1 * 1 / 2) / 1) with (1 * 1) by field. rewrite sqrt_square by lra. lra.
Qed.
