"""Neural collapse: how far last-layer features are from their class means, and what bounds that.

With the last two layers linear, F = W Z + b_L and Z = V H, V = [W_{L-1}, b_{L-1}] and H with a row of ones where there
is a bias; M holds the class means of Z, D = W^T W - V V^T, e2 = ||D||, s and S the smallest and largest singular value
of W, C classes present.

    NC1   tr Sigma_W / tr Sigma_B of Z, within and between classes
    NC2   condition number of M; of centred class means also the distance of their Gram matrix from a simplex's
    NC3   cosines of the class means with the rows of W
    NC4   share of samples for which the nearest class mean is the class that the network answers with

Of the row space of W, Z differs from its class means by ||F - class means||_F / s at most; across it by
sqrt(e2) ||H - class means||_F (Theorem NC). [Jacot, Sukenik, Wang, Mondelli, Wide Neural Networks Trained with Weight
Decay Provably Exhibit Neural Collapse, 2024, arXiv:2410.04887; NC1 to NC4: Papyan, Han, Donoho, PNAS 2020].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..problem.problem import Problem
from ..problem.surroundings import undisturbed
from ..theory import InvalidInputError, NotAvailableError, formulas
from .arguments import require_problem
from .linear_head import Array, LinearHead, linear_head

RESOLUTION = 2.0**-40
"""Relative: nearer to zero a smallest singular value, and nearer to one ||W M - I||, may be so by round-off alone."""


@dataclass(frozen=True)
class Collapse:
    """Neural collapse at given weights, and the numbers that its bounds are made of; all as computed in doubles.

    Norms of matrices of samples are Frobenius norms, of all n samples; those of weights are spectral norms.

    Attributes:
        classes: how many are present.
        nc1: tr Sigma_W / tr Sigma_B.
        nc2: condition number of the class means M, infinite where they are dependent.
        simplex: || G / ||G|| - T / ||T|| || for the Gram matrix G of centred class means, T = I - 1/C.
        nc3: mean cosine of a class mean with its row of W.
        nc3_least: the smallest of them.
        nc4: share of samples whose nearest class mean is the network's answer.
        accuracy: share of samples that the network answers rightly.
        imbalances: ||W_{l+1}^T W_{l+1} - W_l W_l^T - b_l b_l^T|| of the linear head, the last pair last.
        fit: e1 = ||F - Y||.
        within: of the last-layer features Z, ||Z - class means||.
        within_outputs, within_before: the same of F and of H.
        before: ||H||, a row of ones counted where the layer has a bias.
        means_before: spectral norm of the class means of H, counted likewise.
        between: ||class means of Z - mean||, a class counted with each of its samples.
        between_targets: the same of Y.
        gain, largest: s and S.
        product_least, product_largest: singular values of W V, the smallest of min(C, d).
        misfit: ||W M - I||.
        condition_before: condition number of H, of its min(n, k) singular values.
        off_row_space: ||P Z - class means||, P the projection across the row space of W.
    """

    classes: int
    nc1: float
    nc2: float
    simplex: float
    nc3: float
    nc3_least: float
    nc4: float
    accuracy: float
    imbalances: tuple[float, ...]
    fit: float
    within: float
    within_outputs: float
    within_before: float
    before: float
    means_before: float
    between: float
    between_targets: float
    gain: float
    largest: float
    product_least: float
    product_largest: float
    misfit: float
    condition_before: float
    off_row_space: float

    @property
    def imbalance(self) -> float:
        """e2, of the last two layers."""
        return self.imbalances[-1]

    @property
    def seen(self) -> bool:
        """Whether s is positive beyond round-off."""
        return self.gain > RESOLUTION * self.largest

    @property
    def fitted(self) -> bool:
        """Whether ||W M - I|| is below 1 beyond round-off."""
        return self.misfit < 1 - RESOLUTION

    @property
    def within_bound(self) -> float:
        """e1 / s + sqrt(e2) ||H|| >= `within`; infinite where s is not positive."""
        if not self.seen:
            return math.inf
        return float(formulas.within_class(self.fit, self.gain, self.imbalance, self.before))

    @property
    def within_bound_apart(self) -> float:
        """sqrt((`within_outputs` / s)^2 + e2 `within_before`^2), between `within` and `within_bound`."""
        if not self.seen:
            return math.inf
        return float(formulas.within_class_apart(self.within_outputs, self.gain, self.imbalance, self.within_before))

    @property
    def nc1_bound(self) -> float:
        """Of `nc1`, from `within_bound_apart`; infinite where F is farther from Y than the class means of Y apart."""
        if not self.fit < self.between_targets:
            return math.inf
        return float(formulas.class_variability(self.within_bound_apart, self.largest, self.between_targets, self.fit))

    @property
    def nc2_bound(self) -> float:
        """Of `nc2`, and of 1 / `nc3_least`; infinite where ||W M - I|| is not below 1."""
        if not (self.fitted and self.seen):
            return math.inf
        across = math.sqrt(self.imbalance) * self.means_before
        return float(formulas.condition_of_means(self.misfit, self.gain, self.largest, across))

    @property
    def head_condition(self) -> float:
        """S / s."""
        return self.largest / self.gain if self.seen else math.inf

    @property
    def head_condition_bound(self) -> float:
        """Of S / s, from the condition of W V: its square root where the layers are balanced."""
        least = float(formulas.least_gain(self.product_least, self.imbalance))
        if not least > 0:
            return math.inf
        return math.sqrt(float(formulas.greatest_gain(self.product_largest, self.imbalance)) / least)


@undisturbed
def collapse(problem: Problem) -> Collapse:
    """Neural collapse of a classifier at its weights.

    Args:
        problem: a network that ends in two or more `nn.Linear`, and class labels.

    Raises:
        InvalidInputError: no problem, no such layers, y is no class labels (rows of zeros and a one), or one class
            only.
        NumericalFailureError: features or outputs that are not finite.
    """
    require_problem(problem)
    labels = class_labels(problem)
    return collapse_of(linear_head(problem.network, problem.x), labels)


def class_labels(problem: Problem) -> Array:
    """The classes of a problem's samples, (n,).

    Raises:
        InvalidInputError: a row of y is not zeros and a one, or only one class is there.
    """
    y = problem.y.detach().cpu().double().numpy()
    wrong = np.flatnonzero(~(((y == 0) | (y == 1)).all(axis=1) & (y.sum(axis=1) == 1)))
    if wrong.size:
        raise InvalidInputError(
            f"neural collapse needs class labels: row {wrong[0]} (from 0) of y is not zeros and a one"
        )
    labels = y.argmax(axis=1)
    if (labels == labels[0]).all():
        raise InvalidInputError(f"neural collapse needs two classes: every sample is of class {labels[0]}")
    return labels


def collapse_of(head: LinearHead, labels: Array) -> Collapse:
    """The same of layers and features as matrices.

    Args:
        head: at least two layers.
        labels: (n,), from 0, of at least two classes.

    Raises:
        NotAvailableError: the class means of the features do not differ.
    """
    last, depth = head.weights[-1], len(head.weights)
    v, h = head.augmented(depth - 2), head.before
    z = h @ head.weights[-2].T + (0.0 if head.biases[-2] is None else head.biases[-2])
    h = h if head.biases[-2] is None else np.column_stack([h, np.ones(len(h))])
    outputs = z @ last.T + (0.0 if head.biases[-1] is None else head.biases[-1])
    present, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    target = np.eye(last.shape[0])[labels]

    def means(a: Array) -> Array:
        return np.stack([a[places == c].mean(axis=0) for c in range(len(present))])

    def spread(a: Array) -> Array:
        return np.sqrt(counts)[:, None] * (means(a) - a.mean(axis=0))

    m = means(z)
    _, gains, rows = np.linalg.svd(last, full_matrices=False)
    products = np.linalg.svd(last @ v, compute_uv=False)
    across = (z - m[places]) - (z - m[places]) @ rows.T @ rows
    between = _norm(spread(z))
    if not between > 0:
        raise NotAvailableError("the class means of the last-layer features are equal")
    rank = min(last.shape)
    cosines = np.sum(m * last[present], axis=1) / np.maximum(
        np.linalg.norm(m, axis=1) * np.linalg.norm(last[present], axis=1), 1e-300
    )
    nearest = present[((z[:, None, :] - m[None]) ** 2).sum(axis=2).argmin(axis=1)]
    answers = outputs.argmax(axis=1)
    singular = np.linalg.svd(m, compute_uv=False)
    return Collapse(
        classes=len(present),
        nc1=(_norm(z - m[places]) / between) ** 2,
        nc2=_ratio(singular) if len(present) <= m.shape[1] else math.inf,
        simplex=_simplex(m - m.mean(axis=0)),
        nc3=float(cosines.mean()),
        nc3_least=float(cosines.min()),
        nc4=float((nearest == answers).mean()),
        accuracy=float((answers == labels).mean()),
        imbalances=tuple(_spectral(head.imbalance(l)) for l in range(depth - 1)),
        fit=_norm(outputs - target),
        within=_norm(z - m[places]),
        within_outputs=_norm(outputs - means(outputs)[places]),
        within_before=_norm(h - means(h)[places]),
        before=_norm(h),
        means_before=float(np.linalg.norm(means(h), 2)),
        between=between,
        between_targets=_norm(spread(target)),
        gain=float(gains[-1]),
        largest=float(gains[0]),
        product_least=float(products[rank - 1]) if rank <= len(products) else 0.0,
        product_largest=float(products[0]),
        misfit=float(np.linalg.norm(m @ last.T - np.eye(last.shape[0])[present], 2)),
        condition_before=_ratio(np.linalg.svd(h, compute_uv=False)),
        off_row_space=_norm(across),
    )


def _norm(a: Array) -> float:
    return float(np.linalg.norm(a))


def _spectral(symmetric: Array) -> float:
    return float(np.abs(np.linalg.eigvalsh(symmetric)).max())


def _ratio(singular: Array) -> float:
    return float(singular[0] / singular[-1]) if singular[-1] > 0 else math.inf


def _simplex(centred: Array) -> float:
    """How far the Gram matrix of centred class means is from that of a simplex, both of norm 1."""
    gram, c = centred @ centred.T, len(centred)
    best = (np.eye(c) - 1 / c) / math.sqrt(c - 1)
    return float(np.linalg.norm(gram / max(np.linalg.norm(gram), 1e-300) - best))
