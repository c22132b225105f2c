"""Data files of the tests."""

from __future__ import annotations

import gzip
import struct

import numpy as np

from pltheory.problem import data

FASHION = data.FASHION_MNIST_FOLDER
FASHION_IS_HERE = (FASHION / "train-images-idx3-ubyte.gz").is_file()
POINTS = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25], [-2.0, 4.0]])


def write_idx(path, array, code=0x08):
    kind = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}[code]
    raw = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.astype(kind).tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def images(n=6, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (n, 3, 2))
    return pixels, np.arange(n) % 4
