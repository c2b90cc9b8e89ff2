"""`raiden import-samples FILE... --output samples.json`: samples from others' dialogues and from one's own chats."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.text import Text

from raiden.commands.option_parser import POSITIONAL, REPEATED, parse_options
from raiden.core.errors import SampleError
from raiden.core.records import write_new_records
from raiden.core.terminal import new_table, open_console
from raiden.core.types import Language
from raiden.data.profiles import read_profiles
from raiden.datagen.dialogues import Outcome, import_samples
from raiden.datagen.dialogues.base import Options

_DESCRIPTION = """\
Read dialogues, and write a sample for each question whose answer can be verified: where the data set names the
keyword, or where the question plainly asks for a fact that the profile states or the conversation tells. No keyword
is made up; what became no sample is counted with the reason. The format is told by what is in a file: VeriRole's
training list, CharacterBench, CharacterEval's contexts (with --profiles), chats of SillyTavern (JSONL),
text-generation-webui, Agnai, RisuAI and KoboldAI, lists of OpenAI's or ShareGPT's messages.

Your own chats train memory: what you or the character told of themselves is asked for later in the same conversation.
Nothing leaves this machine, and no model is asked."""
_EPILOG = "exit code: 0; 1 where a part of the input could not be read; 2 where no sample was made."


@dataclass(frozen=True)
class ImportSamplesOptions:
    """What is read, and where it goes."""

    files: tuple[str, ...] = field(metadata=POSITIONAL)
    """files of dialogues, or folders of them"""
    output: str
    """the file to write, a new one: a JSON list where the name ends in .json, else JSONL"""
    profiles: tuple[str, ...] = field(default=(), metadata=REPEATED)
    """profiles of the characters, in any format of `raiden import`; may be given several times"""
    language: Language | None = None
    """which language of CharacterBench, which has translations (default: zh)"""


def main(argv: Sequence[str]) -> int:
    """Imports files and folders; says what came of them.

    Returns:
        The exit code, as in the help text.
    """
    options = parse_options(ImportSamplesOptions, argv, "import-samples", _DESCRIPTION, _EPILOG)
    profiles, faults = read_profiles(options.profiles)
    for fault in faults:
        sys.stderr.write(f"error: {fault}\n")
    outcome = import_samples(options.files, Options(profiles, options.language))
    if outcome.samples:
        write_new_records(options.output, (sample.raw for sample in outcome.samples), SampleError)
    _tell(outcome, options.output)
    return (1 if outcome.num_faults or faults else 0) if outcome.samples else 2


def _tell(outcome: Outcome, path: str) -> None:
    console = open_console()
    if outcome.left_out:
        table = new_table("left out because", ">number", "for example", show_lines=True)
        for reason, number in outcome.left_out.most_common():
            examples = (f"{left.origin}: {left.detail}" for left in outcome.examples[reason])
            table.add_row(reason.replace("_", " "), str(number), Text("\n".join(examples)))
        console.print(table)
    read = ", ".join(f"{number} of {source}" for source, number in outcome.num_read.items())
    num_sbk = sum(sample.focus == "sbk" for sample in outcome.samples)
    num = len(outcome.samples)
    written = f"{num} samples written to {path}: {num_sbk} SBK, {num - num_sbk} CM" if num else "no sample was made"
    console.print(f"{written} (dialogues read: {read or 'none'}).")
