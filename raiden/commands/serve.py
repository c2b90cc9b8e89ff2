"""`raiden serve`: a model and its characters for the browser and for any client of OpenAI's protocol."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from raiden.chat import SAMPLING, SampleBook
from raiden.commands.cast_options import CastOptions, read_cast, sample_files
from raiden.commands.model_endpoint import names_of, renamed
from raiden.commands.model_options import ModelOptions, rewards_of
from raiden.commands.option_parser import OptionParser, take
from raiden.commands.prompt_options import PromptOptions, read_settings
from raiden.core.errors import ConfigError
from raiden.data.prompts import PromptSettings

if TYPE_CHECKING:
    from raiden.serve.lineup import Served

_KEY_VARIABLE = "RAIDEN_API_KEY"
_MODEL, _BEFORE = "raiden", "before"
_INSTALL = "`raiden serve` needs starlette and uvicorn, which are not installed; `pip install 'raiden-r1[serve]'`."
_DESCRIPTION = """Serve a model by OpenAI's protocol, and a page to talk with its characters in the browser.
A client asks model "raiden/NAME" and talks with that character: the prompt is that of training, and needs none of the
client's own. Model "raiden" is the model alone. Ctrl-C ends it."""
_EPILOG = """examples:
  raiden serve --model_path logs/quickstart/version_0/export
  raiden serve --model_path my.ckpt --before_path Qwen/Qwen2.5-0.5B-Instruct --profiles_file my_characters.jsonl"""


@dataclass(frozen=True)
class ServeOptions:
    """The model, its replies and the server."""

    model_path: str
    """a run's checkpoint, a folder, a hub id, a .gguf file or package://PACKAGE/FILE.gguf"""
    before_path: str | None = None
    """another one, as model "before"; the page shows both side by side"""
    dtype: Literal["float32", "bfloat16"] | None = None
    """of the weights (default: float32, or as the checkpoint's run)"""
    engine: Literal["transformers", "vllm"] = "transformers"
    """what generates"""
    concurrency: int = ModelOptions.concurrency
    """replies written side by side"""
    enable_thinking: bool | None = None
    """switch the model's reasoning (default: as its chat template has it)"""
    temperature: float = SAMPLING.temperature
    """of 0 to 2, where a request says nothing else"""
    max_tokens: int = SAMPLING.max_tokens
    """longest reply, in tokens, where a request says nothing else"""
    host: str = "127.0.0.1"
    """where to listen; other machines need a key"""
    port: int = 8080
    """0 takes a free one"""
    api_key: str | None = None
    """that requests must bring (default: RAIDEN_API_KEY of the environment, which nobody else can read)"""
    allow_origin: tuple[str, ...] = ()
    """web pages that may ask from a browser, as https://chat.example (default: this server's own)"""
    max_waiting: int = 64
    """requests that wait for a place at most"""
    timeout: float = 600.0
    """seconds that a request may take"""

    @property
    def key(self) -> str | None:
        """What requests must bring."""
        return self.api_key or os.environ.get(_KEY_VARIABLE) or None

    def model(self, path: str, prefix: str = "") -> ModelOptions:
        """One of the models; `prefix` as its messages have it."""
        return ModelOptions(
            path,
            dtype=self.dtype,
            concurrency=self.concurrency,
            enable_thinking=self.enable_thinking,
            prefix=prefix,
        )


def main(argv: Sequence[str]) -> int:
    """Loads the model and serves it until a signal ends that."""
    kinds = (ServeOptions, CastOptions, PromptOptions)
    arguments = OptionParser("serve", _DESCRIPTION, _EPILOG, kinds).parse_args(argv)
    options = take(ServeOptions, arguments)
    _check(options)
    paths = [path for path in (options.model_path, options.before_path) if path is not None]
    print(f"loading {' and '.join(paths)}", flush=True)  # what is imported next takes seconds, too
    try:
        from raiden.serve.server import open_socket
    except ImportError as fault:
        raise ConfigError(_INSTALL) from fault
    with closing(open_socket(options.host, options.port)) as opened:  # before the model is loaded for nothing
        _serve(options, take(CastOptions, arguments), take(PromptOptions, arguments), opened)
    return 0


def _serve(options: ServeOptions, cast_options: CastOptions, prompts: PromptOptions, opened: socket.socket) -> None:
    cast = read_cast(cast_options)
    model = options.model(options.model_path)
    settings = read_settings(prompts, model)
    book = SampleBook(sample_files(cast_options), rewards_of(model, settings.response_format))
    served = {_MODEL: _load(options, model, settings)}
    if options.before_path is not None:
        # By the same prompts, so that nothing but the model differs.
        served[_BEFORE] = _load(options, options.model(options.before_path, "before_"), settings)
    from raiden.rollout.engines import SamplingConfig
    from raiden.serve.app import Access, build_app
    from raiden.serve.guards import LOOPBACK
    from raiden.serve.lineup import Lineup
    from raiden.serve.server import address_of, make_server

    sampling = SamplingConfig(temperature=options.temperature, max_tokens=options.max_tokens)
    access = Access(None if options.key else {*LOOPBACK, options.host}, options.allow_origin, options.key)
    app = build_app(Lineup(served, cast), book, sampling, options.timeout, access)

    names = ", ".join(f'"{name}"' for name in served)
    characters = f'one of {len(cast.profiles)} characters such as "{_MODEL}/{cast.profiles[0].name}"'

    def tell() -> None:
        print(f"in the browser: {address_of(opened)}")
        print(f"for clients: {address_of(opened)}/v1, model {names}, or {characters}; Ctrl-C ends it", flush=True)

    print("warming up: a first reply, to nobody", flush=True)
    asyncio.run(make_server(app, [each.model for each in served.values()], tell).serve(sockets=[opened]))


def _load(options: ServeOptions, model: ModelOptions, settings: PromptSettings) -> Served:
    """A model, ready to be asked."""
    from raiden.commands.local_model import open_local
    from raiden.endpoints.live import LiveModel
    from raiden.rollout.engines import VLLMEngine
    from raiden.serve.lineup import Served

    engine = VLLMEngine(max_num_seqs=options.concurrency) if options.engine == "vllm" else None
    with renamed(names_of(model)):
        local = open_local(model, settings, engine)
    return Served(LiveModel(local, options.concurrency, options.max_waiting), settings, model.model_path or "")


def _check(options: ServeOptions) -> None:
    least = {"max_tokens": 1, "concurrency": 1, "max_waiting": 0, "port": 0}
    for name, value in least.items():
        if getattr(options, name) < value:
            raise ConfigError(f"`{name}` must be at least {value}, got {getattr(options, name)}.")
    if not 0 <= options.temperature <= 2:
        raise ConfigError(f"`temperature` must be 0 to 2, got {options.temperature}.")
    if options.port > 65535:
        raise ConfigError(f"`port` must be at most 65535, got {options.port}.")
    if not options.timeout > 0:
        raise ConfigError(f"`timeout` must be more than 0 seconds, got {options.timeout}.")
    if not _is_loopback(options.host) and options.key is None:
        raise ConfigError(
            f"`host`: {options.host} is open to other machines, which needs a key; set {_KEY_VARIABLE} in the "
            "environment, or give `api_key`."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
