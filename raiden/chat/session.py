"""A talk from its first line to its last."""

from raiden.chat.commands import Commands
from raiden.chat.talk import Talk
from raiden.core.errors import InputError

INTERRUPTED = 130
_FAILED = 1


class Session:
    """Reads lines, and does what they ask for."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._commands = Commands(talk)
        self._was_interrupted = False

    def run(self) -> int:
        """Talks until the user ends it.

        Returns:
            The exit code: 0, 1 where a reply failed, 130 after Ctrl-C.
        """
        while not self._commands.has_quit:
            try:
                line = self._talk.screen.ask("You: ")
                self._was_interrupted = False
                self._answer(line)
            except EOFError:
                self._talk.screen.say()
                break
            except KeyboardInterrupt:
                self._talk.screen.say()
                if self._was_interrupted:
                    return INTERRUPTED
                self._was_interrupted = True
                self._talk.screen.say("(Ctrl-C again ends the chat; so do Ctrl-D and /quit)", "dim")
        return _FAILED if self._talk.num_failed else 0

    def _answer(self, line: str) -> None:
        try:
            if line.startswith("/"):
                self._commands.run(line)
            elif line:
                self._talk.ask(line)
        except InputError as fault:
            self._talk.screen.say(f"error: {fault}", "red")
