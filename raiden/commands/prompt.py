"""`raiden prompt --config FILE`: the finished prompt of a sample, piece by piece, before anything is loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lightning.pytorch.cli import LightningArgumentParser

from raiden.commands.cli import RaidenCLI, open_cli
from raiden.core.errors import ConfigError
from raiden.core.terminal import new_table, open_console
from raiden.core.types import Prompt
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import DEFAULT_TEMPLATE, build_messages
from raiden.packing.cached_prefix import num_equal
from raiden.policy import load_tokenizer
from raiden.train.datamodule import RoleplayDataModule

_DESCRIPTION = """Print the prompt that `raiden fit` with the same options makes of a sample, how many tokens each part
of it has and where it comes from, and what of it the next question about the character shares."""


class PromptCLI(RaidenCLI):
    """The options of `raiden fit`, and the sample; no model is loaded."""

    draws = False

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        super().add_arguments_to_parser(parser)
        parser.add_argument(
            "--sample",
            type=str,
            default="1",
            help="Which one of those that are trained on: its number, from 1 on, or its id.",
        )
        parser.add_argument(
            "--ckpt_path", type=str | None, default=None, help="A checkpoint, whose run's date is taken."
        )

    @property
    def trains(self) -> bool:
        return False

    def instantiate_trainer(self, **kwargs: Any) -> Any:
        """None: nothing runs."""


def main(argv: Sequence[str]) -> int:
    """Prints the prompt; 0."""
    cli: Any = open_cli(PromptCLI, argv, "raiden prompt", _DESCRIPTION, run=False)
    data: RoleplayDataModule = cli.datamodule
    chat = data.take_chat(load_tokenizer(data.tokenizer_path, data.chat_template))
    data.prepare(chat.encode)
    prompts = data.train_dataloader().prompts
    number = _find(prompts, cli.config.sample)
    _print(data, chat, prompts, number)
    return 0


def _find(prompts: Sequence[Prompt], name: str) -> int:
    ids = [prompt.sample.id for prompt in prompts]
    if name in ids:
        return ids.index(name)
    if name.isdecimal() and 1 <= int(name) <= len(prompts):
        return int(name) - 1
    raise ConfigError(f"`sample` must be a number from 1 to {len(prompts)} or the id of a sample, got {name!r}.")


@dataclass(frozen=True)
class Piece:
    """A part of a prompt's text, and where it comes from."""

    source: str
    start: int
    end: int


def pieces_of(text: str, contents: Sequence[tuple[str, str]]) -> Iterator[Piece]:
    """The parts of a prompt in order: contents of messages, and what the chat template writes around them.

    Args:
        contents: of the messages, each with where it comes from.
    """
    position = 0
    for source, content in contents:
        start = text.find(content.strip(), position)
        if start < 0:  # the template writes it in its own way
            continue
        if start > position:
            yield Piece("chat template", position, start)
        position = start + len(content.strip())
        yield Piece(source, start, position)
    if position < len(text):
        yield Piece("chat template", position, len(text))


def _contents(data: RoleplayDataModule, chat: ChatTemplate, prompt: Prompt) -> list[tuple[str, str]]:
    """What the messages say, and where each is from."""
    setting, *_ = build_messages(prompt.sample, data.settings)
    if data.settings.prompt == "profile":
        who = f"data.profiles: the profile's own text in {data.profiles}"
    else:
        who = f"data.prompt_template: {data.prompt_template or DEFAULT_TEMPLATE}"
    contents: list[tuple[str, str]] = []
    *turns, last = chat.shape(build_messages(prompt.sample, data.settings))
    said = {message.content for message in prompt.sample.conversation_history}
    for message in turns:
        rest = message.content
        if rest.startswith(setting.content):
            contents.append((who, setting.content))
            rest = rest.removeprefix(setting.content).strip()
        if rest:
            own = rest in said or any(rest.startswith(content) for content in said)
            source = "sample: conversation_history" if own or message.role == "assistant" else "data.opening_turn"
            contents.append((f"{source} ({message.role})", rest))
    rest = last.content.removeprefix(setting.content).strip()
    if rest != last.content:
        contents.append((who, setting.content))
    return [*contents, ("sample: question", rest)]


def _print(data: RoleplayDataModule, chat: ChatTemplate, prompts: Sequence[Prompt], number: int) -> None:
    console = open_console(wraps=False)
    prompt = prompts[number]
    with chat.renderer:
        text = chat.render(build_messages(prompt.sample, data.settings))
    console.print(text)
    console.print()
    console.print(chat.describe())
    encoded = chat.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    starts = [start for start, _ in encoded["offset_mapping"]]
    table = new_table("part", ">tokens", "begins with", title=f"{len(prompt.token_ids):,} tokens")
    for piece in pieces_of(text, _contents(data, chat, prompt)):
        count = sum(piece.start <= start < piece.end for start in starts)
        table.add_row(piece.source, str(count), repr(text[piece.start : min(piece.end, piece.start + 40)]))
    console.print(table)
    console.print(_shared(prompts, number))


def _shared(prompts: Sequence[Prompt], number: int) -> str:
    """What of a prompt the next one about the same character begins with."""
    prompt = prompts[number]
    after = [*prompts[number + 1 :], *prompts[:number]]
    following = next((p for p in after if p.sample.character_name == prompt.sample.character_name), None)
    if following is None:
        return f"no other question is about {prompt.sample.character_name}: nothing is shared"
    num_shared = num_equal(prompt.token_ids, following.token_ids)
    return (
        f'shared with the next question about {prompt.sample.character_name} ("{following.sample.question}"): '
        f"{num_shared:,} of {len(prompt.token_ids):,} tokens, computed once where both stand in one step"
    )
