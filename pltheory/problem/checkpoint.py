"""Weights from a file into a network: a torch state_dict of a class-N network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..theory import InvalidInputError
from .networks import FullyConnected


def load_checkpoint(path: Path, network: FullyConnected) -> None:
    """Copy the weights of a saved state_dict into a network of the same shapes.

    Accepts the state_dict of a `fully_connected(..)` network or of an nn.Sequential of nn.Linear and activations:
    matrices are weights and vectors are biases, in their stored order. Values are cast to the network's dtype.

    Raises:
        InvalidInputError: no such file, not a state_dict of tensors, shapes that do not match, or non-finite values.
    """
    key = f"network.checkpoint = {str(path)!r}"
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InvalidInputError(f"{key}: no such file") from None
    except Exception as error:  # an unpickler of garbage raises whatever it stumbles on
        raise InvalidInputError(f"{key}: not a torch state_dict ({type(error).__name__})") from None
    if not isinstance(stored, dict) or not all(isinstance(v, Tensor) for v in stored.values()):
        raise InvalidInputError(f"{key}: not a state_dict of tensors; save it with torch.save(net.state_dict(), ..)")
    tensors = list(stored.values())
    strange = [name for name, t in stored.items() if not t.is_floating_point()]
    if strange:
        raise InvalidInputError(f"{key}: {strange[0]} is {stored[strange[0]].dtype}, weights are real floating point")
    given = [[t for t in tensors if t.ndim == 2], [t for t in tensors if t.ndim != 2]]
    wanted = [list(network.weights), list(network.biases or [])]
    for what, have, want in zip(("weights", "biases"), given, wanted, strict=True):
        shapes = [tuple(t.shape) for t in have], [tuple(t.shape) for t in want]
        if shapes[0] != shapes[1]:
            raise InvalidInputError(f"{key}: {what} of shapes {shapes[0]}, the network has {shapes[1]}")
        if not all(torch.isfinite(t).all() for t in have):
            raise InvalidInputError(f"{key}: {what} hold a NaN or an infinity")
    # Only when all of it is good: a refused file leaves the network as it was.
    with torch.no_grad():
        for have, want in zip(given, wanted, strict=True):
            for p, t in zip(want, have, strict=True):
                p.copy_(t)
