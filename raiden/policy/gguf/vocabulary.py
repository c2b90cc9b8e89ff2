"""A tokenizer as llama.cpp reads it: tokens, merges, how text is split before them, special tokens, chat template."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gguf import GGUFWriter, TokenType
from transformers import PreTrainedTokenizerBase

from raiden.core.errors import ConfigError
from raiden.data.chat_template import ChatTemplate, end_of_turn_ids

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_WORDS = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_TEKKEN = rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*|\p{{N}}{_REST}"
_O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTIONS}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTIONS}?|\p{{N}}{{1,3}}{_REST}"
)
_SPLITS: Mapping[tuple[str, ...], str] = {
    ("gpt-2",): "gpt-2",
    ("digits", "gpt-2"): "smollm",
    (_WORDS % "",): "qwen2",
    (_WORDS % "{1,3}",): "llama-bpe",
    (_TEKKEN,): "tekken",
    (_O200K,): "gpt-4o",
}
"""`tokenizer.ggml.pre` by the steps that split a text; the patterns stand in the models' `tokenizer.json`."""
_MERGED_WHOLE = ("llama-bpe", "tekken")
"""Those under which llama.cpp takes a word that is a token as it is, without merging it up."""
_SPACE = "\u2581"


@dataclass(frozen=True)
class Vocabulary:
    """All that the header of a GGUF file says of a tokenizer."""

    model: str
    """`gpt2`: merges over bytes; `llama`: over characters, as SentencePiece does."""
    pre: str
    tokens: Sequence[str]
    types: Sequence[TokenType]
    merges: Sequence[str]
    scores: Sequence[float]
    special: Mapping[str, int]
    chat_template: str
    adds_bos: bool
    adds_space: bool

    def add_to(self, writer: GGUFWriter) -> None:
        """Adds it to a header."""
        writer.add_tokenizer_model(self.model)
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        if self.merges:
            writer.add_token_merges(self.merges)
        if self.scores:
            writer.add_token_scores(self.scores)
            writer.add_add_space_prefix(self.adds_space)
        for name, number in self.special.items():
            getattr(writer, f"add_{name}_token_id")(number)
        writer.add_add_bos_token(self.adds_bos)
        writer.add_add_eos_token(False)
        writer.add_chat_template(self.chat_template)


def vocabulary_of(tokenizer: PreTrainedTokenizerBase, chat: ChatTemplate, num_rows: int) -> Vocabulary:
    """The tokenizer with the run's way of using its chat template.

    Args:
        num_rows: of the embedding; rows without a token get one that no text has.

    Raises:
        ConfigError: llama.cpp cannot split texts as it does.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise _refusal(f"{type(tokenizer).__name__} is not one of the tokenizers library")
    parts = json.loads(backend.to_str())
    if parts["model"]["type"] != "BPE":
        raise _refusal(f"its kind is {parts['model']['type']}, not BPE")
    if len(tokenizer) > num_rows:
        raise _refusal(f"it has {len(tokenizer)} tokens, and the model embeddings of {num_rows}")
    is_bytes = not parts["model"].get("byte_fallback")
    tokens, types = _tokens(tokenizer, parts, num_rows, is_bytes)
    merges = [(left, right) for left, right in map(_pair, parts["model"]["merges"])]
    return Vocabulary(
        model="gpt2" if is_bytes else "llama",
        pre=_pre(parts) if is_bytes else "default",
        tokens=tokens,
        types=types,
        merges=[f"{left} {right}" for left, right in merges] if is_bytes else (),
        scores=() if is_bytes else _scores(tokens, merges),
        special=_special(tokenizer, chat),
        chat_template=_template(chat),
        adds_bos=_adds_bos(tokenizer, chat),
        adds_space=not is_bytes and _adds_space(parts),
    )


def _pair(merge: str | Sequence[str]) -> Sequence[str]:
    return merge.split(" ", 1) if isinstance(merge, str) else merge


def _refusal(why: str) -> ConfigError:
    return ConfigError(
        f"`--format gguf`: llama.cpp would not read texts as this tokenizer does: {why}; nothing was written. Export "
        "the folder (`--format hf`) and try llama.cpp's own converter, or serve the folder with vLLM."
    )


# How a text is split


def _pre(parts: Mapping[str, Any]) -> str:
    steps = tuple(_steps(parts["pre_tokenizer"]))
    name = _SPLITS.get(steps)
    if name is None:
        raise _refusal(f"it splits texts by {' and '.join(steps) or 'nothing'}")
    if parts["model"].get("ignore_merges", False) != (name in _MERGED_WHOLE):
        raise _refusal(f"`ignore_merges` is not what {name} tokenizers have")
    if parts["normalizer"] not in (None, {"type": "NFC"}) and parts["normalizer"].get("normalizers") != []:
        raise _refusal(f"it changes texts by {parts['normalizer']['type']}")
    return name


def _steps(splitter: Mapping[str, Any] | None) -> list[str]:
    """What splits texts, in order; the bytes of what is split are left out."""
    if splitter is None:
        return []
    kind = splitter["type"]
    if kind == "Sequence":
        return [step for part in splitter["pretokenizers"] for step in _steps(part)]
    if kind == "ByteLevel" and not splitter["add_prefix_space"]:
        return ["gpt-2"] if splitter["use_regex"] else []
    if kind == "Digits" and splitter["individual_digits"]:
        return ["digits"]
    if kind == "Split" and splitter["behavior"] == "Isolated" and not splitter["invert"]:
        return [splitter["pattern"].get("Regex", "")]
    return [kind]


def _adds_space(parts: Mapping[str, Any]) -> bool:
    """Whether a text gets a space in front."""
    splitter, normalizer = parts["pre_tokenizer"] or {}, parts["normalizer"] or {}
    if splitter.get("type") == "Metaspace":
        return bool(splitter["prepend_scheme"] != "never")
    steps = normalizer.get("normalizers", [normalizer])
    kinds = {step.get("type") for step in steps}
    if not kinds <= {"Prepend", "Replace"} or splitter.get("type") not in (None, "Split"):
        raise _refusal("it is none of SentencePiece's")
    return "Prepend" in kinds


def _scores(tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> list[float]:
    """By which llama.cpp chooses the next merge: the higher the earlier.

    Raises:
        ConfigError: merges that make one token are apart, which no score can say.
    """
    first: dict[str, int] = {}
    made = [left + right for left, right in merges]
    for rank, (token, following) in enumerate(pairwise([*made, ""])):
        first.setdefault(token, rank)
        if following != token and following in first:
            raise _refusal(f"it makes {following!r} in two places of its merges")
    return [float(-first.get(token, len(merges))) for token in tokens]


# Tokens


def _tokens(
    tokenizer: PreTrainedTokenizerBase, parts: Mapping[str, Any], num_rows: int, is_bytes: bool
) -> tuple[list[str], list[TokenType]]:
    tokens = [f"[PAD{number}]" for number in range(num_rows)]
    types = [TokenType.UNUSED] * num_rows
    unknown = parts["model"].get("unk_token")
    for token, number in parts["model"]["vocab"].items():
        tokens[number] = token
        is_byte = not is_bytes and len(token) == 6 and token.startswith("<0x") and token.endswith(">")
        types[number] = TokenType.BYTE if is_byte else TokenType.NORMAL
        if not is_bytes and token == unknown:
            types[number] = TokenType.UNKNOWN
    for number, added in tokenizer.added_tokens_decoder.items():
        if types[number] is TokenType.UNKNOWN:
            continue
        # llama.cpp looks for them in the text itself, where spaces are spaces.
        tokens[number] = added.content if is_bytes else added.content.replace(_SPACE, " ")
        types[number] = TokenType.CONTROL if added.special else TokenType.USER_DEFINED
    return tokens, types


def _special(tokenizer: PreTrainedTokenizerBase, chat: ChatTemplate) -> dict[str, int]:
    named = {
        "bos": tokenizer.bos_token_id,
        "eos": tokenizer.eos_token_id,
        "unk": tokenizer.unk_token_id,
        "pad": tokenizer.pad_token_id,
    }
    # What ends a reply in the chat template ends it in llama.cpp too.
    ends = [number for number in end_of_turn_ids(tokenizer, chat.traits) if number != tokenizer.eos_token_id]
    return {name: number for name, number in {**named, "eot": next(iter(ends), None)}.items() if number is not None}


# The chat template


def _template(chat: ChatTemplate) -> str:
    """The template, which takes the run's options for granted: other programs do not give them."""
    options = "".join(f"{{% set {name} = {_jinja(value)} %}}" for name, value in chat.kwargs.items())
    return options + chat.renderer.source


def _jinja(value: Any) -> str:
    """A value as Jinja writes it.

    >>> _jinja(False), _jinja({"effort": ["low", None]})
    ('false', '{"effort": ["low", none]}')
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)}: {_jinja(of)}" for name, of in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_jinja, value)) + "]"
    return "none" if value is None else json.dumps(value)


def _adds_bos(tokenizer: PreTrainedTokenizerBase, chat: ChatTemplate) -> bool:
    """Whether llama.cpp shall put it in front of a text: where the tokenizer does and prompts of the run have it.

    It then takes the one away that the template writes.
    """
    if tokenizer.bos_token_id is None or tokenizer.encode("a")[0] != tokenizer.bos_token_id:
        return False
    with chat.renderer as renderer:
        return bool(renderer.render([{"role": "user", "content": "a"}], **chat.kwargs).startswith(tokenizer.bos_token))
