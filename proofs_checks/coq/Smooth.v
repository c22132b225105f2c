(** * Smooth losses on a Hilbert space

    Frechet gradients and derivatives in epsilon-delta form, the two derivatives of the loss along a line, and the
    hypotheses of the theorems: PL* on a set, an upper bound on the Hessian's largest eigenvalue on a set, and the
    region S, the closed ball intersected with the sublevel set of the start. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From PLTheory Require Import Space.
Open Scope R_scope.

(** [g] is the gradient of [L] at [w]: L (w + v) = L w + <g, v> + o(|v|). *)
Definition has_gradient {E : Hilbert} (L : E -> R) (w g : E) : Prop :=
  forall eps, 0 < eps -> exists d, 0 < d /\ forall v, hnorm v <= d ->
    Rabs (L (plus w v) - L w - dot g v) <= eps * hnorm v.

Definition bounded_linear {E F : Hilbert} (A : E -> F) : Prop :=
  (forall x y, A (plus x y) = plus (A x) (A y)) /\
  (forall a x, A (scal a x) = scal a (A x)) /\
  (exists C, forall x, hnorm (A x) <= C * hnorm x).

(** The bounded linear map [A] is the derivative of [f] at [w]: f (w + v) = f w + A v + o(|v|). *)
Definition has_derivative {E F : Hilbert} (f : E -> F) (w : E) (A : E -> F) : Prop :=
  bounded_linear A /\
  forall eps, 0 < eps -> exists d, 0 < d /\ forall v, hnorm v <= d ->
    hnorm (minus (minus (f (plus w v)) (f w)) (A v)) <= eps * hnorm v.

(** A nonnegative loss, twice differentiable everywhere, with its gradient and its Hessian.  Every C^2 loss is one;
    continuity of the Hessian is never used. *)
Record smooth_loss {E : Hilbert} (L : E -> R) (grad : E -> E) (hess : E -> E -> E) : Prop := {
  loss_nonneg : forall w, 0 <= L w;
  loss_gradient : forall w, has_gradient L w (grad w);
  loss_hessian : forall w, has_derivative grad w (hess w)
}.

(** S: the closed ball of radius [R0] about [w0], intersected with {L <= L w0}. *)
Definition region {E : Hilbert} (L : E -> R) (w0 : E) (R0 : R) (w : E) : Prop :=
  hnorm (minus w w0) <= R0 /\ L w <= L w0.

(** PL* with constant [mu] on the set [S]. *)
Definition PL_star {E : Hilbert} (L : E -> R) (grad : E -> E) (mu : R) (S : E -> Prop) : Prop :=
  forall w, S w -> mu * L w <= hnorm (grad w) ^ 2 / 2.

(** lambda_max (Hess L) <= beta on the set [S]. *)
Definition hessian_at_most {E : Hilbert} (hess : E -> E -> E) (beta : R) (S : E -> Prop) : Prop :=
  forall w, S w -> forall v, dot (hess w v) v <= beta * hnorm v ^ 2.

(** A differentiable map along a line, seen from a fixed direction [u]. *)
Lemma map_line_derivative {E F : Hilbert} (f : E -> F) (A : E -> F) (w v : E) (u : F) (s : R) :
  has_derivative f (line w v s) A ->
  derivable_pt_lim (fun s => dot (f (line w v s)) u) s (dot (A v) u).
Proof.
  intros ((_ & Hlin & _) & Hder) eps Heps.
  assert (Hv := hnorm_pos v). assert (Hu := hnorm_pos u).
  set (c := (hnorm v + 1) * (hnorm u + 1)).
  assert (Hc : 0 < c) by (unfold c; nra).
  assert (He : 0 < eps / (2 * c)) by (apply Rdiv_lt_0_compat; lra).
  destruct (Hder _ He) as (d & Hd & H). clear Hder.
  assert (Hdd : 0 < d / (hnorm v + 1)) by (apply Rdiv_lt_0_compat; lra).
  exists (mkposreal _ Hdd). intros h Hh Hhd. cbn in Hhd.
  assert (Hs : hnorm (scal h v) <= d).
  { rewrite hnorm_scal.
    assert (Rabs h * (hnorm v + 1) <= d).
    { apply Rmult_le_reg_r with (/ (hnorm v + 1)); [apply Rinv_0_lt_compat; lra |].
      rewrite Rmult_assoc, Rinv_r, Rmult_1_r by lra. lra. }
    assert (0 <= Rabs h) by apply Rabs_pos. nra. }
  specialize (H _ Hs).
  rewrite <- line_shift, Hlin, hnorm_scal in H.
  assert (Hh0 : 0 < Rabs h) by (apply Rabs_pos_lt; assumption).
  set (e := minus _ _) in H.
  assert (Ee : dot (f (line w v (s + h))) u - dot (f (line w v s)) u - h * dot (A v) u = dot e u).
  { unfold e. dot_expand. ring. }
  replace ((dot (f (line w v (s + h))) u - dot (f (line w v s)) u) / h - dot (A v) u)
    with (dot e u / h) by (rewrite <- Ee; field; assumption).
  rewrite Rabs_div by assumption.
  apply Rmult_lt_reg_r with (Rabs h); [assumption |].
  unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  eapply Rle_lt_trans; [apply dot_abs_le |].
  apply Rle_lt_trans with (eps / (2 * c) * (Rabs h * hnorm v) * hnorm u).
  { apply Rmult_le_compat_r; assumption. }
  replace (eps / (2 * c) * (Rabs h * hnorm v) * hnorm u)
    with (eps * Rabs h * (hnorm v * hnorm u / (2 * c))) by (field; lra).
  assert (hnorm v * hnorm u / (2 * c) < 1).
  { apply Rmult_lt_reg_r with (2 * c); [lra |].
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. unfold c. nra. }
  assert (0 < eps * Rabs h) by (apply Rmult_lt_0_compat; lra).
  nra.
Qed.

(** Mean value inequality along a segment. *)
Lemma mean_value_segment {E F : Hilbert} (f : E -> F) (J : E -> E -> F) (c v : E) (len lip : R) :
  0 <= len ->
  (forall w, has_derivative f w (J w)) ->
  (forall s, 0 <= s <= len -> hnorm (J (line c v s) v) <= lip * hnorm v) ->
  hnorm (minus (f (line c v len)) (f c)) <= len * (lip * hnorm v).
Proof.
  intros Hlen Hf HJ. set (u := minus (f (line c v len)) (f c)).
  assert (Hu := hnorm_pos u).
  destruct (Req_dec len 0) as [E0 | E0].
  { unfold u. rewrite E0, line_0, hnorm_minus_diag. lra. }
  destruct (MVT_cor2 (fun s => dot (f (line c v s)) u) (fun s => dot (J (line c v s) v) u) 0 len) as (s & Es & Hs);
    [lra | intros; apply map_line_derivative; apply Hf |].
  rewrite line_0, <- dot_minus_l in Es. fold u in Es. rewrite <- hnorm_sqr, Rminus_0_r in Es.
  assert (H1 := HJ s ltac:(lra)).
  assert (H2 := dot_le (J (line c v s) v) u).
  assert (Hj := hnorm_pos (J (line c v s) v)).
  apply Rnot_lt_le. intro Hn.
  assert (H3 : len * hnorm (J (line c v s) v) <= len * (lip * hnorm v)) by (apply Rmult_le_compat_l; assumption).
  assert (H4 : dot (J (line c v s) v) u * len <= hnorm (J (line c v s) v) * hnorm u * len)
    by (apply Rmult_le_compat_r; lra).
  assert (H5 : 0 <= len * hnorm (J (line c v s) v)) by (apply Rmult_le_pos; assumption).
  assert (hnorm u * (len * hnorm (J (line c v s) v)) < hnorm u * hnorm u) by (apply Rmult_lt_compat_l; lra).
  nra.
Qed.

(** Mean value inequality: a map whose derivative is at most [lip] on a ball is [lip]-Lipschitz from its centre. *)
Lemma mean_value {E F : Hilbert} (f : E -> F) (J : E -> E -> F) (c x : E) (rad lip : R) :
  (forall w, has_derivative f w (J w)) ->
  (forall w, hnorm (minus w c) <= rad -> forall v, hnorm (J w v) <= lip * hnorm v) ->
  hnorm (minus x c) <= rad ->
  hnorm (minus (f x) (f c)) <= lip * hnorm (minus x c).
Proof.
  intros Hf HJ Hx. set (v := minus x c) in *.
  assert (Ex : line c v 1 = x) by (unfold line, v; apply dot_ext; intro; dot_expand; ring).
  assert (H := mean_value_segment f J c v 1 lip Rle_0_1 Hf).
  rewrite Ex, Rmult_1_l in H. apply H.
  intros s Hs. apply HJ. rewrite line_dist_0, Rabs_pos_eq by lra. assert (Hv := hnorm_pos v). nra.
Qed.

Section Lines.
Context {E : Hilbert} {L : E -> R} {grad : E -> E} {hess : E -> E -> E}.
Hypothesis HL : smooth_loss L grad hess.

(** First derivative along a line. *)
Lemma line_derivative (w v : E) (s : R) :
  derivable_pt_lim (fun s => L (line w v s)) s (dot (grad (line w v s)) v).
Proof.
  intros eps Heps.
  assert (Hv := hnorm_pos v).
  assert (He : 0 < eps / (2 * (hnorm v + 1))) by (apply Rdiv_lt_0_compat; lra).
  destruct (loss_gradient _ _ _ HL (line w v s) _ He) as (d & Hd & H).
  assert (Hdd : 0 < d / (hnorm v + 1)) by (apply Rdiv_lt_0_compat; lra).
  exists (mkposreal _ Hdd). intros h Hh Hhd. cbn in Hhd.
  assert (Hs : hnorm (scal h v) <= d).
  { rewrite hnorm_scal.
    assert (Rabs h * (hnorm v + 1) <= d).
    { apply Rmult_le_reg_r with (/ (hnorm v + 1)); [apply Rinv_0_lt_compat; lra |].
      rewrite Rmult_assoc, Rinv_r, Rmult_1_r by lra. lra. }
    assert (0 <= Rabs h) by apply Rabs_pos. nra. }
  specialize (H _ Hs).
  rewrite <- line_shift in H. rewrite dot_scal_r, hnorm_scal in H.
  assert (Hh0 : 0 < Rabs h) by (apply Rabs_pos_lt; assumption).
  replace ((L (line w v (s + h)) - L (line w v s)) / h - dot (grad (line w v s)) v)
    with ((L (line w v (s + h)) - L (line w v s) - h * dot (grad (line w v s)) v) / h) by (field; assumption).
  rewrite Rabs_div by assumption.
  apply Rmult_lt_reg_r with (Rabs h); [assumption |].
  unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  eapply Rle_lt_trans; [apply H |].
  replace (eps / (2 * (hnorm v + 1)) * (Rabs h * hnorm v))
    with (eps * Rabs h * (hnorm v / (2 * (hnorm v + 1)))) by (field; lra).
  assert (hnorm v / (2 * (hnorm v + 1)) < 1).
  { apply Rmult_lt_reg_r with (2 * (hnorm v + 1)); [lra |].
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  assert (0 < eps * Rabs h) by (apply Rmult_lt_0_compat; lra).
  nra.
Qed.

(** Second derivative along a line. *)
Lemma line_second_derivative (w v : E) (s : R) :
  derivable_pt_lim (fun s => dot (grad (line w v s)) v) s (dot (hess (line w v s) v) v).
Proof. apply map_line_derivative. apply (loss_hessian _ _ _ HL). Qed.

(** A differentiable loss is continuous. *)
Lemma loss_continuous (w : E) eps : 0 < eps ->
  exists d, 0 < d /\ forall w', hnorm (minus w' w) < d -> Rabs (L w' - L w) < eps.
Proof.
  intro Heps.
  destruct (loss_gradient _ _ _ HL w 1 Rlt_0_1) as (d & Hd & H).
  assert (Hg := hnorm_pos (grad w)).
  exists (Rmin d (eps / (2 + hnorm (grad w)))).
  split.
  { apply Rmin_glb_lt; [assumption |]. apply Rdiv_lt_0_compat; lra. }
  intros w' Hw.
  assert (H1 := Rmin_l d (eps / (2 + hnorm (grad w)))). assert (H2 := Rmin_r d (eps / (2 + hnorm (grad w)))).
  set (v := minus w' w) in *.
  assert (Hv := hnorm_pos v).
  assert (E0 : w' = plus w v) by (apply dot_ext; intro; unfold v; dot_expand; ring).
  specialize (H v ltac:(lra)). rewrite <- E0 in H.
  assert (H3 := dot_abs_le (grad w) v).
  assert (H4 : (2 + hnorm (grad w)) * hnorm v < eps).
  { apply Rlt_le_trans with ((2 + hnorm (grad w)) * (eps / (2 + hnorm (grad w)))).
    - apply Rmult_lt_compat_l; lra.
    - right. field. lra. }
  replace (L w' - L w) with ((L w' - L w - dot (grad w) v) + dot (grad w) v) by ring.
  eapply Rle_lt_trans; [apply Rabs_triang |]. lra.
Qed.

(** The gradient vanishes where the nonnegative loss does. *)
Lemma gradient_at_zero_loss (w : E) : L w = 0 -> grad w = zero.
Proof.
  intro H0. apply hnorm_eq_0.
  assert (Hg := hnorm_pos (grad w)).
  destruct (Req_dec (hnorm (grad w)) 0) as [E0 | E0]; [assumption | exfalso].
  set (g := hnorm (grad w)) in *.
  destruct (loss_gradient _ _ _ HL w (g / 2) ltac:(lra)) as (d & Hd & H).
  set (k := d / g).
  assert (Hk : 0 < k) by (apply Rdiv_lt_0_compat; lra).
  specialize (H (scal (- k) (grad w))).
  rewrite hnorm_scal, dot_scal_r, <- hnorm_sqr, Rabs_Ropp, (Rabs_pos_eq k) in H by lra.
  fold g in H.
  assert (Ek : k * g = d) by (unfold k; field; assumption).
  specialize (H ltac:(lra)).
  assert (Hn := loss_nonneg _ _ _ HL (plus w (scal (- k) (grad w)))).
  apply Rabs_le_between in H.
  assert (- k * g ^ 2 = - d * g) by (rewrite <- Ek; ring).
  nra.
Qed.

(** The loss at a limit. *)
Lemma loss_limit (u : nat -> E) (l : E) (x : R) :
  converges u l -> is_lim_seq (fun t => L (u t)) x -> L l = x.
Proof.
  intros Hu Hx. apply is_lim_seq_spec in Hx.
  apply cond_eq. intros eps Heps.
  assert (He : 0 < eps / 2) by lra.
  destruct (loss_continuous l (eps / 2) He) as (d & Hd & H).
  destruct (Hu d Hd) as [N HN]. destruct (Hx (mkposreal _ He)) as [M HM].
  specialize (HN _ (Nat.le_max_l N M)). specialize (HM _ (Nat.le_max_r N M)). specialize (H _ HN). cbn in HM.
  set (y := L (u (Nat.max N M))) in *.
  replace (L l - x) with ((y - x) - (y - L l)) by ring.
  eapply Rle_lt_trans; [apply Rabs_triang |]. rewrite Rabs_Ropp. lra.
Qed.

End Lines.
