"""The one way in which tables and figures are shown in a terminal."""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

_PLAIN_WIDTH = 120
# A model that writes escape sequences must not get hold of the terminal.
_CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def open_console(wraps: bool = True) -> Console:
    """Where tables go: as wide as the terminal, or wide enough for all columns in a file.

    Args:
        wraps: whether lines that are longer are broken.
    """
    width = None if sys.stdout.isatty() else _PLAIN_WIDTH
    return Console(width=width, highlight=False, markup=False, soft_wrap=not wraps)


def new_table(*headings: str, title: str | None = None, show_lines: bool = False) -> Table:
    """A table without rows.

    Args:
        headings: of its columns; one that begins with `>` is of figures, which stand to the right.
        show_lines: between rows, where cells have several lines.
    """
    table = Table(title=title, title_justify="left", show_lines=show_lines)
    for heading in headings:
        is_figure = heading.startswith(">")
        table.add_column(heading.removeprefix(">"), justify="right" if is_figure else "left", no_wrap=is_figure)
    return table


def percent(share: float | None) -> str:
    """A share as people write it.

    >>> percent(0.20000000298023224), percent(None)
    ('20.0 %', '-')
    """
    return "-" if share is None else f"{100 * share:.1f} %"


def of_figures(names: Iterable[str]) -> list[str]:
    """Headings of columns of figures."""
    return [f">{name}" for name in names]


def printable(text: str) -> str:
    """The text with its control characters replaced, one for one.

    >>> printable("tea\\x1b[2J\\n")
    'tea\ufffd[2J\\n'
    """
    return text.translate(_CONTROLS)
