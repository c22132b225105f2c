"""Certificates as files: a JSON text for the claim and its inequalities, an .npz beside it for the arrays.

Every double is written as a hexadecimal float, so that nothing is lost, with a decimal beside it for readers. Arrays
are named and hashed: SHA-256 over the shape, as decimal numbers separated by commas, a colon, and the little-endian
bytes. The text carries a hash of itself, which tells damage from a wrong claim; what makes a certificate true is the
recheck.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..rigor.roundoff import Array
from ..theory import InvalidInputError
from ..theory.statement import Statement
from .enclosure import Arrays

SCHEMA = "pltheory-certificate/1"


@dataclass(frozen=True)
class Document:
    """What the two files of a certificate hold, whichever theorem it is of.

    Attributes:
        statement: the theorem in words.
        network: weights and data.
        more: the theorem's own arrays by name.
        loss: "sum" or "mean".
        optimizer: name of the step rule.
        steps: eta, gamma, delta.
        bounds: name to (kind, number), kind "upper" or "lower".
        hypotheses: (name, left, relation, right).
        sections: the theorem's own keys of the text.
    """

    statement: Statement
    network: Arrays
    more: dict[str, Array]
    loss: str
    optimizer: str
    steps: tuple[float, float, float]
    bounds: dict[str, tuple[str, float]]
    hypotheses: list[tuple[str, float, str, float]]
    sections: dict[str, Any]

    @property
    def arrays(self) -> dict[str, Array]:
        """All arrays by the names they have in the file: W1.., b1.. (where there is a bias), x, y, then `more`."""
        a = self.network
        named = {f"W{l}": w for l, w in enumerate(a.weights, 1)}
        named |= {f"b{l}": b for l, b in enumerate(a.biases, 1) if b is not None}
        return {**named, "x": a.x, "y": a.y, **self.more}

    def text(self, arrays_file: str) -> str:
        """The JSON text; arrays_file is the name of the .npz beside it."""
        a = self.network
        claim: dict[str, Any] = {
            "schema": SCHEMA,
            "theorem": self.statement.id,
            "conclusion": self.statement.conclusion,
            "citation": self.statement.citation,
            "statement": "exact-arithmetic iteration from the stored float64 weights on the stored float64 data",
            "network": {
                "activation": a.activation,
                "kappas": [number(k) for k in a.kappas],
                "taus": [number(t) for t in a.taus],
                "layers": len(a.weights),
            },
            "loss": self.loss,
            "optimizer": {
                "name": self.optimizer,
                **{name: number(v) for name, v in zip(("eta", "gamma", "delta"), self.steps, strict=True)},
            },
            "arrays": {"file": arrays_file, "sha256": {name: array_hash(v) for name, v in self.arrays.items()}},
            **self.sections,
            "bounds": {name: {"kind": kind, **number(v)} for name, (kind, v) in self.bounds.items()},
            "hypotheses": [
                {"name": name, "left": number(left), "relation": relation, "right": number(right)}
                for name, left, relation, right in self.hypotheses
            ],
            "assumptions": [],  # nothing is assumed beyond the theorem
        }
        claim["sha256"] = text_hash(claim)
        return json.dumps(claim, indent=1)

    def arrays_bytes(self) -> bytes:
        """The .npz; the same arrays give the same bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, value in self.arrays.items():
                one = io.BytesIO()
                np.lib.format.write_array(one, np.ascontiguousarray(value), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0)), one.getvalue())
        return buffer.getvalue()

    def save(self, path: Path) -> None:
        """Write both files, arrays first, each whole.

        Args:
            path: of the JSON text, e.g. basin.cert.json; the arrays go to the same name with .npz.

        Raises:
            InvalidInputError: a file exists, the name is not that of a text, or it cannot be written.
        """
        require_free(path)
        arrays = path.with_suffix(".npz")
        try:
            for file, content in ((arrays, self.arrays_bytes()), (path, self.text(arrays.name).encode())):
                temporary = file.with_name(f".{file.name}.partial")
                temporary.write_bytes(content)
                temporary.rename(file)
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
    for file in (path, path.with_suffix(".npz")):
        if file.exists():
            raise InvalidInputError(f"{file}: exists already")


def array_hash(value: Array) -> str:
    """SHA-256 over "rows,columns:" and the little-endian bytes of the doubles in row order."""
    plain = np.ascontiguousarray(value, dtype="<f8")
    digest = hashlib.sha256((",".join(map(str, plain.shape)) + ":").encode())
    digest.update(plain.tobytes())
    return digest.hexdigest()


def text_hash(claim: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of everything but the hash itself."""
    rest = {k: v for k, v in claim.items() if k != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def number(value: float) -> dict[str, str]:
    """A double as it stands in a certificate: exact, and for readers."""
    return {"hex": float(value).hex(), "decimal": f"{value:.6g}"}
