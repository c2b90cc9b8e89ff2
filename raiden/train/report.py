"""What a user reads at the end of a run: the table and its JSON."""

import re
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from raiden.core.terminal import new_table, of_figures, open_console, percent
from raiden.core.types import Reward, Rollout
from raiden.evaluation import summary

COLUMNS = ("question", "completion", "reward", "why", "matched", "character")
"""Of a table of completions; what is read first stands where a narrow page still shows it."""
_WIDTH = 36
"""Of a line in a cell of Markdown, in columns of a terminal: TensorBoard does not break lines by itself."""


def print_shares(title: str, columns: Mapping[str, Mapping[str, float]]) -> None:
    """Prints shares of right replies, a row for each kind of question, a column for each evaluation."""
    table = new_table("held-out replies that are right", *of_figures(columns), title=title)
    shares = list(columns.values())
    for name in sorted({name for share in shares for name in share}, key=summary.row_order):
        table.add_row(summary.title(name), *(share_or_figure(name, share.get(name)) for share in shares))
    open_console().print(table)


def share_or_figure(name: str, value: float | None) -> str:
    """A value of an evaluation as it is shown: rewards and losses as figures, all others in percent."""
    return f"{value:.3f}" if name in ("reward", "loss") and value is not None else percent(value)


def disagree(reward: Reward) -> bool:
    """Whether the rule and the verifier say different things of a completion."""
    return "verifier" in reward.components and reward.components["verifier"] != reward.components["rule"]


def completion_rows(
    rollouts: Sequence[Rollout], limit: int | None, shows: Callable[[Reward], bool] = lambda reward: True
) -> list[list[str]]:
    """Sampled completions with their rewards, matched spans and reasons, a row of `COLUMNS` each.

    Args:
        limit: completions of each prompt; None: all.
        shows: which of them.
    """
    rows = []
    for rollout in rollouts:
        pairs = zip(rollout.completions, rollout.rewards, strict=True)
        for completion, reward in [pair for pair in pairs if shows(pair[1])][:limit]:
            sample = rollout.prompt.sample
            cells = [
                sample.question,
                completion.text,
                "no score" if reward.total is None else f"{reward.total:.2f}",
                reward.reason,
                ", ".join(span.text for span in reward.spans),
                sample.character_name,
            ]
            rows.append(cells)
    return rows


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows of completions as a Markdown table."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(map(_escaped, row)) + " |" for row in rows)])


def first_prompt(prompt: str) -> str:
    """A prompt as the model reads it, character for character, to stand below a table in Markdown."""
    fence = "`" * (max((len(run) for run in re.findall("`+", prompt)), default=0) + 3)
    return "\n".join(["", "", "The first prompt:", "", fence, prompt, fence])


def _escaped(text: str) -> str:
    """A cell's text, in lines of `_WIDTH`.

    >>> _escaped("a|b\\n" + "word " * 10)
    'a\\\\|b<br>word word word word word word word<br>word word word'
    """
    lines = Text(text).wrap(Console(), _WIDTH)
    return "<br>".join(line.plain.rstrip().replace("|", "\\|") for line in lines)
