(** * Theorem D as it is certified

    [theorem_D_certified] has for hypotheses what [pltheory/certification/trajectory] checks, number for number, and
    for conclusion what a certificate says.  The loss in use is c L, L = |r|^2 / 2. *)

From Coq Require Import Reals Lra Lia Psatz List.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Formulas Steps Space Smooth Runs TheoremA SquareLoss Smoothness Profile LastStep TheoremD
  ClippedBand Expansion Table.
Open Scope R_scope.

(** ** The loss c L *)

Lemma smooth_loss_scaled {E : Hilbert} (L : E -> R) (grad : E -> E) (hess : E -> E -> E) (c : R) :
  0 < c -> smooth_loss L grad hess ->
  smooth_loss (fun x => c * L x) (fun x => scal c (grad x)) (fun x v => scal c (hess x v)).
Proof.
  intros Hc HL. constructor.
  - intro x. apply Rmult_le_pos; [lra | apply (loss_nonneg _ _ _ HL)].
  - intros x e He. destruct (loss_gradient _ _ _ HL x (e / c)) as (d & Hd & H); [apply Rdiv_lt_0_compat; assumption |].
    exists d. split; [assumption |]. intros v Hv. specialize (H v Hv).
    replace (c * L (plus x v) - c * L x - dot (scal c (grad x)) v) with (c * (L (plus x v) - L x - dot (grad x) v))
      by (dot_expand; ring).
    rewrite Rabs_mult, Rabs_pos_eq by lra. replace (e * hnorm v) with (c * (e / c * hnorm v)) by (field; lra).
    apply Rmult_le_compat_l; lra.
  - intro x. destruct (loss_hessian _ _ _ HL x) as ((Hadd & Hsc & C & HC) & Hder). split.
    + split; [intros; rewrite Hadd; apply dot_ext; intro; dot_expand; ring |].
      split; [intros; rewrite Hsc; apply dot_ext; intro; dot_expand; ring |].
      exists (c * C). intro v. cbv beta. rewrite hnorm_scal, Rabs_pos_eq, Rmult_assoc by lra. apply Rmult_le_compat_l; [lra | apply HC].
    + intros e He. destruct (Hder (e / c)) as (d & Hd & H); [apply Rdiv_lt_0_compat; assumption |].
      exists d. split; [assumption |]. intros v Hv. specialize (H v Hv).
      apply Rle_trans with (hnorm (scal c (minus (minus (grad (plus x v)) (grad x)) (hess x v)))).
      { right. f_equal. apply dot_ext. intro. dot_expand. ring. }
      rewrite hnorm_scal, Rabs_pos_eq by lra. replace (e * hnorm v) with (c * (e / c * hnorm v)) by (field; lra).
      apply Rmult_le_compat_l; lra.
Qed.

(** delta-GClip on c L with eta and gamma is delta-GClip on L with c eta and gamma / c. *)
Lemma gclip_scaled {E : Hilbert} (g : E) (c eta gamma delta : R) :
  0 < c ->
  scal (gclip_step eta gamma delta (hnorm (scal c g))) (scal c g) = scal (gclip_step (c * eta) (gamma / c) delta (hnorm g)) g.
Proof.
  intro Hc. rewrite hnorm_scal, Rabs_pos_eq by lra.
  assert (E1 : gclip_step eta gamma delta (c * hnorm g) * c = gclip_step (c * eta) (gamma / c) delta (hnorm g)).
  { unfold gclip_step, step_size. destruct (Req_EM_T (hnorm g) 0) as [Ez | Ez], (Req_EM_T (c * hnorm g) 0) as [Ey | Ey].
    - ring.
    - exfalso. apply Ey. rewrite Ez. ring.
    - exfalso. destruct (Rmult_integral _ _ Ey); lra.
    - replace (gamma / (c * hnorm g)) with (gamma / c / hnorm g) by (field; lra). ring. }
  rewrite <- E1. apply dot_ext. intro. dot_expand. ring.
Qed.

Lemma run_scaled {E : Hilbert} (grad : E -> E) (c eta gamma delta : R) (w : nat -> E) :
  0 < c -> delta_gclip_run (fun x => scal c (grad x)) eta gamma delta w ->
  delta_gclip_run grad (c * eta) (gamma / c) delta w.
Proof. intros Hc H t. rewrite (H t), gclip_scaled by assumption. reflexivity. Qed.

(** ** The spectrum over a ball, from what is checked *)

Section Spectrum.
Context {E F : Hilbert} {r : E -> F} {J : E -> E -> F} {Jt : E -> F -> E} {hess : E -> E -> E}.
Variables (c lip : R) (S : E -> Prop).
Hypothesis Hc : 0 < c.
Let scaled : E -> E -> E := fun x v => scal c (hess x v).

Lemma scaled_form x z : dot (scaled x z) z = c * dot (hess x z) z.
Proof. unfold scaled. dot_expand. reflexivity. Qed.

(** From ||J|| and a bound [kappa] of sum_i r_i Hess f_i, which is Hess L - J^T J. *)
Lemma spectrum_curvature (kappa : R) :
  0 <= lip ->
  (forall x, S x -> forall z, hnorm (J x z) <= lip * hnorm z) ->
  (forall x, S x -> forall z, Rabs (dot (hess x z) z - hnorm (J x z) ^ 2) <= kappa * hnorm z ^ 2) ->
  spectrum_within (hess := scaled) (c * smoothness kappa lip 1) (c * kappa) S.
Proof.
  intros Hl Hlip Hk x Hx z. rewrite scaled_form. unfold smoothness.
  assert (H1 := Hk x Hx z). apply Rabs_le_between in H1. assert (H2 := Hlip x Hx z).
  assert (H3 := hnorm_pos (J x z)). assert (H4 : hnorm (J x z) ^ 2 <= (lip * hnorm z) ^ 2) by (apply pow_incr; lra).
  assert (H5 := pow2_ge_0 (hnorm (J x z))).
  replace (- (c * kappa) * hnorm z ^ 2) with (c * (- kappa * hnorm z ^ 2)) by ring.
  replace (c * (lip * lip + kappa * 1) * hnorm z ^ 2) with (c * ((lip * hnorm z) ^ 2 + kappa * hnorm z ^ 2)) by ring.
  split; apply Rmult_le_compat_l; lra.
Qed.

(** From ||J||, the Lipschitz constant of J and a bound of the residual, on a ball of positive radius. *)
Lemma spectrum_lipschitz (centre : E) (rad ell rbar : R) :
  smooth_residual r J Jt hess -> 0 < rad -> 0 <= lip -> 0 <= ell ->
  (forall x, hnorm (minus x centre) <= rad -> forall v, hnorm (J x v) <= lip * hnorm v) ->
  (forall x y, hnorm (minus x centre) <= rad -> hnorm (minus y centre) <= rad ->
     forall v, hnorm (minus (J x v) (J y v)) <= ell * hnorm (minus x y) * hnorm v) ->
  (forall x, S x -> hnorm (minus x centre) <= rad /\ hnorm (r x) <= rbar) ->
  spectrum_within (hess := scaled) (c * smoothness rbar lip ell) (c * (rbar * ell)) S.
Proof.
  intros Hr Hrad Hl Hell0 Hlip Hell HS x Hx z. destruct (HS x Hx) as [Hin Hrx].
  rewrite scaled_form. unfold smoothness.
  assert (H1 := hessian_bound Hr centre rad lip ell Hrad Hlip Hell x z Hin).
  assert (H2 := hessian_bound_lower Hr centre rad lip ell Hrad Hl Hell0 Hlip Hell x z Hin).
  assert (H3 : hnorm (r x) * ell <= rbar * ell) by (apply Rmult_le_compat_r; assumption).
  assert (Hz := pow2_ge_0 (hnorm z)).
  assert (H4 : hnorm (r x) * ell * hnorm z ^ 2 <= rbar * ell * hnorm z ^ 2) by (apply Rmult_le_compat_r; assumption).
  replace (- (c * (rbar * ell)) * hnorm z ^ 2) with (c * (- (rbar * ell * hnorm z ^ 2))) by ring.
  replace (c * (lip * lip + rbar * ell) * hnorm z ^ 2) with (c * ((lip * lip) * hnorm z ^ 2 + rbar * ell * hnorm z ^ 2)) by ring.
  split; apply Rmult_le_compat_l; lra.
Qed.
End Spectrum.

(** ** The certificate *)

Section Certificate.
Context {E F : Hilbert} (r : E -> F) (J : E -> E -> F) (Jt : E -> F -> E) (hess : E -> E -> E).
(** Of the loss, the step rule, and the computed points [c 0 .. c T]. *)
Variables (scale eta gamma delta : R) (c : nat -> E) (T : nat).
Let grad x := scal scale (square_grad r Jt x).
Let hess_in_use x v := scal scale (hess x v).
Let within centre rad := fun x : E => hnorm (minus x centre) <= rad.

(** Step t: over the ball of radius [ball] about [c t], [beta] and [nu] bound the spectrum of the Hessian of the loss in
    use, [low] and [high] the norm of its gradient; [factor] bounds the expansion by the branches that can occur, [rho]
    the error of the computed step. *)
Record checked_step (t : nat) (ball beta nu low high factor rho : R) : Prop := {
  cs_signs : 0 <= nu <= beta /\ 0 <= factor;
  cs_computed : hnorm (minus (c (S t)) (gclip_map grad eta gamma delta (c t))) <= rho;
  cs_spectrum : spectrum_within (hess := hess_in_use) beta nu (within (c t) ball);
  cs_gradient : low <= Rmax 0 (hnorm (grad (c t)) - beta * ball) /\ hnorm (grad (c t)) + beta * ball <= high;
  cs_full : low <= gamma -> expansion_constant eta beta nu <= factor;
  cs_floor : gamma <= delta * high -> expansion_constant (eta * delta) beta nu <= factor;
  cs_band : gamma < high -> delta * low < gamma -> delta < 1 ->
    expansion_band (Rmin eta (eta * gamma / Rmax low gamma)) beta nu <= factor
}.

(** The last step: a table of sigma_min on balls about the stored end [p], ||J|| on the smallest and the largest of them,
    ell on the largest.  [rbar] bounds the residual on the smallest, [path] is the radius where the integral has reached
    it, less [eps]. *)
Record checked_end (p : E) (eps R0 rbar near lip ell path mu : R) (tab : table) : Prop := {
  ce_signs : 0 <= eps /\ 0 < R0 /\ 0 <= near /\ 0 <= lip /\ 0 <= ell;
  ce_near : forall x, within p eps x -> forall v, hnorm (J x v) <= near * hnorm v;
  ce_residual : hnorm (r p) + near * eps <= rbar;
  ce_table : increasing eps tab /\ last_radius eps tab = R0 + eps;
  ce_sigma : forall g s, In (g, s) tab -> forall x, within p g x -> sigma_min_at_least Jt x s;
  ce_lip : forall x, within p (R0 + eps) x -> forall v, hnorm (J x v) <= lip * hnorm v;
  ce_ell : forall x y, within p (R0 + eps) x -> within p (R0 + eps) y ->
    forall v, hnorm (minus (J x v) (J y v)) <= ell * hnorm (minus x y) * hnorm v;
  ce_beta : 0 < smoothness rbar lip ell /\ 0 < slack (smoothness rbar lip ell) (scale * eta);
  ce_slack : rbar < slack (smoothness rbar lip ell) (scale * eta) * integral_to eps tab (R0 + eps);
  ce_path : 0 <= path <= R0 /\ rbar <= slack (smoothness rbar lip ell) (scale * eta) * integral_to eps tab (path + eps);
  ce_mu : 0 < mu <= value_at tab (path + eps) ^ 2
}.

Hypothesis Hr : smooth_residual r J Jt hess.
Hypothesis Hscale : 0 < scale.
Hypothesis Heta : 0 < eta.
Hypothesis Hgamma : 0 < gamma.
Hypothesis Hdelta : 0 <= delta <= 1.

Lemma checked_recursion (eps ball beta nu low high factor rho : nat -> R) :
  0 <= eps O ->
  (forall t, (t < T)%nat -> eps t <= ball t /\ checked_step t (ball t) (beta t) (nu t) (low t) (high t) (factor t) (rho t)) ->
  (forall t, (t < T)%nat -> factor t * eps t + rho t <= eps (S t)) ->
  error_recursion (fun _ => gclip_map grad eta gamma delta) c eps factor rho T.
Proof.
  intros H0 Hstep Heps. constructor; try assumption.
  - intros t Ht. apply (cs_signs _ _ _ _ _ _ _ _ (proj2 (Hstep t Ht))).
  - intros t Ht. apply (cs_computed _ _ _ _ _ _ _ _ (proj2 (Hstep t Ht))).
  - intros t Ht x Hx. destruct (Hstep t Ht) as [Hball [[[Hn Hb] Hf] _ Hs [Hg1 Hg2] K1 K2 K3]].
    assert (HL := smooth_loss_scaled _ _ _ scale Hscale (square_smooth Hr)).
    apply (step_expansion HL eta gamma delta (c t) (ball t) (low t) (high t) (beta t) (nu t)); try assumption;
      [lra | | lra | rewrite hnorm_minus_diag; assert (Hx0 := hnorm_pos (minus x (c t))); lra].
    clear x Hx. intros x Hx. assert (H := gradient_range HL (c t) (ball t) (beta t) (nu t) ltac:(lra) Hs x Hb Hx).
    assert (Hx0 := hnorm_pos (grad x)). unfold grad in *. revert Hg1. unfold Rmax. destruct Rle_dec; lra.
Qed.

Lemma table_sigma (p : E) (tab : table) (x : E) (s : R) :
  (forall g s, In (g, s) tab -> forall x, within p g x -> sigma_min_at_least Jt x s) ->
  within p s x -> sigma_min_at_least Jt x (value_at tab s).
Proof.
  induction tab as [| [g v] rest IH]; intros Hs Hx; cbn.
  - intro u. rewrite Rmult_0_l. apply hnorm_pos.
  - destruct (Rle_dec s g) as [Hg | Hg].
    + apply (Hs g v); [left; reflexivity |]. unfold within in *. lra.
    + apply IH; [| assumption]. intros g' s' Hin. apply (Hs g' s'). right. assumption.
Qed.

Lemma checked_basin (p : E) (eps R0 rbar near lip ell path mu : R) (tab : table) :
  checked_end p eps R0 rbar near lip ell path mu tab ->
  basin r J Jt hess p eps R0 rbar (smoothness rbar lip ell) (scale * eta)
    (fun s => value_at (raised tab) (s + eps)) (fun x => integral_to eps (raised tab) (x + eps)).
Proof.
  intros [(He & HR & Hn & Hl & Hell) Hnear Hres [Ho Hend] Hsig Hlip Hlipj [Hb Hc] _ _ _].
  constructor.
  - assumption.
  - split; lra.
  - apply (table_profile eps (head (raised tab))); [apply (head_raised tab eps Ho) | apply raised_orderly; assumption |].
    rewrite last_radius_raised. assumption.
  - apply (residual_near (J := J) (Jt := Jt) (hess := hess) p eps near); assumption.
  - intros s x Hs Hx. apply (table_sigma p (raised tab) x (s + eps)); [| assumption].
    apply (raised_entries (fun g s => forall x, within p g x -> sigma_min_at_least Jt x s) tab eps Ho); [| | assumption].
    + intros g g' v Hg H y Hy. apply H. unfold within in *. lra.
    + intros g y _ u. rewrite Rmult_0_l. apply hnorm_pos.
  - split; [assumption |]. intros x [Hx Hrx] v.
    assert (H := hessian_bound Hr p (R0 + eps) lip ell ltac:(lra) Hlip Hlipj x v Hx).
    eapply Rle_trans; [apply H |]. apply Rmult_le_compat_r; [apply pow2_ge_0 |]. unfold smoothness.
    assert (hnorm (r x) * ell <= rbar * ell) by (apply Rmult_le_compat_r; assumption). lra.
  - split; [apply Rmult_lt_0_compat; assumption |]. unfold slack in Hc.
    apply Rmult_lt_reg_l with (smoothness rbar lip ell); [assumption |].
    replace (smoothness rbar lip ell * (2 / smoothness rbar lip ell)) with 2 by (field; lra). lra.
Qed.

(** Theorem D.  [p] is the stored end, [eps_end] bounds its distance from the exact iterate, [floor_bound] the gradient of
    the loss in use where the run stays, [required] the path; delta = 0 is GClip, delta = 1 gradient descent. *)
Theorem theorem_D_certified (eps ball beta nu low high factor rho : nat -> R) (p : E)
    (eps_end R0 rbar near lip ell path required mu floor_bound far : R) (tab : table) (w : nat -> E) :
  let floor := effective_delta gamma delta floor_bound in
  let beta_end := smoothness rbar lip ell in
  let q := rate (scale * mu) (scale * beta_end) eta floor in
  0 <= eps O ->
  (forall t, (t < T)%nat -> eps t <= ball t /\ checked_step t (ball t) (beta t) (nu t) (low t) (high t) (factor t) (rho t)) ->
  (forall t, (t < T)%nat -> factor t * eps t + rho t <= eps (S t)) ->
  hnorm (minus (c T) p) + eps T <= eps_end ->
  checked_end p eps_end R0 rbar near lip ell path mu tab -> path <= required ->
  0 < floor_bound -> scale * (lip * rbar) <= floor_bound ->
  hnorm (minus p (c O)) <= far ->
  w O = c O -> delta_gclip_run grad eta gamma delta w ->
  (forall t, (t <= T)%nat -> hnorm (minus (w t) (c t)) <= eps t) /\
  hnorm (minus (w T) p) <= eps_end /\
  converges_linearly (square_loss r) (fun t => w (T + t)%nat) required q required
    (fun t => radius_sharp (square_loss r (w (T + t)%nat)) mu beta_end (scale * eta)) /\
  (forall t, hnorm (minus (w (T + t)%nat) (w O)) <= far + eps_end + required) /\
  exists w_inf, converges (fun t => w (T + t)%nat) w_inf /\ square_loss r w_inf = 0 /\
    hnorm (minus w_inf (w O)) <= far + eps_end + required.
Proof.
  intros floor beta_end q H0 Hsteps Heps Hp Hend Hreq HG HGbound Hfar Hw Hrun.
  assert (Hrec := checked_recursion eps ball beta nu low high factor rho H0 Hsteps Heps).
  assert (Hnear := trajectory_error _ c w eps factor rho T Hrec Hw (fun t _ => Hrun t)).
  split; [assumption |].
  assert (HwT : hnorm (minus (w T) p) <= eps_end).
  { assert (H1 := hnorm_minus_triangle (w T) (c T) p). assert (H2 := Hnear T (le_n T)). lra. }
  split; [assumption |].
  assert (HB := checked_basin _ _ _ _ _ _ _ _ _ _ Hend). assert (Hrb := basin_rbar HB).
  destruct Hend as [(He & HR & Hn & Hl & Hell) _ _ [Ho _] _ Hlip _ [Hb Hc] Hlt [Hpath Hple] Hmu].
  assert (Hrun' := run_scaled (square_grad r Jt) scale eta gamma delta w Hscale Hrun).
  assert (Hfloor : 0 < floor <= 1) by (apply effective_delta_range; assumption).
  assert (Hgc : 0 < gamma / scale) by (apply Rdiv_lt_0_compat; assumption).
  assert (Efloor : floor = effective_delta (gamma / scale) delta (floor_bound / scale)).
  { unfold floor, effective_delta. do 2 f_equal. field. lra. }
  set (region_end := around (r := r) (c := p) (eps := eps_end) (R0 := R0) (rbar := rbar)).
  set (h := fun t => gclip_step (scale * eta) (gamma / scale) delta (hnorm (square_grad r Jt (w (T + t)%nat)))).
  assert (Hsteps' : steps_above region_end (scale * eta) (fun _ => floor) h (fun t => w (T + t)%nat)).
  { rewrite Efloor.
    apply (gclip_steps_above region_end (square_grad r Jt) (scale * eta) (gamma / scale) delta
             (fun _ => floor_bound / scale) (fun t => w (T + t)%nat)); try assumption.
    - apply Rmult_lt_0_compat; assumption.
    - apply Hdelta.
    - intros t [Hx Hrx]. apply Rmult_le_reg_l with scale; [assumption |].
      replace (scale * (floor_bound / scale)) with floor_bound by (field; lra).
      eapply Rle_trans; [| apply HGbound]. apply Rmult_le_compat_l; [lra |].
      eapply Rle_trans; [apply (transpose_bound Hr _ lip Hl); apply Hlip; exact Hx |].
      apply Rmult_le_compat_l; assumption. }
  assert (Hst : hnorm (minus (w (T + 0)%nat) p) <= eps_end) by (rewrite Nat.add_0_r; assumption).
  assert (Hup : forall x, 0 <= x -> slack beta_end (scale * eta) * integral_to eps_end tab (x + eps_end)
                        <= slack beta_end (scale * eta) * integral_to eps_end (raised tab) (x + eps_end)).
  { intros x Hx. apply Rmult_le_compat_l; [apply Rlt_le; assumption | apply integral_raised; [assumption | lra]]. }
  assert (Hple' := Rle_trans _ _ _ Hple (Hup path (proj1 Hpath))).
  assert (Hlt' := Rlt_le_trans _ _ _ Hlt (Hup R0 ltac:(lra))).
  assert (Hv0 := value_nonneg tab (path + eps_end) eps_end Ho). assert (Hv1 := value_raised tab (path + eps_end)).
  assert (Hmu' : 0 < mu <= value_at (raised tab) (path + eps_end) ^ 2).
  { split; [apply Hmu |]. eapply Rle_trans; [apply Hmu |]. apply pow_incr. lra. }
  assert (Hgrun : gradient_run (square_grad r Jt) h (fun t => w (T + t)%nat)).
  { intro t. rewrite Nat.add_succ_r. apply (Hrun' (T + t)%nat). }
  assert (H := basin_checked HB path mu (fun t => w (T + t)%nat) (fun _ => floor) h Hpath Hple' Hlt' (Rle_trans _ _ _ Hv0 Hv1) Hmu' Hst
                 (fun _ => Hfloor) Hsteps' Hgrun).
  assert (Eq : q = rate mu beta_end (scale * eta) floor) by (apply rate_scaled; assumption).
  assert (Hq := proj1 (steps_rate _ _ _ _ _ _ H O)).
  assert (Hweak := by_steps_weaken _ _ _ required _ required _ (fun _ => q) _ _ H
                     (loss_nonneg _ _ _ (square_smooth Hr)) Hreq Hreq
                     (fun t => ltac:(rewrite Eq; split; [apply Rle_refl | exact Hq])) (fun t => Rle_refl _)).
  assert (Hlin := uniform_steps (square_smooth Hr) _ _ _ q _ _ Hweak (fun _ => Rle_refl _) ltac:(rewrite Eq; exact Hq)).
  split; [assumption |]. split.
  - intro t. rewrite Hw. destruct (run_stays _ _ _ _ _ _ Hlin t) as [Hs _]. rewrite Nat.add_0_r in Hs.
    assert (H1 := hnorm_minus_triangle (w (T + t)%nat) (w T) (c O)). assert (H2 := hnorm_minus_triangle (w T) p (c O)). lra.
  - destruct (run_limit _ _ _ _ _ _ Hlin) as (l & Hl1 & Hl2 & Hl3 & _).
    exists l. split; [assumption |]. split; [assumption |]. rewrite Nat.add_0_r in Hl3. rewrite Hw.
    assert (H1 := hnorm_minus_triangle l (w T) (c O)). assert (H2 := hnorm_minus_triangle (w T) p (c O)). lra.
Qed.

End Certificate.

(** ** Theorems B and C as they are certified: no step before, and the ball of starts a point *)

Theorem theorem_B_certified {E F : Hilbert} (r : E -> F) (J : E -> E -> F) (Jt : E -> F -> E) (hess : E -> E -> E)
    (scale eta gamma delta : R) (w0 : E) (R0 residual near lip ell path mu floor_bound : R) (tab : table) (w : nat -> E) :
  let floor := effective_delta gamma delta floor_bound in
  let beta := smoothness residual lip ell in
  smooth_residual r J Jt hess -> 0 < scale -> 0 < eta -> 0 < gamma -> 0 <= delta <= 1 ->
  checked_end r J Jt scale eta w0 0 R0 residual near lip ell path mu tab ->
  0 < floor_bound -> scale * (lip * residual) <= floor_bound ->
  w O = w0 -> delta_gclip_run (fun x => scal scale (square_grad r Jt x)) eta gamma delta w ->
  converges_linearly (square_loss r) w path (rate (scale * mu) (scale * beta) eta floor) path
    (fun t => radius_sharp (square_loss r (w t)) mu beta (scale * eta)).
Proof.
  intros floor beta Hr Hs He Hg Hd Hend HG HGb Hw Hrun.
  destruct (theorem_D_certified r J Jt hess scale eta gamma delta (fun _ => w0) 0 Hr Hs He Hg Hd
              (fun _ => 0) (fun _ => 0) (fun _ => 0) (fun _ => 0) (fun _ => 0) (fun _ => 0) (fun _ => 0) (fun _ => 0) w0
              0 R0 residual near lip ell path path mu floor_bound 0 tab w) as (_ & _ & H & _); try assumption.
  - apply Rle_refl.
  - intros t Ht. lia.
  - intros t Ht. lia.
  - rewrite hnorm_minus_diag. lra.
  - apply Rle_refl.
  - rewrite hnorm_minus_diag. apply Rle_refl.
Qed.
