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

(** The same with a floor for every step: eta floor_t <= h_t <= eta.  GClip has no other. *)
Definition steps_above {E : Hilbert} (S : E -> Prop) (eta : R) (floor h : nat -> R) (w : nat -> E) : Prop :=
  forall t, S (w t) -> eta * floor t <= h t <= eta.

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

(** With a bound of the gradient for every step, delta-GClip and GClip have a floor for every step. *)
Lemma gclip_steps_above {E : Hilbert} (S : E -> Prop) (grad : E -> E) (eta gamma delta : R) (G : nat -> R) (w : nat -> E) :
  0 < eta -> 0 < gamma -> delta <= 1 -> (forall t, S (w t) -> hnorm (grad (w t)) <= G t) ->
  steps_above S eta (fun t => effective_delta gamma delta (G t))
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

(** The sum of the first [t] values. *)
Fixpoint so_far (f : nat -> R) (t : nat) : R :=
  match t with
  | O => 0
  | S t' => so_far f t' + f t'
  end.

(** What is left of that where every step has a factor [q t] < 1 of its own: the limit exists, and the loss is zero
    there if the sum of 1 - q_t is infinite. *)
Record converges_by_steps {E : Hilbert} (L : E -> R) (w : nat -> E) (R0 : R) (q : nat -> R) (P : R) (D : nat -> R) : Prop := {
  steps_stay : forall t, region L (w O) R0 (w t);
  steps_rate : forall t, q t < 1 /\ L (w (S t)) <= q t * L (w t);
  steps_path : forall t, path w t <= P;
  steps_limit : exists w_inf, converges w w_inf /\ hnorm (minus w_inf (w O)) <= P /\
                  (forall t, hnorm (minus (w t) w_inf) <= D t) /\
                  ((forall M, exists t, M <= so_far (fun s => 1 - q s) t) -> L w_inf = 0)
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
End Geometric.

(** Factors that differ from step to step: L_t <= exp (- sum (1 - q_s)) L_0. *)
Section Product.
Variables l q : nat -> R.
Hypothesis l_pos : forall t, 0 <= l t.
Hypothesis l_step : forall t, l (S t) <= q t * l t.
Hypothesis q_lt_1 : forall t, q t < 1.

Lemma exponential_decay t : l t <= exp (- so_far (fun s => 1 - q s) t) * l O.
Proof.
  induction t as [| t IH]; cbn [so_far]; [rewrite Ropp_0, exp_0; lra |].
  rewrite Ropp_plus_distr, exp_plus.
  assert (Hq : q t <= exp (- (1 - q t))).
  { destruct (Req_dec (q t) 1) as [E1 | E1]; [assert (H := q_lt_1 t); lra |].
    assert (H := exp_ineq1 (- (1 - q t)) ltac:(lra)). lra. }
  assert (He := exp_pos (- (1 - q t))).
  apply Rle_trans with (exp (- (1 - q t)) * l t).
  - eapply Rle_trans; [apply l_step |]. apply Rmult_le_compat_r; [apply l_pos | assumption].
  - apply Rle_trans with (exp (- (1 - q t)) * (exp (- so_far (fun s => 1 - q s) t) * l O)); [| right; ring].
    apply Rmult_le_compat_l; lra.
Qed.

Lemma product_limit : (forall M, exists t, M <= so_far (fun s => 1 - q s) t) -> is_lim_seq l 0.
Proof.
  intro Hsum. apply is_lim_seq_spec. intro eps. assert (Heps := cond_pos eps).
  set (e := eps / (l O + 1)).
  assert (H0 := l_pos O).
  assert (He : 0 < e) by (apply Rdiv_lt_0_compat; lra).
  destruct (Hsum (- ln e)) as [N HN]. exists N. intros t Ht.
  assert (Hmono : so_far (fun s => 1 - q s) N <= so_far (fun s => 1 - q s) t).
  { induction Ht as [| t Ht IH]; [lra |]. cbn [so_far]. assert (H := q_lt_1 t). lra. }
  rewrite Rminus_0_r, Rabs_pos_eq by apply l_pos.
  assert (Hexp : exp (- so_far (fun s => 1 - q s) t) <= e).
  { rewrite <- (exp_ln e He). destruct (Req_dec (- so_far (fun s => 1 - q s) t) (ln e)) as [E1 | E1]; [rewrite E1; lra |].
    apply Rlt_le, exp_increasing. lra. }
  apply Rle_lt_trans with (e * l O).
  - eapply Rle_trans; [apply exponential_decay |]. apply Rmult_le_compat_r; assumption.
  - apply Rlt_le_trans with (e * (l O + 1)); [apply Rmult_lt_compat_l; lra | right; unfold e; field; lra].
Qed.
End Product.

(** The end of every proof below: a potential that bounds the steps and a loss that falls. *)
Lemma conclude_by_steps {E : Hilbert} {L : E -> R} {grad hess} (HL : smooth_loss L grad hess)
    (w : nat -> E) (R0 P : R) (q a : nat -> R) :
  (forall t, region L (w O) R0 (w t)) ->
  (forall t, L (w (S t)) <= q t * L (w t)) -> (forall t, q t < 1) ->
  (forall t, 0 <= a t) -> (forall t, hnorm (minus (w (S t)) (w t)) <= a t - a (S t)) ->
  (forall t, path w t <= P) ->
  converges_by_steps L w R0 q P a.
Proof.
  intros Hreg Hq Hq1 Ha Hstep HP.
  constructor; try assumption.
  - intro t. split; [apply Hq1 | apply Hq].
  - destruct (telescope_converges w a Ha Hstep) as (l & Hl & Hdist).
    exists l. split; [assumption |]. split; [| split; [assumption |]].
    + apply (converges_dist_le w l (w O) P O Hl).
      intros i _. apply Rle_trans with (path w i); [apply dist_le_path | apply HP].
    + intro Hsum. apply (loss_limit HL w); [assumption |].
      apply (product_limit (fun t => L (w t)) q); try assumption. intro. apply (loss_nonneg _ _ _ HL).
Qed.

(** One factor for all steps. *)
Lemma uniform_steps {E : Hilbert} {L : E -> R} {grad hess} (HL : smooth_loss L grad hess)
    (w : nat -> E) (R0 P q : R) (qs a : nat -> R) :
  converges_by_steps L w R0 qs P a -> (forall t, qs t <= q) -> q < 1 -> converges_linearly L w R0 q P a.
Proof.
  intros [Hreg Hrate Hpath (l & Hl & Hd & Ha & Hz)] Hq Hq1.
  assert (Hpos : forall t, 0 <= L (w t)) by (intro; apply (loss_nonneg _ _ _ HL)).
  constructor; try assumption.
  - split; [assumption |]. intro t. apply (geometric_decay (fun t => L (w t)) q Hpos).
    intro s. eapply Rle_trans; [apply Hrate |]. apply Rmult_le_compat_r; [apply Hpos | apply Hq].
  - exists l. split; [assumption |]. split; [| split; assumption].
    apply Hz. intro M.
    assert (Hsum : forall t, INR t * (1 - q) <= so_far (fun s => 1 - qs s) t).
    { induction t as [| t IH]; [cbn; lra |]. rewrite S_INR. cbn [so_far]. specialize (Hq t). lra. }
    assert (HI := is_lim_seq_INR). apply is_lim_seq_spec in HI. destruct (HI (M / (1 - q))) as (N & HN).
    specialize (HN N (le_n N)). exists N. eapply Rle_trans; [| apply Hsum].
    replace M with (M / (1 - q) * (1 - q)) by (field; lra). apply Rmult_le_compat_r; lra.
Qed.

(** Floors with an infinite sum do for the limit; a common floor is not needed. *)
Lemma floors_diverge (mu beta eta : R) (floor : nat -> R) :
  0 < mu -> 0 < beta -> 0 < eta < 2 / beta -> (forall t, 0 < floor t <= 1) ->
  (forall M, exists t, M <= so_far floor t) -> forall M, exists t, M <= so_far (fun s => 1 - rate mu beta eta (floor s)) t.
Proof.
  intros Hm Hb He Hf Hsum M. assert (Hc := slack_pos beta eta Hb (proj2 He)).
  set (k := 2 * mu * eta * slack beta eta).
  assert (Hk : 0 < k) by (unfold k; repeat apply Rmult_lt_0_compat; lra).
  assert (H : forall t, k * so_far floor t <= so_far (fun s => 1 - rate mu beta eta (floor s)) t).
  { induction t as [| t IH]; cbn [so_far]; [lra |].
    assert (H := rate_gap mu beta eta (floor t) (Rlt_le _ _ Hm) Hb He (Hf t)). fold k in H. lra. }
  destruct (Hsum (M / k)) as [t Ht]. exists t. eapply Rle_trans; [| apply H].
  replace M with (k * (M / k)) by (field; lra). apply Rmult_le_compat_l; lra.
Qed.

(** Larger numbers. *)
Lemma by_steps_weaken {E : Hilbert} (L : E -> R) (w : nat -> E) (R0 R1 P P1 : R) (q q1 D D1 : nat -> R) :
  converges_by_steps L w R0 q P D -> (forall x, 0 <= L x) -> R0 <= R1 -> P <= P1 ->
  (forall t, q t <= q1 t < 1) -> (forall t, D t <= D1 t) ->
  converges_by_steps L w R1 q1 P1 D1.
Proof.
  intros [Hreg Hrate Hpath (l & Hl & Hd & Ha & Hz)] Hpos HR HP Hq HD. constructor.
  - intro t. destruct (Hreg t). split; [lra | assumption].
  - intro t. destruct (Hq t) as [H1 H2]. split; [assumption |]. destruct (Hrate t) as [_ H3].
    eapply Rle_trans; [apply H3 |]. apply Rmult_le_compat_r; [apply Hpos | assumption].
  - intro t. eapply Rle_trans; [apply Hpath | assumption].
  - exists l. split; [assumption |]. split; [lra |]. split.
    + intro t. eapply Rle_trans; [apply Ha | apply HD].
    + intro Hsum. apply Hz. intro M. destruct (Hsum M) as [t Ht]. exists t. eapply Rle_trans; [apply Ht |].
      clear Ht. induction t as [| t IH]; [cbn; lra |]. cbn [so_far]. destruct (Hq t). lra.
Qed.

(** Both in one, for a single factor. *)
Lemma conclude {E : Hilbert} {L : E -> R} {grad hess} (HL : smooth_loss L grad hess)
    (w : nat -> E) (R0 q P : R) (a : nat -> R) :
  (forall t, region L (w O) R0 (w t)) ->
  (forall t, L (w (S t)) <= q * L (w t)) -> q < 1 ->
  (forall t, 0 <= a t) -> (forall t, hnorm (minus (w (S t)) (w t)) <= a t - a (S t)) ->
  (forall t, path w t <= P) ->
  converges_linearly L w R0 q P a.
Proof.
  intros Hreg Hq Hq1 Ha Hstep HP.
  apply (uniform_steps HL w R0 P q (fun _ => q)); [| intro; lra | assumption].
  apply (conclude_by_steps HL); try assumption. intro. assumption.
Qed.
