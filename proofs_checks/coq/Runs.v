(** * Runs: sequences of gradient steps, their path, their limit *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent.
Open Scope R_scope.

(** w_{t+1} = w_t - h_t grad L(w_t). *)
Definition gradient_run {E : Hilbert} (grad : E -> E) (h : nat -> R) (w : nat -> E) : Prop :=
  forall t, w (S t) = minus (w t) (scal (h t) (grad (w t))).

(** delta-GClip, with one norm over all parameters. *)
Definition delta_gclip_run {E : Hilbert} (grad : E -> E) (eta gamma delta : R) (w : nat -> E) : Prop :=
  gradient_run grad (fun t => gclip_step eta gamma delta (hnorm (grad (w t)))) w.

(** The theorems allow any steps between eta delta and eta, and constrain them only at iterates in the region S.
    [delta = 1] is gradient descent. *)
Definition steps_within {E : Hilbert} (S : E -> Prop) (lo hi : R) (h : nat -> R) (w : nat -> E) : Prop :=
  forall t, S (w t) -> lo <= h t <= hi.

(** delta-GClip takes such steps [TMSSR25, Lemma 1]. *)
Lemma gclip_steps_within {E : Hilbert} (S : E -> Prop) (grad : E -> E) (eta gamma delta : R) (w : nat -> E) :
  0 < eta -> delta <= 1 ->
  steps_within S (eta * delta) eta (fun t => gclip_step eta gamma delta (hnorm (grad (w t)))) w.
Proof. intros He Hd t _. apply gclip_step_interval; assumption. Qed.

(** Where the gradient is bounded by [G] on S it takes steps that are longer still, and GClip (delta = 0) does too. *)
Lemma gclip_steps_within_effective {E : Hilbert} (S : E -> Prop) (grad : E -> E) (eta gamma delta G : R) (w : nat -> E) :
  0 < eta -> 0 < gamma -> delta <= 1 -> (forall x, S x -> hnorm (grad x) <= G) ->
  steps_within S (eta * effective_delta gamma delta G) eta
    (fun t => gclip_step eta gamma delta (hnorm (grad (w t)))) w.
Proof.
  intros He Hg Hd HG t Ht. apply gclip_step_effective; try assumption.
  split; [apply hnorm_pos | apply HG; assumption].
Qed.

(** Total length of the first [t] steps. *)
Fixpoint path {E : Hilbert} (w : nat -> E) (t : nat) : R :=
  match t with
  | O => 0
  | S t' => path w t' + hnorm (minus (w (S t')) (w t'))
  end.

(** What the theorems conclude about a run: it stays in the region S, the loss falls geometrically with factor
    [q] < 1, the path is never longer than [P], and the run converges to a point at distance at most [P] from its
    start where the loss is zero, being at distance at most [D t] from it after [t] steps. *)
Record converges_linearly {E : Hilbert} (L : E -> R) (w : nat -> E) (R0 q P : R) (D : nat -> R) : Prop := {
  run_stays : forall t, region L (w O) R0 (w t);
  run_rate : q < 1 /\ forall t, L (w t) <= q ^ t * L (w O);
  run_path : forall t, path w t <= P;
  run_limit : exists w_inf, converges w w_inf /\ L w_inf = 0 /\ hnorm (minus w_inf (w O)) <= P /\
                forall t, hnorm (minus (w t) w_inf) <= D t
}.

Section Paths.
Context {E : Hilbert}.
Implicit Type w : nat -> E.

Lemma path_pos w t : 0 <= path w t.
Proof. induction t as [| t IH]; cbn; [lra |]. assert (H := hnorm_pos (minus (w (S t)) (w t))). lra. Qed.

Lemma path_mono w t : path w t <= path w (S t).
Proof. cbn. assert (H := hnorm_pos (minus (w (S t)) (w t))). lra. Qed.

Lemma dist_le_path w t : hnorm (minus (w t) (w O)) <= path w t.
Proof.
  induction t as [| t IH]; cbn; [rewrite hnorm_minus_diag; lra |].
  assert (H := hnorm_minus_triangle (w (S t)) (w t) (w O)). lra.
Qed.

(** Steps bounded by the fall of a potential [a >= 0]: the path telescopes and the run converges. *)
Section Telescope.
Variables (w : nat -> E) (a : nat -> R).
Hypothesis a_pos : forall t, 0 <= a t.
Hypothesis a_step : forall t, hnorm (minus (w (S t)) (w t)) <= a t - a (S t).

Lemma path_telescope t : path w t <= a O - a t.
Proof. induction t as [| t IH]; cbn; [lra |]. specialize (a_step t). lra. Qed.

Lemma dist_telescope t k : hnorm (minus (w (t + k)%nat) (w t)) <= a t - a (t + k)%nat.
Proof.
  induction k as [| k IH].
  - rewrite Nat.add_0_r, hnorm_minus_diag. lra.
  - rewrite Nat.add_succ_r.
    assert (H := hnorm_minus_triangle (w (S (t + k))) (w (t + k)%nat) (w t)).
    specialize (a_step (t + k)%nat). lra.
Qed.

Lemma a_decr t : a (S t) <= a t.
Proof. specialize (a_step t). assert (H := hnorm_pos (minus (w (S t)) (w t))). lra. Qed.

Lemma telescope_converges : exists l, converges w l /\ forall t, hnorm (minus (w t) l) <= a t.
Proof.
  destruct (ex_finite_lim_seq_decr a 0 a_decr a_pos) as [la Hla].
  apply is_lim_seq_spec in Hla.
  destruct (complete E w) as [l Hl].
  { intros eps Heps.
    destruct (Hla (mkposreal (eps / 4) ltac:(lra))) as [N HN]. exists N. cbn in HN.
    assert (Hone : forall i, (N <= i)%nat -> hnorm (minus (w i) (w N)) < eps / 2).
    { intros i Hi. assert (H := dist_telescope N (i - N)).
      replace (N + (i - N))%nat with i in H by lia.
      assert (H1 := HN i Hi). assert (H2 := HN N (le_n N)).
      apply Rabs_lt_between in H1. apply Rabs_lt_between in H2. lra. }
    intros i j Hi Hj. fold (hnorm (minus (w i) (w j))).
    assert (H := hnorm_minus_triangle (w i) (w N) (w j)).
    rewrite (hnorm_minus_sym (w N) (w j)) in H.
    assert (H1 := Hone i Hi). assert (H2 := Hone j Hj). lra. }
  exists l. split; [exact Hl |].
  intro t. rewrite hnorm_minus_sym. apply (converges_dist_le w l (w t) (a t) t Hl).
  intros i Hi. assert (H := dist_telescope t (i - t)).
  replace (t + (i - t))%nat with i in H by lia. specialize (a_pos i). lra.
Qed.

End Telescope.
End Paths.

(** Geometric decay from a one-step factor q < 1, also where q is negative (then the loss is already zero). *)
Section Geometric.
Variables (l : nat -> R) (q : R).
Hypothesis l_pos : forall t, 0 <= l t.
Hypothesis l_step : forall t, l (S t) <= q * l t.
Hypothesis q_lt_1 : q < 1.

Lemma geometric_decay t : l t <= q ^ t * l O.
Proof.
  destruct (Rle_lt_dec 0 q) as [Hq | Hq].
  - induction t as [| t IH]; cbn [pow]; [lra |].
    apply Rle_trans with (q * l t); [apply l_step |].
    rewrite Rmult_assoc. apply Rmult_le_compat_l; assumption.
  - assert (Hz : forall k, l k = 0).
    { intro k. assert (H1 := l_step k). assert (H2 := l_pos k). assert (H3 := l_pos (S k)). nra. }
    rewrite !Hz. lra.
Qed.

Lemma geometric_limit : is_lim_seq l 0.
Proof.
  destruct (Rle_lt_dec 0 q) as [Hq | Hq].
  - apply is_lim_seq_le_le with (u := fun _ => 0) (w := fun t => q ^ t * l O).
    + intro t. split; [apply l_pos | apply geometric_decay].
    + apply is_lim_seq_const.
    + replace (Finite 0) with (Rbar_mult 0 (l O)) by (cbn; f_equal; ring).
      apply is_lim_seq_scal_r. apply is_lim_seq_geom. rewrite Rabs_pos_eq; assumption.
  - apply is_lim_seq_ext with (fun _ => 0); [| apply is_lim_seq_const].
    intro k. assert (H1 := l_step k). assert (H2 := l_pos k). assert (H3 := l_pos (S k)). nra.
Qed.
End Geometric.

(** The end of every proof below: a potential that bounds the steps and a loss that falls geometrically. *)
Lemma conclude {E : Hilbert} {L : E -> R} {grad hess} (HL : smooth_loss L grad hess)
    (w : nat -> E) (R0 q P : R) (a : nat -> R) :
  (forall t, region L (w O) R0 (w t)) ->
  (forall t, L (w (S t)) <= q * L (w t)) -> q < 1 ->
  (forall t, 0 <= a t) -> (forall t, hnorm (minus (w (S t)) (w t)) <= a t - a (S t)) ->
  (forall t, path w t <= P) ->
  converges_linearly L w R0 q P a.
Proof.
  intros Hreg Hq Hq1 Ha Hstep HP.
  assert (Hpos : forall t, 0 <= L (w t)) by (intro; apply (loss_nonneg _ _ _ HL)).
  constructor.
  - assumption.
  - split; [assumption |]. intro t. apply (geometric_decay (fun t => L (w t)) q Hpos Hq).
  - assumption.
  - destruct (telescope_converges w a Ha Hstep) as (l & Hl & Hdist).
    exists l. repeat split.
    + assumption.
    + apply (loss_limit HL w); [assumption |]. apply (geometric_limit _ q Hpos Hq Hq1).
    + apply (converges_dist_le w l (w O) P O Hl).
      intros i _. apply Rle_trans with (path w i); [apply dist_le_path | apply HP].
    + assumption.
Qed.
