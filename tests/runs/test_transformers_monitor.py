"""In the Trainer's loop the callback sees the norm before clipping, once a step, and leaves the Trainer as it was."""

from __future__ import annotations

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
    transformers = pytest.importorskip("transformers", reason="no transformers here: pip install transformers")
    pytest.importorskip("accelerate", reason="no accelerate here: pip install accelerate")
    from pltheory.runs.transformers_monitor import TransformersMonitor

pytestmark = pytest.mark.filterwarnings("ignore")

X = torch.randn(24, 3, generator=torch.Generator().manual_seed(0))
Y = torch.randn(24, 2, generator=torch.Generator().manual_seed(1))
DATA = [{"x": x, "y": y} for x, y in zip(X, Y, strict=True)]


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))

    def forward(self, x, y):
        return {"loss": (self.net(x) - y).square().sum()}


class Seen(transformers.TrainerCallback):
    """The norms that the Trainer itself logs, taken before it clips."""

    def __init__(self) -> None:
        self.norms: list[float] = []

    def on_log(self, args, state, control, logs=None, **given):
        if "grad_norm" in logs:
            self.norms.append(float(logs["grad_norm"]))


def trainer_of(folder, make, *, model=None, callbacks=(), **named):
    model = Model() if model is None else model
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), num_train_epochs=2, per_device_train_batch_size=4, logging_steps=1, report_to=[],
        save_strategy="no", use_cpu=True, disable_tqdm=True, remove_unused_columns=False, **named,
    )  # fmt: skip
    optimizer = make(model.parameters())
    schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)
    return transformers.Trainer(
        model, arguments, train_dataset=DATA, optimizers=(optimizer, schedule), callbacks=list(callbacks)
    )


def left_alone(trainer, optimizer):
    """Nothing of a monitor is on the trainer or the optimizer."""
    callbacks = [type(callback) for callback in trainer.callback_handler.callbacks]
    hooks = [*optimizer._optimizer_step_pre_hooks, *optimizer._optimizer_step_post_hooks]
    return "clip_grad_norm_" not in vars(trainer.accelerator) and TransformersMonitor not in callbacks and not hooks


def trained(folder, make, path=None, **named):
    seen = Seen()
    trainer = trainer_of(folder, make, callbacks=[seen], **named)
    optimizer = trainer.optimizer
    with TransformersMonitor(trainer, path) as watch:
        trainer.train()
        assert trainer.accelerator.clip_grad_norm_.__self__ is trainer.accelerator
    assert left_alone(trainer, optimizer)
    return watch.monitor, seen.norms


def sgd(params):
    return torch.optim.SGD(params, lr=0.01)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_norm_before_clipping_and_the_trainers_gamma(tmp_path, accumulation):
    path = tmp_path / "run.csv"
    monitor, norms = trained(tmp_path, sgd, path, max_grad_norm=2.0, gradient_accumulation_steps=accumulation)
    assert len(norms) == 12 // accumulation
    np.testing.assert_allclose(monitor.norms, norms, rtol=1e-6)
    found = monitor.audit()
    assert found.run_of is RunOf.GCLIP
    assert found.clipped == sum(n > 2 for n in norms) > 0
    assert read_log(path).audit().to_dict() == found.to_dict()


def test_without_clipping_there_is_no_gamma(tmp_path):
    monitor, norms = trained(tmp_path, sgd, max_grad_norm=0.0)
    np.testing.assert_allclose(monitor.norms, norms, rtol=1e-6)
    with pytest.raises(InvalidInputError, match="gamma: SGD has none"):
        monitor.audit()


def test_our_optimizer_says_its_own_norm_and_is_not_clipped_twice(tmp_path):
    def own(params):
        return pl.optim.DeltaGClip(params, lr=0.01, gamma=2.0, delta=0.5)

    monitor, norms = trained(tmp_path, own, max_grad_norm=0.0)
    np.testing.assert_allclose(monitor.norms, norms, rtol=1e-6)
    assert monitor.audit().off_rule == 0
    with pytest.raises(InvalidInputError, match="max_grad_norm = 1: the Trainer clips before DeltaGClip does; give 0"):
        trained(tmp_path, own)


class Breaks(Model):
    """Its third forward raises."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x, y):
        self.calls += 1
        if self.calls == 3:
            raise RuntimeError("the third batch")
        return super().forward(x, y)


def test_a_training_that_ends_in_an_exception_leaves_the_trainer_as_it_was(tmp_path):
    path = tmp_path / "run.csv"
    trainer = trainer_of(tmp_path, sgd, model=Breaks(), max_grad_norm=2.0)
    optimizer = trainer.optimizer
    with pytest.raises(RuntimeError, match="the third batch"), TransformersMonitor(trainer, path) as watch:
        trainer.train()
    assert left_alone(trainer, optimizer)
    assert len(watch.monitor.norms) == 2
    assert not path.exists()
    # Within the same block a second training begins anew, and is written.
    with TransformersMonitor(trainer, path) as watch:
        trainer.model.calls = 2
        with pytest.raises(RuntimeError, match="the third batch"):
            trainer.train()
        trainer.train()
    assert left_alone(trainer, optimizer)
    assert len(watch.monitor.norms) == read_log(path).audit().steps == 12


def test_a_wrapper_of_somebody_else_is_there_again_afterwards(tmp_path):
    trainer = trainer_of(tmp_path, sgd, max_grad_norm=2.0)
    own, calls = trainer.accelerator.clip_grad_norm_, []
    theirs = trainer.accelerator.clip_grad_norm_ = lambda *a, **k: calls.append(1) or own(*a, **k)
    with TransformersMonitor(trainer) as watch:
        trainer.train()
    assert trainer.accelerator.clip_grad_norm_ is theirs
    assert len(calls) == len(watch.monitor.norms) == 12


def test_outside_its_block_it_records_nothing(tmp_path):
    trainer = trainer_of(tmp_path, sgd)
    trainer.add_callback(TransformersMonitor(trainer))
    with pytest.raises(InvalidInputError, match="records inside `with`"):
        trainer.train()


def test_a_clipping_that_is_not_seen_is_refused(tmp_path):
    trainer = trainer_of(tmp_path, sgd, max_grad_norm=2.0)
    trainer._has_mixed_mesh_grads = lambda model: True  # as where some gradients are sharded
    with pytest.raises(InvalidInputError, match="the norm before is not known"), TransformersMonitor(trainer):
        trainer.train()


def test_a_wrong_option_is_refused_at_once(tmp_path):
    with pytest.raises(TypeError, match="evry"):
        TransformersMonitor(trainer_of(tmp_path, sgd), evry=2)
