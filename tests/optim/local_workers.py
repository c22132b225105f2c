"""Workers of local clipping as processes on loopback: what each of them does in the tests, and how they are started."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing import start_processes

from pltheory.optim import GClip, LocalClipping
from pltheory.theory import PltheoryError

SECONDS = 120
"""For all that a number of processes does; they take about 5."""
STEPS = 9
RULES = {
    "the paper's": {"lr": 0.3, "gamma": 0.5, "interval": 2},
    "with a floor": {"lr": 0.3, "gamma": 1.0, "delta": 0.4, "interval": 3},
    "averaged at once": {"lr": 0.3, "gamma": 0.5, "interval": 1},
    "with momentum": {"lr": 0.1, "gamma": 0.5, "interval": 2, "momentum": 0.7, "weight_decay": 0.05},
    "without clipping": {"lr": 0.1, "gamma": float("inf"), "interval": 4},
}
RESUMED_AT = 4
"""Within a round of three."""


def play(work, world, folder):
    """`work(rank, world, folder)` in so many processes; the store is this process's, so that any of them may go."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "torch._dynamo", "pltheory.runs.local"])
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    running = start_processes(
        _begun, (work, world, str(folder), store.port), world, join=False, start_method="forkserver"
    )
    end = time.monotonic() + SECONDS
    while not running.join(timeout=1.0):
        if time.monotonic() > end:
            for process in running.processes:
                process.kill()
            raise AssertionError(f"workers took more than {SECONDS} s")
    return [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]


def _begun(rank, work, world, folder, port):
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    store = dist.TCPStore("127.0.0.1", port, is_master=False)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=world, timeout=timedelta(seconds=30))
    found = work(rank, world)
    (Path(folder) / f"{rank}.json").write_text(json.dumps(found))
    dist.destroy_process_group()


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()


def batch(rank, step):
    """Of a worker's own, other in every step; its targets are large, so that gradients are clipped and not."""
    draw = torch.Generator().manual_seed(1000 * rank + step)
    x = torch.randn(4, 3, generator=draw, dtype=torch.float64)
    return x, (1 + step % 3) * torch.randn(4, 2, generator=draw, dtype=torch.float64)


def train(net, opt, rank, steps):
    """Weights after every step, with the step size."""
    found = []
    for step in steps:
        x, y = batch(rank, step)
        opt.zero_grad()
        (net(x) - y).square().mean().backward()
        opt.step()
        found.append([float(opt.step_size), flat(net)])
    return found


def flat(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()]).tolist()


def exact(rank, world):
    """Every rule, and a run that is stopped within a round and goes on from its checkpoint."""
    found = {}
    for name, rule in RULES.items():
        net = network()
        opt = LocalClipping(net.parameters(), **rule)
        found[name] = train(net, opt, rank, range(STEPS))
        found[f"{name}: counts"] = [opt.workers, opt.steps, opt.averages, opt.sent]
    rule = RULES["with a floor"]
    net = network()
    opt = LocalClipping(net.parameters(), **rule)
    train(net, opt, rank, range(RESUMED_AT))
    kept = net.state_dict(), opt.state_dict()
    net = network(1)
    opt = LocalClipping(net.parameters(), lr=1.0, gamma=1.0)
    net.load_state_dict(kept[0])
    opt.load_state_dict(kept[1])
    found["resumed"] = train(net, opt, rank, range(RESUMED_AT, STEPS))
    found["resumed: counts"] = [opt.workers, opt.steps, opt.averages, opt.sent]
    return found


def apart(rank, world):
    """Workers that do not belong together."""
    found = {}

    def refused(name, net, opt):
        try:
            train(net, opt, rank, range(2))
        except PltheoryError as error:
            found[name] = [str(error), opt.averages, flat(net)]

    def made(net, **rule):
        return LocalClipping(net.parameters(), **{"lr": 0.1, "gamma": 1.0, "interval": 2, **rule})

    net = network()
    refused("interval", net, made(net, interval=1 + rank))
    net = network(rank)
    refused("start", net, made(net))
    net = nn.Sequential(nn.Linear(3, 2 + rank), nn.Linear(2 + rank, 2)).double()
    refused("shapes", net, made(net))
    net = network()
    opt = made(net)
    if rank:
        opt.load_state_dict({**opt.state_dict(), "param_groups": [{**opt.state_dict()["param_groups"][0], "steps": 2}]})
    refused("steps", net, opt)
    return found


def lost(rank, world):
    """The last worker goes within the second round."""
    net = network()
    opt = LocalClipping(net.parameters(), lr=0.1, gamma=1.0, interval=2, timeout=5.0)
    dist.barrier()
    kept = train(net, opt, rank, range(3))
    if rank == world - 1:
        os._exit(0)
    started = time.monotonic()
    try:
        train(net, opt, rank, range(3, 6))
    except PltheoryError as error:
        said = [type(error).__name__, str(error)]
    left = flat(net)
    try:
        train(net, opt, rank, range(4, 6))
    except PltheoryError as error:
        said.append(str(error))
    x, y = batch(rank, 3)
    again = network()
    with torch.no_grad():
        nn.utils.vector_to_parameters(torch.tensor(kept[-1][1], dtype=torch.float64), again.parameters())
    own = GClip(again.parameters(), 0.1, 1.0, norm_group="local")
    (again(x) - y).square().mean().backward()
    own.step()
    return {
        "said": said,
        "seconds": time.monotonic() - started,
        "left": left,
        "own": flat(again),
        "averages": opt.averages,
    }
