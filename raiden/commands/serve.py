"""`raiden serve`: a model and its characters for the browser and for any client of OpenAI's protocol."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import closing
from ipaddress import ip_address
from typing import TYPE_CHECKING

from raiden.chat import Cast, Replies, SampleBook
from raiden.commands.cast_options import add_cast_options, read_cast, sample_files
from raiden.commands.model_endpoint import names_of
from raiden.commands.model_options import ModelOptions, rewards_of
from raiden.commands.option_names import renamed
from raiden.commands.option_parser import SWITCH, OptionParser
from raiden.commands.prompt_options import add_prompt_options, read_settings
from raiden.core.errors import ConfigError
from raiden.data.prompts import PromptSettings

if TYPE_CHECKING:
    from raiden.serve.app import Access
    from raiden.serve.lineup import Served

_KEY_VARIABLE = "RAIDEN_API_KEY"
_MODEL, _BEFORE = "raiden", "before"
_INSTALL = "`raiden serve` needs starlette and uvicorn, which are not installed; `pip install 'raiden[serve]'`."
_DESCRIPTION = """Serve a model by OpenAI's protocol, and a page to talk with its characters in the browser.
A client asks model "raiden/NAME" and talks with that character: the prompt is that of training, and needs none of the
client's own. Model "raiden" is the model alone. Ctrl-C ends it."""
_EPILOG = """examples:
  raiden serve --model_path logs/quickstart/version_0/export
  raiden serve --model_path my.ckpt --before_path Qwen/Qwen2.5-0.5B-Instruct --profiles_file my_characters.jsonl"""


def main(argv: Sequence[str]) -> int:
    """Loads the model and serves it until a signal ends that.

    Raises:
        InputError: an option or a file must change.
    """
    arguments = _parser().parse_args(argv)
    _check(arguments)
    try:
        from raiden.serve.server import open_socket
    except ImportError as fault:
        raise ConfigError(_INSTALL) from fault
    with closing(open_socket(arguments.host, arguments.port)) as opened:  # before the model is loaded for nothing
        _serve(arguments, opened)
    return 0


def _serve(arguments: argparse.Namespace, opened: socket.socket) -> None:
    cast = read_cast(arguments)
    options = _options(arguments, "model_path")
    settings = read_settings(arguments, options)
    book = SampleBook(sample_files(arguments), rewards_of(options, settings.response_format))
    served = {_MODEL: _load(arguments, options, settings)}
    if arguments.before_path is not None:
        # By the same prompts, so that nothing but the model differs.
        served[_BEFORE] = _load(arguments, _options(arguments, "before_path"), settings)
    from raiden.serve.app import build_app
    from raiden.serve.completions import SamplingDefaults
    from raiden.serve.lineup import Lineup
    from raiden.serve.server import address_of, make_server

    defaults = SamplingDefaults(arguments.temperature, arguments.max_tokens, arguments.timeout)
    app = build_app(Lineup(served, cast), book, defaults, _access(arguments))
    server = make_server(app, [each.model for each in served.values()])
    print(f"in the browser: {address_of(opened)}")
    print(f"for clients: {address_of(opened)}/v1, {_told_models(served, cast)}; Ctrl-C ends it", flush=True)
    asyncio.run(server.serve(sockets=[opened]))


def _load(arguments: argparse.Namespace, options: ModelOptions, settings: PromptSettings) -> Served:
    """A model, ready to be asked."""
    path = options.model_path or ""
    print(f"loading {path}", flush=True)
    from raiden.commands.local_model import open_local  # the first such import takes seconds
    from raiden.endpoints.live import LiveModel
    from raiden.rollout.engines import VLLMEngine
    from raiden.serve.lineup import Served

    engine = VLLMEngine(max_num_seqs=options.concurrency) if arguments.engine == "vllm" else None
    with renamed(names_of(options)):
        local = open_local(options, settings, engine)
    return Served(LiveModel(local, options.concurrency, arguments.max_waiting), settings, path)


def _options(arguments: argparse.Namespace, name: str) -> ModelOptions:
    return ModelOptions(
        model_path=getattr(arguments, name),
        dtype=arguments.dtype,
        concurrency=arguments.concurrency,
        enable_thinking=arguments.enable_thinking,
        prefix=name.removesuffix("model_path").removesuffix("path"),
    )


def _access(arguments: argparse.Namespace) -> Access:
    from raiden.serve.app import Access
    from raiden.serve.guards import LOOPBACK

    hosts = None if _key(arguments) else {*LOOPBACK, arguments.host}
    return Access(hosts, tuple(arguments.allow_origin), _key(arguments))


def _told_models(served: Mapping[str, Served], cast: Cast) -> str:
    names = ", ".join(f'"{name}"' for name in served)
    return f'model {names}, or one of {len(cast.profiles)} characters such as "{_MODEL}/{cast.profiles[0].name}"'


def _key(arguments: argparse.Namespace) -> str | None:
    return arguments.api_key or os.environ.get(_KEY_VARIABLE) or None


def _parser() -> OptionParser:
    parser = OptionParser("serve", _DESCRIPTION, _EPILOG)
    add = parser.add_argument_group("the model").add_argument
    add(
        "--model_path",
        required=True,
        help="a run's checkpoint, a folder, a hub id, a .gguf file or package://PACKAGE/FILE.gguf",
    )
    add("--before_path", help=f'another one, as model "{_BEFORE}"; the page shows both side by side')
    add(
        "--dtype",
        choices=("float32", "bfloat16"),
        help="of the weights (default: float32, or as the checkpoint's run)",
    )
    add(
        "--engine",
        choices=("transformers", "vllm"),
        default="transformers",
        help="what generates (default: %(default)s)",
    )
    add(
        "--concurrency",
        type=int,
        default=ModelOptions.concurrency,
        help="replies written side by side (default: %(default)s)",
    )
    add("--enable_thinking", **SWITCH, help="switch the model's reasoning (default: as its chat template has it)")
    add_cast_options(parser.add_argument_group("the characters").add_argument)
    add = parser.add_argument_group("replies, where a request says nothing else").add_argument
    add("--temperature", type=float, default=Replies.temperature, help="of 0 to 2 (default: %(default)s)")
    add("--max_tokens", type=int, default=Replies.max_tokens, help="longest reply, in tokens (default: %(default)s)")
    add = parser.add_argument_group("the server").add_argument
    add(
        "--host",
        default="127.0.0.1",
        help="where to listen; other machines need a key (default: %(default)s)",
    )
    add("--port", type=int, default=8080, help="0 takes a free one (default: %(default)s)")
    add(
        "--api_key",
        metavar="KEY",
        help=f"that requests must bring (default: {_KEY_VARIABLE} of the environment, which nobody else can read)",
    )
    add(
        "--allow_origin",
        metavar="URL",
        nargs="+",
        default=[],
        help="web pages that may ask from a browser, as https://chat.example (default: this server's own)",
    )
    add("--max_waiting", type=int, default=64, help="requests that wait for a place at most (default: %(default)s)")
    add("--timeout", type=float, default=600.0, help="seconds that a request may take (default: %(default)s)")
    add_prompt_options(parser)
    return parser


def _check(arguments: argparse.Namespace) -> None:
    least = {"max_tokens": 1, "concurrency": 1, "max_waiting": 0, "port": 0}
    for name, value in least.items():
        if getattr(arguments, name) < value:
            raise ConfigError(f"`{name}` must be at least {value}, got {getattr(arguments, name)}.")
    if not 0 <= arguments.temperature <= 2:
        raise ConfigError(f"`temperature` must be 0 to 2, got {arguments.temperature}.")
    if arguments.port > 65535:
        raise ConfigError(f"`port` must be at most 65535, got {arguments.port}.")
    if not arguments.timeout > 0:
        raise ConfigError(f"`timeout` must be more than 0 seconds, got {arguments.timeout}.")
    if not _is_loopback(arguments.host) and _key(arguments) is None:
        raise ConfigError(
            f"`host`: {arguments.host} is open to other machines, which needs a key; set {_KEY_VARIABLE} in the "
            "environment, or give `api_key`."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
