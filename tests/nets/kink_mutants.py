"""Wrong rules of kinks and jumps: one edit each, and the name of a check of `kink_checks` that notices."""

from __future__ import annotations

from pltheory.nets import centre, jumps, kinked, passages, roundoff, sweep, units
from pltheory.nets.kinds import affine, curved, kinks
from tests.nets.graph_mutants import Mutant

K, L, M = kinks.Kinked, kinks.PiecewiseLinear, kinks.Maximum
A, B, J, S, U = affine.Affine, kinked.OverBall, jumps.Margins, sweep.Sweep, units.UnitRows
C, P = curved.Curved, passages.Passage

MUTANTS = [
    # margins
    Mutant("a break is no kink", kinks, "distances", "for b in breaks", "for b in breaks[:1]", "upper break"),
    Mutant("margins of entries as computed", kinks, "distances", "down(down(away) - off)", "down(away)", "uncertain"),
    Mutant("gaps as computed", M, "margins", " - 2 * off)", ")", "uncertain"),
    Mutant("signs as computed", M, "margins", "down(np.abs(top) - off)", "down(np.abs(top))", "uncertain"),
    Mutant(
        "a margin without sqrt(2)", M, "margins", "np.min(gaps, axis=-1) / ROOT_TWO", "np.min(gaps, axis=-1)", "maxout"
    ),
    Mutant(
        "leaky: the sign is no kink",
        M,
        "margins",
        "nearest = np.minimum(np.abs(level), between)",
        "nearest = between",
        "leaky sign",
    ),
    Mutant(
        "ReLU: the sign is no kink",
        M,
        "margins",
        "np.where(top > 0, nearest, -level)",
        "np.where(top > 0, between, -level)",
        "relu sign",
    ),
    Mutant(
        "ReLU: what sleeps never wakes",
        M,
        "margins",
        "nearest, -level)",
        "nearest, np.inf)",
        "relu wakes",
    ),
    Mutant("entries of all units are one", A, "reach", "np.arange(g * o)", "0 * np.arange(g * o)", "maxout"),
    # constants of the nodes
    Mutant("windows do not overlap", M, "multiplicity", "int(np.bincount(used).max())", "1", "shared entry"),
    Mutant(
        "js halved", L, "jump", "np.max(self.slopes) - np.min(self.slopes)", "0.5 * np.max(self.slopes)", "one unit"
    ),
    Mutant("js of one side", L, "jump", "np.max(self.slopes) - np.min(self.slopes)", "np.max(self.slopes)", "modulus"),
    Mutant("js of a maximum is 1", M, "jump", "ROOT_TWO", "1.0", "maxout"),
    Mutant("s1 without multiplicity, forward", K, "forward_change", "at.s1 * at.root", "at.s1", "through shared"),
    Mutant("s1 without multiplicity, backward", K, "backward_change", "at.s1 * at.root", "at.s1", "shared, kept"),
    Mutant("multiplicity is 1", K, "numbers", "root, overlapping,", "root, 1,", "shared entry"),
    Mutant(
        "root of 1",
        K,
        "numbers",
        "float(sqrt_up(float(overlapping))) if overlapping > 1 else 1.0",
        "1.0",
        "shared, kept",
    ),
    # what may flip
    Mutant(
        "a place that holds nothing is entry 0",
        J,
        "kept",
        "(self.gaps == np.inf) & there",
        "self.gaps == np.inf",
        "nothing first",
    ),
    Mutant("no headroom for all", J, "kept", "mul_up(whole, HEADROOM)", "whole", "headroom"),
    Mutant("no headroom for one", J, "kept", "mul_up(entries, HEADROOM)", "entries", "headroom"),
    Mutant("half a reach", J, "kept", "mul_up(entries, HEADROOM)", "0.5 * entries", "one unit"),
    Mutant("the largest entry stays", J, "kept", "add_up(top, each)", "each", "maxout"),
    Mutant("the loser stays", J, "kept", "add_up(top, each)", "top", "maxout"),
    Mutant("a constant winner has no rival", J, "kept", "((top == 0) & (each == 0))", "(top == 0)", "rising loser"),
    Mutant("a constant loser is no rival", J, "kept", "((top == 0) & (each == 0))", "(each == 0)", "falling winner"),
    Mutant(
        "the sign of a window stays",
        J,
        "kept",
        "ahead.all(-1) & ((np.abs(self.level) > lead) | (lead == 0))",
        "ahead.all(-1)",
        "relu sign",
    ),
    Mutant("losers sleep on", J, "kept", " & below.all(-1)", "", "rising loser"),
    Mutant("the winner sleeps on", J, "kept", "((-self.level > lead) | (lead == 0)) & ", "", "relu winner"),
    Mutant(
        "zero patches with a bias are constant", A, "reach", "if self.tau == 0:", "if True:", "zero patch with bias"
    ),
    Mutant(
        "an entry twice counts once",
        A,
        "reach",
        "if twice else abs(self.kappa)",
        "if False else 1.0",
        "twice in a patch",
    ),
    Mutant(
        "weights do not grow",
        S,
        "entries",
        "add_up(reach.weights, mul_up(reach.scale, radius))",
        "reach.weights",
        "large weights",
    ),
    Mutant("what is read stays", S, "entries", "add_up(others, mul_up(part, part))", "others", "far by input"),
    Mutant("a tied layer's input stays", S, "entries", "add_up(own, part[None, :])", "own", "tied"),
    # jumps
    Mutant(
        "capacity without multiplicity",
        kinks,
        "_jumped",
        "mul_up(float(at.multiplicity), c, c)",
        "mul_up(c, c)",
        "shared entry",
    ),
    Mutant("a jump without multiplicity", kinks, "_jumped", "js = at.js * at.root", "js = at.js", "shared entry"),
    Mutant(
        "margins, not their squares",
        kinks,
        "_jumped",
        "np.square(at.margins.nearest)",
        "50 * at.margins.nearest",
        "two units",
    ),
    Mutant(
        "one column for its square",
        kinks,
        "_jumped",
        "values = mul_up(at.columns, at.columns)",
        "values = at.columns",
        "one unit",
    ),
    Mutant("no js in the rows", kinks, "_jumped", "sample = js * (", "sample = (", "modulus"),
    Mutant("no js in the own rows", kinks, "_jumped", "(key, js * (", "(key, (", "modulus"),
    Mutant(
        "a sample for the batch", kinks, "_jumped", "float(sqrt_up(all_of_them))", "float(sqrt_up(one))", "batch above"
    ),
    Mutant(
        "a sample's jump for the batch's",
        kinks,
        "_jumped",
        "sample * float(sqrt_up(float(n)))",
        "sample",
        "batch above",
    ),
    Mutant("xi is 1", kinks, "_jumped", "mul_up(values, xi[None, :], xi[None, :])", "values", "long patch"),
    Mutant(
        "xi without dA",
        kinks,
        "_jumped",
        "add_up(jumping.restricted[v], sweep.reaching(u))",
        "jumping.restricted[v]",
        "grown patch",
    ),
    Mutant("bars dropped from own jumps", kinks, "_jumped", " + moved.sample * largest", "", "wakes below"),
    Mutant("the other end's own jumps", kinks, "_worst", "return max(", "return min(", "worst sample"),
    Mutant("jumps not passed on", K, "backward_change", "together(old, jump)", "jump", "old and new"),
    Mutant("no jumps", K, "backward_change", "together(old, jump)", "old", "one unit"),
    Mutant("capacity halved", jumps, "knapsack", "mul_up(lam, capacity)", "0.5 * mul_up(lam, capacity)", "knapsack"),
    Mutant(
        "capacity is not squared",
        kinks,
        "_jumped",
        "mul_up(float(at.multiplicity), c, c)",
        "0.01 * mul_up(c, c)",
        "one of two",
    ),
    Mutant("what more is worth", jumps, "knapsack", ", sum_up(over)", "", "knapsack"),
    Mutant(
        "any multiplier's cost is paid twice", jumps, "knapsack", "down(lam * cost)", "down(2 * lam * cost)", "knapsack"
    ),
    # pairs
    Mutant("one end of a pair", S, "capacities", "root = sqrt_up(2.0)", "root = 1.0", "one each"),
    Mutant("a step flips nothing", S, "capacities", " + self.jumping.step * there", "", "one unit"),
    Mutant("a step starts at the centre", S, "capacities", "self.jumping.start * here + ", "", "just across"),
    Mutant(
        "a sample's capacity for the batch",
        S,
        "capacities",
        "return above(moved.sample), above(moved.batch)",
        "return (above(moved.sample),) * 2",
        "batch above",
    ),
    Mutant(
        "a sample's step for the batch", S, "capacities", "min(batch, ends[0])", "min(batch, ends[1])", "batch above"
    ),
    Mutant(
        "jumps left out of bars",
        S,
        "_reached",
        "self.radius * by_radius + constant",
        "self.radius * by_radius",
        "wakes below",
    ),
    Mutant("half of what a jump adds", S, "smallest", "reduce(self", "0.5 * reduce(self", "far"),
    Mutant("half of an own jump", S, "smallest", "self.ops.minimum(jumps[k], c)", "0.5 * c", "one unit"),
    Mutant(
        "jumps of all nodes are own",
        S,
        "smallest",
        "for k, c in self.jumping.own.get(v, ()) if",
        "for own in self.jumping.own.values() for k, c in own if",
        "two of each",
    ),
    Mutant(
        "own jumps for all",
        S,
        "smallest",
        "{k: self.ops.minimum(jumps[k], c) for k, c in self.jumping.own.get(v, ()) if k in jumps}",
        "{k: self.ops.minimum(jumps[k], c) for _, c in self.jumping.own.get(v, ()) for k in jumps}",
        "two of each",
    ),
    Mutant(
        "own jumps without kappa omega",
        S,
        "reaching",
        "self.numbers[v].reach",
        "0.1 * self.numbers[v].reach",
        "grown patch",
    ),
    # errors
    Mutant(
        "errors flip nothing",
        roundoff._Errors,
        "_move",
        "sum((c for k, c in row.items() if k < 0), self.zero)",
        "row.get(ERROR, self.zero)",
        "errors",
    ),
    Mutant(
        "errors reach as far as weights",
        roundoff._Errors,
        "entries",
        "return None",
        "return np.zeros(reach.own.shape)",
        "errors",
    ),
    # units
    Mutant(
        "samples apart", U, "restricted", "mask @ self.moduli", "mask @ (self.moduli * np.eye(n * p))", "samples alike"
    ),
    Mutant(
        "the smallest row", U, "restricted", "sums.max(-1, initial=0.0)", "sums.min(-1, initial=np.inf)", "convolved"
    ),
    Mutant(
        "positions before units",
        U,
        "restricted",
        "np.repeat(found.reshape(-1), p)",
        "np.tile(found.reshape(-1), p)",
        "one position",
    ),
    Mutant(
        "units before groups",
        U,
        "restricted",
        "flips.reshape(n, g, o, p).transpose(1, 2, 0, 3)",
        "flips.reshape(n, g, p, o).transpose(1, 3, 0, 2)",
        "one position",
    ),
    Mutant("units all of whose samples flip", units, "flippable_units", ".any((0, 2))", ".all((0, 2))", "some tokens"),
    # units below a maximum
    Mutant("the first place of a window", J, "entries", "self.windows >= 0", "self.windows[:, :1] >= 0", "pooled"),
    Mutant("tokens for entries", J, "entries", "if self.windows is None:", "if True:", "pooled, overlapping"),
    Mutant("a place that holds nothing for a token's", J, "first_of", ".max(1)", ".min(1)", "pooled with padding"),
    Mutant("tokens are entries", J, "first_of", "[self.windows.max(1)]", "[: len(self.windows)]", "pooled last"),
    Mutant(
        "windows of two units are one's", M, "within_units", "(unit == unit.max(1, keepdims=True))", "True", "across"
    ),
    Mutant("windows of which one is a unit's", M, "within_units", ".all())", ".any())", "across"),
    Mutant("positions for units", M, "within_units", "self.windows // positions", "self.windows % positions", "across"),
    Mutant("one reader by units is enough", centre, "_below_kinks", "found - mixed", "found", "across and along"),
    Mutant(
        "any reader goes by units",
        centre,
        "_below_kinks",
        " and node.kind.within_units",
        " or node.kind.within_units",
        "across",
    ),
    Mutant("units of a tied layer", centre, "linearize", " and uses_of[node.kind.group] == 1", "", "tied units"),
    Mutant("own jumps without multiplicity", kinks, "_jumped", "(key, js * (", "(key, at.js * (", "shared position"),
    Mutant(
        "xi of the first sample",
        kinks,
        "_jumped",
        "at.margins.entries(flips, ",
        "at.margins.entries(flips & (np.arange(n) == 0)[:, None], ",
        "worst sample",
    ),
    Mutant(
        "bars by the smallest xi",
        kinks,
        "_jumped",
        "np.max(np.where(flips.any(0), xi, 0.0))",
        "np.min(xi)",
        "wakes beside",
    ),
    # changes
    Mutant("the last group's jump", B, "_change", "squares + jump * jump", "jump * jump", "far"),
    Mutant(
        "no jump is left without units",
        B,
        "_change",
        "k < 0 and k not in silent.get(g, ())",
        "k < 0 and not silent",
        "far",
    ),
    Mutant(
        "dropped units of the wrong node",
        B,
        "_units",
        ".inputs[0] == u:",
        ".inputs[0] == u and v == max(flips):",
        "two functions",
    ),
    Mutant("groups below are kept", B, "_groups_below", "below.add(kind.group)", "pass", "nothing left"),
    Mutant(
        "a layer read across its units is kept",
        B,
        "_groups_below",
        "nodes[u].inputs if u in known else (u,)",
        "nodes[u].inputs",
        "nothing left",
    ),
    Mutant(
        "all jumps are in units left out",
        B,
        "_change",
        ".add(index_of(v))",
        ".update(map(index_of, flips))",
        "two of each",
    ),
    Mutant("pairs: the last group's jump", B, "pairs", "squares + jump * jump", "jump * jump", "far"),
    # what passes a dense layer
    Mutant("what wakes below is dead", P, "norm", "(~self.silent | below)", "(~self.silent)", "woken"),
    Mutant("a block does not grow", S, "sent_through", "norm + moved", "norm", "grown block"),
    Mutant("the first sample's block", P, "norm", "_block(rows,", "_block(above[0],", "second sample"),
    Mutant("a block without kappa", P, "norm", "self.field.up(self.scale, found)", "0.5 * found", "second sample"),
    # curved pieces
    Mutant("s2 of hardswish is 1/4", C, "bend", "_THIRD if", "0.25 if", "bends"),
    Mutant("s1 of hardswish is 1", C, "slope", "1.5 if", "1.0 if", "steep"),
    Mutant("js of hardswish is 1/4", C, "jump", "return 0.5", "return 0.25", "hardswish jumps"),
    Mutant("js of ELU is 0", C, "jump", "0.0 if self.alpha == 1 else", "0.0 if self.alpha else", "elu jumps"),
    Mutant("ELU has no kink", C, "breaks", "0 if self.alpha == 1 else 1", "0", "elu jumps"),
]
