"""`raiden convert FILE --to FORM --output OUT`: samples in the forms that other trainers read."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from raiden.commands.model_options import ModelOptions
from raiden.commands.option_parser import OptionParser
from raiden.commands.prompt_options import add_prompt_options, read_settings
from raiden.core.errors import ConfigError, SampleError
from raiden.core.records import write_new_records
from raiden.data.chat_template import ChatTemplate
from raiden.data.conversion import FORMS, convert_sample
from raiden.data.prompts import PromptSettings
from raiden.data.samples import load_samples

_FORMS_HELP = """\
forms:
  sharegpt  conversations: from (system, human, gpt) and value; the reference answer last
  chatml    messages: role and content; the reference answer last
  verl      prompt: the messages; data_source, reward_model.ground_truth, extra_info; with --model_path also for
            templates that open a think block
  easyr1    prompt: the finished text by the template of --model_path, for `data.override_chat_template`; answer
  trl       prompt: the messages before the answer; answer, solution, keywords, rule, question, ... for the reward;
            sample: the whole sample as JSON text"""


def main(argv: Sequence[str]) -> int:
    """Converts a file of samples.

    Raises:
        SampleError: a sample cannot be used; the output is there already, or cannot be written.
        ConfigError: an option, the model or its chat template cannot be used.
    """
    arguments = _parser().parse_args(argv)
    samples = load_samples(arguments.file)
    settings = read_settings(arguments, ModelOptions(model_path=arguments.model_path))
    with _chat(arguments, settings) as chat:
        rows = [convert_sample(sample, arguments.to, settings, chat) for sample in samples]
    write_new_records(arguments.output, rows, SampleError)
    sys.stdout.write(f"{len(rows)} samples written to {arguments.output} as {arguments.to}.\n")
    return 0


@contextmanager
def _chat(arguments: Namespace, settings: PromptSettings) -> Iterator[ChatTemplate | None]:
    """The chat template of the model that is named."""
    if arguments.model_path is None:
        if arguments.to == "easyr1":
            raise ConfigError("`model_path` is missing: easyr1 takes finished prompts; name the model to train.")
        yield None
        return
    from raiden.policy import load_tokenizer

    try:
        tokenizer = load_tokenizer(arguments.model_path)
    except ConfigError as error:
        raise ConfigError(str(error).replace("`model.policy.path`", "`model_path`")) from error
    chat = ChatTemplate(tokenizer, settings, arguments.model_path)
    with chat.renderer:
        yield chat


def _parser() -> OptionParser:
    parser = OptionParser(
        "convert",
        "Write samples in the form of another trainer, with the prompts that raiden itself trains on.",
        _FORMS_HELP,
    )
    parser.add_argument("file", metavar="FILE", help="samples as a JSON list or JSONL")
    parser.add_argument("--to", required=True, choices=FORMS, help="the form, see below")
    parser.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="the file to write, a new one: a JSON list where its name ends in .json, Parquet in .parquet, else JSONL",
    )
    parser.add_argument("--model_path", metavar="MODEL", help="whose chat template makes prompts, for verl and easyr1")
    add_prompt_options(parser)
    return parser
