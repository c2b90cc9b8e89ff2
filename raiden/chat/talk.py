"""A talk with a character: questions, replies as they are written, and what is kept of both."""

import asyncio
from collections.abc import Sequence

from raiden.chat.cast import Cast
from raiden.chat.conversation import Conversation, Turn
from raiden.chat.history import History
from raiden.chat.screen import Screen
from raiden.chat.why import SampleBook
from raiden.core.errors import EndpointError, EngineError
from raiden.core.reasoning import strip_reasoning
from raiden.core.types import Profile
from raiden.endpoints import ChatEndpoint, ChatReply, ContextLengthError, ReplySampling, stream_reply
from raiden.endpoints.reasoning import SpokenText

_FAULTS = (EndpointError, EngineError)
"""Of one reply, by a server or by a model of this machine that ran out of memory; the talk goes on."""


SAMPLING = ReplySampling(temperature=0.7)
"""How replies of a talk are drawn where nothing is said; each later one has the next seed."""


class Talk:
    """Replies in character, and shows and keeps what is said.

    Args:
        runner: of the event loop that the endpoint lives in.
    """

    def __init__(
        self,
        screen: Screen,
        runner: asyncio.Runner,
        endpoint: ChatEndpoint,
        sampling: ReplySampling,
        cast: Cast,
        book: SampleBook,
        history: History,
    ) -> None:
        self.screen, self.cast, self.book, self.history = screen, cast, book, history
        self._runner, self._endpoint, self._sampling = runner, endpoint, sampling
        self._num_asked = self.num_failed = 0
        self._has_told_forgetting = False
        self.conversation: Conversation
        self.unanswered: str | None = None
        """The last question, where its reply failed."""

    def begin(self, profile: Profile, turns: Sequence[Turn] = ()) -> None:
        """Starts a talk with a character, or goes on with these turns of an earlier one."""
        if not turns:
            self.history.begin(profile.name)
        self.conversation = Conversation(profile, self._sampling.settings, turns)
        self.unanswered = None
        self._has_told_forgetting = False

    def ask(self, question: str) -> None:
        """Asks the character, shows the reply, and keeps both; of a reply that fails nothing is kept."""
        self.unanswered = question
        keep = len(self.conversation.turns)
        try:
            reply = self._reply(question)
        except _FAULTS as fault:
            self.num_failed += 1
            self.screen.say(f"error: {fault}", "red")
            return
        self.unanswered = None
        is_interrupted = reply.finish_reason == "interrupted"
        if reply.message.content or not is_interrupted:
            turns = [Turn("user", question), reply]
            self.conversation.turns += turns
            self.history.append(keep, turns)
        if is_interrupted:
            raise KeyboardInterrupt

    def _reply(self, question: str) -> Turn:
        """The character's reply; the oldest turns are left out where the model's context is too short for all."""
        while True:
            try:
                return self._stream(question)
            except ContextLengthError:
                if not self.conversation.forget_oldest():
                    raise
            if not self._has_told_forgetting:
                self._has_told_forgetting = True
                self.screen.say("(the model's context is full: from now on it forgets the oldest turns)", "dim")

    def _stream(self, question: str) -> Turn:
        spoken = SpokenText()
        self._num_asked += 1
        seed = self._sampling.seed + self._num_asked - 1
        request = self._sampling.request(self.conversation.prompt(question), seed)

        def show(piece: str) -> None:
            if addition := spoken.add(piece):
                self._show(addition, is_first=addition == spoken.shown)

        try:
            with self.screen.talking():
                reply = self._runner.run(stream_reply(self._endpoint, request, show))
        except KeyboardInterrupt:
            self.screen.piece(" (stopped)", "dim")
            return Turn("assistant", spoken.written, "interrupted")
        except _FAULTS:
            if spoken.shown:
                self.screen.say()
            raise
        self._finish(reply, spoken.shown)
        return Turn("assistant", reply.text, "length" if reply.truncated else "stop")

    def _show(self, piece: str, is_first: bool) -> None:
        if is_first:
            self.screen.piece(f"{self.conversation.profile.name}: ", "bold")
        self.screen.piece(piece)

    def _finish(self, reply: ChatReply, shown: str) -> None:
        """Shows what was held back of a reply, and where it ended early."""
        text = strip_reasoning(reply.text)
        if not text.startswith(shown):
            self.screen.say(" (so far that was reasoning)", "dim")
            shown = ""
        if text != shown or not text:
            self._show(text[len(shown) :] or "(nothing)", is_first=not shown)
        self.screen.say(f" (cut at {self._sampling.max_tokens} tokens)" if reply.truncated else "", "dim")
