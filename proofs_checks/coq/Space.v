(** * Real Hilbert spaces, and R^p as one of them

    The theorems are about an arbitrary real Hilbert space [E] (a complete inner product space); weights live in R^p,
    which is shown at the end to be an instance, so nothing is assumed about finite dimension. *)

From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(** A vector space in the sense of Coquelicot, with an inner product for which it is complete. *)
Structure Hilbert := mkHilbert {
  vec :> ModuleSpace R_AbsRing;
  dot : vec -> vec -> R;
  dot_sym : forall x y, dot x y = dot y x;
  dot_plus_l : forall x y z, dot (plus x y) z = dot x z + dot y z;
  dot_scal_l : forall (a : R) x y, dot (scal a x) y = a * dot x y;
  dot_pos : forall x, 0 <= dot x x;
  dot_definite : forall x, dot x x = 0 -> x = zero;
  complete : forall u : nat -> vec,
    (forall eps, 0 < eps -> exists N, forall i j, (N <= i)%nat -> (N <= j)%nat ->
       sqrt (dot (minus (u i) (u j)) (minus (u i) (u j))) < eps) ->
    exists l, forall eps, 0 < eps -> exists N, forall i, (N <= i)%nat ->
       sqrt (dot (minus (u i) l) (minus (u i) l)) < eps
}.

Arguments dot {h} x y.

(** The Euclidean norm. *)
Definition hnorm {E : Hilbert} (x : E) : R := sqrt (dot x x).

Definition converges {E : Hilbert} (u : nat -> E) (l : E) : Prop :=
  forall eps, 0 < eps -> exists N, forall i, (N <= i)%nat -> hnorm (minus (u i) l) < eps.

Section Inner.
Context {E : Hilbert}.
Implicit Types x y z : E.

Lemma dot_plus_r x y z : dot x (plus y z) = dot x y + dot x z.
Proof. rewrite dot_sym, dot_plus_l, (dot_sym _ y), (dot_sym _ z). reflexivity. Qed.

Lemma dot_scal_r (a : R) x y : dot x (scal a y) = a * dot x y.
Proof. rewrite dot_sym, dot_scal_l, dot_sym. reflexivity. Qed.

Lemma dot_zero_l x : dot zero x = 0.
Proof.
  assert (H : dot (scal 0 x) x = 0 * dot x x) by apply dot_scal_l.
  replace (scal 0 x) with (zero : E) in H; [lra |].
  symmetry. apply (scal_zero_l x).
Qed.

Lemma dot_zero_r x : dot x zero = 0.
Proof. rewrite dot_sym. apply dot_zero_l. Qed.

Lemma dot_opp_l x y : dot (opp x) y = - dot x y.
Proof.
  rewrite <- scal_opp_one.
  replace (scal (opp one) x) with (scal (-1) x) by reflexivity.
  rewrite dot_scal_l. lra.
Qed.

Lemma dot_opp_r x y : dot x (opp y) = - dot x y.
Proof. rewrite dot_sym, dot_opp_l, dot_sym. reflexivity. Qed.

Lemma dot_minus_l x y z : dot (minus x y) z = dot x z - dot y z.
Proof. unfold minus. rewrite dot_plus_l, dot_opp_l. ring. Qed.

Lemma dot_minus_r x y z : dot x (minus y z) = dot x y - dot x z.
Proof. unfold minus. rewrite dot_plus_r, dot_opp_r. ring. Qed.

(** Expand every inner product of sums. *)
Ltac dot_expand :=
  repeat (rewrite ?dot_minus_l, ?dot_minus_r, ?dot_plus_l, ?dot_plus_r, ?dot_scal_l, ?dot_scal_r,
                  ?dot_opp_l, ?dot_opp_r, ?dot_zero_l, ?dot_zero_r).

(** Two vectors with the same inner products are equal: vector identities reduce to real ones. *)
Lemma dot_ext x y : (forall z, dot x z = dot y z) -> x = y.
Proof.
  intro H.
  assert (Hm : minus x y = zero).
  { apply dot_definite. rewrite dot_minus_l, H. ring. }
  rewrite <- (plus_zero_r x), <- (plus_opp_l y), plus_assoc.
  fold (minus x y).
  replace (plus (plus x (opp y)) y) with (plus (minus x y) y) by reflexivity.
  rewrite Hm. apply plus_zero_l.
Qed.

Lemma hnorm_pos x : 0 <= hnorm x.
Proof. apply sqrt_pos. Qed.

Lemma hnorm_sqr x : hnorm x ^ 2 = dot x x.
Proof. unfold hnorm. apply pow2_sqrt. apply dot_pos. Qed.

Lemma hnorm_zero : hnorm (zero : E) = 0.
Proof. unfold hnorm. rewrite dot_zero_l. apply sqrt_0. Qed.

Lemma hnorm_eq_0 x : hnorm x = 0 -> x = zero.
Proof. intro H. apply dot_definite. rewrite <- hnorm_sqr, H. ring. Qed.

Lemma hnorm_scal (a : R) x : hnorm (scal a x) = Rabs a * hnorm x.
Proof.
  unfold hnorm. rewrite dot_scal_l, dot_scal_r, <- Rmult_assoc.
  rewrite sqrt_mult; [| nra | apply dot_pos].
  f_equal. apply sqrt_Rsqr_abs.
Qed.

Lemma hnorm_opp x : hnorm (opp x) = hnorm x.
Proof. unfold hnorm. rewrite dot_opp_l, dot_opp_r, Ropp_involutive. reflexivity. Qed.

Lemma hnorm_minus_sym x y : hnorm (minus x y) = hnorm (minus y x).
Proof. unfold hnorm. f_equal. dot_expand. rewrite (dot_sym _ y x). ring. Qed.

(** Cauchy-Schwarz. *)
Lemma dot_le x y : dot x y <= hnorm x * hnorm y.
Proof.
  assert (Hx := hnorm_pos x). assert (Hy := hnorm_pos y).
  destruct (Req_dec (hnorm x) 0) as [E0 | E0].
  { rewrite (hnorm_eq_0 x E0), dot_zero_l, hnorm_zero. lra. }
  destruct (Req_dec (hnorm y) 0) as [E1 | E1].
  { rewrite (hnorm_eq_0 y E1), dot_zero_r, hnorm_zero. lra. }
  assert (H := dot_pos _ (minus (scal (hnorm y) x) (scal (hnorm x) y))).
  revert H. dot_expand. rewrite (dot_sym _ y x), <- !hnorm_sqr.
  set (p := hnorm x) in *. set (q := hnorm y) in *. set (d := dot x y).
  intro H. assert (0 <= 2 * (p * q) * (p * q - d)) by nra.
  assert (0 < p * q) by (apply Rmult_lt_0_compat; lra).
  apply Rnot_lt_le. intro. nra.
Qed.

Lemma dot_abs_le x y : Rabs (dot x y) <= hnorm x * hnorm y.
Proof.
  apply Rabs_le. split; [| apply dot_le].
  assert (H := dot_le (opp x) y). rewrite dot_opp_l, hnorm_opp in H. lra.
Qed.

Lemma hnorm_triangle x y : hnorm (plus x y) <= hnorm x + hnorm y.
Proof.
  assert (Hx := hnorm_pos x). assert (Hy := hnorm_pos y). assert (Hxy := hnorm_pos (plus x y)).
  assert (H := hnorm_sqr (plus x y)). revert H. dot_expand. rewrite (dot_sym _ y x), <- !hnorm_sqr.
  assert (Hc := dot_le x y). intro H.
  apply Rnot_lt_le. intro. nra.
Qed.

Lemma hnorm_minus_triangle x y z : hnorm (minus x z) <= hnorm (minus x y) + hnorm (minus y z).
Proof.
  replace (minus x z) with (plus (minus x y) (minus y z)).
  - apply hnorm_triangle.
  - apply dot_ext. intro u. dot_expand. ring.
Qed.

Lemma norm_between x y : Rabs (hnorm x - hnorm y) <= hnorm (minus x y).
Proof.
  assert (H : forall a b : E, hnorm a - hnorm b <= hnorm (minus a b)).
  { intros a b. assert (H := hnorm_triangle (minus a b) b).
    replace (plus (minus a b) b) with a in H by (apply dot_ext; intro; dot_expand; ring). lra. }
  apply Rabs_le. assert (H1 := H x y). assert (H2 := H y x). rewrite hnorm_minus_sym in H2. lra.
Qed.

(** A bound against every inner product bounds the norm. *)
Lemma hnorm_le_dot x c : 0 <= c -> (forall y, dot x y <= c * hnorm y) -> hnorm x <= c.
Proof.
  intros Hc H. specialize (H x). rewrite <- hnorm_sqr in H.
  assert (Hx := hnorm_pos x).
  apply Rnot_lt_le. intro. nra.
Qed.

Lemma hnorm_minus_diag x : hnorm (minus x x) = 0.
Proof. unfold hnorm. replace (dot (minus x x) (minus x x)) with 0 by (dot_expand; ring). apply sqrt_0. Qed.

(** [line w v s] is the point w + s v. *)
Definition line (w v : E) (s : R) : E := plus w (scal s v).

Lemma line_0 w v : line w v 0 = w.
Proof. unfold line. apply dot_ext. intro. dot_expand. ring. Qed.

Lemma line_shift w v s t : line w v (s + t) = plus (line w v s) (scal t v).
Proof. unfold line. apply dot_ext. intro. dot_expand. ring. Qed.

Lemma line_dist w v s t : hnorm (minus (line w v s) (line w v t)) = Rabs (s - t) * hnorm v.
Proof.
  rewrite <- hnorm_scal. f_equal. unfold line. apply dot_ext. intro. dot_expand. ring.
Qed.

Lemma line_dist_0 w v s : hnorm (minus (line w v s) w) = Rabs s * hnorm v.
Proof. rewrite <- (line_0 w v) at 2. rewrite line_dist. f_equal. f_equal. ring. Qed.

(** Limits of bounded sequences of distances. *)
Lemma converges_dist_le (u : nat -> E) l x c N :
  converges u l -> (forall i, (N <= i)%nat -> hnorm (minus (u i) x) <= c) -> hnorm (minus l x) <= c.
Proof.
  intros Hu Hc. apply Rnot_lt_le. intro Hn.
  destruct (Hu (hnorm (minus l x) - c)) as [M HM]; [lra |].
  specialize (HM _ (Nat.le_max_r N M)). specialize (Hc _ (Nat.le_max_l N M)).
  assert (H := hnorm_minus_triangle l (u (Nat.max N M)) x).
  rewrite (hnorm_minus_sym l (u _)) in H. lra.
Qed.

End Inner.

Ltac dot_expand :=
  repeat (rewrite ?dot_minus_l, ?dot_minus_r, ?dot_plus_l, ?dot_plus_r, ?dot_scal_l, ?dot_scal_r,
                  ?dot_opp_l, ?dot_opp_r, ?dot_zero_l, ?dot_zero_r).

(** ** R^p is a Hilbert space

    The line R, the zero space and products of two Hilbert spaces are Hilbert spaces; R^p is p lines. *)

Lemma R_cauchy (u : nat -> R) :
  (forall eps, 0 < eps -> exists N, forall i j, (N <= i)%nat -> (N <= j)%nat -> Rabs (u i - u j) < eps) ->
  exists l, forall eps, 0 < eps -> exists N, forall i, (N <= i)%nat -> Rabs (u i - l) < eps.
Proof.
  intro H. destruct (Rcomplete.R_complete u) as [l Hl].
  - intros eps Heps. destruct (H eps Heps) as [N HN]. exists N. intros i j Hi Hj. apply HN; assumption.
  - exists l. intros eps Heps. destruct (Hl eps Heps) as [N HN]. exists N. intros i Hi. apply HN; assumption.
Qed.

Lemma sqrt_mult_self (x : R) : sqrt (x * x) = Rabs x.
Proof. apply sqrt_Rsqr_abs. Qed.

Definition R_hilbert : Hilbert.
Proof.
  refine (mkHilbert R_ModuleSpace (fun x y : R => x * y) _ _ _ _ _ _).
  - intros x y. apply Rmult_comm.
  - intros x y z. change (plus x y) with (x + y). ring.
  - intros a x y. change (scal a x) with (a * x). ring.
  - intro x. apply Rle_0_sqr.
  - intros x H. change (x = 0). destruct (Rmult_integral _ _ H); assumption.
  - intros u H. destruct (R_cauchy u) as [l Hl].
    + intros eps Heps. destruct (H eps Heps) as [N HN]. exists N. intros i j Hi Hj.
      specialize (HN i j Hi Hj). rewrite sqrt_mult_self in HN. exact HN.
    + exists l. intros eps Heps. destruct (Hl eps Heps) as [N HN]. exists N. intros i Hi.
      rewrite sqrt_mult_self. apply HN. assumption.
Defined.

Definition unit_AbelianGroup : AbelianGroup :=
  AbelianGroup.Pack unit
    (AbelianGroup.Mixin unit (fun _ _ => tt) (fun _ => tt) tt
       (fun _ _ => eq_refl) (fun _ _ _ => eq_refl)
       (fun x => match x with tt => eq_refl end) (fun _ => eq_refl)) unit.

Definition unit_ModuleSpace : ModuleSpace R_AbsRing :=
  ModuleSpace.Pack R_AbsRing unit
    (ModuleSpace.Class R_AbsRing unit (AbelianGroup.class unit_AbelianGroup)
      (ModuleSpace.Mixin R_AbsRing unit_AbelianGroup (fun _ _ => tt)
       (fun _ _ _ => eq_refl) (fun x => match x with tt => eq_refl end)
       (fun _ _ _ => eq_refl) (fun _ _ _ => eq_refl))) unit.

Definition unit_hilbert : Hilbert.
Proof.
  refine (mkHilbert unit_ModuleSpace (fun _ _ => 0) _ _ _ _ _ _); intros.
  - reflexivity.
  - symmetry. apply Rplus_0_r.
  - symmetry. apply Rmult_0_r.
  - apply Rle_refl.
  - destruct x. reflexivity.
  - exists tt. intros eps Heps. exists 0%nat. intros. rewrite sqrt_0. assumption.
Defined.

Section Product.
Variables E F : Hilbert.

Let V : ModuleSpace R_AbsRing := prod_ModuleSpace R_AbsRing E F.
Let d (x y : V) : R := dot (fst x) (fst y) + dot (snd x) (snd y).

Definition prod_hilbert : Hilbert.
Proof.
  refine (mkHilbert V d _ _ _ _ _ _); unfold d.
  - intros x y. rewrite (dot_sym _ (fst x)), (dot_sym _ (snd x)). reflexivity.
  - intros x y z. cbn. rewrite !dot_plus_l. ring.
  - intros a x y. cbn. rewrite !dot_scal_l. ring.
  - intro x. assert (H1 := dot_pos _ (fst x)). assert (H2 := dot_pos _ (snd x)). lra.
  - intros [x y] H. cbn in H. assert (H1 := dot_pos _ x). assert (H2 := dot_pos _ y).
    assert (x = zero) by (apply dot_definite; lra). assert (y = zero) by (apply dot_definite; lra).
    subst. reflexivity.
  - intros u H.
    assert (Hpart : forall x y, 0 <= x -> 0 <= y -> sqrt x <= sqrt (x + y) /\ sqrt y <= sqrt (x + y)).
    { intros. split; apply sqrt_le_1_alt; lra. }
    destruct (complete E (fun i => fst (u i))) as [l Hl].
    { intros eps Heps. destruct (H eps Heps) as [N HN]. exists N. intros i j Hi Hj.
      eapply Rle_lt_trans; [| apply (HN i j Hi Hj)].
      apply (Hpart (dot (minus (fst (u i)) (fst (u j))) (minus (fst (u i)) (fst (u j)))));
        apply dot_pos. }
    destruct (complete F (fun i => snd (u i))) as [k Hk].
    { intros eps Heps. destruct (H eps Heps) as [N HN]. exists N. intros i j Hi Hj.
      eapply Rle_lt_trans; [| apply (HN i j Hi Hj)].
      apply (Hpart _ (dot (minus (snd (u i)) (snd (u j))) (minus (snd (u i)) (snd (u j)))));
        apply dot_pos. }
    exists (l, k). intros eps Heps.
    destruct (Hl (eps / 2)) as [N HN]; [lra |]. destruct (Hk (eps / 2)) as [M HM]; [lra |].
    exists (Nat.max N M). intros i Hi.
    specialize (HN i (Nat.max_lub_l _ _ _ Hi)). specialize (HM i (Nat.max_lub_r _ _ _ Hi)).
    cbn.
    change (plus (fst (u i)) (opp l)) with (minus (fst (u i)) l).
    change (plus (snd (u i)) (opp k)) with (minus (snd (u i)) k).
    set (p := dot (minus (fst (u i)) l) _) in *. set (q := dot (minus (snd (u i)) k) _) in *.
    assert (Hp : 0 <= p) by apply dot_pos. assert (Hq : 0 <= q) by apply dot_pos.
    assert (Hp2 := sqrt_sqrt p Hp). assert (Hq2 := sqrt_sqrt q Hq).
    assert (Hp1 := sqrt_pos p). assert (Hq1 := sqrt_pos q).
    rewrite <- (sqrt_pow2 eps) by lra.
    apply sqrt_lt_1_alt. split; [lra |]. nra.
Defined.
End Product.

(** R^p as p coordinates, with the usual inner product. *)
Fixpoint Rn (p : nat) : Hilbert :=
  match p with
  | O => unit_hilbert
  | S p' => prod_hilbert R_hilbert (Rn p')
  end.

(** The inner product of R^p is the sum of the products of the coordinates. *)
Fixpoint coord (p : nat) : Rn p -> nat -> R :=
  match p with
  | O => fun _ _ => 0
  | S p' => fun x i => match i with O => fst x | S i' => coord p' (snd x) i' end
  end.

Fixpoint sum_upto (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S n' => f O + sum_upto n' (fun i => f (S i)) end.

Lemma Rn_dot (p : nat) (x y : Rn p) : dot x y = sum_upto p (fun i => coord p x i * coord p y i).
Proof.
  induction p as [| p IH]; [reflexivity |].
  destruct x as [x xs], y as [y ys]. cbn. f_equal. apply IH.
Qed.
