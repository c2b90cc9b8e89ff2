"""Files of dialogues -> samples, each of which passed the checks, and what was left out and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from raiden.core.errors import SampleError
from raiden.core.types import Sample
from raiden.datagen.base import Rejection
from raiden.datagen.dialogues.base import Chat, LeftOut, Options
from raiden.datagen.dialogues.formats import read_file
from raiden.datagen.dialogues.memories import samples_of_chat
from raiden.datagen.dialogues.samples import sample_of

FAULTS = ("malformed", "unknown format")
"""Reasons that say that something of a file could not be read."""
NUM_EXAMPLES = 2
"""Things left out for a reason that are kept to be shown."""


@dataclass
class Outcome:
    """What came of the files."""

    samples: list[Sample] = field(default_factory=list)
    num_read: Counter[str] = field(default_factory=Counter)
    """Dialogues and chats by their data set."""
    left_out: Counter[str] = field(default_factory=Counter)
    """By reason."""
    examples: defaultdict[str, list[LeftOut]] = field(default_factory=lambda: defaultdict(list))

    @property
    def num_faults(self) -> int:
        return sum(self.left_out[reason] for reason in FAULTS)

    def leave_out(self, left: LeftOut) -> None:
        self.left_out[left.reason] += 1
        if len(self.examples[left.reason]) < NUM_EXAMPLES:
            self.examples[left.reason].append(left)


def import_samples(paths: Iterable[str | Path], options: Options) -> Outcome:
    """The samples of all files, in their order; no two about a character that ask for the same.

    Raises:
        SampleError: a file cannot be read, or holds nothing that is known.
    """
    outcome = Outcome()
    accepted: defaultdict[str, list[Sample]] = defaultdict(list)
    for path in _files(paths):
        for found in read_file(path, options):
            if isinstance(found, LeftOut):
                outcome.leave_out(found)
                continue
            outcome.num_read[found.source] += 1
            own = accepted[found.profile.name]
            made: Iterator[Sample | LeftOut]
            if isinstance(found, Chat):
                made = samples_of_chat(found, own)
            else:
                one = sample_of(found, own)
                made = iter([LeftOut(found.origin, one.reason, one.detail) if isinstance(one, Rejection) else one])
            for sample in made:
                if isinstance(sample, LeftOut):
                    outcome.leave_out(sample)
                else:
                    own.append(sample)
                    outcome.samples.append(sample)
    return outcome


def _files(paths: Iterable[str | Path]) -> Iterator[Path]:
    """The files that are named, and those of folders that may hold dialogues, in the order of their names."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in (".json", ".jsonl"))
        if not inside:
            raise SampleError(f"{path}: no .json or .jsonl file in this folder; give a file of dialogues.")
        yield from inside
