"""What a line that begins with / does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raiden.chat.conversation import Turn
from raiden.chat.talk import Talk
from raiden.chat.why import SAME_QUESTION, Numbered, Score
from raiden.core.errors import ConfigError, InputError, SampleError
from raiden.core.records import write_new_records
from raiden.data.prompts import as_dicts

_NUM_NEAREST = 3


@dataclass(frozen=True)
class _Command:
    run: Callable[[str], None]
    argument: str
    """How the help calls what follows the name."""
    help: str


class Commands:
    """The commands of a talk."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.screen = talk.screen
        self.has_quit = False
        self._commands = {
            "why": _Command(
                self._why, "[N]", "score the last reply: by the sample that asks the same, or by sample N"
            ),
            "samples": _Command(self._samples, "", "list questions about this character whose answers can be scored"),
            "ask": _Command(self._ask, "N", "start anew with the conversation of sample N, and ask its question"),
            "character": _Command(self._character, "[NAME]", "talk with another character, or list them"),
            "retry": _Command(self._retry, "", "ask the last question again"),
            "undo": _Command(self._undo, "", "take back the last question and its reply"),
            "reset": _Command(self._reset, "", "start a new conversation"),
            "history": _Command(self._history, "", "show the conversation so far"),
            "system": _Command(self._system, "", "show what the model is told of the character"),
            "save": _Command(
                self._save, "FILE", "write the conversation as chat messages to a new .json or .jsonl file"
            ),
            "help": _Command(self._help, "", "show this list"),
            "quit": _Command(self._quit, "", "end the chat"),
        }

    def run(self, line: str) -> None:
        """Does what a line says.

        Raises:
            InputError: there is no such command, or what follows its name cannot be used.
        """
        name, _, argument = line[1:].partition(" ")
        command, argument = self._commands.get(name), argument.strip()
        if command is None:
            raise ConfigError(f"there is no command /{name}; /help lists them.")
        if argument and not command.argument:
            raise ConfigError(f"/{name} takes nothing after its name, got {argument!r}.")
        if not argument and command.argument and not command.argument.startswith("["):
            raise ConfigError(f"/{name} needs {command.argument} after it: {command.help}.")
        command.run(argument)

    def _why(self, argument: str) -> None:
        said = self.talk.conversation
        if said.last_exchange is None:
            self.screen.say("Nothing was said yet that could be scored.")
            return
        question, reply = said.last_exchange
        if argument:
            self._show_score(self.talk.book.score(self._sample(argument), question, reply))
            return
        nearest = self.talk.book.nearest(question, said)
        if nearest and nearest[0][0] >= SAME_QUESTION:
            similarity, numbered = nearest[0]
            self.screen.say(f"nearest question: {similarity:.0f} % alike", "dim")
            self._show_score(self.talk.book.score(numbered, question, reply))
            return
        self.screen.say(f"No sample about {said.profile.name} asks this, so nothing says what would be right.")
        for similarity, numbered in nearest[:_NUM_NEAREST]:
            self.screen.say(
                f"  /why {numbered.number} scores by: {numbered.sample.question} ({similarity:.0f} % alike)"
            )

    def _show_score(self, score: Score) -> None:
        for line in score.lines():
            self.screen.say(line)
        self.screen.piece("reply: ")
        self.screen.marked(score.reply.content, [(span.start, span.end) for span in score.reward.spans])

    def _samples(self, _: str) -> None:
        own = self.talk.book.about(self.talk.conversation.profile.name)
        if not own:
            name = self.talk.conversation.profile.name
            files = ", ".join(str(path) for path in self.talk.book.paths) or "no file (--eval_data)"
            self.screen.say(f"No sample about {name} in {files}.")
        for numbered in own:
            length = len(numbered.sample.conversation_history)
            after = f" (after {length} turns: /ask {numbered.number})" if length else ""
            self.screen.say(f"{numbered.number:3}  {numbered.sample.question}{after}")

    def _sample(self, argument: str) -> Numbered:
        own = self.talk.book.about(self.talk.conversation.profile.name)
        if not argument.isdecimal() or not 1 <= int(argument) <= len(own):
            raise SampleError(f"there is no sample {argument} about this character; /samples lists {len(own)}.")
        return own[int(argument) - 1]

    def _ask(self, argument: str) -> None:
        sample = self._sample(argument).sample
        turns = [Turn(m.role, m.content) for m in sample.conversation_history if m.role != "system"]
        self.talk.begin(self.talk.conversation.profile)
        self.talk.conversation.turns = turns
        if turns:
            self.talk.history.append(0, turns)
        self._history("")
        self.screen.say(f"You: {sample.question}")
        self.talk.ask(sample.question)

    def _character(self, argument: str) -> None:
        if not argument:
            self.screen.list(profile.name for profile in self.talk.cast.profiles)
            return
        profile = self.talk.cast.find(argument)
        self.talk.begin(profile)
        self.screen.say(f"You now talk with {profile.name}.", "dim")

    def _retry(self, _: str) -> None:
        question = self.talk.unanswered or self._take_back()
        if question is not None:
            self.talk.ask(question)

    def _undo(self, _: str) -> None:
        question = self._take_back()
        if question is not None:
            self.screen.say(f"Taken back: {question}", "dim")

    def _take_back(self) -> str | None:
        question = self.talk.conversation.undo()
        if question is None:
            self.screen.say("Nothing was said yet.")
        else:
            self.talk.history.append(len(self.talk.conversation.turns), [])
        return question

    def _reset(self, _: str) -> None:
        self.talk.begin(self.talk.conversation.profile)
        self.screen.say("A new conversation.", "dim")

    def _history(self, _: str) -> None:
        said = self.talk.conversation
        for number, turn in enumerate(said.turns):
            if number == said.num_forgotten > 0:
                self.screen.say("(the model has forgotten all above)", "dim")
            name = "You" if turn.role == "user" else said.profile.name
            self.screen.say(f"{name}: {turn.message.content}")

    def _system(self, _: str) -> None:
        self.screen.say(self.talk.conversation.system.content)

    def _save(self, argument: str) -> None:
        said = self.talk.conversation
        messages = [said.system, *(turn.message for turn in said.turns)]
        record = {
            "character_name": said.profile.name,
            "character_profile": dict(said.profile.fields),
            "model": self.talk.history.model,
            "messages": as_dicts(messages),
        }
        write_new_records(Path(argument).expanduser(), [record], ConfigError)
        self.screen.say(f"saved: {argument}", "dim")

    def _help(self, _: str) -> None:
        for name, command in self._commands.items():
            self.screen.say(f"  {f'/{name} {command.argument}':18} {command.help}")
        self.screen.say("  Ctrl-C stops a reply; twice, it ends the chat, as Ctrl-D does")

    def _quit(self, _: str) -> None:
        self.has_quit = True


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
