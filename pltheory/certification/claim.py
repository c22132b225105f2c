"""One claim: what the proof of every theorem is, and the one file format that stores it.

The statement claimed is about exact arithmetic from the stored float64 weights on the stored float64 data, with eta,
gamma, delta the stored doubles.

A file is a JSON text with an .npz beside it (docs/certificate.md, certificate.schema.json). Every double of the text is
written as a hexadecimal float, so that nothing is lost, with a decimal beside it for readers. Arrays are named and
hashed: SHA-256 over the shape, as decimal numbers separated by commas, a colon, and the little-endian bytes. The text
carries a hash of itself, which tells damage from a wrong claim; what makes a claim true is the recheck.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..optim import ClippedSettings
from ..rigor.errors import NoVerdictError
from ..rigor.roundoff import Array
from ..theory import Bound, Direction, InvalidInputError, display
from ..theory.digits import above, below
from ..theory.statement import Statement
from .stored import Stored

SCHEMA = "pltheory-certificate/2"
"""The format that is written; `certificate.schema.json` describes it."""
ABOUT = "exact-arithmetic iteration from the stored float64 weights on the stored float64 data"
ABOUT_WEIGHTS = "exact-arithmetic network at the stored float64 weights on the stored float64 data"
"""The same of a theorem that speaks of no step."""

Relation = Literal["<", "<="]


@dataclass(frozen=True)
class Inequality:
    """One hypothesis as two numbers: left (an upper bound or exact) stands before right (a lower bound or exact).

    Attributes:
        name: what it says.
        left: upper bound of the left side.
        relation: "<" or "<=".
        right: lower bound of the right side.
    """

    name: str
    left: float
    relation: Relation
    right: float

    @property
    def holds(self) -> bool:
        """Whether the two doubles stand in the relation; false for a NaN."""
        return self.left < self.right if self.relation == "<" else self.left <= self.right


def bounds(**named: tuple[Literal["lower", "upper"], float]) -> dict[str, Bound]:
    """Bounds by name, round-off counted."""
    return {name: Bound(value, Direction(kind), "verified", rounded=True) for name, (kind, value) in named.items()}


@dataclass(frozen=True, eq=False)
class Claim:
    """A theorem held against a problem, round-off included; all bounds in the scale of the loss in use.

    Attributes:
        statement: the theorem in words.
        arrays: the network and data it speaks of.
        loss: "sum" or "mean"; "" of a theorem that speaks of the weights alone.
        rule: the step rule; its eta is a double where numbers were found. None of a theorem that speaks of the weights
            alone: then neither loss nor rule is written.
        bounds: what is claimed, by name.
        inequalities: the hypotheses; empty where no numbers were found.
        witness: the theorem's own arrays by name: what a recheck starts from.
        numbers: the theorem's own numbers by name, whole ones as int.
        shortfall: why it does not hold, where no inequality says so.
        recursion: whether the claim is about the rule's momentum and clip, or its weight decay, which are then written.
        unwritten: why no file is written of it although it holds: one that no recheck reads is not written.
    """

    statement: Statement
    arrays: Stored
    loss: str
    rule: ClippedSettings | None
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    inequalities: tuple[Inequality, ...] = ()
    witness: Mapping[str, Array] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    shortfall: str = ""
    recursion: bool = False
    unwritten: str = ""

    def __repr__(self) -> str:
        return f"Claim(Theorem {self.theorem}, {self._says}; {len(self.inequalities)} inequalities)"

    def _repr_html_(self) -> str:
        """What a notebook shows: whether it holds, then every inequality and bound."""
        sides = [
            (i.name, above(i.left), i.relation, below(i.right), "yes" if i.holds else "no") for i in self.inequalities
        ]
        named = [(name, display.bound(b)) for name, b in self.bounds.items()]
        return display.page(
            f"Theorem {self.theorem}",
            self._says,
            display.table(("inequality", "left at most", "", "right at least", "holds"), sides),
            display.table(("bound", "round-off counted"), named),
        )

    @property
    def _says(self) -> str:
        return "proved" if self.holds else f"not proved{f': {self.shortfall}' if self.shortfall else ''}"

    @property
    def theorem(self) -> str:
        """Id of the theorem."""
        return self.statement.id

    @property
    def eta(self) -> float:
        """The step size; NaN where no proof fixed it."""
        return math.nan if self.rule is None or isinstance(self.rule.eta, str) else float(self.rule.eta)

    @property
    def holds(self) -> bool:
        """Whether every hypothesis is proved."""
        return not self.shortfall and bool(self.inequalities) and all(i.holds for i in self.inequalities)

    def require_holds(self) -> None:
        """Refuse a claim of which something is not proved.

        Raises:
            NoVerdictError: it is not; with the first inequality that fails.
        """
        if self.holds:
            return
        failing = [i for i in self.inequalities if not i.holds]
        sides = [f"{i.name}, {i.left:.10g} against {i.right:.10g}" for i in failing[:1]]
        raise NoVerdictError(self.shortfall or "; ".join(sides))

    def __getitem__(self, name: str) -> float:
        """The bound of that name, as a float."""
        return self.bounds[name].value

    @property
    def stored(self) -> dict[str, Array]:
        """All arrays by the names they have in the file: W1.., b1.., x, y, then the theorem's own."""
        return {**self.arrays.named(), "x": self.arrays.x, "y": self.arrays.y, **self.witness}

    def document(self, arrays_file: str) -> dict[str, Any]:
        """What the JSON text says; arrays_file is the name of the .npz beside it."""
        s = self.statement
        said: dict[str, Any] = {
            "schema": SCHEMA,
            "theorem": s.id,
            "conclusion": s.conclusion,
            "citation": s.citation,
            "statement": ABOUT_WEIGHTS if self.rule is None else ABOUT,
            "network": _written(self.arrays.section()),
            **self._steps(),
            "arrays": {"file": arrays_file, "sha256": {name: array_hash(v) for name, v in self.stored.items()}},
            "witness": {name: v if isinstance(v, int) else number(v) for name, v in self.numbers.items()},
            "bounds": {name: {"kind": str(b.kind), **number(b.value)} for name, b in self.bounds.items()},
            "hypotheses": [
                {"name": i.name, "left": number(i.left), "relation": i.relation, "right": number(i.right)}
                for i in self.inequalities
            ],
            "assumptions": [],
        }
        return {**said, "sha256": text_hash(said)}

    def _steps(self) -> dict[str, Any]:
        rule = self.rule
        if rule is None:
            return {}
        numbers = {"eta": self.eta, "gamma": rule.gamma, "delta": rule.delta}
        said = {"name": rule.name, **{name: number(v) for name, v in numbers.items()}, **self._recursion(rule)}
        return {"loss": self.loss, "optimizer": said}

    def _recursion(self, rule: ClippedSettings) -> dict[str, Any]:
        how = rule.recursion
        if not self.recursion:
            return {}
        if how.weight_decay > 0:
            return {"weight_decay": number(how.weight_decay), "decoupled_weight_decay": how.decoupled}
        return {"momentum": number(how.momentum), "nesterov": how.nesterov, "clip": how.clip}

    def text(self, arrays_file: str) -> str:
        """The JSON text."""
        return json.dumps(self.document(arrays_file), indent=1)

    def arrays_bytes(self) -> bytes:
        """The .npz; the same arrays give the same bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, value in self.stored.items():
                one = io.BytesIO()
                np.lib.format.write_array(one, np.ascontiguousarray(value), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0)), one.getvalue())
        return buffer.getvalue()

    def save(self, path: str | Path) -> None:
        """Write both files, arrays first, each whole.

        Args:
            path: of the JSON text, e.g. basin.cert.json; the arrays go to the same name with .npz.

        Raises:
            InvalidInputError: the claim does not hold, no recheck would read its file, a file exists, the name is not
                that of a text, or it cannot be written.
        """
        if not self.holds:
            why = self.shortfall or next((f"{i.name} fails" for i in self.inequalities if not i.holds), "")
            raise InvalidInputError(f"only a certificate that holds is written: {why}".rstrip(": "))
        if self.unwritten:
            raise InvalidInputError(self.unwritten)
        path = Path(path)
        require_free(path)
        arrays = path.with_suffix(".npz")
        try:
            for file, content in ((arrays, self.arrays_bytes()), (path, self.text(arrays.name).encode())):
                _partial(file).write_bytes(content)
            for file in (arrays, path):
                _partial(file).rename(file)
        except OSError as error:
            raise InvalidInputError(f"{path}: {error.strerror}") from None


def require_free(path: Path) -> None:
    """Refuse a name under which no certificate can be written.

    Raises:
        InvalidInputError: the name is that of the arrays, its folder is missing, or one of the two files exists.
    """
    if path.suffix == ".npz":
        raise InvalidInputError(f"{path}: this is the name of the arrays; the certificate's own ends in .json")
    if not path.parent.is_dir():
        raise InvalidInputError(f"{path}: there is no folder {path.parent}")
    arrays = path.with_suffix(".npz")
    for file in (path, arrays):
        if file.exists() and not (file == arrays and _was_killed(path)):
            raise InvalidInputError(f"{file}: exists already")


def _was_killed(path: Path) -> bool:
    """Whether the arrays there are of a command that was killed before the text had its name: only it is left over."""
    return _partial(path).exists() and not (path.exists() or _partial(path.with_suffix(".npz")).exists())


def _partial(file: Path) -> Path:
    return file.with_name(f".{file.name}.partial")


def array_hash(value: Array) -> str:
    """SHA-256 over "rows,columns:" and the little-endian bytes of the doubles in row order."""
    plain = np.ascontiguousarray(value, dtype="<f8")
    digest = hashlib.sha256((",".join(map(str, plain.shape)) + ":").encode())
    digest.update(plain.tobytes())
    return digest.hexdigest()


def text_hash(said: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of everything but the hash itself."""
    rest = {k: v for k, v in said.items() if k != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _written(value: Any) -> Any:
    """A section with its doubles as they stand in a certificate."""
    if isinstance(value, dict):
        return {k: _written(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_written(v) for v in value]
    return number(value) if isinstance(value, float) else value


def number(value: float) -> dict[str, str]:
    """A double as it stands in a certificate: exact, and for readers."""
    return {"hex": float(value).hex(), "decimal": f"{value:.6g}"}
