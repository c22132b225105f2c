(** * Lemmas about real numbers: the step interval, the rate, the potential step

    Nothing here knows of a space or a loss: these are the polynomial facts used by the theorems.
    Throughout, [a] and [b] stand for the square roots of the loss before and after a step, [g] for the norm of the
    gradient, [h] for the step, and [m = sqrt (2 mu)]. *)

From Coq Require Import Reals Lra Psatz.
From PLTheory Require Import Formulas.
Open Scope R_scope.

(** ** The step of delta-GClip *)

(** The program's convention: at gradient zero the ratio gamma / norm is +infinity, so the step is eta. *)
Definition gclip_step (eta gamma delta grad_norm : R) : R :=
  if Req_EM_T grad_norm 0 then eta else step_size eta gamma delta grad_norm.

(** [TMSSR25, Lemma 1]: eta delta <= h <= eta. *)
Lemma gclip_step_interval (eta gamma delta g : R) :
  0 < eta -> delta <= 1 -> eta * delta <= gclip_step eta gamma delta g <= eta.
Proof.
  intros He Hd. unfold gclip_step, step_size.
  destruct (Req_EM_T g 0) as [_ | _]; [nra |].
  set (q := gamma / g).
  assert (H1 : delta <= Rmin 1 (Rmax delta q)).
  { apply Rmin_glb; [lra | apply Rmax_l]. }
  assert (H2 : Rmin 1 (Rmax delta q) <= 1) by apply Rmin_l.
  nra.
Qed.

(** Where the gradient's norm is at most [bound], the step is at least eta * effective_delta. *)
Lemma gclip_step_effective (eta gamma delta g bound : R) :
  0 < eta -> 0 < gamma -> delta <= 1 -> 0 <= g <= bound ->
  eta * effective_delta gamma delta bound <= gclip_step eta gamma delta g <= eta.
Proof.
  intros He Hg Hd Hb.
  split; [| apply gclip_step_interval; assumption].
  unfold gclip_step, step_size, effective_delta.
  apply Rle_trans with (eta * Rmin 1 (Rmax delta (if Req_EM_T g 0 then 1 else gamma / g))).
  2: { destruct (Req_EM_T g 0) as [_ | _]; [| lra].
       assert (Rmin 1 (Rmax delta 1) <= 1) by apply Rmin_l. nra. }
  apply Rmult_le_compat_l; [lra |].
  destruct (Req_EM_T g 0) as [E | E].
  - apply Rmin_glb.
    + apply Rmax_lub; [lra | apply Rmin_l].
    + apply Rmax_lub; [apply Rmax_l |].
      apply Rle_trans with 1; [apply Rmin_l | apply Rmax_r].
  - assert (gamma / bound <= gamma / g).
    { unfold Rdiv. apply Rmult_le_compat_l; [lra |]. apply Rinv_le_contravar; lra. }
    apply Rmin_glb.
    + apply Rmax_lub; [lra | apply Rmin_l].
    + apply Rmax_lub; [apply Rmax_l |].
      apply Rle_trans with (gamma / bound); [apply Rmin_r |].
      apply Rle_trans with (gamma / g); [assumption | apply Rmax_r].
Qed.

(** ** The rate *)

Lemma slack_pos (beta eta : R) : 0 < beta -> eta < 2 / beta -> 0 < slack beta eta.
Proof.
  intros Hb He. unfold slack.
  assert (beta * eta < beta * (2 / beta)) by (apply Rmult_lt_compat_l; assumption).
  replace (beta * (2 / beta)) with 2 in H by (field; lra). lra.
Qed.

Lemma decrease_slack (beta h : R) : decrease beta h = h * slack beta h.
Proof. reflexivity. Qed.

(** A smaller step leaves more slack. *)
Lemma slack_antitone (beta h eta : R) : 0 <= beta -> h <= eta -> slack beta eta <= slack beta h.
Proof. intros. unfold slack. nra. Qed.

Lemma decrease_pos (beta h eta : R) :
  0 < beta -> eta < 2 / beta -> 0 < h <= eta -> 0 < decrease beta h.
Proof.
  intros Hb He Hh. rewrite decrease_slack.
  apply Rmult_lt_0_compat; [lra |].
  apply slack_pos; [assumption | lra].
Qed.

(** [h (1 - beta h / 2)] is concave, so on an interval its minimum is at an end. *)
Lemma decrease_concave (beta p q h : R) :
  0 <= beta -> p <= h <= q -> Rmin (decrease beta p) (decrease beta q) <= decrease beta h.
Proof.
  intros Hb [Hp Hq]. unfold decrease.
  destruct (Req_dec p q) as [E | E].
  - assert (h = p) by lra. subst h. apply Rmin_l.
  - assert (Hd : 0 < q - p) by lra.
    set (m := Rmin _ _).
    assert (H1 : m <= p * (1 - beta * p / 2)) by apply Rmin_l.
    assert (H2 : m <= q * (1 - beta * q / 2)) by apply Rmin_r.
    (* (q - p) (f h - m) = (q - h) (f p - m) + (h - p) (f q - m) + (beta/2) (q - p) (h - p) (q - h) *)
    assert (0 <= (q - p) * (h * (1 - beta * h / 2) - m)).
    { replace ((q - p) * (h * (1 - beta * h / 2) - m)) with
        ((q - h) * (p * (1 - beta * p / 2) - m) + (h - p) * (q * (1 - beta * q / 2) - m)
         + beta / 2 * ((q - p) * ((h - p) * (q - h)))) by field.
      assert (0 <= (q - h) * (p * (1 - beta * p / 2) - m)) by (apply Rmult_le_pos; lra).
      assert (0 <= (h - p) * (q * (1 - beta * q / 2) - m)) by (apply Rmult_le_pos; lra).
      assert (0 <= (h - p) * (q - h)) by (apply Rmult_le_pos; lra).
      assert (0 <= (q - p) * ((h - p) * (q - h))) by (apply Rmult_le_pos; lra).
      assert (0 <= beta / 2 * ((q - p) * ((h - p) * (q - h)))) by (apply Rmult_le_pos; lra).
      lra. }
    apply Rnot_lt_le. intro Hn.
    assert ((q - p) * (h * (1 - beta * h / 2) - m) < 0) by nra.
    lra.
Qed.

(** The minimum is at eta delta exactly when beta eta (1 + delta) <= 2. *)
Lemma decrease_min_left (beta eta delta : R) :
  0 < eta -> delta < 1 ->
  (decrease beta (eta * delta) <= decrease beta eta <-> beta * eta * (1 + delta) <= 2).
Proof.
  intros He Hd. unfold decrease.
  assert (E : eta * (1 - beta * eta / 2) - eta * delta * (1 - beta * (eta * delta) / 2)
              = eta * (1 - delta) * (2 - beta * eta * (1 + delta)) / 2) by field.
  assert (Hp : 0 < eta * (1 - delta)) by (apply Rmult_lt_0_compat; lra).
  split; intro H; nra.
Qed.

(** In that case q has the closed form of THEORY.md. *)
Lemma rate_closed_form (mu beta eta delta : R) :
  0 < eta -> delta < 1 -> beta * eta * (1 + delta) <= 2 ->
  rate mu beta eta delta = (1 - mu * (eta * delta)) ^ 2 + mu * (beta - mu) * (eta * delta) ^ 2.
Proof.
  intros He Hd H. unfold rate.
  rewrite Rmin_left by (apply decrease_min_left; assumption).
  unfold decrease. field.
Qed.

Lemma contraction_le_rate (mu beta eta delta h : R) :
  0 <= mu -> 0 <= beta -> eta * delta <= h <= eta -> contraction mu beta h <= rate mu beta eta delta.
Proof.
  intros Hm Hb Hh. unfold contraction, rate.
  assert (H := decrease_concave beta (eta * delta) eta h Hb Hh). nra.
Qed.

Lemma rate_lt_1 (mu beta eta delta : R) :
  0 < mu -> 0 < beta -> 0 < eta < 2 / beta -> 0 < delta <= 1 -> rate mu beta eta delta < 1.
Proof.
  intros Hm Hb He Hd. unfold rate.
  assert (H1 : 0 < decrease beta (eta * delta)).
  { apply decrease_pos with eta; [lra | lra | split; nra]. }
  assert (H2 : 0 < decrease beta eta) by (apply decrease_pos with eta; lra).
  assert (0 < Rmin (decrease beta (eta * delta)) (decrease beta eta)) by (apply Rmin_glb_lt; assumption).
  nra.
Qed.

(** The rate leaves at least a multiple of the floor: steps whose floors have an infinite sum reach zero loss. *)
Lemma rate_gap (mu beta eta delta : R) :
  0 <= mu -> 0 < beta -> 0 < eta < 2 / beta -> 0 < delta <= 1 ->
  2 * mu * eta * slack beta eta * delta <= 1 - rate mu beta eta delta.
Proof.
  intros Hm Hb He Hd. assert (Hc := slack_pos beta eta Hb (proj2 He)).
  assert (H1 : eta * slack beta eta * delta <= decrease beta (eta * delta)).
  { rewrite decrease_slack. assert (slack beta eta <= slack beta (eta * delta)) by (apply slack_antitone; nra).
    assert (0 <= eta * delta) by nra. nra. }
  assert (H2 : eta * slack beta eta * delta <= decrease beta eta).
  { rewrite decrease_slack. assert (0 <= eta * slack beta eta) by nra. nra. }
  assert (H3 : eta * slack beta eta * delta <= Rmin (decrease beta (eta * delta)) (decrease beta eta))
    by (apply Rmin_glb; assumption).
  unfold rate. nra.
Qed.

(** A larger mu is a smaller factor. *)
Lemma rate_antitone_mu (mu mu' beta eta delta : R) :
  0 < mu <= mu' -> 0 < beta -> 0 < eta < 2 / beta -> 0 < delta <= 1 ->
  rate mu' beta eta delta <= rate mu beta eta delta.
Proof.
  intros Hm Hb He Hd. unfold rate.
  assert (H1 : 0 < decrease beta (eta * delta)) by (apply decrease_pos with eta; [lra | lra | split; nra]).
  assert (H2 : 0 < decrease beta eta) by (apply decrease_pos with eta; lra).
  assert (0 < Rmin (decrease beta (eta * delta)) (decrease beta eta)) by (apply Rmin_glb_lt; assumption).
  nra.
Qed.

(** The loss c L has the constants c mu and c beta; its rate at eta is that of L at c eta. *)
Lemma rate_scaled (c mu beta eta delta : R) :
  0 < c -> rate (c * mu) (c * beta) eta delta = rate mu beta (c * eta) delta.
Proof.
  intro Hc. unfold rate.
  replace (decrease beta (c * eta * delta)) with (c * decrease (c * beta) (eta * delta)) by (unfold decrease; field).
  replace (decrease beta (c * eta)) with (c * decrease (c * beta) eta) by (unfold decrease; field).
  unfold Rmin. repeat destruct Rle_dec; nra.
Qed.

(** A larger mu is a smaller radius. *)
Lemma radius_sharp_antitone (loss mu mu' beta eta : R) :
  0 <= loss -> 0 < mu <= mu' -> 0 < slack beta eta -> radius_sharp loss mu' beta eta <= radius_sharp loss mu beta eta.
Proof.
  intros Hl Hm Hc. unfold radius_sharp, Rdiv.
  apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat; assumption |].
  apply sqrt_le_1_alt. apply Rmult_le_compat_l; [lra |]. apply Rinv_le_contravar; lra.
Qed.

(** ** The potential step of Theorem A

    From the decrease [b^2 <= a^2 - s (1 - beta s/2) g^2] and PL* [m a <= g]:
    [s g (1 - beta eta/2) m / 2 <= a - b]. *)
Lemma potential_step (beta eta m a b g s : R) :
  0 <= beta -> 0 <= slack beta eta -> 0 <= m -> 0 < a -> 0 <= s <= eta ->
  m * a <= g -> 0 <= g ->
  b ^ 2 <= a ^ 2 - decrease beta s * g ^ 2 ->
  s * g * (slack beta eta * m / 2) <= a - b.
Proof.
  intros Hb Hc Hm Ha [Hs0 Hs] Hpl Hg Hd.
  apply Rnot_lt_le. intro Hn.
  (* a [2 (a - b) - s g c m] is a sum of nonnegative terms *)
  assert (Hcs : slack beta eta <= slack beta s) by (apply slack_antitone; lra).
  assert (Hsg : 0 <= s * g) by (apply Rmult_le_pos; assumption).
  assert (E : a * (2 * (a - b) - s * g * (slack beta eta * m))
              = (a - b) ^ 2 + (a ^ 2 - decrease beta s * g ^ 2 - b ^ 2)
                + s * g * (g * (slack beta s - slack beta eta) + slack beta eta * (g - m * a))).
  { unfold decrease. fold (slack beta s). ring. }
  assert (0 <= g * (slack beta s - slack beta eta)) by (apply Rmult_le_pos; lra).
  assert (0 <= slack beta eta * (g - m * a)) by (apply Rmult_le_pos; lra).
  assert (0 <= s * g * (g * (slack beta s - slack beta eta) + slack beta eta * (g - m * a)))
    by (apply Rmult_le_pos; lra).
  assert (0 <= (a - b) ^ 2) by apply pow2_ge_0.
  assert (a * (2 * (a - b) - s * g * (slack beta eta * m)) < 0).
  { assert (2 * (a - b) - s * g * (slack beta eta * m) < 0) by lra. nra. }
  lra.
Qed.

(** ** The three lemmas of Theorem A': contraction, path, monotonicity *)

(** With mu <= beta the one-step factor is a square. *)
Lemma contraction_nonneg (mu beta h : R) : 0 <= mu -> 0 < beta -> mu <= beta -> 0 <= contraction mu beta h.
Proof.
  intros Hm Hb Hk. unfold contraction, decrease.
  (* beta (1 - 2 mu h + mu beta h^2) = (beta - mu) + mu (1 - beta h)^2 *)
  assert (0 <= beta * (1 - 2 * mu * (h * (1 - beta * h / 2)))).
  { replace (beta * (1 - 2 * mu * (h * (1 - beta * h / 2)))) with ((beta - mu) + mu * (1 - beta * h) ^ 2) by field.
    assert (0 <= (1 - beta * h) ^ 2) by apply pow2_ge_0. nra. }
  apply Rnot_lt_le. intro. nra.
Qed.

(** Contraction: the square root of the loss shrinks by at least the square root of the one-step factor. *)
Lemma tight_contraction (mu beta a b g s : R) :
  0 < mu -> 0 < beta -> mu <= beta -> 0 <= s -> 0 <= slack beta s -> 0 <= a -> 0 <= b ->
  2 * mu * a ^ 2 <= g ^ 2 ->
  b ^ 2 <= a ^ 2 - decrease beta s * g ^ 2 ->
  b <= a * sqrt (contraction mu beta s).
Proof.
  intros Hm Hb Hk Hs Hc Ha Hb0 Hpl Hd.
  assert (Hu := sqrt_pos (contraction mu beta s)).
  assert (Hu2 := sqrt_sqrt _ (contraction_nonneg mu beta s (Rlt_le _ _ Hm) Hb Hk)).
  set (u := sqrt _) in *.
  assert (Hdec : 0 <= decrease beta s) by (rewrite decrease_slack; apply Rmult_le_pos; assumption).
  assert (b ^ 2 <= (a * u) ^ 2).
  { replace ((a * u) ^ 2) with (a ^ 2 * (u * u)) by ring. rewrite Hu2. unfold contraction. nra. }
  apply Rnot_lt_le. intro.
  assert (0 <= a * u) by (apply Rmult_le_pos; assumption).
  nra.
Qed.

(** Path: the step length against the fall of the square root of the loss. *)
Lemma tight_path (mu beta m a b g s : R) :
  0 < mu -> 0 < beta -> mu <= beta -> 0 <= s -> 0 <= slack beta s -> 0 < a -> 0 <= b -> 0 <= g ->
  0 < m -> m ^ 2 = 2 * mu -> m * a <= g ->
  b ^ 2 <= a ^ 2 - decrease beta s * g ^ 2 ->
  s * g * (slack beta s * m) <= (a - b) * (1 + sqrt (contraction mu beta s)).
Proof.
  intros Hm Hb Hk Hs Hc Ha Hb0 Hg Hm0 Hm2 Hpl Hd.
  assert (Hu := sqrt_pos (contraction mu beta s)).
  assert (Hma : 0 <= m * a) by nra.
  assert (Hbu : b <= a * sqrt (contraction mu beta s)).
  { apply tight_contraction with g; try assumption; try lra. rewrite <- Hm2. nra. }
  set (u := sqrt _) in *.
  assert (Hdec : 0 <= decrease beta s) by (rewrite decrease_slack; apply Rmult_le_pos; assumption).
  assert (Hab : 0 <= a - b).
  { apply Rnot_lt_le. intro. assert (0 <= decrease beta s * g ^ 2) by (apply Rmult_le_pos; [assumption | nra]). nra. }
  (* a (a - b) (1 + u) >= (a - b) (a + b) >= decrease g^2 >= s c g m a *)
  assert (H1 : decrease beta s * g ^ 2 <= a * ((a - b) * (1 + u))).
  { apply Rle_trans with ((a - b) * (a + b)); [nra |].
    replace (a * ((a - b) * (1 + u))) with ((a - b) * (a + a * u)) by ring.
    apply Rmult_le_compat_l; lra. }
  assert (H2 : a * (s * g * (slack beta s * m)) <= decrease beta s * g ^ 2).
  { replace (decrease beta s * g ^ 2) with (s * slack beta s * g * g) by (unfold decrease, slack; ring).
    replace (a * (s * g * (slack beta s * m))) with (s * slack beta s * g * (m * a)) by ring.
    apply Rmult_le_compat_l; [| assumption].
    repeat apply Rmult_le_pos; assumption. }
  apply Rmult_le_reg_l with a; [assumption |]. lra.
Qed.

(** Monotonicity: (1 + sqrt (contraction h)) / (1 - beta h/2) grows with h on [0, 2/beta).
    Stated with p = 1 - beta h/2 for the smaller step, q <= p for the larger one, and k = mu/beta. *)
Lemma tight_monotone_pq (k p q u v : R) :
  0 < k <= 1 -> 0 < q <= p -> p <= 1 -> 0 <= u -> 0 <= v ->
  u ^ 2 = 1 - 4 * k * p * (1 - p) -> v ^ 2 = 1 - 4 * k * q * (1 - q) ->
  (1 + u) * q <= (1 + v) * p.
Proof.
  intros Hk Hq Hp Hu Hv Eu Ev.
  (* T = (1 + u) / p is the larger root of p T^2 - 2 T + 4 k (1 - p), and T^2 >= 4 k *)
  set (T := (1 + u) / p).
  assert (ET : T * p = 1 + u) by (unfold T; field; lra).
  assert (HT0 : 0 < T).
  { unfold T. apply Rdiv_lt_0_compat; lra. }
  assert (H1 : 2 * k * p <= 1 + u).
  { destruct (Rle_lt_dec (2 * k * p) 1) as [H | H]; [lra |].
    assert ((2 * k * p - 1) ^ 2 <= u ^ 2).
    { rewrite Eu. assert (0 <= 4 * k * (p * p) * (1 - k)) by (repeat apply Rmult_le_pos; lra). nra. }
    apply Rnot_lt_le. intro. nra. }
  assert (H2 : 4 * k <= T ^ 2).
  { assert (p ^ 2 * (4 * k) <= p ^ 2 * T ^ 2).
    { replace (p ^ 2 * T ^ 2) with ((T * p) ^ 2) by ring. rewrite ET.
      replace ((1 + u) ^ 2) with (1 + 2 * u + u ^ 2) by ring. rewrite Eu. lra. }
    apply Rmult_le_reg_l with (p ^ 2); [apply pow_lt; lra | assumption]. }
  assert (H3 : p * T ^ 2 - 2 * T + 4 * k * (1 - p) = 0).
  { assert (p * (p * T ^ 2 - 2 * T + 4 * k * (1 - p)) = 0).
    { replace (p * (p * T ^ 2 - 2 * T + 4 * k * (1 - p)))
        with ((T * p) ^ 2 - 2 * (T * p) + 4 * k * p * (1 - p)) by ring.
      rewrite ET. replace (4 * k * p * (1 - p)) with (1 - u ^ 2) by lra. ring. }
    apply Rmult_integral in H. destruct H; [lra | assumption]. }
  (* at the larger step the quadratic is <= 0 at T, so T is at most its larger root (1 + v) / q *)
  assert (H4 : q * T ^ 2 - 2 * T + 4 * k * (1 - q) <= 0).
  { assert (0 <= (p - q) * (T ^ 2 - 4 * k)) by (apply Rmult_le_pos; lra). nra. }
  assert (H5 : (T * q - 1) ^ 2 <= v ^ 2).
  { rewrite Ev. assert (q * (q * T ^ 2 - 2 * T + 4 * k * (1 - q)) <= 0) by nra. nra. }
  assert (H6 : T * q - 1 <= v) by (apply Rnot_lt_le; intro; nra).
  replace ((1 + u) * q) with (T * q * p) by (rewrite <- ET; ring).
  apply Rmult_le_compat_r; lra.
Qed.

Lemma tight_monotone (mu beta s eta : R) :
  0 < mu -> 0 < beta -> mu <= beta -> 0 <= s <= eta -> eta < 2 / beta ->
  (1 + sqrt (contraction mu beta s)) * slack beta eta <= (1 + sqrt (contraction mu beta eta)) * slack beta s.
Proof.
  intros Hm Hb Hk Hs He.
  assert (Hc := slack_pos beta eta Hb He).
  assert (Hcs : slack beta eta <= slack beta s) by (apply slack_antitone; lra).
  assert (E : forall h, contraction mu beta h = 1 - 4 * (mu / beta) * slack beta h * (1 - slack beta h)).
  { intro h. unfold contraction, decrease, slack. field. lra. }
  apply tight_monotone_pq with (mu / beta).
  - split; [apply Rdiv_lt_0_compat; assumption |].
    apply Rmult_le_reg_r with beta; [assumption |]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
  - lra.
  - unfold slack. nra.
  - apply sqrt_pos.
  - apply sqrt_pos.
  - rewrite pow2_sqrt by (apply contraction_nonneg; lra). apply E.
  - rewrite pow2_sqrt by (apply contraction_nonneg; lra). apply E.
Qed.

(** The two together: for every step up to eta. *)
Lemma tight_potential_step (mu beta eta m a b g s : R) :
  0 < mu -> 0 < beta -> mu <= beta -> 0 <= s <= eta -> eta < 2 / beta -> 0 < a -> 0 <= b -> 0 <= g ->
  0 < m -> m ^ 2 = 2 * mu -> m * a <= g ->
  b ^ 2 <= a ^ 2 - decrease beta s * g ^ 2 ->
  s * g * (slack beta eta * m) <= (a - b) * (1 + sqrt (contraction mu beta eta)).
Proof.
  intros Hm Hb Hk Hs He Ha Hb0 Hg Hm0 Hm2 Hpl Hd.
  assert (Hc := slack_pos beta eta Hb He).
  assert (Hcs : slack beta eta <= slack beta s) by (apply slack_antitone; lra).
  assert (HP := tight_path mu beta m a b g s Hm Hb Hk (proj1 Hs) ltac:(lra) Ha Hb0 Hg Hm0 Hm2 Hpl Hd).
  assert (HM := tight_monotone mu beta s eta Hm Hb Hk Hs He).
  assert (Hu := sqrt_pos (contraction mu beta s)).
  assert (Hv := sqrt_pos (contraction mu beta eta)).
  set (u := sqrt (contraction mu beta s)) in *. set (v := sqrt (contraction mu beta eta)) in *.
  set (c := slack beta eta) in *. set (cs := slack beta s) in *.
  assert (Hab : 0 <= a - b).
  { apply Rnot_lt_le. intro Hn.
    assert (0 <= s * g * (cs * m)) by (repeat apply Rmult_le_pos; lra).
    assert ((a - b) * (1 + u) < 0) by nra. lra. }
  apply Rmult_le_reg_l with cs; [lra |].
  apply Rle_trans with ((a - b) * (1 + u) * c).
  - replace (cs * (s * g * (c * m))) with (s * g * (cs * m) * c) by ring.
    apply Rmult_le_compat_r; lra.
  - replace ((a - b) * (1 + u) * c) with ((a - b) * ((1 + u) * c)) by ring.
    replace (cs * ((a - b) * (1 + v))) with ((a - b) * ((1 + v) * cs)) by ring.
    apply Rmult_le_compat_l; assumption.
Qed.
