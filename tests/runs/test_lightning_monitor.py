"""In Lightning's own loop the callback sees the norm before clipping, once a step, and ends with a log."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import pltheory as pl
from pltheory.runs.audit import RunOf
from pltheory.runs.norm_log import read_log
from pltheory.theory import InvalidInputError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    lightning = pytest.importorskip("pytorch_lightning", reason="no Lightning here: pip install pytorch-lightning")
    from pltheory.runs.lightning_monitor import LightningMonitor

pytestmark = pytest.mark.filterwarnings("ignore")

X = torch.randn(24, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.randn(24, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


class Module(lightning.LightningModule):
    """Its norms as its own hook sees them, before the Trainer clips."""

    def __init__(self, make, *, manual: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
        self.make, self.norms = make, []
        self.automatic_optimization = not manual

    def training_step(self, batch, index):
        x, y = batch
        loss = (self.net(x) - y).square().sum()
        if self.automatic_optimization:
            return loss
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()
        return None

    def on_before_optimizer_step(self, optimizer):
        self.norms.append(math.sqrt(math.fsum(float(v) ** 2 for p in self.parameters() for v in p.grad.flatten())))

    def configure_optimizers(self):
        return self.make(self.parameters())


def fit(module, folder, *callbacks, **named):
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=4)
    lightning.Trainer(
        max_epochs=2, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=folder, callbacks=list(callbacks), **named,
    ).fit(module, data)  # fmt: skip


def sgd(params):
    return torch.optim.SGD(params, lr=0.01)


def test_the_norm_before_clipping_and_the_trainers_gamma(tmp_path):
    module, watch = Module(sgd), LightningMonitor(tmp_path / "run.csv")
    fit(module, tmp_path, watch, gradient_clip_val=2.0)
    assert len(module.norms) == 12
    np.testing.assert_allclose(watch.monitor.norms, module.norms, rtol=1e-12)
    found = watch.monitor.audit()
    assert found.run_of is RunOf.GCLIP
    assert found.clipped == sum(n > 2 for n in module.norms) > 0
    assert read_log(tmp_path / "run.csv").audit().to_dict() == found.to_dict()


@pytest.mark.parametrize("manual", [False, True])
def test_without_clipping_with_accumulation_and_by_hand(tmp_path, manual):
    module, watch = (
        Module(sgd, manual=manual),
        LightningMonitor(every=2, probe=pl.Problem(Module(sgd).net, X[:2], Y[:2])),
    )
    fit(module, tmp_path, watch, **({} if manual else {"accumulate_grad_batches": 2}))
    assert len(module.norms) == (12 if manual else 6)
    np.testing.assert_allclose(watch.monitor.norms, module.norms, rtol=1e-12)
    assert sorted(watch.monitor.measured) == list(range(0, len(module.norms), 2))
    with pytest.raises(InvalidInputError, match="gamma: SGD has none"):
        watch.monitor.audit()


def test_our_optimizer_says_its_own_norm_and_is_not_clipped_twice(tmp_path):
    def own(params):
        return pl.optim.DeltaGClip(params, lr=0.01, gamma=2.0, delta=0.5)

    module, watch = Module(own), LightningMonitor()
    fit(module, tmp_path, watch)
    np.testing.assert_allclose(watch.monitor.norms, module.norms, rtol=1e-12)
    assert watch.monitor.audit().off_rule == 0
    with pytest.raises(InvalidInputError, match="gradient_clip_val = 1: the Trainer clips before DeltaGClip does"):
        fit(Module(own), tmp_path, LightningMonitor(), gradient_clip_val=1.0)


def test_what_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="optimizer = 1: the module has 1"):
        fit(Module(sgd), tmp_path, LightningMonitor(optimizer=1))
    with pytest.raises(InvalidInputError, match="gradient_clip_algorithm"):
        fit(Module(sgd), tmp_path, LightningMonitor(), gradient_clip_val=1.0, gradient_clip_algorithm="value")
