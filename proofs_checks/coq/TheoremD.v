(** * Theorem D: from a computed trajectory to the exact one

    A finite sequence of computed points [c], with errors bounded step by step, keeps the exact delta-GClip run within
    [eps t]; if Theorem C holds at the last one with slack for its ball, the exact run converges linearly. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs SquareLoss Smoothness Symmetry TheoremB TheoremC.
Open Scope R_scope.

(** One step of delta-GClip as a map. *)
Definition gclip_map {E : Hilbert} (grad : E -> E) (eta gamma delta : R) (x : E) : E :=
  minus x (scal (gclip_step eta gamma delta (hnorm (grad x))) (grad x)).

Section Recursion.
Context {E : Hilbert}.
Variables (grad : E -> E) (eta gamma delta : R).
Let step := gclip_map grad eta gamma delta.

(** [rho t] bounds the error of the computed step, [lips t] the expansion of the exact step over the ball, and [eps]
    obeys the recursion. *)
Record error_recursion (c : nat -> E) (eps lips rho : nat -> R) (T : nat) : Prop := {
  rec_start : 0 <= eps O;
  rec_lips : forall t, (t < T)%nat -> 0 <= lips t;
  rec_computed : forall t, (t < T)%nat -> hnorm (minus (c (S t)) (step (c t))) <= rho t;
  rec_expansion : forall t, (t < T)%nat -> forall x, hnorm (minus x (c t)) <= eps t ->
    hnorm (minus (step x) (step (c t))) <= lips t * hnorm (minus x (c t));
  rec_eps : forall t, (t < T)%nat -> lips t * eps t + rho t <= eps (S t)
}.

Theorem trajectory_error (c w : nat -> E) (eps lips rho : nat -> R) (T : nat) :
  error_recursion c eps lips rho T -> w O = c O -> delta_gclip_run grad eta gamma delta w ->
  forall t, (t <= T)%nat -> hnorm (minus (w t) (c t)) <= eps t.
Proof.
  intros [H0 Hl Hc Hx He] Hw Hrun t. induction t as [| t IH]; intro Ht.
  - rewrite Hw, hnorm_minus_diag. assumption.
  - assert (IHt := IH ltac:(lia)). assert (Hlt : (t < T)%nat) by lia.
    assert (Ew : w (S t) = step (w t)) by apply Hrun.
    rewrite Ew.
    assert (H1 := hnorm_minus_triangle (step (w t)) (step (c t)) (c (S t))).
    assert (H2 := Hx t Hlt (w t) IHt). assert (H3 := Hc t Hlt). assert (H4 := He t Hlt).
    rewrite (hnorm_minus_sym (step (c t))) in H1.
    assert (lips t * hnorm (minus (w t) (c t)) <= lips t * eps t) by (apply Rmult_le_compat_l; [apply Hl |]; assumption).
    lra.
Qed.
End Recursion.

(** Theorem D: the recursion up to [T], Theorem C with slack at [c T]. *)
Theorem theorem_D {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}
    (c w : nat -> E) (eps lips rho : nat -> R) (T : nat) (R0 rbar lip beta eta gamma delta : R) (sig : R -> R) :
  error_recursion (square_grad r Jt) eta gamma delta c eps lips rho T ->
  hypotheses_D r J Jt hess (c T) (eps T) R0 rbar lip beta eta delta sig ->
  w O = c O -> delta_gclip_run (square_grad r Jt) eta gamma delta w ->
  exists root, 0 <= root < R0 /\ slack beta eta * RInt sig (eps T) (root + eps T) = rbar /\ 0 < sig (root + eps T) /\
    converges_linearly (square_loss r) (fun t => w (T + t)%nat) root (rate (sig (root + eps T) ^ 2) beta eta delta) root
      (fun t => radius_sharp (square_loss r (w (T + t)%nat)) (sig (root + eps T) ^ 2) beta eta).
Proof.
  intros Hrec HD Hw Hrun.
  destruct (theorem_D_root (c T) (eps T) R0 rbar lip beta eta delta sig HD) as (root & H1 & H2 & H3).
  exists root. split; [assumption |]. split; [assumption |]. split; [assumption |].
  apply (theorem_D_last_step (J := J) (hess := hess) (c T) (eps T) R0 rbar lip beta eta delta sig HD root gamma
           (fun t => w (T + t)%nat)).
  - lra.
  - assumption.
  - rewrite Nat.add_0_r. apply (trajectory_error (square_grad r Jt) eta gamma delta c w eps lips rho T); try assumption. lia.
  - intro t. rewrite Nat.add_succ_r. apply (Hrun (T + t)%nat).
Qed.

(** ** The expansion of a constant step: only negative curvature expands *)

(** Which branch is taken. *)
Lemma step_unclipped eta gamma delta g : delta <= 1 -> 0 <= g <= gamma -> gclip_step eta gamma delta g = eta.
Proof.
  intros Hd Hg. unfold gclip_step, step_size. destruct (Req_EM_T g 0) as [_ | Hn]; [reflexivity |].
  rewrite Rmin_left; [ring |]. eapply Rle_trans; [| apply Rmax_r].
  apply Rmult_le_reg_r with g; [lra |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Lemma step_floor eta gamma delta g :
  0 < gamma -> 0 < delta <= 1 -> gamma / delta <= g -> gclip_step eta gamma delta g = eta * delta.
Proof.
  intros Hgam Hd Hg. assert (Hgp : 0 < gamma / delta) by (apply Rdiv_lt_0_compat; lra).
  unfold gclip_step, step_size. destruct (Req_EM_T g 0) as [E0 | Hn]; [lra |].
  assert (gamma / g <= delta).
  { apply Rmult_le_reg_r with g; [lra |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
    assert (delta * (gamma / delta) <= delta * g) by (apply Rmult_le_compat_l; lra).
    replace (delta * (gamma / delta)) with gamma in H by (field; lra). lra. }
  rewrite Rmax_left, Rmin_right by lra. reflexivity.
Qed.

Section ConstantStep.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Hypothesis Hr : smooth_residual r J Jt hess.
Variables (eta gamma delta : R).
Let grad := square_grad r Jt.

Lemma constant_step_derivative (h : R) (x : E) :
  has_derivative (fun y => minus y (scal h (grad y))) x (fun v => minus v (scal h (hess x v))).
Proof.
  destruct (residual_hessian _ _ _ _ Hr x) as ((Hadd & Hsc & C & HC) & Hder). fold grad in Hder.
  split; [split; [| split] |].
  - intros u v. rewrite Hadd. apply dot_ext. intro. dot_expand. ring.
  - intros a v. rewrite Hsc. apply dot_ext. intro. dot_expand. ring.
  - exists (1 + Rabs h * C). intro v. unfold minus. eapply Rle_trans; [apply hnorm_triangle |].
    rewrite hnorm_opp, hnorm_scal. specialize (HC v). assert (Hh := Rabs_pos h). nra.
  - intros e He. assert (Hh := Rabs_pos h).
    destruct (Hder (e / (Rabs h + 1))) as (d & Hd & H); [apply Rdiv_lt_0_compat; lra |].
    exists d. split; [assumption |]. intros v Hv. specialize (H v Hv).
    set (k := minus (minus (grad (plus x v)) (grad x)) (hess x v)) in *.
    replace (minus (minus (minus (plus x v) (scal h (grad (plus x v)))) (minus x (scal h (grad x)))) (minus v (scal h (hess x v))))
      with (scal (- h) k) by (unfold k; apply dot_ext; intro; dot_expand; ring).
    rewrite hnorm_scal, Rabs_Ropp. assert (Hv0 := hnorm_pos v).
    apply Rle_trans with (Rabs h * (e / (Rabs h + 1) * hnorm v)); [apply Rmult_le_compat_l; assumption |].
    replace (Rabs h * (e / (Rabs h + 1) * hnorm v)) with (e * hnorm v * (Rabs h / (Rabs h + 1))) by (field; lra).
    assert (Rabs h / (Rabs h + 1) <= 1).
    { apply Rmult_le_reg_r with (Rabs h + 1); [lra |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
    assert (0 <= e * hnorm v) by (apply Rmult_le_pos; lra). nra.
Qed.

(** Bounds over the ball of radius [e] about [c]: ||J|| <= lip, J ell-Lipschitz, |r| <= rbar, Hess <= beta; the
    step is the constant [h] there, h <= 2/beta.  Then the step expands by at most 1 + h rbar ell. *)
Theorem constant_step_expansion (c : E) (e h lip ell rbar beta : R) :
  0 <= e -> 0 <= lip -> 0 <= ell -> 0 < beta -> 0 <= h <= 2 / beta ->
  (forall x, hnorm (minus x c) <= e -> gclip_step eta gamma delta (hnorm (grad x)) = h) ->
  (forall x, hnorm (minus x c) <= e -> forall v, hnorm (J x v) <= lip * hnorm v) ->
  (forall x y, hnorm (minus x c) <= e -> hnorm (minus y c) <= e ->
     forall v, hnorm (minus (J x v) (J y v)) <= ell * hnorm (minus x y) * hnorm v) ->
  (forall x, hnorm (minus x c) <= e -> hnorm (r x) <= rbar) ->
  hessian_at_most hess beta (fun x => hnorm (minus x c) <= e) ->
  forall x, hnorm (minus x c) <= e ->
    hnorm (minus (gclip_map grad eta gamma delta x) (gclip_map grad eta gamma delta c))
    <= (1 + h * rbar * ell) * hnorm (minus x c).
Proof.
  intros He Hl0 Hell0 Hb Hh Hstep Hl Hell Hrb Hhess x Hx.
  assert (Hc : hnorm (minus c c) <= e) by (rewrite hnorm_minus_diag; assumption).
  assert (Hrb0 : 0 <= rbar) by (apply Rle_trans with (hnorm (r c)); [apply hnorm_pos | apply Hrb; assumption]).
  assert (Hexp : 0 <= h * rbar * ell) by (repeat apply Rmult_le_pos; lra).
  destruct (Req_dec e 0) as [E0 | E0].
  { assert (Hd := hnorm_pos (minus x c)).
    assert (Hz : minus x c = zero) by (apply hnorm_eq_0; lra).
    assert (Ex : x = c).
    { apply dot_ext. intro z. assert (H := dot_minus_l x c z). rewrite Hz, dot_zero_l in H. lra. }
    rewrite Ex, !hnorm_minus_diag. lra. }
  unfold gclip_map. rewrite (Hstep x Hx), (Hstep c Hc).
  apply (mean_value (fun y => minus y (scal h (grad y))) (fun y v => minus v (scal h (hess y v))) c x e).
  - intro y. apply constant_step_derivative.
  - intros y Hy v.
    apply (gradient_step_bound (square_smooth Hr) y v h _ (hnorm (r y) * ell) beta).
    + intro z. split; [| apply Hhess; assumption].
      apply (hessian_bound_lower Hr c e lip ell); try assumption. lra.
    + lra.
    + assert (h * (hnorm (r y) * ell) <= h * (rbar * ell)).
      { apply Rmult_le_compat_l; [lra |]. apply Rmult_le_compat_r; [assumption | apply Hrb; assumption]. }
      lra.
    + assert (h * beta <= 2 / beta * beta) by (apply Rmult_le_compat_r; lra).
      replace (2 / beta * beta) with 2 in H by (field; lra). lra.
  - assumption.
Qed.

End ConstantStep.
