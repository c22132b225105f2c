"""One network trained by several processes on loopback, each way that torch divides it; run as a program by the tests.

`python -m tests.optim.processes FOLDER RANK WORLD` plays every scenario for that many processes and writes what became
of each to FOLDER/RANK.json.
"""

from __future__ import annotations

import copy
import io
import json
import math
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh

from pltheory.optim import DeltaGClip, GClip, GradientDescent, _replicas
from pltheory.theory import InvalidInputError

SETTINGS = {"lr": 0.5, "gamma": 0.3, "delta": 0.1}
MOMENTUM = {"momentum": 0.8, "nesterov": True, "weight_decay": 0.05}
BUFFER = {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1, "decoupled_weight_decay": True, "clip": "buffer"}
STEPS = 4
SECONDS = 240
"""For all scenarios of one number of processes; they take about 20."""

Scenario = Callable[[int], dict[str, Any]]
TWO: dict[str, Scenario] = {}
FOUR: dict[str, Scenario] = {}


def play(folder: Path, world: int) -> None:
    """Every scenario for this many processes."""
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    root = Path(__file__).parents[2]
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.optim.processes", str(folder), str(rank), str(world)],
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(world)
    ]
    end = time.monotonic() + SECONDS
    try:
        said = [process.communicate(timeout=max(1.0, end - time.monotonic()))[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0] * world, "\n".join(said)


def read(folder: Path, world: int) -> list[dict[str, Any]]:
    """What each process wrote, in their order."""
    return [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(world)]


# What is trained


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 10), nn.Tanh(), nn.Linear(10, 8), nn.Tanh(), nn.Linear(8, 3))


def data() -> tuple[Tensor, Tensor]:
    torch.manual_seed(5)
    return torch.randn(8, 6), torch.randn(8, 3)


def optimizer(params: Iterable[Any], **settings: Any) -> DeltaGClip:
    return DeltaGClip(params, **SETTINGS, **settings)


def train(model: nn.Module, opt: Any, rank: int | None = None, *, parts: int = 2, steps: int = STEPS) -> dict[str, Any]:
    """Full-batch steps; with a rank, on its part of the rows. Returns norm and step size of each."""
    x, y = data()
    if rank is not None:
        x, y = x.chunk(parts)[rank], y.chunk(parts)[rank]
    inner = getattr(opt, "optim", opt)
    norms, sizes = [], []
    for _ in range(steps):
        opt.zero_grad()
        (model(x) - y).square().mean().backward()
        opt.step()
        norms.append(float(inner.grad_norm))
        sizes.append([float(h) for h in inner.step_sizes])
    return {"norms": norms, "sizes": sizes}


def whole(params: Iterable[Any]) -> list[list[float]]:
    """Every entry of the parameters, which are gathered."""
    return [(p.full_tensor() if hasattr(p, "full_tensor") else p).detach().flatten().tolist() for p in params]


def alone(steps: int = STEPS, **settings: Any) -> dict[str, Any]:
    """The same by one process."""
    model = network()
    trace = train(model, optimizer(model.parameters(), norm_group="local", **settings), steps=steps)
    return {**trace, "weights": whole(model.parameters())}


def two(scenario: Scenario) -> Scenario:
    TWO[scenario.__name__] = scenario
    return scenario


def four(scenario: Scenario) -> Scenario:
    FOUR[scenario.__name__] = scenario
    return scenario


# Two processes


def mesh() -> Any:
    return init_device_mesh("cpu", (dist.get_world_size(),))


@two
def ddp(rank: int) -> dict[str, Any]:
    model = nn.parallel.DistributedDataParallel(network())
    return {**train(model, optimizer(model.parameters()), rank), "weights": whole(model.parameters())}


def _fsdp2(rank: int, **settings: Any) -> dict[str, Any]:
    from torch.distributed.fsdp import fully_shard

    model, over = network(), mesh()
    for layer in model[::2]:
        fully_shard(layer, mesh=over)
    fully_shard(model, mesh=over)
    return {**train(model, optimizer(model.parameters(), **settings), rank), "weights": whole(model.parameters())}


@two
def fsdp2(rank: int) -> dict[str, Any]:
    return _fsdp2(rank)


@two
def fsdp2_one_tensor_at_a_time(rank: int) -> dict[str, Any]:
    return _fsdp2(rank, foreach=False)


@two
def fsdp2_with_momentum(rank: int) -> dict[str, Any]:
    return _fsdp2(rank, **MOMENTUM)


@two
def fsdp2_with_the_buffer_clipped(rank: int) -> dict[str, Any]:
    return _fsdp2(rank, **BUFFER)


@two
def fsdp2_of_one_layer(rank: int) -> dict[str, Any]:
    """DTensors and plain tensors mixed, every process with all rows."""
    from torch.distributed.fsdp import fully_shard

    model = network()
    fully_shard(model[2], mesh=mesh())
    return {**train(model, optimizer(model.parameters())), "weights": whole(model.parameters())}


@two
def fsdp2_of_one_layer_and_plain_gradients_of_its_own(rank: int) -> dict[str, Any]:
    from torch.distributed.fsdp import fully_shard

    model = network()
    fully_shard(model[2], mesh=mesh())
    return train(model, optimizer(model.parameters()), rank)


@two
def tensor_parallel(rank: int) -> dict[str, Any]:
    """Two layers of three are divided, the third one is plain."""
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    model = network()
    parallelize_module(model, mesh(), {"0": ColwiseParallel(), "2": RowwiseParallel()})
    return {**train(model, optimizer(model.parameters())), "weights": whole(model.parameters())}


@two
def a_rank_without_rows(rank: int) -> dict[str, Any]:
    """FSDP2 gives the one row of this layer to the first process."""
    from torch.distributed.fsdp import fully_shard

    model = nn.Linear(3, 1)
    fully_shard(model, mesh=mesh())
    opt = optimizer(model.parameters())
    model(torch.ones(2, 3)).sum().backward()
    opt.step()
    return {"norms": [float(opt.grad_norm)]}


@two
def large_and_extreme(rank: int) -> dict[str, Any]:
    """Layers above the size that is summed in rows; gradients whose squares leave float32."""
    from torch.distributed.fsdp import fully_shard

    norms = []
    for scale in (1.0, 1e30, 1e-30):
        model = nn.Linear(300, 500)
        fully_shard(model, mesh=mesh())
        (model(torch.ones(1, 300)).sum() * scale).backward()
        opt = GradientDescent(model.parameters(), lr=1e-3)
        opt.step()
        norms.append(float(opt.grad_norm) / scale)
    return {"norms": norms}


@two
def half_precision(rank: int) -> dict[str, Any]:
    from torch.distributed.fsdp import fully_shard

    model = network().bfloat16()
    fully_shard(model, mesh=mesh())
    opt = optimizer(model.parameters())
    x, y = (t.chunk(2)[rank].bfloat16() for t in data())
    (model(x) - y).square().mean().backward()
    opt.step()
    return {"norms": [float(opt.grad_norm)]}


@two
def a_gradient_on_no_mesh(rank: int) -> dict[str, Any]:
    from torch.distributed.tensor import Shard, distribute_tensor

    p = nn.Parameter(distribute_tensor(torch.ones(4, 2), mesh(), [Shard(0)]))
    opt = optimizer([p])
    p.grad = torch.ones(4, 2)  # torch takes it
    opt.step()
    return {}


def _zero(params: Any, cls: Any = DeltaGClip, **settings: Any) -> Any:
    from torch.distributed.optim import ZeroRedundancyOptimizer

    return ZeroRedundancyOptimizer(params, optimizer_class=cls, **settings)


@two
def zero(rank: int) -> dict[str, Any]:
    return _zero_run(rank)


@two
def zero_with_the_buffer_clipped(rank: int) -> dict[str, Any]:
    return _zero_run(rank, **BUFFER)


def _zero_run(rank: int, **settings: Any) -> dict[str, Any]:
    model = nn.parallel.DistributedDataParallel(network())
    opt = _zero(model.parameters(), **SETTINGS, **settings)
    found = {**train(model, opt, rank), "weights": whole(model.parameters())}
    opt.consolidate_state_dict(to=0)
    if rank == 0:
        torch.save(opt.state_dict(), io.BytesIO())
    return found


@two
def zero_gclip(rank: int) -> dict[str, Any]:
    model, reference = nn.parallel.DistributedDataParallel(network()), network()
    opt = GClip(reference.parameters(), 0.5, 0.3, norm_group="local")
    trace = train(reference, opt)
    ours = train(model, _zero(model.parameters(), GClip, lr=0.5, gamma=0.3), rank)
    return {"pair": [ours["norms"], trace["norms"]]}


@two
def zero_whose_parts_are_alike(rank: int) -> dict[str, Any]:
    """Each process has one of two equal parameters with equal gradients."""
    params = [nn.Parameter(torch.ones(2)) for _ in range(2)]
    opt = _zero(params, **SETTINGS)
    sum(p.sum() for p in params).backward()  # type: ignore[union-attr]
    opt.step()
    return {"norms": [float(opt.optim.grad_norm)]}


@two
def zero_with_nothing_for_one_process(rank: int) -> dict[str, Any]:
    w = nn.Parameter(torch.tensor([3.0, 4.0]))
    opt = _zero([w], **SETTINGS)
    v = nn.Parameter(torch.tensor([12.0]))
    (w.square().sum() / 2).backward()
    opt.step()
    first = float(opt.optim.grad_norm)
    opt.add_param_group({"params": [v], "lr": 1.0})
    with torch.no_grad():
        w.copy_(torch.tensor([3.0, 4.0]))
    opt.zero_grad()
    ((w.square().sum() + v.square().sum()) / 2).backward()
    opt.step()
    return {"norms": [first, float(opt.optim.grad_norm)], "moved": 12.0 - v.item()}


def _fsdp1(rank: int, *, given: bool, **settings: Any) -> dict[str, Any]:
    from torch.distributed.fsdp import FullyShardedDataParallel

    model = FullyShardedDataParallel(network(), device_id=torch.device("cpu"), **settings)
    group = {"norm_group": model.process_group} if given else {}
    trace = train(model, optimizer(model.parameters(), **group), rank)
    with FullyShardedDataParallel.summon_full_params(model):
        flat = torch.cat([p.detach().flatten() for p in model.parameters()])
        count = sum(p.numel() for p in network().parameters())
        return {**trace, "flat": flat[:count].tolist()}


@two
def fsdp1_flat_and_unsaid(rank: int) -> dict[str, Any]:
    return _fsdp1(rank, given=False, use_orig_params=False)


@two
def fsdp1_original_and_unsaid(rank: int) -> dict[str, Any]:
    return _fsdp1(rank, given=False, use_orig_params=True)


@two
def fsdp1_flat(rank: int) -> dict[str, Any]:
    return _fsdp1(rank, given=True, use_orig_params=False)


@two
def fsdp1_original(rank: int) -> dict[str, Any]:
    return _fsdp1(rank, given=True, use_orig_params=True)


@two
def fsdp1_that_shards_nothing(rank: int) -> dict[str, Any]:
    from torch.distributed.fsdp import ShardingStrategy

    return _fsdp1(rank, given=True, use_orig_params=True, sharding_strategy=ShardingStrategy.NO_SHARD)


def _ignoring(rank: int | None) -> dict[str, Any]:
    from torch.distributed.fsdp import FullyShardedDataParallel

    inner = network()
    model = FullyShardedDataParallel(
        inner, device_id=torch.device("cpu"), use_orig_params=True, ignored_modules=[inner[4]]
    )
    return train(model, optimizer(model.parameters(), norm_group=model.process_group), rank)


@two
def fsdp1_that_ignores_a_layer(rank: int) -> dict[str, Any]:
    """Its gradients are the same everywhere, as all processes have all rows; they count once."""
    return _ignoring(None)


@two
def fsdp1_that_ignores_a_layer_nobody_averages(rank: int) -> dict[str, Any]:
    return _ignoring(rank)


def _slices(rank: int, **settings: Any) -> dict[str, Any]:
    """Sharding by hand: each process steps its own parameters and sends them to the others."""
    model = network()
    params = list(model.parameters())
    opt = optimizer(params[rank::2], **settings)
    trace: dict[str, Any] = {"norms": [], "sizes": []}
    for _ in range(STEPS):
        for key, found in train(model, opt, steps=1).items():
            trace[key] += found
        for i, p in enumerate(params):
            dist.broadcast(p.data, i % 2)
    return {**trace, "weights": whole(params)}


@two
def slices(rank: int) -> dict[str, Any]:
    return _slices(rank, norm_group=dist.group.WORLD)


@two
def slices_unsaid(rank: int) -> dict[str, Any]:
    return _slices(rank)


@two
def slices_of_equal_layers_unsaid(rank: int) -> dict[str, Any]:
    """As a transformer's layers start: copies of one. Their gradients tell them apart."""
    layer = nn.Linear(4, 4)
    model = nn.Sequential(layer, nn.Tanh(), copy.deepcopy(layer))
    opt = optimizer(model[2 * rank].parameters())
    model(torch.ones(1, 4)).sum().backward()
    opt.step()
    return {}


@two
def replicas_and_a_group(rank: int) -> dict[str, Any]:
    model = nn.parallel.DistributedDataParallel(network())
    return train(model, optimizer(model.parameters(), norm_group=dist.group.WORLD), rank)


@two
def a_group_beside_a_mesh(rank: int) -> dict[str, Any]:
    return _fsdp2(rank, norm_group=dist.group.WORLD)


@two
def gradients_nobody_averages(rank: int) -> dict[str, Any]:
    model = network()
    return train(model, optimizer(model.parameters()), rank)


@two
def a_model_for_each(rank: int) -> dict[str, Any]:
    model = network()
    return train(model, optimizer(model.parameters(), norm_group="local"), rank)


@two
def one_process_alone(rank: int) -> dict[str, Any]:
    """The other one takes no step; later both do."""
    _replicas._WAIT = timedelta(seconds=1)
    model = network()
    opt = optimizer(model.parameters())
    said = ""
    if rank == 0:
        try:
            train(model, opt)
        except InvalidInputError as error:
            said = str(error)
    dist.barrier()
    _replicas._WAIT = timedelta(seconds=60)
    return {**train(model, opt), "weights": whole(model.parameters()), "said": said}


@two
def a_first_step_without_gradient(rank: int) -> dict[str, Any]:
    """Nothing is known then; the step after is refused."""
    p = nn.Parameter(torch.ones(2))
    opt = optimizer([p])
    p.grad = torch.zeros(2)
    opt.step()
    p.grad = torch.ones(2) * (rank + 1)
    opt.step()
    return {}


@two
def parameters_added_later(rank: int) -> dict[str, Any]:
    p, q = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2) * rank)
    opt = optimizer([p])
    p.grad = torch.ones(2)
    opt.step()
    opt.add_param_group({"params": [q]})
    q.grad = torch.ones(2)
    opt.step()
    return {}


@two
def compiled_after_one_step(rank: int) -> dict[str, Any]:
    model = nn.parallel.DistributedDataParallel(network())
    opt = optimizer(model.parameters())
    first = train(model, opt, rank, steps=1)
    opt.step = torch.compile(opt.step, fullgraph=True, backend="eager")  # type: ignore[method-assign]
    rest = train(model, opt, rank, steps=STEPS - 1)
    return {**{key: first[key] + rest[key] for key in first}, "weights": whole(model.parameters())}


@two
def compiled_from_the_first_step(rank: int) -> dict[str, Any]:
    """What the processes hold is compared once, on the host."""
    model = nn.parallel.DistributedDataParallel(network())
    opt = optimizer(model.parameters())
    opt.step = torch.compile(opt.step, backend="eager")  # type: ignore[method-assign]
    return {**train(model, opt, rank), "weights": whole(model.parameters())}


@two
def compiled_over_a_group(rank: int) -> dict[str, Any]:
    model = network()
    params = list(model.parameters())
    opt = optimizer(params[rank::2], norm_group=dist.group.WORLD)
    first = train(model, opt, steps=1)
    opt.step = torch.compile(opt.step, fullgraph=True, backend="eager")  # type: ignore[method-assign]
    for p in params:
        p.grad = torch.ones_like(p)
    opt.step()
    return {"norms": [first["norms"][0], float(opt.grad_norm)]}


@two
def copies(rank: int) -> dict[str, Any]:
    """A copy keeps "local"; there is none with a process group."""
    p = nn.Parameter(torch.tensor([3.0, 4.0]) * (rank + 1))
    p.grad = p.detach().clone()
    again = copy.deepcopy(optimizer([p], norm_group="local"))
    again.param_groups[0]["params"][0].grad = p.grad
    again.step()
    return {"norms": [float(again.grad_norm) / (rank + 1)]}


@two
def copies_with_a_group(rank: int) -> dict[str, Any]:
    copy.deepcopy(optimizer([nn.Parameter(torch.ones(2))], norm_group=dist.group.WORLD))
    return {}


@two
def refused_before_anything_moves(rank: int) -> dict[str, Any]:
    model = network()
    try:
        train(model, optimizer(model.parameters()), rank)
    except InvalidInputError:
        return {"moved": whole(model.parameters()) != whole(network().parameters())}
    return {}


@two
def nan_everywhere(rank: int) -> dict[str, Any]:
    model = nn.parallel.DistributedDataParallel(network())
    opt = optimizer(model.parameters())
    (model(torch.full((1, 6), math.nan))).sum().backward()
    opt.step()
    return {"nan": math.isnan(float(opt.grad_norm))}


# Four processes


@four
def hsdp(rank: int) -> dict[str, Any]:
    from torch.distributed.fsdp import fully_shard

    model = network()
    fully_shard(model, mesh=init_device_mesh("cpu", (2, 2), mesh_dim_names=("replicas", "shards")))
    trace = train(model, optimizer(model.parameters()), rank, parts=4)
    return {**trace, "weights": whole(model.parameters())}


@four
def fsdp2_and_tensor_parallel(rank: int) -> dict[str, Any]:
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    model, both = network(), init_device_mesh("cpu", (2, 2), mesh_dim_names=("data", "tensor"))
    parallelize_module(model, both["tensor"], {"0": ColwiseParallel(), "2": RowwiseParallel()})
    for layer in model[::2]:
        fully_shard(layer, mesh=both["data"])
    trace = train(model, optimizer(model.parameters()), both["data"].get_local_rank())
    return {**trace, "weights": whole(model.parameters())}


@four
def tensor_parallel_in_replicas(rank: int) -> dict[str, Any]:
    """DTensors over half of the processes; the other half has the same."""
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    model, both = network(), init_device_mesh("cpu", (2, 2), mesh_dim_names=("data", "tensor"))
    parallelize_module(model, both["tensor"], {"0": ColwiseParallel(), "2": RowwiseParallel()})
    return {**train(model, optimizer(model.parameters())), "weights": whole(model.parameters())}


def _hybrid(rank: int, group: Callable[[Any], Any]) -> dict[str, Any]:
    from torch.distributed.fsdp import FullyShardedDataParallel, ShardingStrategy

    both = init_device_mesh("cpu", (2, 2), mesh_dim_names=("replicas", "shards"))
    model = FullyShardedDataParallel(
        network(),
        device_id=torch.device("cpu"),
        device_mesh=both,
        sharding_strategy=ShardingStrategy.HYBRID_SHARD,
        use_orig_params=True,
    )
    return train(model, optimizer(model.parameters(), norm_group=group(model)), rank, parts=4)


@four
def fsdp1_hybrid(rank: int) -> dict[str, Any]:
    return _hybrid(rank, lambda model: model.process_group)


@four
def fsdp1_hybrid_over_everything(rank: int) -> dict[str, Any]:
    return _hybrid(rank, lambda model: dist.group.WORLD)


def _pipeline(rank: int, *, given: bool, alike: bool = False) -> dict[str, Any]:
    """Two stages, each a layer of its own under FSDP2 over two processes."""
    from torch.distributed.fsdp import fully_shard

    both = init_device_mesh("cpu", (2, 2), mesh_dim_names=("stage", "data"))
    stage = both["stage"].get_local_rank()
    torch.manual_seed(0 if alike else stage)
    model = nn.Linear(3, 4)
    fully_shard(model, mesh=both["data"])
    opt = optimizer(model.parameters(), **({"norm_group": both["stage"].get_group()} if given else {}))
    model(torch.full((1, 3), 1.0 + stage)).sum().backward()
    opt.step()
    return {"norms": [float(opt.grad_norm)]}


@four
def pipeline_of_sharded_stages(rank: int) -> dict[str, Any]:
    return _pipeline(rank, given=True)


@four
def pipeline_unsaid(rank: int) -> dict[str, Any]:
    return _pipeline(rank, given=False)


@four
def pipeline_of_equal_stages_unsaid(rank: int) -> dict[str, Any]:
    return _pipeline(rank, given=False, alike=True)


@four
def zero_over_half_the_processes(rank: int) -> dict[str, Any]:
    """ZeRO within each of two replicas, all of which see all rows."""
    both = init_device_mesh("cpu", (2, 2), mesh_dim_names=("replicas", "shards"))
    model = network()
    opt = _zero(model.parameters(), process_group=both["shards"].get_group(), **SETTINGS)
    return {**train(model, opt), "weights": whole(model.parameters())}


def main(folder: Path, rank: int, world: int) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(str(folder / "store"), world)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=world, timeout=timedelta(seconds=60))
    found: dict[str, Any] = {}
    for name, scenario in (TWO if world == 2 else FOUR).items():
        try:
            found[name] = scenario(rank)
        except InvalidInputError as error:
            found[name] = {"refused": str(error)}
        except Exception:
            found[name] = {"defect": traceback.format_exc()}
        dist.barrier()
    (folder / f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
