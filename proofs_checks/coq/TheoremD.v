(** * Theorem D: from a computed trajectory to the exact one

    A finite sequence of computed points [c], with errors bounded step by step, keeps the exact iteration within
    [eps t]; if Theorem C holds at the last one with slack for its ball, the exact run converges. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs TheoremA SquareLoss Profile TheoremB LastStep.
Open Scope R_scope.

(** One step of delta-GClip as a map. *)
Definition gclip_map {E : Hilbert} (grad : E -> E) (eta gamma delta : R) (x : E) : E :=
  minus x (scal (gclip_step eta gamma delta (hnorm (grad x))) (grad x)).

(** ** The recursion, for any exact steps *)

Section Recursion.
Context {E : Hilbert}.
Variable step : nat -> E -> E.

(** [rho t] bounds the error of the computed step, [lips t] the expansion of the exact step over the ball, and [eps]
    obeys the recursion. *)
Record error_recursion (c : nat -> E) (eps lips rho : nat -> R) (T : nat) : Prop := {
  rec_start : 0 <= eps O;
  rec_lips : forall t, (t < T)%nat -> 0 <= lips t;
  rec_computed : forall t, (t < T)%nat -> hnorm (minus (c (S t)) (step t (c t))) <= rho t;
  rec_expansion : forall t, (t < T)%nat -> forall x, hnorm (minus x (c t)) <= eps t ->
    hnorm (minus (step t x) (step t (c t))) <= lips t * hnorm (minus x (c t));
  rec_eps : forall t, (t < T)%nat -> lips t * eps t + rho t <= eps (S t)
}.

Theorem trajectory_error (c w : nat -> E) (eps lips rho : nat -> R) (T : nat) :
  error_recursion c eps lips rho T -> w O = c O -> (forall t, (t < T)%nat -> w (S t) = step t (w t)) ->
  forall t, (t <= T)%nat -> hnorm (minus (w t) (c t)) <= eps t.
Proof.
  intros [H0 Hl Hc Hx He] Hw Hrun t. induction t as [| t IH]; intro Ht.
  - rewrite Hw, hnorm_minus_diag. assumption.
  - assert (IHt := IH ltac:(lia)). assert (Hlt : (t < T)%nat) by lia.
    rewrite (Hrun t Hlt).
    assert (H1 := hnorm_minus_triangle (step t (w t)) (step t (c t)) (c (S t))).
    assert (H2 := Hx t Hlt (w t) IHt). assert (H3 := Hc t Hlt). assert (H4 := He t Hlt).
    rewrite (hnorm_minus_sym (step t (c t))) in H1.
    assert (lips t * hnorm (minus (w t) (c t)) <= lips t * eps t) by (apply Rmult_le_compat_l; [apply Hl |]; assumption).
    lra.
Qed.

End Recursion.

(** ** Theorem D *)

Section TheoremD.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (c w : nat -> E) (eps lips rho : nat -> R) (T : nat) (R0 rbar lip beta eta : R) (sig : R -> R).
Let grad := square_grad r Jt.
Let around := fun x => hnorm (minus x (c T)) <= R0 + eps T /\ hnorm (r x) <= rbar.
Hypothesis HD : hypotheses_D r J Jt hess (c T) (eps T) R0 rbar lip beta eta sig.
Hypothesis Hstart : w O = c O.

(** Any exact steps up to [T]; from [T] on any steps along the gradient with a floor for every step. *)
Theorem theorem_D_floors (step : nat -> E -> E) (floor h : nat -> R) :
  error_recursion step c eps lips rho T ->
  (forall t, (t < T)%nat -> w (S t) = step t (w t)) ->
  (forall t, 0 < floor t <= 1) ->
  steps_above around eta floor h (fun t => w (T + t)%nat) -> gradient_run grad h (fun t => w (T + t)%nat) ->
  (forall t, (t <= T)%nat -> hnorm (minus (w t) (c t)) <= eps t) /\
  exists root, 0 <= root < R0 /\ slack beta eta * RInt sig (eps T) (root + eps T) = rbar /\ 0 < sig (root + eps T) /\
    converges_by_steps (square_loss r) (fun t => w (T + t)%nat) root
      (fun t => rate (sig (root + eps T) ^ 2) beta eta (floor t)) root
      (fun t => radius_sharp (square_loss r (w (T + t)%nat)) (sig (root + eps T) ^ 2) beta eta).
Proof.
  intros Hrec Hexact Hfloor Hsteps Hrun.
  assert (Hnear := trajectory_error step c w eps lips rho T Hrec Hstart Hexact).
  split; [assumption |].
  destruct (theorem_D_root (c T) (eps T) R0 rbar lip beta eta sig HD) as (root & H1 & H2 & H3).
  exists root. split; [assumption |]. split; [assumption |]. split; [assumption |].
  apply (theorem_D_last_step (J := J) (hess := hess) (c T) (eps T) R0 rbar lip beta eta sig HD root
           (fun t => w (T + t)%nat) floor h); try assumption.
  - lra.
  - rewrite Nat.add_0_r. apply Hnear. lia.
Qed.

Variables (gamma delta : R).
Hypothesis Hrec : error_recursion (fun _ => gclip_map grad eta gamma delta) c eps lips rho T.
Hypothesis Hrun : delta_gclip_run grad eta gamma delta w.

(** delta-GClip and GClip, with a bound [G t] of the gradient for every iterate after [T]. *)
Theorem theorem_D_gradients (G : nat -> R) :
  0 <= delta <= 1 -> 0 < gamma -> (forall t, 0 < G t) ->
  (forall t, around (w (T + t)%nat) -> hnorm (grad (w (T + t)%nat)) <= G t) ->
  (forall t, (t <= T)%nat -> hnorm (minus (w t) (c t)) <= eps t) /\
  exists root, 0 <= root < R0 /\ slack beta eta * RInt sig (eps T) (root + eps T) = rbar /\ 0 < sig (root + eps T) /\
    converges_by_steps (square_loss r) (fun t => w (T + t)%nat) root
      (fun t => rate (sig (root + eps T) ^ 2) beta eta (effective_delta gamma delta (G t))) root
      (fun t => radius_sharp (square_loss r (w (T + t)%nat)) (sig (root + eps T) ^ 2) beta eta).
Proof.
  intros Hd Hg HG Hbound.
  apply (theorem_D_floors (fun _ => gclip_map grad eta gamma delta) _
           (fun t => gclip_step eta gamma delta (hnorm (grad (w (T + t)%nat))))); try assumption.
  - intros t _. apply Hrun.
  - intro t. apply effective_delta_range; try assumption. apply HG.
  - apply (gclip_steps_above around grad eta gamma delta G (fun t => w (T + t)%nat)); try assumption; [| apply Hd].
    apply (D_eta _ _ _ _ _ _ _ _ _ _ _ _ HD).
  - intro t. rewrite Nat.add_succ_r. apply (Hrun (T + t)%nat).
Qed.

Lemma D_loss : smooth_loss (square_loss r) grad hess.
Proof. exact (square_smooth (D_smooth _ _ _ _ _ _ _ _ _ _ _ _ HD)). Qed.

(** With one bound [G] of the gradient after [T]; delta = 0 is GClip. *)
Theorem theorem_D_effective (G : R) :
  0 <= delta <= 1 -> 0 < gamma -> 0 < G -> (forall x, around x -> hnorm (grad x) <= G) ->
  exists root, 0 <= root < R0 /\ slack beta eta * RInt sig (eps T) (root + eps T) = rbar /\ 0 < sig (root + eps T) /\
    converges_linearly (square_loss r) (fun t => w (T + t)%nat) root
      (rate (sig (root + eps T) ^ 2) beta eta (effective_delta gamma delta G)) root
      (fun t => radius_sharp (square_loss r (w (T + t)%nat)) (sig (root + eps T) ^ 2) beta eta).
Proof.
  intros Hd Hg HG Hbound.
  destruct (theorem_D_gradients (fun _ => G) Hd Hg (fun _ => HG) (fun t => Hbound (w (T + t)%nat)))
    as (_ & root & H1 & H2 & H3 & H4).
  exists root. split; [assumption |]. split; [assumption |]. split; [assumption |].
  apply (uniform_steps D_loss _ _ _ _ _ _ H4); [intro; lra | apply (steps_rate _ _ _ _ _ _ H4 O)].
Qed.

(** delta-GClip with its own floor. *)
Theorem theorem_D :
  0 < delta <= 1 ->
  exists root, 0 <= root < R0 /\ slack beta eta * RInt sig (eps T) (root + eps T) = rbar /\ 0 < sig (root + eps T) /\
    converges_linearly (square_loss r) (fun t => w (T + t)%nat) root (rate (sig (root + eps T) ^ 2) beta eta delta) root
      (fun t => radius_sharp (square_loss r (w (T + t)%nat)) (sig (root + eps T) ^ 2) beta eta).
Proof.
  intro Hd.
  destruct (theorem_D_floors (fun _ => gclip_map grad eta gamma delta) (fun _ => delta)
              (fun t => gclip_step eta gamma delta (hnorm (grad (w (T + t)%nat))))) as (_ & root & H1 & H2 & H3 & H4).
  - assumption.
  - intros t _. apply Hrun.
  - intro. assumption.
  - intros t _. apply gclip_step_interval; [apply (D_eta _ _ _ _ _ _ _ _ _ _ _ _ HD) | apply Hd].
  - intro t. rewrite Nat.add_succ_r. apply (Hrun (T + t)%nat).
  - exists root. split; [assumption |]. split; [assumption |]. split; [assumption |].
    apply (uniform_steps D_loss _ _ _ _ _ _ H4); [intro; lra | apply (steps_rate _ _ _ _ _ _ H4 O)].
Qed.

End TheoremD.
