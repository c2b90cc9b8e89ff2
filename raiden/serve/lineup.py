"""Who can be asked: models, alone or as one of the characters, by the names that requests say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raiden.chat import Cast
from raiden.core.errors import ProfileError
from raiden.core.types import Message, Profile
from raiden.data.prompts import PromptSettings, system_message
from raiden.endpoints.live import LiveModel
from raiden.serve.faults import ApiError


@dataclass(frozen=True)
class Served:
    """A model and how its prompts are made."""

    model: LiveModel
    settings: PromptSettings
    path: str


@dataclass(frozen=True)
class Voice:
    """Who replies: a model, as a character or by the client's own prompt."""

    name: str
    """As it stands in answers, whatever the request wrote."""
    served: Served
    profile: Profile | None

    def conversation(self, messages: Sequence[Message]) -> list[Message]:
        """A client's messages as the model reads them.

        A character's own prompt comes first; what the client says as `system`, wherever that stands, follows it.
        """
        given = [message.content for message in messages if message.role == "system" and message.content.strip()]
        turns = [message for message in messages if message.role != "system"]
        if self.profile is not None:
            given.insert(0, character_prompt(self.profile, self.served.settings).content)
        return [Message("system", "\n\n".join(given)), *turns] if given else turns


def character_prompt(profile: Profile, settings: PromptSettings) -> Message:
    """What the model is told of a character, as in training."""
    return system_message(profile.name, profile.fields, profile.language, settings, text=profile.text)


class Lineup:
    """Models and characters by name: `raiden`, `raiden/小明`.

    Args:
        served: by name; the first is asked where a request says no more than a character's name.
        cast: the characters, for all of them.
    """

    def __init__(self, served: Mapping[str, Served], cast: Cast) -> None:
        self.served = served
        self.cast = cast

    @property
    def profiles(self) -> Sequence[Profile]:
        return self.cast.profiles

    @property
    def names(self) -> list[str]:
        """All that `find` takes, the models alone first."""
        return [*self.served, *(f"{model}/{p.name}" for model in self.served for p in self.profiles)]

    def find(self, name: str) -> Voice:
        """Who is meant; an empty name: the first model.

        Raises:
            ApiError: nobody, or several.
        """
        model, slash, character = (name or next(iter(self.served))).partition("/")
        if model not in self.served:
            model, slash, character = next(iter(self.served)), "/", name
        if not slash:
            return Voice(model, self.served[model], None)
        try:
            profile = self.cast.find(character)
        except ProfileError as fault:
            told = str(fault).removeprefix("`character`: ").rstrip(".")
            message = f"`model`: {told}; GET /v1/models lists all names."
            raise ApiError(404, message, "model", "model_not_found") from fault
        return Voice(f"{model}/{profile.name}", self.served[model], profile)
