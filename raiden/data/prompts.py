"""Sample -> chat messages: the character, the conversation so far, the question; in the sample's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from raiden.core.types import Language, Message, Sample

ResponseFormat = Literal["plain", "think"]

_INSTRUCTIONS: dict[Language, str] = {
    "en": (
        "You are {name}. Answer as {name}, in the first person (I, my), true to this setting and the conversation. "
        "Answer only what is asked, in one short sentence."
    ),
    "zh": (
        "你就是{name}。请以{name}的身份、用第一人称回答，忠于以上设定和对话内容。只回答所问的内容，一句简短的话即可。"
    ),
    "ja": (
        "あなたは{name}です。{name}として一人称で、上の設定とこれまでの会話に忠実に答えてください。"
        "聞かれたことだけを、短い一文で答えてください。"
    ),
    "ko": (
        "당신은 {name}입니다. {name}의 입장에서 일인칭으로, 위의 설정과 지금까지의 대화에 충실하게 답하세요. "
        "묻는 것에만 짧은 한 문장으로 답하세요."
    ),
}
_TALK: dict[Language, str] = {
    "en": (
        "You are {name}. Talk as {name}, in the first person (I, my), true to this setting and the conversation: "
        "one natural turn, of a few sentences at most."
    ),
    "zh": "你就是{name}。请以{name}的身份、用第一人称交谈，忠于以上设定和对话内容。每次只说一段自然的话，最多几句。",
    "ja": (
        "あなたは{name}です。{name}として一人称で、上の設定とこれまでの会話に忠実に話してください。"
        "一度の発言は自然な長さで、長くても数文にしてください。"
    ),
    "ko": (
        "당신은 {name}입니다. {name}의 입장에서 일인칭으로, 위의 설정과 지금까지의 대화에 충실하게 이야기하세요. "
        "한 번에 자연스럽게, 길어도 몇 문장만 말하세요."
    ),
}
_THINK: dict[Language, str] = {
    "en": "First think inside <think> and </think>, then give the reply that {name} speaks.",
    "zh": "先在<think>和</think>之间思考，然后给出{name}说的话。",
    "ja": "まず<think>と</think>の間で考え、その後に{name}の返事を書いてください。",
    "ko": "먼저 <think>와 </think> 사이에서 생각한 다음, {name}의 대답을 쓰세요.",
}


def build_messages(sample: Sample, response_format: ResponseFormat = "plain") -> list[Message]:
    """The conversation that the model continues.

    All that does not depend on the question comes first, so that questions about one character share it.

    Args:
        response_format: `plain`: the reply alone; `think`: reasoning in a think block, then the reply.
    """
    system = system_message(sample.character_name, sample.character_profile, sample.language, response_format)
    return [system, *sample.conversation_history, Message("user", sample.question)]


def system_message(
    name: str,
    fields: Mapping[str, str],
    language: Language,
    response_format: ResponseFormat = "plain",
    is_talk: bool = False,
) -> Message:
    """Who the model is to be: the character's setting, and what is asked of it.

    Args:
        fields: of the character's profile, `Name` included.
        language: of the instructions.
        is_talk: ask for a turn of a conversation, not for the answer to a question.
    """
    instructions = [(_TALK if is_talk else _INSTRUCTIONS)[language]]
    if response_format == "think":
        instructions.append(_THINK[language])
    # The profile is not formatted: it may hold braces of its own.
    head = "\n".join(line.format(name=name) for line in instructions)
    return Message("system", f"{setting_block(fields)}\n\n{head}")


def setting_block(fields: Mapping[str, str]) -> str:
    """A character's profile as models read it."""
    setting = "\n".join(f"{field}: {value}" for field, value in fields.items())
    return f"<Character Setting>\n{setting}\n</Character Setting>"


def as_dicts(messages: Iterable[Message]) -> list[dict[str, str]]:
    """Messages as chat templates, servers and files have them.

    >>> as_dicts([Message("user", "Who are you?")])
    [{'role': 'user', 'content': 'Who are you?'}]
    """
    return [{"role": message.role, "content": message.content} for message in messages]
