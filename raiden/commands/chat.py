"""`raiden chat`: talk with a character in the terminal."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from raiden.chat import SAMPLING, Cast, History, SampleBook, Screen, Session, Talk
from raiden.chat.commands import INTERRUPTED
from raiden.chat.history import default_path
from raiden.commands.cast_options import CastOptions, read_cast, sample_files
from raiden.commands.model_endpoint import open_model
from raiden.commands.model_options import add_model_options, read_model_options, rewards_of
from raiden.commands.option_parser import OptionParser, take
from raiden.commands.prompt_options import PromptOptions, read_settings
from raiden.core.errors import ConfigError, ProfileError, require_at_least
from raiden.core.types import Profile
from raiden.endpoints import ReplySampling

_DESCRIPTION = """Talk with a character. The model reads exactly what it reads in training: setting, conversation,
question. /help lists the commands of the chat, such as /why, which scores the last reply against a sample.
Lines can come from a pipe. Exit code: 0; 1 where a reply failed; 2 where your input must change; 130 after Ctrl-C."""
_EPILOG = """examples:
  raiden chat --model_path logs/quickstart/version_0/export --character Edith
  raiden chat --base_url http://localhost:30000/v1 --profiles_file my_characters.jsonl --resume"""


@dataclass(frozen=True)
class ChatOptions:
    """The talk and its replies."""

    character: str | None = None
    """whom to talk with, or a part of the name (default: a list is shown)"""
    history: str = str(default_path())
    """JSONL of all talks"""
    resume: bool = False
    """go on with the last conversation with this character"""
    temperature: float = SAMPLING.temperature
    """0 always takes the most likely token"""
    max_tokens: int = SAMPLING.max_tokens
    """longest reply, in tokens"""
    seed: int = SAMPLING.seed
    """of the first reply; each later one has the next"""


def main(argv: Sequence[str]) -> int:
    """Loads the model and talks until the user ends it; returns the exit code."""
    parser = OptionParser("chat", _DESCRIPTION, _EPILOG)
    add_model_options(parser)
    for kind in (CastOptions, ChatOptions, PromptOptions):
        parser.add_fields(kind)
    arguments = parser.parse_args(argv)
    _check(take(ChatOptions, arguments))
    try:
        return _chat(arguments)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED


def _chat(arguments: argparse.Namespace) -> int:
    model, options = read_model_options(arguments), take(ChatOptions, arguments)
    cast_options = take(CastOptions, arguments)
    screen = Screen()
    cast = read_cast(cast_options)
    settings = read_settings(take(PromptOptions, arguments), model)
    rewards = rewards_of(model, settings.response_format)
    book = SampleBook(sample_files(cast_options), rewards)
    sampling = ReplySampling(options.temperature, options.max_tokens, options.seed, settings)
    profile = _choose(cast, options.character, screen)
    with _event_loop() as (runner, stack):
        endpoint = open_model(model, stack, settings=settings)
        history = History(Path(options.history).expanduser(), runner.run(endpoint.identity()).model)
        talk = Talk(screen, runner, endpoint, sampling, cast, book, history)
        talk.begin(profile, history.resume(profile.name) if options.resume else ())
        screen.say(f"{profile.name} ({profile.language}), played by {history.model}. /help lists the commands.")
        if options.resume:
            num_turns = len(talk.conversation.turns)
            screen.say(f"Turns of an earlier conversation: {num_turns}; /history shows them.", "dim")
        return Session(talk).run()


@contextmanager
def _event_loop() -> Iterator[tuple[asyncio.Runner, AsyncExitStack]]:
    """A loop that runs a reply at a time, and a stack that is closed in it."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            yield runner, stack
        finally:
            runner.run(stack.aclose())


def _check(options: ChatOptions) -> None:
    if not 0 <= options.temperature <= 2:
        raise ConfigError(f"`temperature` must be 0 to 2, got {options.temperature}.")
    require_at_least("max_tokens", options.max_tokens, 1, "token")
    require_at_least("seed", options.seed, 0)


def _choose(cast: Cast, name: str | None, screen: Screen) -> Profile:
    """The character that is asked for, the only one, or one that the user chooses."""
    if name is not None:
        return cast.find(name)
    if len(cast.profiles) == 1:
        return cast.profiles[0]
    screen.list(profile.name for profile in cast.profiles)
    while True:
        try:
            answer = screen.ask("Talk with (name or number): ")
        except EOFError as end:
            raise ConfigError("`character`: nobody was chosen; give a name.") from end
        try:
            return cast.find(answer)
        except ProfileError as fault:
            if not screen.is_interactive:
                raise
            screen.say(str(fault), "red")
