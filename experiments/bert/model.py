"""The network and its tokenizer: from a folder, or a small BERT with random weights and words of its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pltheory.theory import InvalidInputError

from .sentences import EMOTIONS

NAMES = ("bert", "folder")
NEEDED = (
    ("config.json",),
    ("model.safetensors", "model.safetensors.index.json"),
    ("tokenizer.json", "vocab.txt"),
)
"""What a folder of weights has to hold, one of each line."""


class Classifier(nn.Module):
    """A classifier of transformers that takes numbers of tokens alone."""

    def __init__(self, inner: nn.Module, padding: int) -> None:
        super().__init__()
        self.inner, self.padding = inner, padding

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes) of tokens (n, length), whose padding stands on the right."""
        real = x != self.padding
        # No sentence is attended to beyond its own end: columns in which all have ended cost time and change nothing.
        used = int(real.sum(dim=1).max())
        return self.inner(input_ids=x[:, :used], attention_mask=real[:, :used].long()).logits


def tokenizer_of(group: Mapping[str, Any], texts: Sequence[str]) -> Any:
    """The tokenizer of a group of settings.

    Args:
        group: `network`: "folder", the tokenizer of the folder `weights`; or "bert", one token a word of the texts.
        texts: of training.

    Raises:
        InvalidInputError: transformers is missing, there is no such network, a file is missing or cannot be read.
    """
    _require_transformers()
    match group["network"]:
        case "bert":
            found = _of_words(texts)
        case "folder":
            found = _loaded(group, "AutoTokenizer")
        case other:
            raise InvalidInputError(f"network = {other!r}: allowed are {', '.join(NAMES)}")
    if found.pad_token_id is None:
        raise InvalidInputError(f"weights = {group['weights']!r}: its tokenizer has no token for padding")
    found.padding_side = "right"
    return found


def tokens(tokenizer: Any, texts: Sequence[str], length: int) -> Tensor:
    """Numbers of the tokens (n, L), L at most `length`, cut and padded on the right."""
    if not texts:
        return torch.zeros(0, 1, dtype=torch.long)
    return tokenizer(list(texts), padding=True, truncation=True, max_length=length, return_tensors="pt")["input_ids"]


def classifier(group: Mapping[str, Any], tokenizer: Any, seed: int) -> Classifier:
    """The network of a group of settings, with six outputs.

    Args:
        group: `network`: "folder", with `weights`, a folder as `save_pretrained` of transformers writes it; or "bert",
            with `width`, `depth` and `heads`, all weights random. `length`, the most tokens of a sentence.
        tokenizer: of the same settings.
        seed: of random weights: all, or those of the last layers that a folder has not.

    Raises:
        InvalidInputError: a number is missing; weights that are no safetensors, of a kind that needs code of its own,
            not all of one network, or not of this tokenizer.
    """
    torch.manual_seed(seed)
    try:
        inner = _small(group, tokenizer) if group["network"] == "bert" else _of_folder(group)
    except KeyError as error:
        raise InvalidInputError(f"network: {error.args[0]} is missing") from None
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"network: {str(error).splitlines()[0]}") from None
    there, most = inner.config.vocab_size, getattr(inner.config, "max_position_embeddings", group["length"])
    if len(tokenizer) > there:
        raise InvalidInputError(f"weights: the tokenizer has {len(tokenizer)} tokens, the network {there}")
    if group["length"] > most:
        raise InvalidInputError(f"length = {group['length']}: the network takes up to {most} tokens")
    return Classifier(inner, tokenizer.pad_token_id)


def require_folder(group: Mapping[str, Any]) -> Path:
    """The folder of the weights, where it holds what is needed.

    Raises:
        InvalidInputError: it does not, and which file is missing.
    """
    if "weights" not in group:
        raise InvalidInputError("network = 'folder': weights is missing, a folder with config, weights and tokenizer")
    folder = Path(group["weights"]).expanduser()
    if not folder.is_dir():
        raise InvalidInputError(
            f"weights = {str(folder)!r}: no such folder; needed is one as save_pretrained of transformers writes it, "
            f"with {', '.join(names[0] for names in NEEDED)}; nothing is downloaded"
        )
    for names in NEEDED:
        if not any((folder / name).is_file() for name in names):
            pickled = names[0] == "model.safetensors" and (folder / "pytorch_model.bin").is_file()
            also = "; pytorch_model.bin can carry code and is not read" if pickled else ""
            raise InvalidInputError(f"weights = {str(folder)!r}: no {' or '.join(names)} in it{also}")
    return folder


def _require_transformers() -> None:
    try:
        import transformers  # noqa: F401
    except ImportError:
        raise InvalidInputError("needed is the package transformers (extra experiments)") from None


def _loaded(group: Mapping[str, Any], kind: str, **options: Any) -> Any:
    """What a class of transformers reads of the folder, and of nothing else."""
    import transformers

    folder = require_folder(group)
    shown = transformers.utils.logging
    verbosity = shown.get_verbosity()
    shown.set_verbosity_error()
    shown.disable_progress_bar()
    try:
        loader = getattr(transformers, kind)
        return loader.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)
    except Exception as error:  # the parsers of three packages raise what they like, safetensors' own is an Exception
        said = str(error).strip().splitlines()
        raise InvalidInputError(
            f"weights = {str(folder)!r}: cannot be read: {said[0] if said else type(error).__name__}"
        ) from None
    finally:
        shown.set_verbosity(verbosity)


def _of_folder(group: Mapping[str, Any]) -> Any:
    found, told = _loaded(
        group,
        "AutoModelForSequenceClassification",
        num_labels=len(EMOTIONS),
        use_safetensors=True,
        output_loading_info=True,
    )
    # A layer that is not in the folder is drawn at random: the last ones have to be, the others must not.
    last = [name for name in found.state_dict() if not name.startswith(f"{found.base_model_prefix}.")]
    inside = [name for name in told["missing_keys"] if name not in last]
    if inside:
        raise InvalidInputError(
            f"weights = {group['weights']!r}: {len(inside)} arrays of a {type(found).__name__} are not in it, such as "
            f"{min(inside)}"
        )
    return found.float()


def _small(group: Mapping[str, Any], tokenizer: Any) -> Any:
    from transformers import BertConfig, BertForSequenceClassification

    return BertForSequenceClassification(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=group["width"],
            num_hidden_layers=group["depth"],
            num_attention_heads=group["heads"],
            intermediate_size=4 * group["width"],
            max_position_embeddings=group["length"],
            initializer_range=group["width"] ** -0.5,
            num_labels=len(EMOTIONS),
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _of_words(texts: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=list(special.values())))
    ends = [(token, words.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    words.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=words, **special)
