"""CharacterEval's contexts: `role`, and a `context` of lines `名字\uff1a话`; the profiles are in another file."""

from collections.abc import Iterator

from raiden.core.records import shortened
from raiden.datagen.dialogues.base import Dialogue, Document, LeftOut, Options
from raiden.datagen.dialogues.turns import messages_of, others_of, read_turns

NAME = "CharacterEval"


def matches(document: Document) -> bool:
    return {"role", "context"} <= set(document)


def read(document: Document, origin: str, options: Options) -> Iterator[Dialogue | LeftOut]:
    role, context = document["role"], document["context"]
    if not isinstance(role, str) or not isinstance(context, str):
        yield LeftOut(
            origin, "malformed", f"`role` and `context` must be texts, got {shortened(role)}, {shortened(context)}."
        )
        return
    profile = options.profile_of(role)
    if profile is None:
        yield LeftOut(origin, "no profile", f'no profile of "{role}" was given; add its file with --profiles.')
        return
    try:
        turns = read_turns(context, role)
    except ValueError as fault:
        yield LeftOut(origin, "malformed", f"`context` {fault}.")
        return
    messages = messages_of(turns)
    user_name = turns[-1].speaker if len(others_of(turns)) > 1 else ""
    if not messages or messages[-1].role != "user":
        yield LeftOut(origin, "no question", "`context` must end with what somebody else says.")
        return
    yield Dialogue(origin, "charactereval", profile, messages[:-1], messages[-1].content, user_name=user_name)
