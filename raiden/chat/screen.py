"""What is typed and what is shown, in a terminal or through pipes, where there are neither colours nor editing."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from raiden.core.terminal import printable

# Readline counts what stands between these as no columns.
_BEGIN_INVISIBLE, _END_INVISIBLE = "\001", "\002"
_BOLD, _PLAIN = "\033[1m", "\033[0m"


class Screen:
    """Lines in, text out."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self.is_interactive = sys.stdin.isatty()
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")  # half characters could be neither shown nor kept
        if self.is_interactive:
            import readline  # noqa: F401 - from now on `input` edits lines, wide characters too

    def ask(self, prompt: str) -> str:
        """The next line; from a pipe, it is shown as if it had been typed.

        Raises:
            EOFError: there is none any more.
        """
        if self.is_interactive:
            return input(self._bold(prompt)).strip()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        self.say(f"{prompt}{line.strip()}")
        return line.strip()

    def _bold(self, prompt: str) -> str:
        if not self.console.is_terminal or self.console.no_color:
            return prompt
        styles = (f"{_BEGIN_INVISIBLE}{style}{_END_INVISIBLE}" for style in (_BOLD, _PLAIN))
        return prompt.join(styles)

    @contextmanager
    def talking(self) -> Iterator[None]:
        """While a reply comes, what is typed is not shown in the middle of it, but waits for the next question."""
        if not self.is_interactive:
            yield
            return
        import termios

        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        silent = [*before]
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSADRAIN, silent)
        try:
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    def say(self, text: str = "", style: str = "") -> None:
        """Shows a line."""
        self.console.print(Text(printable(text), style))

    def piece(self, text: str, style: str = "") -> None:
        """Shows the next piece of a line that is not at its end yet."""
        self.console.print(Text(printable(text), style), end="")
        self.console.file.flush()

    def marked(self, text: str, spans: Iterable[tuple[int, int]]) -> None:
        """Shows a text in which pieces stand out, where there are colours."""
        shown = Text(printable(text))
        for start, end in spans:
            shown.stylize("bold reverse", start, end)
        self.console.print(shown)

    def list(self, items: Iterable[str]) -> None:
        """Shows short texts with their numbers: side by side in a terminal, else one a line."""
        numbered = [Text(f"{number:3}  {printable(item)}") for number, item in enumerate(items, 1)]
        if self.console.is_terminal:
            self.console.print(Columns(numbered, padding=(0, 3), column_first=True))
            return
        for item in numbered:
            self.console.print(item)
