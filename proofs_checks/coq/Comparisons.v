(** * The radii compared: R* <= R_A, R* <= R_classic, R_A < 2 R_classic *)

From Coq Require Import Reals Lra Lia Psatz.
From PLTheory Require Import Formulas Steps Space TheoremA TheoremAprime Classical.
Open Scope R_scope.

Section Comparisons.
Variables (l mu beta eta delta lip : R).
Hypothesis Hl : 0 <= l.
Hypothesis Hmu : 0 < mu <= beta.
Hypothesis Heta : 0 < eta <= 1 / beta.
Hypothesis Hdelta : 0 < delta <= 1.
Hypothesis Hlip : 0 <= lip.
(** PL* and the gradient bound at a point of positive loss force this. *)
Hypothesis Hmul : mu <= lip * lip.

Lemma beta_eta : beta * eta <= 1.
Proof.
  apply Rle_trans with (beta * (1 / beta)); [apply Rmult_le_compat_l; lra | right; field; lra].
Qed.

Lemma slack_half : / 2 <= slack beta eta.
Proof. unfold slack. assert (H := beta_eta). lra. Qed.

(** R_classic is at least sqrt(2 l / mu) (1 + sqrt(1 - eta mu)) / delta. *)
Lemma classic_lower :
  sqrt (2 * l / mu) * (1 + sqrt (rate_classic mu eta delta)) / delta <= radius_classic l mu eta delta lip.
Proof.
  unfold radius_classic.
  assert (Hs : sqrt (2 * l / mu) * mu <= lip * sqrt (2 * l)).
  { assert (Hm := sqrt_pos mu). assert (Hm2 : sqrt mu * sqrt mu = mu) by (apply sqrt_sqrt; lra).
    assert (Hml : sqrt mu <= lip) by (apply Rnot_lt_le; intro; nra).
    assert (0 < sqrt mu) by (apply sqrt_lt_R0; lra).
    rewrite sqrt_div by lra. rewrite <- Hm2 at 2.
    replace (sqrt (2 * l) / sqrt mu * (sqrt mu * sqrt mu)) with (sqrt mu * sqrt (2 * l)) by (field; lra).
    apply Rmult_le_compat_r; [apply sqrt_pos | assumption]. }
  assert (Hu := sqrt_pos (rate_classic mu eta delta)). set (u := 1 + sqrt (rate_classic mu eta delta)) in *.
  replace (sqrt (2 * l / mu) * u / delta) with (sqrt (2 * l / mu) * mu * u / (delta * mu)) by (field; lra).
  unfold Rdiv. apply Rmult_le_compat_r.
  - apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; lra.
  - apply Rmult_le_compat_r; [unfold u; lra | assumption].
Qed.

(** R* <= R_classic, always. *)
Theorem tight_le_classic : radius_tight l mu beta eta <= radius_classic l mu eta delta lip.
Proof.
  eapply Rle_trans; [| apply classic_lower].
  assert (Hc := slack_half).
  assert (E : sqrt (l / (2 * mu)) = sqrt (2 * l / mu) / 2).
  { replace (l / (2 * mu)) with (2 * l / mu / (2 * 2)) by (field; lra).
    rewrite sqrt_div_alt by lra. rewrite sqrt_square by lra. reflexivity. }
  unfold radius_tight. rewrite E.
  assert (Hr := sqrt_pos (2 * l / mu)). set (ra := sqrt (2 * l / mu)) in *.
  assert (Hcc := sqrt_pos (contraction mu beta eta)).
  assert (Hin : sqrt (contraction mu beta eta) <= sqrt (rate_classic mu eta delta)).
  { apply sqrt_le_1_alt. unfold contraction, rate_classic. rewrite decrease_slack.
    assert (0 < eta * mu) by (apply Rmult_lt_0_compat; lra).
    assert (eta * mu * delta <= eta * mu * 1) by (apply Rmult_le_compat_l; lra).
    assert (eta * mu * / 2 <= eta * mu * slack beta eta) by (apply Rmult_le_compat_l; lra). lra. }
  set (u := sqrt (contraction mu beta eta)) in *. set (v := sqrt (rate_classic mu eta delta)) in *.
  apply Rle_trans with (ra * (1 + u)).
  - apply Rmult_le_reg_r with (slack beta eta); [lra |].
    replace (ra / 2 * (1 + u) / slack beta eta * slack beta eta) with (ra * (1 + u) * / 2) by (field; lra).
    apply Rmult_le_compat_l; [apply Rmult_le_pos; lra | assumption].
  - apply Rmult_le_reg_r with delta; [lra |].
    replace (ra * (1 + v) / delta * delta) with (ra * (1 + v)) by (field; lra).
    apply Rle_trans with (ra * (1 + u) * 1).
    + apply Rmult_le_compat_l; [apply Rmult_le_pos; lra | lra].
    + rewrite Rmult_1_r. apply Rmult_le_compat_l; lra.
Qed.

(** R_A <= 2 R_classic, strictly for delta < 1 and positive loss. *)
Theorem sharp_lt_twice_classic :
  0 < l -> delta < 1 -> radius_sharp l mu beta eta < 2 * radius_classic l mu eta delta lip.
Proof.
  intros Hlp Hd1.
  assert (H := classic_lower). assert (Hc := slack_half).
  unfold radius_sharp.
  assert (Hr : 0 < sqrt (2 * l / mu)) by (apply sqrt_lt_R0, Rdiv_lt_0_compat; lra).
  set (ra := sqrt (2 * l / mu)) in *.
  assert (Hv := sqrt_pos (rate_classic mu eta delta)). set (v := sqrt (rate_classic mu eta delta)) in *.
  assert (H1 : ra / slack beta eta <= 2 * ra).
  { apply Rmult_le_reg_r with (slack beta eta); [lra |].
    replace (ra / slack beta eta * slack beta eta) with ra by (field; lra). nra. }
  assert (H2 : ra < ra * (1 + v) / delta).
  { apply Rmult_lt_reg_r with delta; [lra |].
    replace (ra * (1 + v) / delta * delta) with (ra * (1 + v)) by (field; lra). nra. }
  lra.
Qed.

End Comparisons.
