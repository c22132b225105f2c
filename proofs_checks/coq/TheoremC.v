(** * Theorem C: Theorem B from a checkpoint, and the last step of Theorem D *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential TheoremA SquareLoss Monotone Profile TheoremB.
Open Scope R_scope.

Section TheoremC.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (R0 beta eta gamma delta : R) (sig : R -> R).

(** Theorem C.  [history] is any sequence of weights, produced by anything at all up to time [T]; only its value at
    [T], the checkpoint, matters.  If Theorem B's hypotheses hold there and delta-GClip runs from there on, then the
    run converges linearly to a zero-loss point within the root rho of the checkpoint. *)
Theorem theorem_C (history : nat -> E) (T : nat) :
  hypotheses_B_integral r J Jt hess (history T) R0 beta eta delta sig ->
  delta_gclip_run (square_grad r Jt) eta gamma delta (fun t => history (T + t)%nat) ->
  exists rho, 0 <= rho < R0 /\ slack beta eta * RInt sig 0 rho = hnorm (r (history T)) /\ 0 < sig rho /\
    converges_linearly (square_loss r) (fun t => history (T + t)%nat) rho (rate (sig rho ^ 2) beta eta delta) rho
      (fun t => radius_sharp (square_loss r (history (T + t)%nat)) (sig rho ^ 2) beta eta).
Proof.
  intros HB Hrun.
  destruct (theorem_B_root (history T) R0 beta eta delta sig HB) as (rho & (Hrho & Hroot & Hsig) & _).
  exists rho. split; [assumption |]. split; [assumption |]. split; [assumption |].
  apply (theorem_B_gclip (J := J) (hess := hess) (history T) R0 beta eta delta sig HB
           (fun t => history (T + t)%nat) gamma rho); try assumption.
  - lra.
  - f_equal. lia.
Qed.

End TheoremC.

(** ** The last step of Theorem D: every start in a small ball about the computed checkpoint *)

(** A profile seen from a distance [eps]. *)
Lemma profile_shift (sig G : R -> R) (R0 eps : R) :
  0 <= eps -> profile sig G (R0 + eps) ->
  profile (fun s => sig (s + eps)) (fun x => G (x + eps) - G eps) R0.
Proof.
  intros He HP. constructor.
  - intros s Hs. apply (sig_nonneg _ _ _ HP). lra.
  - intros a b Ha Hab Hb. apply (sig_antitone _ _ _ HP); lra.
  - rewrite Rplus_0_l. ring.
  - intros a b Ha Hab Hb. destruct (G_increment _ _ _ HP (a + eps) (b + eps)) as [H1 H2]; lra.
Qed.

(** [c] is the computed checkpoint; the exact iterate is somewhere in the ball of radius [eps] about it.  All bounds
    are about [c]. *)
Record hypotheses_D {E F : Hilbert} (r : E -> F) (J : E -> E -> F) (Jt : E -> F -> E) (hess : E -> E -> E)
    (c : E) (eps R0 rbar lip beta eta delta : R) (sig : R -> R) : Prop := {
  D_smooth : smooth_residual r J Jt hess;
  D_eps : 0 <= eps /\ 0 <= R0;
  D_nonneg : forall s, 0 <= s <= R0 + eps -> 0 <= sig s;
  D_antitone : forall a b, 0 <= a -> a <= b -> b <= R0 + eps -> sig b <= sig a;
  D_sigma : forall x, hnorm (minus x c) <= R0 + eps -> sigma_min_at_least Jt x (sig (hnorm (minus x c)));
  D_lip : 0 <= lip /\ forall x, hnorm (minus x c) <= eps -> forall v, hnorm (J x v) <= lip * hnorm v;
  D_rbar : hnorm (r c) + lip * eps <= rbar;
  D_hess : 0 < beta /\
    hessian_at_most hess beta (fun x => hnorm (minus x c) <= R0 + eps /\ hnorm (r x) <= rbar);
  D_eta : 0 < eta < 2 / beta /\ 0 < delta <= 1;
  D_slack : rbar < slack beta eta * RInt sig eps (R0 + eps)
}.

Section TheoremD.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (c : E) (eps R0 rbar lip beta eta delta : R) (sig : R -> R).
Hypothesis HD : hypotheses_D r J Jt hess c eps R0 rbar lip beta eta delta sig.

Let G x := RInt sig 0 x.

Lemma D_profile : profile sig G (R0 + eps).
Proof. destruct HD. apply profile_RInt; try assumption. lra. Qed.

Lemma D_integral x : 0 <= x <= R0 -> G (x + eps) - G eps = RInt sig eps (x + eps).
Proof.
  intro Hx. destruct HD as [_ He Hn Ha _ _ _ _ _ _].
  assert (Hi := antitone_integrable sig (R0 + eps) ltac:(lra) Hn Ha).
  assert (H1 : ex_RInt sig 0 (x + eps))
    by (apply (ex_RInt_Chasles_1 (V := R_CompleteNormedModule)) with (R0 + eps); [lra | assumption]).
  assert (H2 : ex_RInt sig 0 eps)
    by (apply (ex_RInt_Chasles_1 (V := R_CompleteNormedModule)) with (x + eps); [lra | assumption]).
  assert (H3 : ex_RInt sig eps (x + eps))
    by (apply (ex_RInt_Chasles_2 (V := R_CompleteNormedModule)) with 0; [lra | assumption]).
  assert (H := RInt_Chasles (V := R_CompleteNormedModule) sig 0 eps (x + eps) H2 H3).
  change (RInt sig 0 eps + RInt sig eps (x + eps) = RInt sig 0 (x + eps)) in H. unfold G. lra.
Qed.

(** The root of [(1 - beta eta/2) int_eps^(eps+rho) sig = rbar] exists. *)
Theorem theorem_D_root :
  exists rho, 0 <= rho < R0 /\ slack beta eta * RInt sig eps (rho + eps) = rbar /\ 0 < sig (rho + eps).
Proof.
  pose proof HD as HD'. destruct HD' as [_ [He HR] _ _ _ [Hl _] Hrb [Hb _] [Heta _] Hs].
  assert (Hc : 0 < slack beta eta) by (apply slack_pos; lra).
  assert (HP := profile_shift sig G R0 eps He D_profile).
  assert (Hn := hnorm_pos (r c)). assert (0 <= lip * eps) by (apply Rmult_le_pos; assumption).
  assert (Hlt : rbar / slack beta eta < G (R0 + eps) - G eps).
  { rewrite D_integral by lra. apply Rmult_lt_reg_l with (slack beta eta); [assumption |].
    replace (slack beta eta * (rbar / slack beta eta)) with rbar by (field; lra). assumption. }
  destruct (G_root _ _ R0 HP HR (rbar / slack beta eta)) as (rho & Hrho & Hroot).
  { split; [| lra]. apply Rmult_le_pos; [lra | apply Rlt_le, Rinv_0_lt_compat; assumption]. }
  cbv beta in Hroot.
  destruct (sig_pos_before _ _ R0 HP rho Hrho) as [H1 H2]; [cbv beta; lra |].
  exists rho. split; [lra |]. split; [| assumption].
  rewrite <- D_integral by lra. rewrite Hroot. field. lra.
Qed.

(** From EVERY start in the ball, delta-GClip converges linearly to a zero-loss point. *)
Theorem theorem_D_last_step (rho gamma : R) (w : nat -> E) :
  0 <= rho <= R0 -> slack beta eta * RInt sig eps (rho + eps) = rbar ->
  hnorm (minus (w O) c) <= eps ->
  delta_gclip_run (square_grad r Jt) eta gamma delta w ->
  converges_linearly (square_loss r) w rho (rate (sig (rho + eps) ^ 2) beta eta delta) rho
    (fun t => radius_sharp (square_loss r (w t)) (sig (rho + eps) ^ 2) beta eta).
Proof.
  intros Hrho Hroot Hstart Hrun.
  pose proof HD as HD'. destruct HD' as [Hsm [He HR] Hn Ha Hsig [Hl Hlip] Hrb [Hb Hh] [Heta Hd] Hs].
  assert (HP := profile_shift sig G R0 eps He D_profile).
  (* the residual at the start, by the mean value inequality *)
  assert (Hres : hnorm (r (w O)) <= rbar).
  { assert (H := mean_value r J c (w O) eps lip (residual_derivative _ _ _ _ Hsm) Hlip Hstart).
    assert (H1 : hnorm (r (w O)) <= hnorm (minus (r (w O)) (r c)) + hnorm (r c)).
    { replace (r (w O)) with (plus (minus (r (w O)) (r c)) (r c)) at 1; [apply hnorm_triangle |].
      apply dot_ext. intro. dot_expand. ring. }
    assert (lip * hnorm (minus (w O) c) <= lip * eps) by (apply Rmult_le_compat_l; assumption). lra. }
  assert (Hfar : forall x, hnorm (minus x c) <= hnorm (minus x (w O)) + eps).
  { intro x. assert (H := hnorm_minus_triangle x (w O) c). lra. }
  refine (proj1 (theorem_B_steps (J := J) (Jt := Jt) (hess := hess) w R0 beta eta delta
            (fun s => sig (s + eps)) (fun x => G (x + eps) - G eps)
            (fun t => gclip_step eta gamma delta (hnorm (square_grad r Jt (w t)))) rho _ _ Hrun)).
  - constructor; try assumption.
    + intros x [Hx _] u. specialize (Hfar x).
      apply Rle_trans with (sig (hnorm (minus x c)) * hnorm u).
      * apply Rmult_le_compat_r; [apply hnorm_pos |]. apply Ha; [apply hnorm_pos | assumption | lra].
      * apply Hsig. lra.
    + split; [assumption |]. intros x [Hx1 Hx2]. apply Hh. specialize (Hfar x). split; [lra |].
      apply Rle_trans with (hnorm (r (w O))); [| assumption].
      unfold square_loss in Hx2. assert (H1 := hnorm_pos (r x)). assert (H2 := hnorm_pos (r (w O))).
      apply Rnot_lt_le. intro. nra.
    + split; assumption.
    + rewrite !D_integral by lra. rewrite Hroot. split; assumption.
  - apply gclip_steps_within; lra.
Qed.

End TheoremD.
