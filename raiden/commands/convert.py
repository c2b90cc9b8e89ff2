"""`raiden convert FILE --to FORM --output OUT`: samples in the forms that other trainers read."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from raiden.commands.model_options import ModelOptions
from raiden.commands.option_parser import POSITIONAL, OptionParser, take
from raiden.commands.prompt_options import PromptOptions, read_settings
from raiden.core.errors import ConfigError, SampleError
from raiden.core.records import write_new_records
from raiden.data.chat_template import ChatTemplate
from raiden.data.conversion import Form, convert_sample
from raiden.data.prompts import PromptSettings
from raiden.data.samples import load_samples

_DESCRIPTION = "Write samples in the form of another trainer, with the prompts that raiden itself trains on."
_FORMS_HELP = """\
forms:
  sharegpt  conversations: from (system, human, gpt) and value; the reference answer last
  chatml    messages: role and content; the reference answer last
  verl      prompt: the messages; data_source, reward_model.ground_truth, extra_info; with --model_path also for
            templates that open a think block
  easyr1    prompt: the finished text by the template of --model_path, for `data.override_chat_template`; answer
  trl       prompt: the messages before the answer; answer, solution, keywords, rule, question, ... for the reward;
            sample: the whole sample as JSON text"""


@dataclass(frozen=True)
class ConvertOptions:
    """What is converted, and into what."""

    file: str = field(metadata=POSITIONAL)
    """samples as a JSON list or JSONL"""
    to: Form
    """the form, see below"""
    output: str
    """the file to write, a new one: a JSON list where its name ends in .json, Parquet in .parquet, else JSONL"""
    model_path: str | None = None
    """whose chat template makes prompts, for verl and easyr1"""


def main(argv: Sequence[str]) -> int:
    """Converts a file of samples."""
    arguments = OptionParser("convert", _DESCRIPTION, _FORMS_HELP, (ConvertOptions, PromptOptions)).parse_args(argv)
    options = take(ConvertOptions, arguments)
    samples = load_samples(options.file)
    settings = read_settings(take(PromptOptions, arguments), ModelOptions(model_path=options.model_path))
    with _chat(options, settings) as chat:
        rows = [convert_sample(sample, options.to, settings, chat) for sample in samples]
    write_new_records(options.output, rows, SampleError)
    sys.stdout.write(f"{len(rows)} samples written to {options.output} as {options.to}.\n")
    return 0


@contextmanager
def _chat(options: ConvertOptions, settings: PromptSettings) -> Iterator[ChatTemplate | None]:
    """The chat template of the model that is named."""
    if options.model_path is None:
        if options.to == "easyr1":
            raise ConfigError("`model_path` is missing: easyr1 takes finished prompts; name the model to train.")
        yield None
        return
    from raiden.policy import load_tokenizer

    try:
        tokenizer = load_tokenizer(options.model_path)
    except ConfigError as error:
        raise ConfigError(str(error).replace("`model.policy.path`", "`model_path`")) from error
    chat = ChatTemplate(tokenizer, settings, options.model_path)
    with chat.renderer:
        yield chat
