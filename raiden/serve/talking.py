"""What the page asks beside OpenAI's protocol: who is there, and why a reply is right or wrong."""

import asyncio
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from raiden.chat import SampleBook
from raiden.chat.conversation import Conversation, Turn
from raiden.chat.why import SAME_QUESTION, Numbered, Score
from raiden.rollout.engines import SamplingConfig
from raiden.serve.bodies import MAX_MESSAGES, read_body
from raiden.serve.connection import read_json
from raiden.serve.faults import ApiError
from raiden.serve.lineup import Lineup, character_prompt

_NUM_NEAREST = 3


class _Turn(BaseModel):
    role: Literal["user", "assistant"]
    content: str
    finish_reason: Literal["stop", "length", "interrupted"] = "stop"


class _CharacterBody(BaseModel):
    character: str


class _WhyBody(BaseModel):
    """A conversation whose last reply is to be scored."""

    character: str
    turns: Annotated[list[_Turn], Field(min_length=2, max_length=MAX_MESSAGES)]
    sample: int | None = None
    """By which sample; null: the one that asks the same."""


class Talking:
    """The page's own routes."""

    def __init__(self, lineup: Lineup, book: SampleBook, sampling: SamplingConfig) -> None:
        self.lineup, self.book, self.sampling = lineup, book, sampling

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/talk/lineup", self.who, methods=["GET"]),
            Route("/talk/character", self.character, methods=["POST"]),
            Route("/talk/why", self.why, methods=["POST"]),
        ]

    async def who(self, request: Request) -> Response:
        """The models and the characters."""
        models = [{"name": name, "path": served.path} for name, served in self.lineup.served.items()]
        characters = [{"name": profile.name, "language": profile.language} for profile in self.lineup.profiles]
        usual = {"temperature": self.sampling.temperature, "max_tokens": self.sampling.max_tokens}
        return JSONResponse({"models": models, "characters": characters, "usual": usual})

    async def character(self, request: Request) -> Response:
        """What is known of a character: its fields, its prompt, and questions whose answers can be scored."""
        body = read_body(_CharacterBody, await read_json(request))
        voice = self.lineup.find(f"{next(iter(self.lineup.served))}/{body.character}")
        assert voice.profile is not None
        return JSONResponse(
            {
                "fields": dict(voice.profile.fields),
                "prompt": character_prompt(voice.profile, voice.served.settings).content,
                "samples": [_told(numbered) for numbered in self.book.about(voice.profile.name)],
            }
        )

    async def why(self, request: Request) -> Response:
        """What the reward says of the last reply, or which samples are near where none asks the same."""
        body = read_body(_WhyBody, await read_json(request))
        return JSONResponse(await asyncio.to_thread(self._why, body))

    def _why(self, body: _WhyBody) -> dict[str, Any]:
        voice = self.lineup.find(f"{next(iter(self.lineup.served))}/{body.character}")
        assert voice.profile is not None
        turns = [Turn(turn.role, turn.content, turn.finish_reason) for turn in body.turns]
        said = Conversation(voice.profile, voice.served.settings, turns)
        if said.last_exchange is None:
            raise ApiError(400, "`turns` must end in a question and its reply.", "turns", "invalid_value")
        question, reply = said.last_exchange
        if body.sample is not None:
            own = {numbered.number: numbered for numbered in self.book.about(voice.profile.name)}
            if body.sample not in own:
                raise ApiError(400, f"`sample` must be one of 1 to {len(own)}.", "sample", "invalid_value")
            return _scored(self.book.score(own[body.sample], question, reply))
        nearest = self.book.nearest(question, said)
        if nearest and nearest[0][0] >= SAME_QUESTION:
            return _scored(self.book.score(nearest[0][1], question, reply))
        return {"nearest": [{**_told(n), "alike": round(alike)} for alike, n in nearest[:_NUM_NEAREST]]}


def _told(numbered: Numbered) -> dict[str, Any]:
    sample = numbered.sample
    return {
        "number": numbered.number,
        "question": sample.question,
        "focus": sample.focus,
        "turns": [{"role": turn.role, "content": turn.content} for turn in sample.conversation_history],
    }


def _scored(score: Score) -> dict[str, Any]:
    reward = score.reward
    return {
        "is_right": reward.accuracy == 1,
        "total": reward.total,
        "lines": list(score.lines()),
        "reason": reward.reason,
        "reference": score.numbered.sample.answer,
        "spans": [[span.start, span.end] for span in reward.spans],
        "text": score.reply.content,
    }
