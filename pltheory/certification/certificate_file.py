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
from pathlib import Path
from typing import Any

import numpy as np

from ..rigor.roundoff import Array
from ..theory import InvalidInputError
from ..theory.theorems import theorem
from .certificate import Certificate

SCHEMA = "pltheory-certificate/1"


def certificate_text(c: Certificate, arrays_file: str) -> str:
    """The JSON text of a certificate.

    Args:
        c: the certificate.
        arrays_file: name of the .npz beside it.
    """
    a = c.arrays
    claim: dict[str, Any] = {
        "schema": SCHEMA,
        "theorem": c.theorem,
        "conclusion": theorem(c.theorem).conclusion,
        "citation": theorem(c.theorem).citation,
        "statement": "exact-arithmetic iteration from the stored float64 weights on the stored float64 data",
        "network": {
            "activation": a.activation,
            "kappas": [_number(k) for k in a.kappas],
            "taus": [_number(t) for t in a.taus],
            "layers": len(a.weights),
        },
        "loss": c.loss,
        "optimizer": {
            "name": c.optimizer,
            "eta": _number(c.eta),
            "gamma": _number(c.gamma),
            "delta": _number(c.delta),
        },
        "arrays": {
            "file": arrays_file,
            "sha256": {name: array_hash(value) for name, value in named_arrays(c).items()},
        },
        "ball": {"radius": _number(c.radius)},
        "bounds": {
            "residual": {"kind": "upper", **_number(c.residual)},
            "lambda_min": {"kind": "lower", **_number(c.lambda_min)},
            "lipschitz": {"kind": "upper", **_number(c.lipschitz)},
            "ell": {"kind": "upper", **_number(c.ell)},
            "beta": {"kind": "upper", **_number(c.beta)},
            "required": {"kind": "upper", **_number(c.required)},
            "mu": {"kind": "lower", **_number(c.mu)},
            "floor": {"kind": "lower", **_number(c.floor)},
            "rate": {"kind": "upper", **_number(c.rate)},
        },
        "hypotheses": [
            {"name": i.name, "left": _number(i.left), "relation": i.relation, "right": _number(i.right)}
            for i in c.inequalities
        ],
        "assumptions": list(c.assumptions),
    }
    claim["sha256"] = text_hash(claim)
    return json.dumps(claim, indent=1)


def named_arrays(c: Certificate) -> dict[str, Array]:
    """The arrays of a certificate by the names they have in its file.

    W1.., b1.. (where there is a bias), x, y, grid (radii), sigma (lower bounds of sigma_min(J) at those radii).
    """
    a = c.arrays
    named = {f"W{l}": w for l, w in enumerate(a.weights, 1)}
    named |= {f"b{l}": b for l, b in enumerate(a.biases, 1) if b is not None}
    return {**named, "x": a.x, "y": a.y, "grid": c.grid, "sigma": c.sigma}


def arrays_bytes(c: Certificate) -> bytes:
    """The .npz of a certificate; the same certificate gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, value in named_arrays(c).items():
            one = io.BytesIO()
            np.lib.format.write_array(one, np.ascontiguousarray(value), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0)), one.getvalue())
    return buffer.getvalue()


def save_certificate(c: Certificate, path: Path) -> None:
    """Write a certificate that holds, arrays first, each file whole.

    Args:
        c: the certificate.
        path: of the JSON text, e.g. basin.cert.json; the arrays go to the same name with .npz.

    Raises:
        InvalidInputError: the certificate does not hold, or a file exists or cannot be written.
    """
    if not c.holds:
        raise InvalidInputError("only a certificate that holds is written")
    if path.suffix == ".npz":
        raise InvalidInputError(f"{path}: this is the name of the arrays; the certificate's own ends in .json")
    arrays = path.with_suffix(".npz")
    for file in (path, arrays):
        if file.exists():
            raise InvalidInputError(f"{file}: exists already")
    try:
        for file, content in ((arrays, arrays_bytes(c)), (path, certificate_text(c, arrays.name).encode())):
            temporary = file.with_name(f".{file.name}.partial")
            temporary.write_bytes(content)
            temporary.rename(file)
    except OSError as error:
        raise InvalidInputError(f"{path}: {error.strerror}") from None


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


def _number(value: float) -> dict[str, str]:
    return {"hex": float(value).hex(), "decimal": f"{value:.6g}"}
