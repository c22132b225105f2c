"""How the parameters of one optimizer are divided among the processes of a run, and the norm over all of them.

A norm of one process alone is used only where it is known to be the norm of the whole: the run has one process, every
parameter is a DTensor over all processes, or the processes were seen to hold the same parameters and gradients.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim import Optimizer

from ..theory.errors import InvalidInputError
from ._buckets import Bucket, is_flattened, mesh_of
from ._norm import total_norm
from ._replicas import differing, exchange, holdings, repeated

NormGroup: TypeAlias = Any
"""A ProcessGroup (a class that not every torch has), "local" or None."""
LOCAL = "local"
WAYS_OUT = (
    "the process group that the parameters are divided among, to sum over it, "
    'or "local" where each process has every parameter of the model it trains'
)


def _refuse(said: object, allowed: str) -> NoReturn:
    raise InvalidInputError(f"norm_group = {said!r}: allowed is {allowed}")


def several() -> bool:
    """Whether this is one process of several."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def zero_around(optimizer: Optimizer) -> Any:
    """The `ZeroRedundancyOptimizer` that is constructing `optimizer`; None without one.

    It hands its optimizer the parameters of this process and says so nowhere else.
    """
    module = sys.modules.get("torch.distributed.optim.zero_redundancy_optimizer")
    frame = None if module is None else sys._getframe(1)
    while frame is not None:
        caller = frame.f_locals.get("self")
        if module is not None and caller is not optimizer and isinstance(caller, module.ZeroRedundancyOptimizer):
            return caller
        frame = frame.f_back
    return None


class Division:
    """Among whom the parameters are divided, as the user or `ZeroRedundancyOptimizer` says, or as is found.

    Args:
        said: a process group, "local", or None for nothing.
        zero: the `ZeroRedundancyOptimizer` around, None without one.

    Attributes:
        settled: whether this was held against what the processes hold; to be unset when parameters are added.

    Raises:
        InvalidInputError: `said` is neither of these.
    """

    def __init__(self, said: NormGroup, zero: Any) -> None:
        if not (said is None or said == LOCAL or (dist.is_available() and isinstance(said, dist.ProcessGroup))):
            _refuse(said, 'a torch.distributed.ProcessGroup that this process is in, "local", or None')
        self.said, self._home = said, torch.device("cpu")
        self._group: NormGroup = None if said == LOCAL else said
        if zero is not None and said is None:
            self._group, self._home = zero.process_group, zero.param_groups[0]["params"][0].device
        self._kinds = [] if self._group is None else [device.type for device in self._group._device_types]
        self.settled = False

    def picklable(self) -> NormGroup:
        """What was said, for a copy of the optimizer.

        Raises:
            InvalidInputError: it was a process group, of which there is no copy.
        """
        if self._group is not None:
            _refuse(self._group, 'None or "local" where the optimizer is copied or pickled: use its state_dict()')
        return self.said

    def norm(self, parts: Sequence[Bucket], params: Sequence[Tensor]) -> Tensor:
        """Euclidean norm of all gradients of all processes that the parameters are divided among.

        Args:
            parts: the parameters with a gradient.
            params: every parameter.

        Returns:
            A plain 0-dim tensor, as `total_norm`; the same in every process.

        Raises:
            InvalidInputError: what the processes hold is not what was said, or says nothing.
        """
        if self._group is None:
            norm = total_norm(parts)
        else:
            flat = any(map(is_flattened, params))
            # Also where this process holds no parameter, the kind of device is the others'.
            home = params[0].device if params else self._home
            divided = self._summed(total_norm([part for part in parts if part.flattened or not flat]), home)
            whole = total_norm([part for part in parts if flat and not part.flattened])
            norm = torch.linalg.vector_norm(torch.stack([divided.to(home), whole.to(home)]))
        if not self.settled and self.said != LOCAL and several():
            # Host work between processes: where a step is compiled, not a part of its graph. Asked for here, and not as
            # a decorator, for it imports torch's tracer.
            torch.compiler.disable(self._settle)(parts, params, norm)
        return norm

    def _summed(self, norm: Tensor, home: torch.device) -> Tensor:
        """Root of the sum of squares over the group, by way of a device that it reduces on."""
        square = norm.square().to(home if home.type in self._kinds else self._kinds[0])
        dist.all_reduce(square, group=self._group)
        return square.sqrt()

    def _settle(self, parts: Sequence[Bucket], params: Sequence[Tensor], norm: Tensor) -> None:
        """Hold what was said, or was not, against what the processes hold."""
        if self.said is not None:
            self._check_group(parts, params, norm)
        elif self._group is not None and self._group.size() == dist.get_world_size():
            self.settled = True
        elif any(map(is_flattened, params)):
            _refuse(
                None,
                "with the sharded parameters of FullyShardedDataParallel the process group that they are sharded over, "
                "model.process_group (or use torch.distributed.fsdp.fully_shard, which needs none)",
            )
        elif all(mesh_of(p) is not None and mesh_of(p).size() == dist.get_world_size() for p in params):
            self.settled = True
        else:
            # Of ZeRO within replicas only the norm is to be the same everywhere.
            self._compare(params if self._group is None else [], norm, range(dist.get_world_size()))

    def _compare(self, params: Sequence[Tensor], norm: Tensor, ranks: Sequence[int]) -> None:
        """Every process must hold the same: then the norm of one is that of all."""
        entries = exchange(holdings(params, norm), ranks, WAYS_OUT)
        pair = differing(entries)
        if pair is not None:
            _refuse(
                self.said,
                f"{WAYS_OUT}: processes {ranks[pair[0]]} and {ranks[pair[1]]} hold different parameters or gradients, "
                "and the norm must be one over all parameters",
            )
        self.settled = entries[0].settles

    def _check_group(self, parts: Sequence[Bucket], params: Sequence[Tensor], norm: Tensor) -> None:
        """No process of the group may hold what another one holds, which would count twice; but what FSDP1 ignores."""
        ranks = dist.get_process_group_ranks(self._group)
        others = set(ranks) - {dist.get_rank()}
        for mesh in {part.mesh for part in parts if part.mesh is not None}:
            if others & set(mesh.mesh.flatten().tolist()):
                _refuse(
                    self.said, "a group without the other processes of a DTensor's mesh: it is summed over them anyway"
                )
        flat = any(map(is_flattened, params))
        own = [part for part in parts if part.flattened or not flat]
        held = [p for p in params if not flat or is_flattened(p)]
        entries = exchange(holdings(held, total_norm(own)), ranks, WAYS_OUT)
        pair = repeated(entries)
        if pair is not None:
            _refuse(
                self.said,
                f"a group that divides the parameters: its processes {ranks[pair[0]]} and {ranks[pair[1]]} hold the "
                "same ones, which would count twice",
            )
        whole = [p for p in params if flat and not is_flattened(p)]
        if whole:
            self._compare(whole, norm, ranks)
        else:
            self.settled = any(entry.settles for entry in entries)
