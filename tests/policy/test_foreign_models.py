"""Models of strangers: nothing in their folders is run, and no size that a file claims is believed."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFEndian, GGUFReader, GGUFWriter
from safetensors.torch import load_file, save_file

from raiden.core.errors import ConfigError
from raiden.planning.model import read_model
from raiden.policy import PolicyConfig, load_policy, load_tokenizer
from raiden.policy.gguf_reading import refuse_broken_header


@pytest.fixture
def folder(tiny_folder, tmp_path) -> Path:
    """A copy of the tiny model, to be changed."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


@pytest.fixture
def marker(tmp_path) -> Path:
    return tmp_path / "it_ran"


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_code_in_a_model_folder_is_not_run_and_nobody_is_asked(folder, marker, monkeypatch):
    (folder / "code.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n")
    edit(folder / "config.json", model_type="made_up", auto_map={
        "AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model",
    })  # fmt: skip
    edit(folder / "tokenizer_config.json", tokenizer_class="MadeUp", auto_map={"AutoTokenizer": [None, "code.Fast"]})
    monkeypatch.setattr("builtins.input", lambda *asked: "y")
    for read in (
        lambda: load_policy(PolicyConfig(str(folder)), with_reference=False),
        lambda: load_tokenizer(str(folder)),
        lambda: read_model(PolicyConfig(str(folder)), None),
    ):
        with pytest.raises(ConfigError, match=r"cannot be loaded|trust_remote_code|made_up"):
            read()
    assert not marker.exists()


class Runs:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.folder,)


def test_weights_as_a_pickle_are_read_as_tensors_alone(folder, marker):
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert load_policy(PolicyConfig(str(folder)), with_reference=False).model.num_parameters() > 0
    torch.save({**weights, "more": Runs(marker)}, folder / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"`model\.policy\.path`: .* cannot be loaded"):
        load_policy(PolicyConfig(str(folder)), with_reference=False)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "size"), [("num_hidden_layers", 10**9), ("vocab_size", 10**8), ("num_attention_heads", 10**6)]
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_config_that_asks_for_an_absurd_size_is_refused_before_anything_is_made(folder, name, size, nested):
    edit(folder / "config.json", **({"text_config": {name: size}} if nested else {name: size}))
    words = rf"`model\.policy\.path`: the config\.json of .* asks for `{name}` {size:,}, and at most .* are made; take"
    for read in (
        lambda: load_policy(PolicyConfig(str(folder)), with_reference=False),
        lambda: read_model(PolicyConfig(str(folder)), None),
    ):
        with pytest.raises(ConfigError, match=words):
            read()


@pytest.mark.parametrize("removed", ["model.layers.1.mlp.down_proj.weight", "model.norm.weight"])
def test_a_weight_that_is_missing_is_not_made_up(folder, removed):
    weights = load_file(folder / "model.safetensors")
    del weights[removed]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigError, match=rf"lacks 1 of the weights that its config asks for, the first: {removed}"):
        load_policy(PolicyConfig(str(folder)), with_reference=False)


def test_a_layer_more_than_there_are_weights_for_is_not_made_up(folder):
    edit(folder / "config.json", num_hidden_layers=3, layer_types=["full_attention"] * 3)
    with pytest.raises(ConfigError, match=r"lacks 12 of the weights .* the first: model\.layers\.2\.input_layernorm"):
        load_policy(PolicyConfig(str(folder)), with_reference=False)


@pytest.mark.parametrize(
    ("name", "size"), [("tokenizer.json", 2**28), ("config.json", 2**24), ("model.safetensors.index.json", 2**24)]
)
def test_a_file_of_absurd_size_is_refused_before_it_is_read(folder, name, size):
    (folder / name).touch()
    os.truncate(folder / name, size + 1)  # a hole: it takes no room on the disk
    with pytest.raises(ConfigError, match=rf"{name}: has {size + 1:,} bytes, and at most {size:,} are read"):
        load_tokenizer(str(folder))


def test_a_template_file_of_absurd_size_is_refused(folder, tmp_path):
    (tmp_path / "a.jinja").touch()
    os.truncate(tmp_path / "a.jinja", 2**24 + 1)
    with pytest.raises(ConfigError, match=r"a.jinja: has 16,777,217 bytes"):
        load_tokenizer(str(folder), str(tmp_path / "a.jinja"))


# GGUF


def header(*parts: object, tensors: int = 0, values: int = 1) -> bytes:
    """A header with one value, whose name is `a`: what comes behind the name."""
    packed = [struct.pack("<I", part) if isinstance(part, int) else part for part in parts]
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, values) + struct.pack("<Q", 1) + b"a" + b"".join(packed)


def long(number: int) -> bytes:
    return struct.pack("<Q", number)


NUMBERS, TEXTS, TEXT, ARRAY = 4, 8, 8, 9
# What each claims is a little more than it has: no reader would go far astray with it.
CLAIMS = {
    "empty": (b"", "empty"),
    "another file": (b"PK\x03\x04" + bytes(100), "does not begin with GGUF"),
    "cut off": (header()[:20], "requires a buffer"),
    "more values": (header(TEXT, long(1), b"x", values=3), "requires a buffer"),
    "more tensors": (header(TEXT, long(1), b"x", tensors=3), "requires a buffer"),
    "a longer text": (header(TEXT, long(9), b"x"), "9 bytes follow byte 45"),
    "more numbers": (header(ARRAY, NUMBERS, long(100), bytes(40)), "400 bytes follow byte 49"),
    "more texts": (header(ARRAY, TEXTS, long(3), long(1), b"x"), "requires a buffer"),
    "arrays in arrays": (header(*[ARRAY, ARRAY, long(1), *[ARRAY, long(1)] * 4]), "a value of the type 9"),
    "an unknown type": (header(77), "a value of the type 77"),
}


@pytest.mark.parametrize(("content", "fault"), CLAIMS.values(), ids=CLAIMS)
def test_a_gguf_header_that_claims_more_than_the_file_has_is_refused(tmp_path, content, fault):
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"`model\.policy\.path`: .*x.gguf is not a whole GGUF file \(.*{fault}"):
        load_tokenizer(str(path))


@pytest.mark.parametrize("order", [GGUFEndian.LITTLE, GGUFEndian.BIG], ids=["little", "big"])
def test_a_whole_gguf_header_passes(tmp_path, order):
    path = tmp_path / "x.gguf"
    writer = GGUFWriter(path, "llama", endianess=order)
    writer.add_array("numbers", [1, 2, 3])
    writer.add_array("texts", ["a", "月"])
    writer.add_bool("yes", True)
    writer.add_float64("half", 0.5)
    writer.add_tensor("w", np.ones((3, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    refuse_broken_header(path)
    assert GGUFReader(path).get_field("numbers").contents() == [1, 2, 3]
