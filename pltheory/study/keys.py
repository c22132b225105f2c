"""What the keys of a configuration mean: a line and an example each, for schema, page and a first configuration.

Types, ranges and defaults are the models'; what stands here is what a model cannot say of itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..nets.activations import names as activations
from ..optim.registry import RULES
from ..optim.registry import names as rules
from ..optim.schedule import SCHEDULES
from ..problem.data import NAMES
from ..problem.loss import KINDS as LOSSES
from ..theorems.guard import ids
from ..theorems.ladder import ALL, BEST

Schema = dict[str, Any]
WHOLE: Schema = {"type": "integer", "minimum": 1, "maximum": 10**9}
PER_STAGE: Schema = {"anyOf": [WHOLE, {"type": "array", "items": WHOLE, "minItems": 1}]}


class Key(NamedTuple):
    """One key.

    Attributes:
        says: what it is, in a line.
        example: a value, as TOML.
        allowed: what JSON Schema can say of its values beside the model, looked up when it is asked for: names that
            packages add, and values that the model reads itself.
    """

    says: str
    example: str
    allowed: Callable[[], Schema] | None = None


def _names(found: Callable[[], list[str]]) -> Callable[[], Schema]:
    return lambda: {"enum": found()}


def _schedules() -> Schema:
    name = {"enum": list(SCHEDULES)}
    section = {"type": "object", "properties": {"name": name}, "required": ["name"]}
    return {"anyOf": [name, section]}


KEYS: dict[str, Key] = {
    "level": Key("what exit code 0 asks for: certified counts round-off, holds leaves it out", '"certified"'),
    "loss": Key("the square loss in that reduction, or a section [loss]", '"sum"'),
    "loss.name": Key("the loss", '"cross-entropy"', _names(lambda: list(LOSSES))),
    "loss.reduction": Key("sum or mean over the samples", '"mean"'),
    "loss.weights": Key("of the weighted square loss, one a sample", "[1.0, 0.5]"),
    "network.architecture": Key("which network of this project", '"fully-connected"'),
    "network.hidden": Key("widths of the hidden layers, from the input on", "[4096]"),
    "network.channels": Key("channels of each stage", "[8, 16]"),
    "network.kernel": Key("side of the convolutions' window, odd", "3"),
    "network.stride": Key("stride, one number or one for each stage", "2", lambda: PER_STAGE),
    "network.pooling": Key("what stands before the last layer", '"global"'),
    "network.normalisation": Key("what stands behind each convolution: nothing, or eval-mode batch norm", '"batch"'),
    "network.statistics": Key("of batch norm: measured at the data, or mean 0 and variance 1", '"data"'),
    "network.blocks": Key(
        "residual blocks, one number or one for each stage",
        "2",
        lambda: {"anyOf": [zero := {**WHOLE, "minimum": 0}, {"type": "array", "items": zero, "minItems": 1}]},
    ),
    "network.convs_per_block": Key("convolutions in each residual block", "2"),
    "network.activation": Key("the activation of every hidden layer", '"gelu"', _names(activations)),
    "network.parametrization": Key(
        "how layers are scaled: ntk divides by sqrt(inputs), standard is W a + b as in torch", '"standard"'
    ),
    "network.bias": Key("whether affine maps have a bias", "true"),
    "network.output_init": Key("how the last layer is drawn; rademacher: +1 and -1", '"rademacher"'),
    "network.checkpoint": Key("a file of weights, torch or safetensors, that the network starts at", '"weights.pt"'),
    "network.checkpoint_key": Key("keys down to the weights, where the file holds more than one set", '["ema"]'),
    "network.checkpoint_names": Key(
        "the file's modules in the order of use, where their names do not say it", '["fc1", "fc2", "out"]'
    ),
    "network.module": Key("code of your own: a file and the function that returns the network", '"model.py:make"'),
    "network.arguments": Key("keywords that the function is called with", "{width = 64}"),
    "network.sha256": Key("of the module's file; one that has another is not run", f'"{64 * "0"}"'),
    "data.source": Key(f"{', '.join(NAMES)}, or a path to a file: `pltheory datasets`", '"digits"'),
    "data.n": Key("how many samples, from the first on", "10"),
    "data.d": Key("of the sphere: inputs of a sample", "50"),
    "data.outputs": Key("of the sphere: numbers of a target", "1"),
    "data.labels": Key("how targets are made: low-high, one-hot, centred-one-hot, raw; sign or gaussian", '"one-hot"'),
    "data.scale": Key("norm of each sample: sqrt-d, unit, none or a number", '"unit"'),
    "data.center": Key("whether the mean of the whole source is subtracted", "false"),
    "data.split": Key("of Fashion-MNIST: train or test", '"test"'),
    "data.path": Key("of Fashion-MNIST: the folder with its files", '"fashion"'),
    "data.header": Key("of a table: whether its first line names the columns", "true"),
    "data.label": Key("of a table: the label's column, a name or a number from 1", '"class"'),
    "data.index": Key("of a table: the column that numbers the rows and is left out", "false"),
    "data.target_columns": Key("of a table: how many last columns are targets", "2"),
    "data.delimiter": Key("of a table of text: what separates its cells", '";"'),
    "data.decimal": Key("of a table of text: the decimal sign", '","'),
    "data.label_file": Key("of IDX files: the file with the labels", '"labels.idx1-ubyte"'),
    "data.shape": Key(
        "of a sample as the network takes it: flat, or channels, height, width",
        "[1, 8, 8]",
        lambda: {"anyOf": [{"const": "flat"}, {"type": "array", "items": WHOLE, "minItems": 1}]},
    ),
    "optimizer.name": Key("the step rule", '"gd"', _names(rules)),
    "optimizer.eta": Key("the step size, a number or a multiple of 1/beta", '"0.1/beta"'),
    "optimizer.momentum": Key("share of the buffer that is kept, in [0, 1)", "0.9"),
    "optimizer.nesterov": Key("whether momentum is Nesterov's", "true"),
    "optimizer.clip": Key("with momentum: what is clipped, the gradient or the buffer", '"buffer"'),
    "optimizer.schedule": Key("factors of eta along the run", '"cosine"', _schedules),
    "optimizer.weight_decay": Key("share lambda of the weights that is added to the gradient", "1e-4"),
    "optimizer.decoupled_weight_decay": Key("whether decay acts on the weights beside the step, as in AdamW", "true"),
    "theorem.name": Key(
        "an id of the ladder; best: the strongest that applies; all", '"B"', _names(lambda: [*ids(), ALL, BEST])
    ),
    "theorem.options": Key("of a theorem that has some, its own settings", "{}"),
    "run.steps": Key("most steps of the run; `check` makes none", "2000"),
    "run.batch": Key("samples that a step sees; all of them where it is not given", "5"),
    "run.order": Key("of the batches", '"shuffle"'),
    "run.batch_until": Key("steps after this one see all samples", "100"),
    "run.workers": Key("workers that each take local steps, then average their weights", "2"),
    "run.passes": Key("with workers: passes through their part between two averages", "1"),
    "run.target": Key("the run has converged when the loss is this share of its start", "1e-12"),
    "run.seed": Key("of the initialisation and of all that is drawn", "0"),
    "run.device": Key("where it is computed: auto, cpu, cuda or cuda:0", '"cpu"'),
    "run.dtype": Key("precision of the run", '"float64"'),
    "sweep": Key("what a study varies, as lists or ranges: `pltheory sweep --help`", "{width = [64, 256]}"),
}  # fmt: skip
"""By dotted key. A number of a step rule is described by `key`, so that a rule stays one file."""


def key(dotted: str) -> Key:
    """What a key means.

    Raises:
        KeyError: nobody has said it.
    """
    section, _, name = dotted.partition(".")
    owners = [rule.name for rule in RULES.values() if name in rule.keys]
    if section == "optimizer" and owners and dotted not in KEYS:
        return Key(f"a number of {' and '.join(owners)}", "0.5")
    return KEYS[dotted]
