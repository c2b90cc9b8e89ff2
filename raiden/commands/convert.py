"""`raiden convert FILE --to FORM --output OUT`: samples in the forms that other trainers read."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from raiden.commands.option_parser import OptionParser
from raiden.commands.prompt_options import add_prompt_options, read_settings
from raiden.core.errors import SampleError
from raiden.core.records import write_new_records
from raiden.data.conversion import FORMS, convert_sample
from raiden.data.samples import load_samples

_FORMS_HELP = """\
forms:
  sharegpt  conversations: from (system, human, gpt) and value; the reference answer last
  chatml    messages: role and content; the reference answer last
  trl       prompt: the messages before the answer; answer, solution, keywords, rule, question, ... for the reward;
            sample: the whole sample as JSON text"""


def main(argv: Sequence[str]) -> int:
    """Converts a file of samples.

    Raises:
        SampleError: a sample cannot be used; the output is there already, or cannot be written.
    """
    arguments = _parser().parse_args(argv)
    samples = load_samples(arguments.file)
    settings = read_settings(arguments)
    rows = [convert_sample(sample, arguments.to, settings) for sample in samples]
    write_new_records(arguments.output, rows, SampleError)
    sys.stdout.write(f"{len(rows)} samples written to {arguments.output} as {arguments.to}.\n")
    return 0


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
        help="the file to write, a new one: a JSON list where its name ends in .json, else JSONL",
    )
    add_prompt_options(parser)
    return parser
