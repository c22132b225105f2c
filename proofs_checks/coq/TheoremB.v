(** * Theorem B: the integrated PL* condition for the square loss *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Descent Runs Potential TheoremA SquareLoss Profile.
Open Scope R_scope.

(** The integral comparison for one step of length [len] from path length [p]: left end points bound the integral
    of a nonincreasing function from above, and the path cannot pass rho.  [n0], [n], [n'] are the residual norms at the
    start, before and after the (partial) step, and [c] is the slack. *)
Lemma path_stays_below (sig G : R -> R) (R0 c rho n0 n n' p len : R) :
  profile sig G R0 -> 0 < c -> 0 <= rho <= R0 -> n0 <= c * G rho -> c * G rho < c * G R0 ->
  0 <= n' -> 0 <= p <= rho -> 0 <= len ->
  c * G p <= n0 - n -> c * sig p * len <= n - n' ->
  p + len <= rho /\ c * G (p + len) <= n0 - n'.
Proof.
  intros HP Hc Hrho Hroot Hlt Hn' Hp Hlen Hinv Hstep.
  assert (HG : G rho < G R0) by (apply Rmult_lt_reg_l with c; assumption).
  assert (HR : 0 <= R0) by lra.
  destruct (sig_pos_before sig G R0 HP rho Hrho HG) as [HrR _].
  assert (Hsp : 0 <= sig p) by (apply (sig_nonneg _ _ _ HP); lra).
  destruct (Rle_lt_dec R0 (p + len)) as [Hbig | Hsmall].
  - (* the path would use up the whole integral, which the residual cannot pay for *)
    exfalso. destruct (G_increment _ _ _ HP p R0) as [_ H]; try lra.
    assert (sig p * (R0 - p) <= sig p * len) by (apply Rmult_le_compat_l; lra).
    assert (c * (G R0 - G p) <= c * (sig p * len)) by (apply Rmult_le_compat_l; lra). lra.
  - destruct (G_increment _ _ _ HP p (p + len)) as [_ H]; try lra.
    assert (H2 : c * G (p + len) <= n0 - n').
    { assert (c * (G (p + len) - G p) <= c * (sig p * (p + len - p))) by (apply Rmult_le_compat_l; lra). lra. }
    split; [| assumption].
    apply Rnot_lt_le. intro Hn.
    assert (HGx : G (p + len) <= G rho) by (apply Rmult_le_reg_l with c; lra).
    destruct (sig_pos_before sig G R0 HP (p + len)) as [_ Hs]; [lra | lra |].
    destruct (G_increment _ _ _ HP rho (p + len)) as [H3 _]; try lra.
    assert (0 < sig (p + len) * (p + len - rho)) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

Section TheoremB.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (w : nat -> E) (R0 beta eta : R) (sig G : R -> R).

Let L := square_loss r.
Let grad := square_grad r Jt.

(** The hypotheses of Theorem B, S being [region L (w 0) R0].  The radius [rho] needs only
    [|r_0| <= (1 - beta eta/2) G rho < (1 - beta eta/2) G R]; the root is the smallest choice. *)
Record hypotheses_B (rho : R) : Prop := {
  B_smooth : smooth_residual r J Jt hess;
  B_profile : profile sig G R0;
  B_sigma : forall x, region L (w O) R0 x -> sigma_min_at_least Jt x (sig (hnorm (minus x (w O))));
  B_hess : 0 < beta /\ hessian_at_most hess beta (region L (w O) R0);
  B_eta : 0 < eta < 2 / beta;
  B_rho : 0 <= rho <= R0;
  B_residual : hnorm (r (w O)) <= slack beta eta * G rho < slack beta eta * G R0
}.

Section Proof.
Variables (floor h : nat -> R) (rho : R).
Hypothesis HB : hypotheses_B rho.
Hypothesis Hfloor : forall t, 0 < floor t <= 1.
Hypothesis Hsteps : steps_above (region L (w O) R0) eta floor h w.
Hypothesis Hrun : gradient_run grad h w.

Let N t := hnorm (r (w t)).
Let c := slack beta eta.

Let HL : smooth_loss L grad hess := square_smooth (B_smooth _ HB).

Lemma c_pos : 0 < c.
Proof. pose proof HB as HB'. destruct HB'. apply slack_pos; lra. Qed.

Lemma rho_facts : rho < R0 /\ 0 < sig rho.
Proof.
  apply (sig_pos_before sig G R0 (B_profile _ HB) rho (B_rho _ HB)).
  apply Rmult_lt_reg_l with c; [apply c_pos | apply (B_residual _ HB)].
Qed.

(** The potential step for the square loss: the fall of the residual pays for the length with the profile. *)
Lemma residual_pays (x : E) (s : R) :
  region L (w O) R0 x -> 0 < hnorm (r x) -> 0 <= s <= eta ->
  L (after (grad := grad) x s) <= L x - decrease beta s * hnorm (grad x) ^ 2 ->
  c * sig (hnorm (minus x (w O))) * (s * hnorm (grad x)) <= hnorm (r x) - hnorm (r (after (grad := grad) x s)).
Proof.
  intros Hx Hn Hs Hd.
  pose proof HB as HB'. destruct HB' as [_ HP Hsig [Hb _] He _ _].
  set (sg := sig (hnorm (minus x (w O)))).
  assert (Hsg : 0 <= sg).
  { apply (sig_nonneg _ _ _ HP). destruct Hx. split; [apply hnorm_pos | assumption]. }
  assert (H2 : sqrt 2 * sqrt 2 = 2) by (apply sqrt_sqrt; lra).
  assert (H20 := sqrt_pos 2).
  assert (Hg := hnorm_pos (grad x)).
  assert (Hc := c_pos).
  assert (H := potential_step beta eta (sqrt 2 * sg) (hnorm (r x)) (hnorm (r (after (grad := grad) x s)))
            (sqrt 2 * hnorm (grad x)) s (Rlt_le _ _ Hb) (Rlt_le _ _ Hc)).
  assert (Hgoal : s * (sqrt 2 * hnorm (grad x)) * (slack beta eta * (sqrt 2 * sg) / 2)
                  = c * sg * (s * hnorm (grad x))).
  { replace (s * (sqrt 2 * hnorm (grad x)) * (slack beta eta * (sqrt 2 * sg) / 2))
      with (slack beta eta * sg * (s * hnorm (grad x)) * (sqrt 2 * sqrt 2) / 2) by field.
    rewrite H2. unfold c. field. }
  rewrite Hgoal in H. apply H; try assumption.
  - apply Rmult_le_pos; assumption.
  - rewrite Rmult_assoc. apply Rmult_le_compat_l; [assumption |]. apply (Hsig x Hx).
  - apply Rmult_le_pos; assumption.
  - unfold L, square_loss in Hd.
    replace ((sqrt 2 * hnorm (grad x)) ^ 2) with (sqrt 2 * sqrt 2 * hnorm (grad x) ^ 2) by ring. rewrite H2. lra.
Qed.

Definition invariant_B t : Prop :=
  region L (w O) R0 (w t) /\ path w t <= rho /\ c * G (path w t) <= N O - N t.

Lemma step_B t : invariant_B t ->
  invariant_B (S t) /\
  L (w (S t)) <= contraction (sig rho ^ 2) beta (h t) * L (w t) /\
  c * sig rho * hnorm (minus (w (S t)) (w t)) <= N t - N (S t).
Proof.
  intros (Hreg & Hpath & Hinv).
  pose proof HB as HB'. destruct HB' as [Hsm HP Hsig [Hb Hh] He Hrho [Hr0 HR]].
  assert (Hc := c_pos). destruct rho_facts as [HrR Hsr].
  assert (Hht : 0 < h t <= eta) by (destruct (Hsteps t Hreg); destruct (Hfloor t); split; [nra | lra]).
  assert (E1 : w (S t) = after (grad := grad) (w t) (h t)) by apply Hrun.
  assert (Hp0 := path_pos w t). assert (Hdist := dist_le_path w t).
  destruct (Req_dec (N t) 0) as [Ez | Ez].
  { (* zero residual: nothing moves *)
    assert (Lz : L (w t) = 0) by (unfold L, square_loss; fold (N t); rewrite Ez; field).
    assert (Ew : w (S t) = w t).
    { rewrite E1. unfold after. rewrite (gradient_at_zero_loss HL _ Lz). apply dot_ext. intro. dot_expand. ring. }
    assert (Ep : path w (S t) = path w t) by (cbn; rewrite Ew, hnorm_minus_diag; ring).
    unfold invariant_B, N. rewrite Ep, Ew, hnorm_minus_diag.
    split; [| split; [rewrite Lz |]; lra].
    split; [assumption | split; assumption]. }
  assert (Hn : 0 < hnorm (r (w t))) by (assert (H := hnorm_pos (r (w t))); unfold N in Ez; lra).
  (* the profile at the path length is a lower bound at the point *)
  assert (Hanti : sig (path w t) <= sig (hnorm (minus (w t) (w O)))).
  { apply (sig_antitone _ _ _ HP); [apply hnorm_pos | assumption | lra]. }
  assert (Hg := hnorm_pos (grad (w t))).
  assert (Hpay : forall s, 0 <= s <= h t ->
            L (after (grad := grad) (w t) s) <= L (w t) - decrease beta s * hnorm (grad (w t)) ^ 2 ->
            path w t + s * hnorm (grad (w t)) <= rho /\
            c * G (path w t + s * hnorm (grad (w t))) <= N O - hnorm (r (after (grad := grad) (w t) s))).
  { intros s Hs Hdec.
    assert (H := residual_pays (w t) s Hreg Hn ltac:(lra) Hdec).
    assert (Hlen : 0 <= s * hnorm (grad (w t))) by (apply Rmult_le_pos; lra).
    apply path_stays_below with sig R0 (N t); try assumption; try lra.
    - apply hnorm_pos.
    - eapply Rle_trans; [| apply H].
      apply Rmult_le_compat_r; [assumption |]. apply Rmult_le_compat_l; lra. }
  destruct (segment_stays HL (w O) R0 beta Hb Hh (w t) (h t) Hreg ltac:(lra)) with (s := h t)
    as [Hreg' Hdesc]; [| lra |].
  { intros s Hs Hdec. destruct (Hpay s Hs Hdec) as [H _].
    assert (H1 := hnorm_minus_triangle (after (grad := grad) (w t) s) (w t) (w O)).
    rewrite after_dist_0 in H1 by lra. lra. }
  destruct (Hpay (h t) ltac:(lra) Hdesc) as [Hp1 Hp2].
  assert (Hfall := residual_pays (w t) (h t) Hreg Hn ltac:(lra) Hdesc).
  assert (Hl : hnorm (minus (w (S t)) (w t)) = h t * hnorm (grad (w t))).
  { rewrite E1. apply after_dist_0. lra. }
  assert (Ep : path w (S t) = path w t + h t * hnorm (grad (w t))) by (cbn; rewrite Hl; reflexivity).
  assert (Hsrho : sig rho <= sig (hnorm (minus (w t) (w O)))).
  { apply (sig_antitone _ _ _ HP); [apply hnorm_pos | lra | lra]. }
  split; [| split].
  - unfold invariant_B. rewrite Ep. unfold N. rewrite E1. split; [assumption | split; assumption].
  - (* rate *)
    rewrite E1.
    assert (Hdec : 0 < decrease beta (h t)) by (apply decrease_pos with eta; lra).
    assert (Hpl : sig rho ^ 2 * L (w t) <= hnorm (grad (w t)) ^ 2 / 2).
    { apply PL_from_sigma; [lra |]. intro u. apply Rle_trans with (sig (hnorm (minus (w t) (w O))) * hnorm u).
      - apply Rmult_le_compat_r; [apply hnorm_pos | assumption].
      - apply Hsig. assumption. }
    unfold contraction. nra.
  - rewrite Hl. unfold N. rewrite E1. eapply Rle_trans; [| apply Hfall].
    apply Rmult_le_compat_r; [apply Rmult_le_pos; lra |]. apply Rmult_le_compat_l; lra.
Qed.

Lemma invariant_B_holds t : invariant_B t.
Proof.
  induction t as [| t IH]; [| apply (step_B t IH)].
  assert (HP := B_profile _ HB). assert (Hrho := B_rho _ HB).
  split; [| split; cbn].
  - split; [rewrite hnorm_minus_diag |]; lra.
  - lra.
  - rewrite (G_0 _ _ _ HP). lra.
Qed.

Lemma theorem_B_steps :
  converges_by_steps L w rho (fun t => rate (sig rho ^ 2) beta eta (floor t)) rho
    (fun t => radius_sharp (L (w t)) (sig rho ^ 2) beta eta) /\
  (forall t, L (w (S t)) <= contraction (sig rho ^ 2) beta (h t) * L (w t)).
Proof.
  destruct rho_facts as [HrR Hsr]. assert (Hc := c_pos).
  assert (Hb : 0 < beta) by apply (B_hess _ HB).
  assert (He := B_eta _ HB).
  assert (Hmu : 0 < sig rho ^ 2) by (apply pow_lt; assumption).
  assert (Hstep : forall t, L (w (S t)) <= contraction (sig rho ^ 2) beta (h t) * L (w t)).
  { intro t. apply (step_B t (invariant_B_holds t)). }
  split; [| assumption].
  assert (Hrad : forall t, radius_sharp (L (w t)) (sig rho ^ 2) beta eta = N t / (c * sig rho)).
  { intro t. unfold radius_sharp, L, square_loss. fold c.
    replace (2 * (hnorm (r (w t)) ^ 2 / 2) / sig rho ^ 2) with ((hnorm (r (w t)) / sig rho) ^ 2) by (field; lra).
    rewrite sqrt_pow2; [unfold N; field; lra |].
    apply Rmult_le_pos; [apply hnorm_pos | apply Rlt_le, Rinv_0_lt_compat; assumption]. }
  apply (conclude_by_steps HL).
  - intro t. destruct (invariant_B_holds t) as ([_ H1] & H2 & _). split; [| assumption].
    apply Rle_trans with (path w t); [apply dist_le_path | assumption].
  - intro t. eapply Rle_trans; [apply Hstep |].
    apply Rmult_le_compat_r; [apply (loss_nonneg _ _ _ HL) |].
    apply contraction_le_rate; [lra | lra | apply Hsteps, invariant_B_holds].
  - intro t. apply rate_lt_1; try assumption. apply Hfloor.
  - intro t. rewrite Hrad. apply Rmult_le_pos; [apply hnorm_pos |].
    apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; assumption.
  - intro t. rewrite !Hrad. destruct (step_B t (invariant_B_holds t)) as (_ & _ & H).
    assert (Hcs : 0 < c * sig rho) by (apply Rmult_lt_0_compat; assumption).
    apply Rmult_le_reg_l with (c * sig rho); [assumption |].
    replace (c * sig rho * (N t / (c * sig rho) - N (S t) / (c * sig rho))) with (N t - N (S t)) by (field; lra).
    assumption.
  - intro t. apply (invariant_B_holds t).
Qed.

End Proof.
End TheoremB.

Arguments hypotheses_B {E F} r J Jt hess w R0 beta eta sig G rho.

(** ** Theorem B as stated: the profile is integrated by Riemann, rho is the root *)

Record hypotheses_B_integral {E F : Hilbert} (r : E -> F) (J : E -> E -> F) (Jt : E -> F -> E) (hess : E -> E -> E)
    (w0 : E) (R0 beta eta : R) (sig : R -> R) : Prop := {
  BI_smooth : smooth_residual r J Jt hess;
  BI_radius : 0 <= R0;
  BI_nonneg : forall s, 0 <= s <= R0 -> 0 <= sig s;
  BI_antitone : forall a b, 0 <= a -> a <= b -> b <= R0 -> sig b <= sig a;
  BI_sigma : forall x, region (square_loss r) w0 R0 x -> sigma_min_at_least Jt x (sig (hnorm (minus x w0)));
  BI_hess : 0 < beta /\ hessian_at_most hess beta (region (square_loss r) w0 R0);
  BI_eta : 0 < eta < 2 / beta;
  BI_residual : hnorm (r w0) < slack beta eta * RInt sig 0 R0
}.

Section Statement.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (w0 : E) (R0 beta eta : R) (sig : R -> R).
Hypothesis HB : hypotheses_B_integral r J Jt hess w0 R0 beta eta sig.

(** The root exists, is unique, lies inside [0, R) and the profile is positive there. *)
Theorem theorem_B_root :
  exists rho, (0 <= rho < R0 /\ slack beta eta * RInt sig 0 rho = hnorm (r w0) /\ 0 < sig rho) /\
    forall rho', 0 <= rho' <= R0 -> slack beta eta * RInt sig 0 rho' = hnorm (r w0) -> rho' = rho.
Proof.
  destruct HB as [_ HR Hn Hm _ [Hb _] He Hres].
  assert (HP := profile_RInt sig R0 HR Hn Hm).
  assert (Hc : 0 < slack beta eta) by (apply slack_pos; lra).
  set (c := slack beta eta) in *. assert (Hr := hnorm_pos (r w0)).
  assert (Hlt : hnorm (r w0) / c < RInt sig 0 R0).
  { apply Rmult_lt_reg_l with c; [assumption |].
    replace (c * (hnorm (r w0) / c)) with (hnorm (r w0)) by (field; lra). assumption. }
  destruct (G_root sig _ R0 HP HR (hnorm (r w0) / c)) as (rho & Hrho & Eroot).
  { split; [| lra]. apply Rmult_le_pos; [assumption | apply Rlt_le, Rinv_0_lt_compat; assumption]. }
  cbv beta in Eroot.
  destruct (sig_pos_before sig _ R0 HP rho Hrho) as [H1 H2]; [cbv beta; lra |].
  exists rho. split.
  - split; [lra |]. split; [| assumption]. rewrite Eroot. field. lra.
  - intros rho' Hrho' E'. symmetry.
    apply (G_root_unique sig _ R0 HP rho rho' Hrho Hrho'); cbv beta; [| lra].
    rewrite Eroot, <- E'. field. lra.
Qed.

Lemma theorem_B_hypotheses (w : nat -> E) (rho : R) :
  w O = w0 -> 0 <= rho <= R0 -> slack beta eta * RInt sig 0 rho = hnorm (r w0) ->
  hypotheses_B r J Jt hess w R0 beta eta sig (fun x => RInt sig 0 x) rho.
Proof.
  intros Ew Hrho Hroot. destruct HB. constructor; rewrite ?Ew; try assumption.
  - apply profile_RInt; assumption.
  - split; [rewrite Hroot; lra | rewrite Hroot; assumption].
Qed.

Lemma B_loss : smooth_loss (square_loss r) (square_grad r Jt) hess.
Proof. destruct HB as [Hsm _ _ _ _ _ _ _]. exact (square_smooth Hsm). Qed.

(** Theorem B with a floor for every step: eta floor_t <= h_t <= eta. *)
Theorem theorem_B_floors (w : nat -> E) (floor h : nat -> R) (rho : R) :
  0 <= rho <= R0 -> slack beta eta * RInt sig 0 rho = hnorm (r w0) ->
  w O = w0 -> (forall t, 0 < floor t <= 1) ->
  steps_above (region (square_loss r) w0 R0) eta floor h w -> gradient_run (square_grad r Jt) h w ->
  converges_by_steps (square_loss r) w rho (fun t => rate (sig rho ^ 2) beta eta (floor t)) rho
    (fun t => radius_sharp (square_loss r (w t)) (sig rho ^ 2) beta eta).
Proof.
  intros Hrho Hroot Ew Hfloor Hsteps Hrun.
  apply (theorem_B_steps (J := J) (Jt := Jt) (hess := hess) w R0 beta eta sig (fun x => RInt sig 0 x) floor h rho);
    [apply theorem_B_hypotheses | | rewrite Ew |]; assumption.
Qed.

(** Theorem B for any steps in [eta delta, eta]. *)
Theorem theorem_B (w : nat -> E) (h : nat -> R) (delta rho : R) :
  0 < delta <= 1 ->
  0 <= rho <= R0 -> slack beta eta * RInt sig 0 rho = hnorm (r w0) ->
  w O = w0 -> steps_within (region (square_loss r) w0 R0) (eta * delta) eta h w -> gradient_run (square_grad r Jt) h w ->
  converges_linearly (square_loss r) w rho (rate (sig rho ^ 2) beta eta delta) rho
    (fun t => radius_sharp (square_loss r (w t)) (sig rho ^ 2) beta eta).
Proof.
  intros Hd Hrho Hroot Ew Hsteps Hrun.
  assert (H := theorem_B_floors w (fun _ => delta) h rho Hrho Hroot Ew (fun _ => Hd) Hsteps Hrun).
  apply (uniform_steps B_loss w _ _ _ _ _ H); [intro; lra | apply (steps_rate _ _ _ _ _ _ H O)].
Qed.

(** Theorem B for delta-GClip itself. *)
Theorem theorem_B_gclip (w : nat -> E) (gamma delta rho : R) :
  0 < delta <= 1 ->
  0 <= rho <= R0 -> slack beta eta * RInt sig 0 rho = hnorm (r w0) ->
  w O = w0 -> delta_gclip_run (square_grad r Jt) eta gamma delta w ->
  converges_linearly (square_loss r) w rho (rate (sig rho ^ 2) beta eta delta) rho
    (fun t => radius_sharp (square_loss r (w t)) (sig rho ^ 2) beta eta).
Proof.
  intros Hd Hrho Hroot Ew Hrun.
  apply (theorem_B w (fun t => gclip_step eta gamma delta (hnorm (square_grad r Jt (w t))))); try assumption.
  apply gclip_steps_within; [apply HB | apply Hd].
Qed.

(** With a bound [G] of the gradient on S; delta = 0 is GClip. *)
Theorem theorem_B_effective (w : nat -> E) (gamma delta G rho : R) :
  0 <= delta <= 1 -> 0 < gamma -> 0 < G ->
  (forall x, region (square_loss r) w0 R0 x -> hnorm (square_grad r Jt x) <= G) ->
  0 <= rho <= R0 -> slack beta eta * RInt sig 0 rho = hnorm (r w0) ->
  w O = w0 -> delta_gclip_run (square_grad r Jt) eta gamma delta w ->
  converges_linearly (square_loss r) w rho (rate (sig rho ^ 2) beta eta (effective_delta gamma delta G)) rho
    (fun t => radius_sharp (square_loss r (w t)) (sig rho ^ 2) beta eta).
Proof.
  intros Hd Hgam HG Hbound Hrho Hroot Ew Hrun.
  apply (theorem_B w (fun t => gclip_step eta gamma delta (hnorm (square_grad r Jt (w t))))); try assumption.
  - apply effective_delta_range; assumption.
  - apply gclip_steps_within_effective; try assumption; [apply HB | apply Hd].
Qed.

End Statement.
