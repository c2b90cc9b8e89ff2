"""What stands in a target's think block: the sample's own reasoning, or a quotation of what the answer rests on."""

import re
from collections.abc import Iterator

from raiden.core.errors import SampleError
from raiden.core.types import Focus, Language, Sample
from raiden.datagen.checks.keywords import mentions
from raiden.rewards.normalise import fold
from raiden.rewards.sentences import split_sentences

_QUOTING: dict[Language, dict[Focus, tuple[str, str]]] = {
    "en": {
        "sbk": ("I am {name}. I must stay true to my setting, which says:", '"{quote}"'),
        "cm": ("I am {name}. I must stay true to our conversation, where it was said:", '"{quote}"'),
    },
    "zh": {
        "sbk": ("我是{name}，要忠于自己的设定。设定里写着：", "“{quote}”"),
        "cm": ("我是{name}，要忠于前面的对话。对话里说过：", "“{quote}”"),
    },
    "ja": {
        "sbk": ("私は{name}。自分の設定に忠実でなければ。設定にはこうある。", "「{quote}」"),
        "cm": ("私は{name}。これまでの会話に忠実でなければ。会話にはこうあった。", "「{quote}」"),
    },
    "ko": {
        "sbk": ("내 이름은 {name}, 내 설정에 충실해야 한다. 설정에는 이렇게 적혀 있다.", '"{quote}"'),
        "cm": ("내 이름은 {name}, 지금까지의 대화에 충실해야 한다. 대화에는 이런 말이 있었다.", '"{quote}"'),
    },
}
_BLOCK = re.compile(r"<think>(.*)</think>", re.DOTALL | re.IGNORECASE)


def own_reasoning(sample: Sample) -> str:
    """`reasoning` of the record, or of its `metadata`, without a think block around it; empty where there is none.

    Raises:
        SampleError: it is not text.
    """
    reasoning = sample.raw.get("reasoning")
    if reasoning is None:
        reasoning = sample.raw.get("metadata", {}).get("reasoning")
    if reasoning is None:
        return ""
    if not isinstance(reasoning, str):
        raise SampleError(
            f'sample {sample.id} of "{sample.character_name}" ("{sample.question}"): `reasoning` must be a string, '
            f"got {reasoning!r}; put it in quotation marks."
        )
    block = _BLOCK.fullmatch(reasoning.strip())
    return (block[1] if block else reasoning).strip()


def quoting_reasoning(sample: Sample) -> str:
    """Quotes, in the sample's language, where the profile (SBK) or the conversation (CM) says what the rule asks for.

    Empty where it does not say all of it.
    """
    quotes = _quotes(sample)
    if not quotes:
        return ""
    head, quote = _QUOTING[sample.language][sample.focus]
    return "\n".join([head.format(name=sample.character_name), *(quote.format(quote=text) for text in quotes)])


def _quotes(sample: Sample) -> list[str]:
    """The first passage that mentions each term, or just one of them where one is enough."""
    passages = list(_passages(sample))
    found = [next((p for p in passages if mentions(p, t, sample.language)), "") for t in sample.rule.terms]
    if sample.rule.match == "any":
        return next(([passage] for passage in found if passage), [])
    return list(dict.fromkeys(found)) if all(found) else []


def _passages(sample: Sample) -> Iterator[str]:
    """The sentences of the conversation or of the profile; a field of one sentence with its name."""
    if sample.focus == "cm":
        for message in sample.conversation_history:
            yield from _sentences(message.content)
        return
    for name, value in sample.character_profile.items():
        sentences = _sentences(value)
        yield from [f"{name}: {value.strip()}"] if len(sentences) == 1 else sentences


def _sentences(text: str) -> list[str]:
    folded = fold(text)
    return [folded.span(s.start, s.end).text.strip() for s in split_sentences(folded.text)]
