"""What is seen of `raiden generate`: progress while it works, tables at its end."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from raiden.core.terminal import new_table, of_figures, open_console
from raiden.datagen.pipeline import Tally
from raiden.datagen.store import RejectionLog, SampleStore
from raiden.endpoints import Usage

_REFRESH = 0.25
_LINE_EVERY = 5.0
_KINDS = {"sbk": "SBK (profile)", "cm": "CM (conversation)"}
_COLUMNS = ("all", "what", "who", "where", "when", "why", "how", "easy", "medium", "hard")


@dataclass(eq=False)
class RunView:
    """Tells a person what a run does: with a bar in a terminal, elsewhere in a line every few seconds."""

    tally: Tally
    rejections: RejectionLog
    usages: Sequence[Usage]
    """Of the endpoints that cost tokens."""
    retries: Sequence[Counter[str]]
    """Their tries in vain, by reason."""

    def __post_init__(self) -> None:
        self.console = open_console()
        self._begin = monotonic()

    async def show(self) -> None:
        """Shows progress until it is cancelled."""
        if not self.console.is_terminal:
            while True:
                await asyncio.sleep(_LINE_EVERY)
                self.console.print(self._status())
        bar, status = BarColumn(bar_width=20), TextColumn("{task.fields[status]}", markup=False)
        with Progress(bar, status, console=self.console) as progress:
            task = progress.add_task("", total=self.tally.num_slots, status="")
            try:
                while True:
                    progress.update(task, completed=self.tally.num_decided, status=self._status())
                    await asyncio.sleep(_REFRESH)
            finally:
                progress.update(task, completed=self.tally.num_decided, status=self._status())

    def _status(self) -> str:
        tally, elapsed = self.tally, monotonic() - self._begin
        parts = [f"{tally.num_samples}/{tally.num_slots} samples, {self.rejections.counts.total()} drafts rejected"]
        if self.usages:
            num_in, num_out = self._tokens()
            parts.append(f"{num_out / elapsed:.0f} tokens/s, {num_in:,} in, {num_out:,} out")
        if num_retries := sum(counts.total() for counts in self.retries):
            parts.append(f"{num_retries} retries")
        if num_done := tally.num_decided - tally.num_earlier:
            parts.append(f"{_clock(elapsed / num_done * (tally.num_slots - tally.num_decided))} left")
        return " | ".join(parts)

    def _tokens(self) -> tuple[int, int]:
        """Tokens in and out that this start has been charged for."""
        return sum(u.prompt_tokens for u in self.usages), sum(u.completion_tokens for u in self.usages)

    def print_tables(self) -> None:
        """The samples by language, kind, type and difficulty, and why drafts were rejected."""
        self.console.print(_table_of_samples(self.tally))
        if self.rejections.counts:
            columns = ("reason", ">drafts", "for example")
            table = new_table(*columns, title="rejected drafts", show_lines=True)
            for reason, number in self.rejections.counts.most_common():
                shown = self.rejections.examples[reason]
                examples = (f"{e['character_name']} ({e['focus']}): {e['detail']}" for e in shown)
                table.add_row(reason, str(number), Text("\n".join(examples)))
            self.console.print(table)

    def print_end(self, store: SampleStore, split: Sequence[Path], was_stopped: bool) -> None:
        """What was written where, what it cost, what is missing, and how to go on."""
        say = self.console.print
        if self.usages:
            replayed = sum(usage.num_replayed for usage in self.usages)
            told = f"; {replayed} replies were there from before" if replayed else ""
            say("tokens: {:,} in, {:,} out".format(*self._tokens()) + told)
        if any(self.retries):
            say("retries: " + _listed(sum(self.retries, Counter())))
        if self.tally.unfilled:
            say(f"not made: {_listed(self.tally.unfilled)}")
        if self.rejections.counts:
            say(f"rejected drafts: {self.rejections.path}")
        if was_stopped:
            say(f"stopped with {self.tally.num_samples} of {self.tally.num_slots} samples in {store.journal}")
            say("the same command goes on from here; nothing that was paid for is asked again")
            return
        if self.tally.unfilled["request_failed"]:
            say("some requests failed; the same command tries them again and asks nothing else")
        say(f"samples: {store.path}")
        for path in split:
            if path.exists():
                say(f"split: {path}")
        if len(self.tally.samples_by_character) < 2:
            say("no validation file: holding a character out takes two that have samples")


def _table_of_samples(tally: Tally) -> Table:
    rows: dict[tuple[str, str], Counter[str]] = {}
    for (language, focus, question_type, difficulty), number in tally.samples.items():
        row = rows.setdefault((language, focus), Counter())
        row.update({"all": number, question_type: number, difficulty: number})
    table = new_table("language", "kind", *of_figures(_COLUMNS), title="samples")
    for (language, focus), row in sorted(rows.items(), key=lambda item: (item[0][0], item[0][1] == "cm")):
        table.add_row(language, _KINDS[focus], *(str(row[column]) for column in _COLUMNS))
    table.add_section()
    total = sum(rows.values(), Counter())
    table.add_row("all", "", *(str(total[column]) for column in _COLUMNS))
    return table


def _listed(counts: Counter[Any]) -> str:
    """Counts, the greatest first.

    >>> _listed(Counter({"429": 2, "timeout": 5}))
    'timeout (5), 429 (2)'
    """
    return ", ".join(f"{name} ({number})" for name, number in counts.most_common())


def _clock(seconds: float) -> str:
    """A length of time in hours, minutes and seconds.

    >>> _clock(3723)
    '1:02:03'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
