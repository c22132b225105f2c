"""What is compared with what: the cells of the table, each with a small variant for a quick run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Cell:
    """One comparison.

    Attributes:
        row: name by which it is selected.
        title: what is computed.
        case: sizes, dtype, seed, device: what the solvers read.
        ours: our solver's name.
        peers: (module, solver) pairs.
        tolerance: largest relative difference of the results that is accepted; None where accuracy is a result.
        exact: known value of the result where accuracy is reported against it.
        reference: (module, solver) run once for the value that accuracy is reported against.
        per: what the seconds are divided by: samples of ours, samples of the peers.
        small: overrides of the case in a quick run.
        needs: solver to the bytes it is known to need; left out, and said so, where memory does not allow it.
        beside: our solver runs in the peers' process, as where milliseconds are compared.
        memory: peak memory of one call in a fresh process instead of times.
    """

    row: str
    title: str
    case: dict
    ours: str
    peers: tuple[tuple[str, str], ...] = ()
    tolerance: float | None = None
    exact: float | None = None
    reference: tuple[str, str] | None = None
    per: tuple[int, int] = (1, 1)
    small: dict = field(default_factory=dict)
    needs: dict[str, float] = field(default_factory=dict)
    beside: bool = False
    memory: bool = False

    def quick(self) -> Cell:
        """The same comparison at sizes that take a moment."""
        case = {**self.case, **self.small}
        exact = 1 / case["condition"] if self.exact is not None else None
        return replace(self, case=case, exact=exact, needs={}, title=f"{self.title} (quick sizes)")


def _mlp(m: int, dtype: str, n: int = 256) -> dict:
    return {"widths": [784, m, m, 1], "bias": True, "n": n, "dtype": dtype, "seed": 0, "device": "cpu"}


SMALL_MLP = {"widths": [20, 24, 24, 1], "n": 12}
TUTORIAL = ("torch_routes", "torch.func tutorial")


def _kernels() -> list[Cell]:
    cells = []
    for m in (512, 2048, 8192):
        parameters = 784 * m + m * m + 3 * m + 1
        peers = [("jax_peer", "neural-tangents"), ("torch_peers", "nngeometry"), TUTORIAL]
        cells.append(
            Cell(
                "kernel",
                f"kernel of 784-{m}-{m}-1 tanh, n = 256, float32",
                _mlp(m, "float32"),
                "kernel",
                tuple(peers),
                tolerance=1e-4,
                small=SMALL_MLP,
                # Two dense Jacobians.
                needs={"torch.func tutorial": 2.0 * 256 * 4 * parameters},
            )
        )
    cells += [
        Cell(
            "kernel64",
            f"kernel of 784-{m}-{m}-1 tanh, n = 256, float64",
            _mlp(m, "float64"),
            "kernel",
            (("jax_peer", "neural-tangents"),),
            tolerance=1e-10,
            small=SMALL_MLP,
        )
        for m in (2048, 8192)
    ]
    return cells


def _memory() -> list[Cell]:
    return [
        Cell(
            "memory",
            "memory above the model, kernel of 784-2048-2048-1, n = 256, float32",
            _mlp(2048, "float32"),
            "kernel",
            (("jax_peer", "neural-tangents"), ("torch_peers", "nngeometry"), TUTORIAL),
            small=SMALL_MLP,
            needs={"torch.func tutorial": 2.0 * 256 * 4 * 5.8e6},
            memory=True,
        ),
        Cell(
            "memory",
            "memory above the model, kernel of 784-1024-1024-1, n = 10000, float32",
            _mlp(1024, "float32", n=10_000),
            "kernel",
            small=SMALL_MLP,
            memory=True,
        ),
    ]


def _cnn() -> list[Cell]:
    case = {"n": 64, "side": 32, "dtype": "float32", "seed": 0, "device": "cpu"}
    peers = (
        ("jax_peer", "neural-tangents cnn"),
        ("torch_peers", "nngeometry cnn"),
        ("torch_routes", "torch.func tutorial cnn"),
    )
    title = "640 x 640 kernel, 3 x 32 x 32 inputs, three convolutions of 32, linear to 10, n = 64, float32"
    small = {"n": 4, "side": 10}
    return [
        Cell("cnn", title, case, "kernel-cnn", peers, tolerance=1e-3, small=small),
        Cell("cnn", f"memory above the model, {title}", case, "kernel-cnn", peers, small=small, memory=True),
    ]


def _lambda_min() -> list[Cell]:
    peers = tuple(
        ("torch_routes", name)
        for name in (
            "lambda_min verified",
            "torch eigvalsh",
            "scipy eigsh, shift-invert",
            "torch LOBPCG, 200 iterations",
        )
    )
    return [
        Cell(
            "lambda_min",
            f"smallest eigenvalue, dense, n = 4096, float64, condition {condition:.0e}",
            {"n": 4096, "condition": condition, "seed": 0, "device": "cpu"},
            "lambda_min estimate",
            peers,
            exact=1 / condition,
            small={"n": 40, "condition": 1e3},
            beside=True,
        )
        for condition in (1e6, 1e10)
    ]


def _hessian() -> list[Cell]:
    peers = (
        ("torch_peers", "PyHessian"),
        ("torch_routes", "torch.func + eigsh"),
        ("torch_peers", "curvlinops + eigsh"),
    )
    small = {"widths": [20, 24, 24, 1]}
    return [
        Cell(
            "hessian",
            f"Hessian norm of the output, 784-2048-2048-1 tanh, to 1e-3, float32, {kind}, per sample",
            # No biases: PyHessian cannot differentiate the constant gradient in the last one.
            {**_mlp(2048, "float32", n=ours), "bias": False, "peer_n": 1},
            solver,
            peers,
            reference=("torch_routes", "reference"),
            per=(ours, 1),
            small=small,
        )
        for kind, solver, ours in (("class N", "hessian", 32), ("any module", "hessian any module", 8))
    ]


def _step() -> list[Cell]:
    sgd = ("SGD fused", "norm + SGD foreach", "clip_grad_norm_ + SGD foreach", "clip_grad_norm_ + SGD fused")
    plain, buffered = (*sgd, "published logic", "flat norm + axpy"), (*sgd, "step, buffer clipped")
    sizes = (("resnet", "25.6M parameters in 161 tensors"), ("many", "5M parameters in 600 tensors"))
    return [
        Cell(
            "step",
            f"DeltaGClip step{said}, {title}, float32",
            {"shapes": shapes, "seed": 0, "lr": 1e-6, "gamma": 1.0, "delta": 0.1, "momentum": m, "device": "cpu"},
            "step",
            tuple(("torch_routes", name) for name in names),
            small={"first": 6},
            beside=True,
        )
        for m, said, names in ((0.0, "", plain), (0.9, " with momentum", buffered))
        for shapes, title in sizes
    ]


def _proof() -> list[Cell]:
    cases = (
        ("examples/digits.toml", {"config": "examples/digits.toml"}),
        ("checkpoint of 4000 outputs, 400 digits, one hidden layer of 512", {"n": 400, "hidden": [512]}),
    )
    return [
        Cell(
            "proof",
            f"proof beside the float64 path, {title}",
            case,
            "proof",
            (("proof", "float64 path"),),
            tolerance=0.0,
            small={"config": "examples/digits.toml"} if "config" in case else {"n": 4, "hidden": [256]},
            beside=True,
        )
        for title, case in cases
    ]


def chosen(rows: tuple[str, ...], *, quick: bool) -> list[Cell]:
    """The cells of some rows; cells that a quick run would not tell apart once only."""
    cells = [cell.quick() if quick else cell for cell in CELLS if cell.row in rows]
    return list({(c.ours, c.memory, str(c.case)): c for c in reversed(cells)}.values())[::-1]


CELLS: tuple[Cell, ...] = (*_kernels(), *_memory(), *_cnn(), *_lambda_min(), *_hessian(), *_step(), *_proof())
ROWS = tuple(dict.fromkeys(cell.row for cell in CELLS))
