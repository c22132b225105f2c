(** * The last step of Theorem D: Theorem B from every start in a ball about the computed checkpoint

    [c] is the computed checkpoint; the exact iterate is somewhere in the ball of radius [eps] about it.  All bounds
    are about [c]. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential TheoremA SquareLoss Monotone Profile TheoremB.
Open Scope R_scope.

(** What is left of the computed weights' bounds for a start in the ball: [sig s] bounds sigma_min (J x) at all points
    within [s + eps] of [c]. *)
Record basin {E F : Hilbert} (r : E -> F) (J : E -> E -> F) (Jt : E -> F -> E) (hess : E -> E -> E)
    (c : E) (eps R0 rbar beta eta : R) (sig G : R -> R) : Prop := {
  basin_smooth : smooth_residual r J Jt hess;
  basin_eps : 0 <= eps /\ 0 <= R0;
  basin_profile : profile sig G R0;
  basin_residual : forall x, hnorm (minus x c) <= eps -> hnorm (r x) <= rbar;
  basin_sigma : forall s x, 0 <= s <= R0 -> hnorm (minus x c) <= s + eps -> sigma_min_at_least Jt x (sig s);
  basin_hess : 0 < beta /\
    hessian_at_most hess beta (fun x => hnorm (minus x c) <= R0 + eps /\ hnorm (r x) <= rbar);
  basin_eta : 0 < eta < 2 / beta
}.

Section Basin.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Context {c : E} {eps R0 rbar beta eta : R} {sig G : R -> R}.
Hypothesis HB : basin r J Jt hess c eps R0 rbar beta eta sig G.

Lemma basin_slack : 0 < slack beta eta.
Proof. destruct HB as [_ _ _ _ _ [Hb _] He]. apply slack_pos; lra. Qed.

Lemma basin_rbar : 0 <= rbar.
Proof.
  apply Rle_trans with (hnorm (r c)); [apply hnorm_pos |].
  apply (basin_residual _ _ _ _ _ _ _ _ _ _ _ _ HB). rewrite hnorm_minus_diag. apply HB.
Qed.

(** Where the run stays. *)
Definition around : E -> Prop := fun x => hnorm (minus x c) <= R0 + eps /\ hnorm (r x) <= rbar.

Lemma region_around (w0 x : E) : hnorm (minus w0 c) <= eps -> region (square_loss r) w0 R0 x -> around x.
Proof.
  intros H0 [Hx HL]. split.
  - assert (H := hnorm_minus_triangle x w0 c). lra.
  - apply Rle_trans with (hnorm (r w0)); [| apply (basin_residual _ _ _ _ _ _ _ _ _ _ _ _ HB); assumption].
    unfold square_loss in HL. assert (H1 := hnorm_pos (r x)). assert (H2 := hnorm_pos (r w0)).
    apply Rnot_lt_le. intro. nra.
Qed.

(** From EVERY start in the ball, steps between eta floor_t and eta: the path is at most [rho], which need not be the root. *)
Theorem basin_floors (rho : R) (w : nat -> E) (floor h : nat -> R) :
  0 <= rho <= R0 -> rbar <= slack beta eta * G rho < slack beta eta * G R0 ->
  hnorm (minus (w O) c) <= eps -> (forall t, 0 < floor t <= 1) ->
  steps_above around eta floor h w -> gradient_run (square_grad r Jt) h w ->
  converges_by_steps (square_loss r) w rho (fun t => rate (sig rho ^ 2) beta eta (floor t)) rho
    (fun t => radius_sharp (square_loss r (w t)) (sig rho ^ 2) beta eta).
Proof.
  intros Hrho Hroot Hstart Hfloor Hsteps Hrun.
  assert (Hin := region_around (w O)).
  pose proof HB as HB'. destruct HB' as [Hsm [He HR] HP Hres Hsig [Hb Hh] Heta].
  refine (proj1 (theorem_B_steps (J := J) (Jt := Jt) (hess := hess) w R0 beta eta sig G floor h rho _ Hfloor _ Hrun)).
  - constructor; try assumption.
    + intros x [Hx _]. apply Hsig; [split; [apply hnorm_pos | assumption] |].
      assert (H := hnorm_minus_triangle x (w O) c). lra.
    + split; [assumption |]. intros x Hx. apply Hh. apply Hin; assumption.
    + split; [| apply Hroot]. apply Rle_trans with rbar; [apply Hres; assumption | apply Hroot].
  - intros t Ht. apply Hsteps. apply Hin; assumption.
Qed.

(** The same in the form that is checked: [rbar] at most the integral up to [rho], which may be all of [0, R], and below
    the whole integral; any mu up to sig(rho)^2. *)
Theorem basin_checked (rho mu : R) (w : nat -> E) (floor h : nat -> R) :
  0 <= rho <= R0 -> rbar <= slack beta eta * G rho -> rbar < slack beta eta * G R0 -> 0 <= sig rho -> 0 < mu <= sig rho ^ 2 ->
  hnorm (minus (w O) c) <= eps -> (forall t, 0 < floor t <= 1) ->
  steps_above around eta floor h w -> gradient_run (square_grad r Jt) h w ->
  converges_by_steps (square_loss r) w rho (fun t => rate mu beta eta (floor t)) rho
    (fun t => radius_sharp (square_loss r (w t)) mu beta eta).
Proof.
  intros Hrho Hle Hlt Hs0 Hmu Hstart Hfloor Hsteps Hrun.
  assert (Hc := basin_slack). assert (Hr := basin_rbar).
  pose proof HB as HB'. destruct HB' as [Hsm [He HR] HP Hres Hsig [Hb Hh] Heta].
  set (y := rbar / slack beta eta). assert (Ey : slack beta eta * y = rbar) by (unfold y; field; lra).
  assert (Hy0 : 0 <= y) by (apply Rmult_le_pos; [assumption | apply Rlt_le, Rinv_0_lt_compat; assumption]).
  assert (Hy1 : y <= G rho) by (apply Rmult_le_reg_l with (slack beta eta); lra).
  assert (Hy2 : y < G R0) by (apply Rmult_lt_reg_l with (slack beta eta); lra).
  assert (Hex : exists root, 0 <= root <= rho /\ G root = y).
  { destruct (G_root _ _ _ HP HR y ltac:(lra)) as (root & Hroot & Eroot).
    destruct (Rle_lt_dec root rho) as [H1 | H1]; [exists root; split; [lra | assumption] |].
    exists rho. split; [lra |]. assert (G rho <= G root) by (apply (G_mono _ _ _ HP); lra). lra. }
  destruct Hex as (root & Hroot & Eroot).
  assert (Esl : slack beta eta * G root = rbar) by (rewrite Eroot; assumption).
  assert (Hmore : slack beta eta * G root < slack beta eta * G R0) by lra.
  assert (H := basin_floors root w floor h ltac:(lra) ltac:(lra) Hstart Hfloor Hsteps Hrun).
  assert (Hsr : sig rho <= sig root) by (apply (sig_antitone _ _ _ HP); lra).
  assert (Hmu2 : mu <= sig root ^ 2) by (apply Rle_trans with (sig rho ^ 2); [lra | apply pow_incr; lra]).
  apply (by_steps_weaken _ _ _ _ _ _ _ _ _ _ H); try lra.
  - intro x. apply (loss_nonneg _ _ _ (square_smooth Hsm)).
  - intro t. split; [apply rate_antitone_mu | apply rate_lt_1]; try assumption; try lra; apply Hfloor.
  - intro t. apply radius_sharp_antitone; [apply (loss_nonneg _ _ _ (square_smooth Hsm)) | lra | assumption].
Qed.

End Basin.

(** ** Its hypotheses as stated: a profile about the computed weights, integrated by Riemann *)

Record hypotheses_D {E F : Hilbert} (r : E -> F) (J : E -> E -> F) (Jt : E -> F -> E) (hess : E -> E -> E)
    (c : E) (eps R0 rbar lip beta eta : R) (sig : R -> R) : Prop := {
  D_smooth : smooth_residual r J Jt hess;
  D_eps : 0 <= eps /\ 0 <= R0;
  D_nonneg : forall s, 0 <= s <= R0 + eps -> 0 <= sig s;
  D_antitone : forall a b, 0 <= a -> a <= b -> b <= R0 + eps -> sig b <= sig a;
  D_sigma : forall x, hnorm (minus x c) <= R0 + eps -> sigma_min_at_least Jt x (sig (hnorm (minus x c)));
  D_lip : 0 <= lip /\ forall x, hnorm (minus x c) <= eps -> forall v, hnorm (J x v) <= lip * hnorm v;
  D_rbar : hnorm (r c) + lip * eps <= rbar;
  D_hess : 0 < beta /\
    hessian_at_most hess beta (fun x => hnorm (minus x c) <= R0 + eps /\ hnorm (r x) <= rbar);
  D_eta : 0 < eta < 2 / beta;
  D_slack : rbar < slack beta eta * RInt sig eps (R0 + eps)
}.

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

(** The residual near the computed weights, by the mean value inequality. *)
Lemma residual_near {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}
    (c : E) (eps lip rbar : R) :
  smooth_residual r J Jt hess ->
  0 <= lip -> (forall x, hnorm (minus x c) <= eps -> forall v, hnorm (J x v) <= lip * hnorm v) ->
  hnorm (r c) + lip * eps <= rbar -> forall x, hnorm (minus x c) <= eps -> hnorm (r x) <= rbar.
Proof.
  intros Hsm Hl Hlip Hrb x Hx.
  assert (H := mean_value r J c x eps lip (residual_derivative _ _ _ _ Hsm) Hlip Hx).
  assert (H1 : hnorm (r x) <= hnorm (minus (r x) (r c)) + hnorm (r c)).
  { replace (r x) with (plus (minus (r x) (r c)) (r c)) at 1; [apply hnorm_triangle |].
    apply dot_ext. intro. dot_expand. ring. }
  assert (lip * hnorm (minus x c) <= lip * eps) by (apply Rmult_le_compat_l; assumption). lra.
Qed.

Section Integral.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (c : E) (eps R0 rbar lip beta eta : R) (sig : R -> R).
Hypothesis HD : hypotheses_D r J Jt hess c eps R0 rbar lip beta eta sig.

Let G x := RInt sig 0 x.

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

Lemma D_basin : basin r J Jt hess c eps R0 rbar beta eta (fun s => sig (s + eps)) (fun x => G (x + eps) - G eps).
Proof.
  destruct HD as [Hsm [He HR] Hn Ha Hsig [Hl Hlip] Hrb [Hb Hh] Heta Hs].
  constructor; try assumption.
  - split; assumption.
  - apply profile_shift; [assumption |]. apply profile_RInt; try assumption. lra.
  - apply (residual_near (J := J) (Jt := Jt) (hess := hess) c eps lip); assumption.
  - intros s x Hs0 Hx u. apply Rle_trans with (sig (hnorm (minus x c)) * hnorm u).
    + apply Rmult_le_compat_r; [apply hnorm_pos |]. apply Ha; [apply hnorm_pos | assumption | lra].
    + apply Hsig. lra.
  - split; assumption.
Qed.

(** The root of [(1 - beta eta/2) int_eps^(eps+rho) sig = rbar] exists. *)
Theorem theorem_D_root :
  exists rho, 0 <= rho < R0 /\ slack beta eta * RInt sig eps (rho + eps) = rbar /\ 0 < sig (rho + eps).
Proof.
  assert (HB := D_basin). assert (Hc := basin_slack HB). assert (Hr := basin_rbar HB).
  destruct HB as [_ [He HR] HP _ _ _ _]. assert (Hs := D_slack _ _ _ _ _ _ _ _ _ _ _ _ HD).
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

(** From EVERY start in the ball, steps between eta floor_t and eta reach a point; where the sum of the floors is
    infinite, a zero-loss point. *)
Theorem theorem_D_last_step (rho : R) (w : nat -> E) (floor h : nat -> R) :
  0 <= rho <= R0 -> slack beta eta * RInt sig eps (rho + eps) = rbar ->
  hnorm (minus (w O) c) <= eps -> (forall t, 0 < floor t <= 1) ->
  steps_above (fun x => hnorm (minus x c) <= R0 + eps /\ hnorm (r x) <= rbar) eta floor h w ->
  gradient_run (square_grad r Jt) h w ->
  converges_by_steps (square_loss r) w rho (fun t => rate (sig (rho + eps) ^ 2) beta eta (floor t)) rho
    (fun t => radius_sharp (square_loss r (w t)) (sig (rho + eps) ^ 2) beta eta).
Proof.
  intros Hrho Hroot Hstart Hfloor Hsteps Hrun.
  apply (basin_floors D_basin rho w floor h); try assumption.
  assert (HR := D_eps _ _ _ _ _ _ _ _ _ _ _ _ HD). assert (Hs := D_slack _ _ _ _ _ _ _ _ _ _ _ _ HD).
  rewrite !D_integral by lra. lra.
Qed.

End Integral.
