"""The fine-tune runs from text and weights on disk, downloads nothing, and says in a line what is missing or wrong."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from experiments import pages
from experiments.__main__ import HERE, main
from experiments.bert import sentences as module
from experiments.bert.experiment import begun
from experiments.bert.model import Classifier, tokenizer_of, tokens
from experiments.bert.sentences import CUES, EMOTIONS, SPLITS, sentences

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    transformers = pytest.importorskip("transformers", reason="no transformers here: pip install transformers")

pytestmark = pytest.mark.filterwarnings("ignore")

SIZES = {"train": 60, "validation": 20, "test": 20}


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    """A connection to anywhere is a failure."""

    def refused(*arguments):
        raise AssertionError("something was asked of the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def invoke(tmp_path, text, *arguments):
    config = tmp_path / "mine.toml"
    config.write_text(text)
    return CliRunner().invoke(main, ["bert", "--config", str(config), "--out", str(tmp_path / "out"), *arguments])


def settings(tmp_path):
    """The settings of the fine-tune, with the files of `tmp_path`, few sentences and few steps."""
    text = (HERE / "bert" / "full.toml").read_text()
    for old, new in (
        ('"data/emotion"', f'"{tmp_path / "data"}"'),
        ('"data/distilbert-base-uncased"', f'"{tmp_path / "weights"}"'),
        ("train = 16000", "train = 60"),
        ("validation = 2000", "validation = 20"),
        ("test = 2000", "test = 20"),
        ("length = 300", "length = 16"),
        ('device = "cuda"', 'device = "cpu"'),
        ("batch = 32", "batch = 20"),
        ("steps = 50000", "steps = 6"),
        ("every = 500", "every = 3"),
        ("seeds = [0, 1, 2]", "seeds = [0, 1]"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def with_text(folder, write="parquet"):
    """Files of generated sentences, labelled by numbers in Parquet and by emotions in CSV."""
    folder.mkdir(exist_ok=True)
    for split, n in SIZES.items():
        part = sentences("generated", split, n)
        if write == "parquet":
            table = pd.DataFrame({"text": part.texts, "label": np.array(part.labels)})
            table.to_parquet(folder / f"{split}-00000-of-00001.parquet", index=False)
        else:
            emotions = [EMOTIONS[label] for label in part.labels]
            pd.DataFrame({"label": emotions, "text": part.texts}).to_csv(folder / f"{split}.csv", index=False)


def with_weights(folder, kind="DistilBert", *, whole=False, seed=5):
    """A network with random weights and the words of the sentences, as transformers writes both."""
    tokenizer = tokenizer_of({"network": "bert"}, sentences("generated", "train", 2000).texts)
    sizes = {"vocab_size": len(tokenizer), "max_position_embeddings": 20, "pad_token_id": tokenizer.pad_token_id}
    if kind == "DistilBert":
        config = transformers.DistilBertConfig(dim=8, n_layers=1, n_heads=2, hidden_dim=16, num_labels=6, **sizes)
    else:
        config = transformers.BertConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=6, **sizes
        )
    torch.manual_seed(seed)
    net = getattr(transformers, f"{kind}{'ForSequenceClassification' if whole else 'Model'}")(config)
    net.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return net


@pytest.mark.parametrize("kind", ["DistilBert", "Bert"])
def test_the_weights_are_those_of_the_folder_and_a_seed_draws_the_last_layers(tmp_path, kind):
    with_text(tmp_path / "data")
    stored = with_weights(tmp_path / "weights", kind).state_dict()
    group = {
        "data": "files", "path": str(tmp_path / "data"), **SIZES, "network": "folder", "length": 16,
        "weights": str(tmp_path / "weights"), "batch": 20, "steps": 1, "every": 1,
    }  # fmt: skip
    nets = [begun(group, seed)[0].inner for seed in (0, 1)]
    for net in nets:
        body = net.base_model.state_dict()
        assert set(body) == set(stored)
        assert all(torch.equal(body[name], stored[name]) for name in stored)
    assert not torch.equal(nets[0].classifier.weight, nets[1].classifier.weight)
    assert nets[0].classifier.weight.shape[0] == 6


@pytest.mark.parametrize("write", ["parquet", "csv"])
def test_a_fine_tune_from_files_goes_on_where_it_was_stopped(tmp_path, write):
    with_text(tmp_path / "data", write)
    with_weights(tmp_path / "weights")
    made = invoke(tmp_path, settings(tmp_path))
    assert made.exit_code == 0, made.output
    files = sorted((tmp_path / "out").iterdir())
    assert [f.stem for f in files] == sorted(
        f"distilbert-{name}-{seed}" for name in ("adamw", "adam", "sgd", "gclip", "delta-gclip") for seed in (0, 1)
    )
    runs = {f.stem: json.loads(f.read_text()) for f in files}
    assert all(run["steps"] == [0, 3, 6] and not run["diverged"] for run in runs.values())
    assert all(len(run["validation"]) == 3 for run in runs.values())
    assert runs["distilbert-delta-gclip-0"]["audit"]["steps"] == 6
    # One seed is one beginning, for every optimizer.
    assert len({runs[f"distilbert-{name}-0"]["train"][0] for name in ("adamw", "sgd", "gclip")}) == 1
    assert runs["distilbert-sgd-0"]["train"][0] != runs["distilbert-sgd-1"]["train"][0]
    times = [f.stat().st_mtime_ns for f in files]
    files[0].unlink()
    assert invoke(tmp_path, settings(tmp_path)).exit_code == 0
    assert [f.stat().st_mtime_ns for f in files[1:]] == times[1:]
    again = json.loads(files[0].read_text())
    np.testing.assert_allclose(again["train"], runs[files[0].stem]["train"], rtol=1e-4)


def without(*names):
    def change(tmp_path):
        for name in names:
            path = tmp_path / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def pickled(tmp_path):
    (tmp_path / "weights" / "model.safetensors").rename(tmp_path / "weights" / "pytorch_model.bin")


def damaged(name):
    return lambda tmp_path: (tmp_path / name).write_bytes(b"PAR1 no such file")


def other_weights(tmp_path):
    """Weights of a BERT under the configuration of a DistilBERT."""
    with_weights(tmp_path / "other", "Bert")
    shutil.copy(tmp_path / "other" / "model.safetensors", tmp_path / "weights")


def with_code(tmp_path):
    """A configuration that asks for code from its folder."""
    path = tmp_path / "weights" / "config.json"
    config = json.loads(path.read_text()) | {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config"}}
    path.write_text(json.dumps(config))
    (tmp_path / "weights" / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass\n")


def more_words(tmp_path):
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "weights")
    tokenizer.add_tokens(["anotherword"])
    tokenizer.save_pretrained(tmp_path / "weights")


def table(**changed):
    """The training file with other columns."""

    def change(tmp_path):
        path = tmp_path / "data" / "train-00000-of-00001.parquet"
        found = pd.read_parquet(path)
        for name, values in changed.items():
            if values is None:
                found = found.drop(columns=name)
            else:
                found[name] = [values if row == 7 else value for row, value in enumerate(found[name])]
        found.to_parquet(path, index=False)

    return change


def twice(tmp_path):
    with_text(tmp_path / "data", "csv")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (without("weights"), "no such folder; needed is one as save_pretrained of transformers writes it"),
        (without("weights/config.json"), "no config.json in it"),
        (without("weights/model.safetensors"), "no model.safetensors or model.safetensors.index.json in it"),
        (pickled, "pytorch_model.bin can carry code and is not read"),
        (without("weights/tokenizer.json"), "no tokenizer.json or vocab.txt in it"),
        (damaged("weights/model.safetensors"), "cannot be read"),
        (damaged("weights/config.json"), "cannot be read"),
        (other_weights, "arrays of a DistilBertForSequenceClassification are not in it, such as "),
        (with_code, "cannot be read"),
        (more_words, "tokens, the network"),
        (without("data"), "one of train.parquet, train-00000-of-00001.parquet, train.csv; there is none"),
        (without("data/validation-00000-of-00001.parquet"), "one of validation.parquet"),
        (twice, "there is train-00000-of-00001.parquet and train.csv"),
        (damaged("data/test-00000-of-00001.parquet"), "cannot be read"),
        (table(text=None), "has no column text"),
        (table(label=None), "has no column label"),
        (table(label=6), "label of row 7 (from 0) is '6'; allowed are 0 to 5, or sadness"),
        (table(text=" "), "text of row 7 (from 0) is ' '"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line_and_nothing_is_written(tmp_path, change, why):
    with_text(tmp_path / "data")
    with_weights(tmp_path / "weights")
    change(tmp_path)
    made = invoke(tmp_path, settings(tmp_path))
    assert made.exit_code == 2, made.output
    assert made.output.startswith("Error: bert: ")
    assert why in made.output
    assert made.output.count("\n") == 1
    assert not list((tmp_path / "out").iterdir())
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("length = 16", "length = 21", "length = 21: the network takes up to 20 tokens"),
        ("train = 60", "train = 61", "train = 61: allowed are 0 to 60"),
        ('network = "folder"', 'network = "gpt"', "network = 'gpt': allowed are bert, folder"),
        ('network = "folder"', 'network = "bert"', "network: width is missing"),
        ("length = 16", "", "length is missing"),
        ('data = "files"', 'data = "emotion"', "data = 'emotion': allowed are files, generated"),
        ("weights =", "weight =", "weights is missing"),
        ("batch = 20", "batch = 61", "batch = 61: allowed are 1 to 60"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path, old, new, why):
    with_text(tmp_path / "data")
    with_weights(tmp_path / "weights")
    text = settings(tmp_path)
    assert old in text
    made = invoke(tmp_path, text.replace(old, new))
    assert made.exit_code == 2, made.output
    assert why in made.output
    assert made.output.count("\n") == 1
    assert not list((tmp_path / "out").iterdir())


def test_a_classifier_of_other_labels_is_refused(tmp_path):
    with_text(tmp_path / "data")
    with_weights(tmp_path / "weights", "Bert", whole=True)
    path = tmp_path / "weights" / "model.safetensors"
    from safetensors.torch import load_file, save_file

    stored = load_file(path)
    stored["classifier.weight"], stored["classifier.bias"] = torch.zeros(3, 8), torch.zeros(3)
    save_file(stored, path, {"format": "pt"})
    made = invoke(tmp_path, settings(tmp_path))
    assert made.exit_code == 2, made.output
    assert "cannot be read" in made.output
    assert made.output.count("\n") == 1


def test_generated_sentences_are_of_the_emotion_that_is_not_denied_and_in_one_split():
    emotion = {word: i for i, words in enumerate(CUES) for word in words}
    parts = [module._generated(split) for split in SPLITS]
    for part in parts:
        for text, label in zip(part.texts, part.labels, strict=True):
            named = [word for word in text.split() if word in emotion]
            (denied,) = re.findall(r"not (\w+)", text)
            assert len(named) == 2
            assert [emotion[word] for word in named if word != denied] == [label]
        assert set(part.labels) == set(range(6))
    texts = [text for part in parts for text in part.texts]
    assert len(texts) == len(set(texts)) == 60_000


def test_padding_changes_nothing():
    part = sentences("generated", "train", 40)
    tokenizer = tokenizer_of({"network": "bert"}, part.texts)
    x = tokens(tokenizer, part.texts, 16)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=30, num_labels=6,
    )  # fmt: skip
    net = Classifier(transformers.BertForSequenceClassification(config).double(), tokenizer.pad_token_id).eval()
    wide = torch.nn.functional.pad(x, (0, 9), value=tokenizer.pad_token_id)
    with torch.no_grad():
        together = net(wide)
        alone = torch.cat([net(row[row != tokenizer.pad_token_id][None]) for row in x])
        masked = net.inner(input_ids=wide, attention_mask=(wide != tokenizer.pad_token_id).long()).logits
    torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(together, masked, rtol=1e-9, atol=1e-10)


def test_a_word_that_training_has_not_is_one_token_of_its_own_kind():
    tokenizer = tokenizer_of({"network": "bert"}, ["i feel glad", "i feel gloomy"])
    x = tokens(tokenizer, ["I FEEL glad", "i feel otherwise"], 16)
    assert x.shape == (2, 5)
    assert x[0, 1:3].tolist() == x[1, 1:3].tolist()
    assert x[1, 3] == tokenizer.unk_token_id
    assert tokens(tokenizer, ["i feel glad " * 9], 6).shape == (1, 6)
    assert len(tokens(tokenizer, [], 6)) == 0


def test_without_transformers_it_says_what_is_needed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    made = invoke(tmp_path, (HERE / "bert" / "smoke.toml").read_text())
    assert made.exit_code == 2
    assert made.output == "Error: bert: needed is the package transformers (extra experiments)\n"


def test_the_page_says_what_was_run(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "DOCS", tmp_path / "docs")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    made = invoke(tmp_path, (HERE / "bert" / "smoke.toml").read_text(), "--page")
    assert made.exit_code == 0, made.output
    page = (tmp_path / "docs" / "bert.md").read_text()
    assert "10 runs, 0 diverged" in page
    assert "say nothing about the paper's figure" in page
    assert "## What was not run" in page
    with_text(tmp_path / "data")
    with_weights(tmp_path / "weights")
    made = invoke(tmp_path, settings(tmp_path), "--page")
    assert made.exit_code == 0, made.output
    page = (tmp_path / "docs" / "bert.md").read_text()
    assert "the weights of `weights`" in page
    assert "generated" not in page.partition("## What we ran")[2]
    assert "What was not run" not in page
    assert "@" not in page
