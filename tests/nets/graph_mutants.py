"""Wrong rules: one edit each of the text of a rule, and the name of a check of `graph_checks` that notices."""

from __future__ import annotations

import inspect
import sys
import textwrap
from dataclasses import dataclass

import numpy as np
import pytest

from pltheory.nets import ball, choice, kinked, quadratic, sweep, tape
from pltheory.nets.kinds import affine, fixed, kinks, pointwise, product, sums, tokens, weights
from pltheory.theory import rows
from pltheory.theory.rows import NOTHING, Pair

EXTRA = {"Move": sweep.Move, "NOTHING": NOTHING, "Pair": Pair, "np": np}
"""Names that an edit may use."""


@dataclass(frozen=True)
class Mutant:
    """One edit.

    Attributes:
        name: what is wrong.
        owner: class or module whose function is edited.
        function: its name.
        old: text that stands in it once.
        new: what takes its place.
        check: that fails under it.
    """

    name: str
    owner: object
    function: str
    old: str
    new: str
    check: str

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the edited function in place.

        Raises:
            AssertionError: the text does not stand there once: the rule was rewritten, and so must this mutant be.
        """
        original = inspect.getattr_static(self.owner, self.function)
        inner = getattr(original, "fget", getattr(original, "func", original))  # of a property
        source = textwrap.dedent(inspect.getsource(inner))
        assert source.count(self.old) == 1, f"{self.name}: {self.old!r} stands {source.count(self.old)} times"
        module = self.owner if inspect.ismodule(self.owner) else sys.modules[self.owner.__module__]  # type: ignore
        space: dict[str, object] = {}
        edited = "from __future__ import annotations\n" + source.replace(self.old, self.new)
        exec(compile(edited, f"<{self.name}>", "exec"), vars(module) | EXTRA, space)
        planted = space[self.function]
        if hasattr(planted, "__set_name__"):
            planted.__set_name__(self.owner, self.function)
        if inspect.ismodule(self.owner):
            # The function is known by its name wherever it was imported.
            for user in (affine, fixed, kinks, pointwise, product, sums, tokens, sweep, ball, kinked, self.owner):
                if getattr(user, self.function, None) is original:
                    monkeypatch.setattr(user, self.function, planted)
        else:
            monkeypatch.setattr(self.owner, self.function, planted)


A, F, P, M, S, T = affine.Affine, fixed.Fixed, pointwise.Pointwise, product.Product, sums.Sum, tokens.Tokens

MUTANTS = [
    # affine nodes
    Mutant("omega is 1", A, "_spreading", "float(f.root(float(self.multiplicity)))", "1.0", "circular"),
    Mutant("omega counts one patch", A, "_spreading", "float(self.multiplicity)", "1.0", "circular"),
    Mutant("Tb without s", A, "spread_in", "at.spread + at.reach * sweep.radius", "at.spread", "third power"),
    Mutant("own weights move nothing", A, "forward_change", "together(own, ", "together(", "gate"),
    Mutant(
        "the parent's move is lost",
        A,
        "forward_change",
        "together(own, sweep.forward[inputs[0]].scaled(self.spread_in(sweep, v)))",
        "own",
        "third power",
    ),
    Mutant(
        "bars dropped from E~",
        A,
        "forward_change",
        "moved = sweep.before(inputs[0])",
        "moved = Move(sweep.zero, sweep.zero)",
        "third power",
    ),
    Mutant(
        "en in place of ||E~||", A, "forward_change", "at.inputs + at.reach * moved.batch", "at.input_max", "squares"
    ),
    Mutant(
        "the weighted parent is lost",
        A,
        "weighted_change",
        "together(own, sweep.forward[u].scaled(term.spread + term.largest * at.reach * sweep.radius))",
        "own",
        "passed",
    ),
    Mutant("weights on outputs dropped", A, "weighted", "weighted_norm(f, by_group, over_batch, batch)", "0.0", "bent"),
    Mutant(
        "bars dropped from ||E~||_c",
        A,
        "weighted_change",
        "moved = sweep.before(u)",
        "moved = Move(sweep.zero, sweep.zero)",
        "turned square",
    ),
    Mutant(
        "Y with ||B|| at P > 1",
        A,
        "backward_change",
        "sweep.ops.minimum(at.squares, at.group_rows)",
        "at.rows",
        "hadamard",
    ),
    Mutant(
        "bo in place of Bs",
        A,
        "backward_change",
        "sweep.ops.minimum(at.squares, at.group_rows)",
        "at.row_max",
        "hadamard",
    ),
    Mutant(
        "bars dropped from Bs and Br",
        A,
        "backward_change",
        "sweep.ops.minimum(at.squares, at.group_rows) + moved.batch",
        "sweep.ops.minimum(at.squares, at.group_rows)",
        "third power",
    ),
    Mutant("own weights do not move rows", A, "backward_change", "together(own, ", "together(", "doubled"),
    Mutant(
        "the child's move is lost",
        A,
        "backward_change",
        "together(own, sweep.sent_through(v, self.spread_in(sweep, v)))",
        "own",
        "passed",
    ),
    Mutant(
        "bars dropped from bo",
        A,
        "_row_max",
        "moved = sweep.before_back(v).sample",
        "moved = sweep.zero",
        "third power",
    ),
    Mutant("the first term of M", A, "jacobian_changes", "back.sample),", "back.sample) if False else {},", "bent"),
    Mutant(
        "the second term of M",
        A,
        "jacobian_changes",
        "scaled(at.reach * self._row_max(sweep, v), x.batch),",
        "{},",
        "doubled",
    ),
    Mutant("dA dropped in M", A, "jacobian_changes", "at.inputs + at.reach * moved.batch", "at.inputs", "fourth power"),
    Mutant(
        "da dropped in M",
        A,
        "jacobian_changes",
        "at.input_max + at.scale * moved.sample",
        "at.input_max",
        "fourth power",
    ),
    Mutant(
        "en and y together in M",
        A,
        "jacobian_changes",
        "scaled(single, back.batch), scaled(at.scale * (at.row_max",
        "scaled(single, back.sample), scaled(at.scale * (at.row_max",
        "bent",
    ),
    Mutant(
        "bo and x together in M",
        A,
        "jacobian_changes",
        "(at.rows + before.batch), x.sample",
        "(at.row_max + before.sample), x.sample",
        "layers",
    ),
    Mutant("a factor 2 of Q at P nodes", A, "curvature", "sweep.zero + 2.0", "sweep.zero + 1.0", "doubled"),
    Mutant(
        "a batch norm of Q for a sample's",
        A,
        "curvature",
        "(at.rows + sweep.before_back(v).batch), x.sample",
        "(at.row_max + sweep.before_back(v).sample), x.sample",
        "layers",
    ),
    # fixed maps
    Mutant("||L|| is 1 forward", F, "forward_change", ".scaled(sweep.numbers[v].norm)", "", "tripled"),
    Mutant("||L|| is 1 backward", F, "backward_change", ".scaled(sweep.numbers[v].norm)", "", "pooled"),
    Mutant(
        "||L|| from rows alone",
        F,
        "numbers",
        "float(columns.max(initial=0.0))",
        "float(rows.max(initial=0.0)) ** 0",
        "pooled",
    ),
    Mutant("||L|| from columns alone", F, "numbers", "mul_up(float(rows.max(initial=0.0)), ", "mul_up(1.0, ", "pooled"),
    Mutant(
        "weights through L without row sums", F, "weighted", "mul_up(c, c, rows[None, :])", "mul_up(c, c)", "pooled"
    ),
    Mutant(
        "weights through L without factors",
        F,
        "weighted",
        "mul_up(squares[:, used], factor[used][None, :]).T",
        "squares[:, used].T",
        "pooled",
    ),
    # sums
    Mutant("a sum of one", S, "forward_change", "for u in inputs", "for u in inputs[:1]", "doubled"),
    Mutant(
        "a sum's rows for one",
        S,
        "backward_change",
        "[sweep.backward[v]] * len(inputs)",
        "[sweep.backward[v], NOTHING]",
        "summed",
    ),
    Mutant("weights of one summand", S, "weighted", "for u in inputs for", "for u in inputs[:1] for", "summed"),
    # activations
    Mutant(
        "s1 forward",
        P,
        "forward_change",
        ".scaled(sweep.numbers[v].s1)",
        ".scaled(0.5 * sweep.numbers[v].s1)",
        "hadamard",
    ),
    Mutant(
        "s1 backward",
        P,
        "backward_change",
        "sweep.backward[v].scaled(at.s1)",
        "sweep.backward[v].scaled(0.5 * at.s1)",
        "hadamard",
    ),
    Mutant("s2 dropped", P, "backward_change", "bent.scaled(at.s2)", "bent.scaled(0.0)", "bent"),
    Mutant(
        "da, db dropped on mu",
        P,
        "backward_change",
        "moved = sweep.before_back(v).sample",
        "moved = sweep.zero",
        "cosine",
    ),
    Mutant(
        "s2 dropped in Q", P, "curvature", "form.add(scaled(at.s2, weighted.batch), weighted.sample)", "pass", "bent"
    ),
    Mutant(
        "db dropped in Q",
        P,
        "curvature",
        "form.add(scaled(at.s2 * sweep.before_back(v).sample, x.batch), x.sample)",
        "pass",
        "cosine",
    ),
    Mutant(
        "a sample twice in Q",
        P,
        "curvature",
        "form.add(scaled(at.s2, weighted.batch)",
        "form.add(scaled(at.s2, weighted.sample)",
        "bent",
    ),
    Mutant(
        "mu of the worst output",
        tape.Tape,
        "column_norms",
        "self.field.lengths(self.by_sample(rows), 1)",
        "np.abs(self.by_sample(rows)).max(1)",
        "two outputs",
    ),
    Mutant("mean square for mean in Om", P, "numbers", "np.asarray(f.root(mu))", "mu", "quarter"),
    # token maps
    Mutant("token columns dropped", T, "backward_change", "s2 * columns", "0.0 * columns", "softmax"),
    Mutant(
        "bars dropped from U",
        T,
        "backward_change",
        "at.columns + sweep.before_back(v).sample",
        "at.columns",
        "token without a head",
    ),
    Mutant(
        "s1 of a token forward",
        T,
        "forward_change",
        "self._derivatives(sweep, v, inputs[0])[0]",
        "0.9 * self._derivatives(sweep, v, inputs[0])[0]",
        "softmax head",
    ),
    Mutant(
        "s1 of a token backward",
        T,
        "backward_change",
        "sweep.backward[v].scaled(s1)",
        "sweep.backward[v].scaled(0.9 * s1)",
        "norm head",
    ),
    Mutant("s2 of a token in Q", T, "curvature", "scaled(s2 * (", "scaled(0.9 * s2 * (", "norm bend"),
    Mutant(
        "bars dropped from U in Q",
        T,
        "curvature",
        "at.columns + sweep.before_back(v).sample",
        "at.columns",
        "token without a head",
    ),
    Mutant(
        "a token does not move",
        T,
        "_derivatives",
        "at.shortest - sweep.moved(u).sample",
        "at.shortest",
        "shrinking token",
    ),
    Mutant("softmax's s1 is 1/4", T, "_derivatives", "SOFTMAX_S1", "0.25", "softmax head"),
    Mutant("softmax's s2 a tenth less", T, "_derivatives", "SOFTMAX_S2", "0.9 * SOFTMAX_S2", "softmax"),
    Mutant(
        "softmax's s1 below the largest probability",
        T,
        "_derivatives",
        "sweep.zero + SOFTMAX_S1, top",
        "sweep.zero + SOFTMAX_S1, 0.9 * top",
        "even softmax head",
    ),
    Mutant(
        "softmax's s2 below the largest probability",
        T,
        "_derivatives",
        "sweep.zero + SOFTMAX_S2, top",
        "sweep.zero + SOFTMAX_S2, 0.9 * top",
        "even softmax",
    ),
    Mutant(
        "the probabilities do not move",
        T,
        "_derivatives",
        "at.largest + SOFTMAX_MOVE * sweep.moved(u).sample",
        "at.largest",
        "parting softmax",
    ),
    Mutant("the smallest probability", T, "_largest", "np.max(", "np.min(", "softmax"),
    Mutant("a norm's s2 without the root of d", T, "_derivatives", "2.0 * root_d / (", "2.0 / (", "norm of four"),
    Mutant(
        "a norm's s1 without the root of d",
        T,
        "_derivatives",
        "root_d / ops.sqrt(squares)",
        "1.0 / ops.sqrt(squares)",
        "norm head",
    ),
    # products
    Mutant(
        "the second factor's move",
        M,
        "forward_change",
        "sweep.forward[w].scaled(at.scale * (at.left + sweep.before(u).sample)),",
        "",
        "cube",
    ),
    Mutant(
        "the first factor's move",
        M,
        "forward_change",
        "sweep.forward[u].scaled(at.scale * (at.right + sweep.moved(w).sample)),",
        "",
        "cube",
    ),
    Mutant("da' dropped forward", M, "forward_change", "at.right + sweep.moved(w).sample", "at.right", "cube"),
    Mutant(
        "da dropped forward", M, "forward_change", "at.left + sweep.before(u).sample", "at.left", "cube, other side"
    ),
    Mutant(
        "bo X' dropped",
        M,
        "backward_change",
        "sweep.forward[other].scaled(rows)",
        "sweep.forward[other].scaled(0.0)",
        "gate",
    ),
    Mutant("da' dropped backward", M, "backward_change", "norm + sweep.moved(other).sample", "norm", "cube"),
    Mutant(
        "bars dropped from bo at products",
        M,
        "backward_change",
        "at.row_max + sweep.before_back(v).sample",
        "at.row_max",
        "cube",
    ),
    Mutant(
        "one side's rows",
        M,
        "backward_change",
        "[one(at.right, w), one(at.left, u)]",
        "[one(at.right, w), Pair({}, {})]",
        "gate",
    ),
    Mutant("a factor 2 of Q at products", M, "curvature", "c = 2.0 *", "c = 1.0 *", "gate"),
    Mutant(
        "a sample twice in Q at products",
        M,
        "curvature",
        "pairs = [(u.batch, w.sample), (w.batch, u.sample)]",
        "pairs = [(u.sample, w.sample)] * 2",
        "squares",
    ),
    Mutant(
        "bars dropped in Q at products",
        M,
        "curvature",
        "at.row_max + sweep.before_back(v).sample",
        "at.row_max",
        "cube",
    ),
    # what all share
    Mutant("the larger of two rows", rows, "total", "out[g] + v if g in out", "max(out[g], v) if g in out", "summed"),
    Mutant("half of a square in Q", quadratic.Quadratic, "add", "0.5 * (p * q)", "0.25 * (p * q)", "gate"),
    Mutant("the largest entry of a row", rows, "length", "squares + v * v", "max(squares, v * v)", "cube"),
    Mutant("nothing moves", sweep.Sweep, "_reached", "self.radius * by_radius", "self.zero * by_radius", "cube"),
    Mutant(
        "the second sweep starts at the centre",
        sweep.Sweep,
        "before",
        "self.moved(u) if self.first",
        "Move(self.zero, self.zero) if self.first",
        "third power",
    ),
    Mutant(
        "rows at the centre in the second sweep",
        sweep.Sweep,
        "before_back",
        "self.moved_back(v) if self.first",
        "Move(self.zero, self.zero) if self.first",
        "cosine",
    ),
    Mutant(
        "what a projection misses",
        weights._Channels,
        "largest",
        "f.sum(f.up(within, self._onto), f.up(peaks, self._rest))",
        "within",
        "unequal channels",
    ),
    Mutant(
        "channels left out",
        weights,
        "weighted_norm",
        "start + size, 4 * size",
        "len(order), size",
        "unequal channels",
    ),
    Mutant(
        "one row of a group of several nodes",
        choice.Choices,
        "_matrix",
        "total(by_group.get(group, {}), row)",
        "row",
        "third power",
    ),
]
