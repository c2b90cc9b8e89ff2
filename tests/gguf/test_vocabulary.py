"""Texts, special tokens and chat templates as llama.cpp reads them from a file."""

from __future__ import annotations

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from raiden.core.errors import ConfigError
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings
from raiden.policy.gguf.llama_cpp import LlamaCpp
from raiden.policy.gguf.vocabulary import _SPLITS
from tests.conftest import CHATML, CORPUS
from tests.gguf.families import CONFIGS, SIZES, build, file_of

TEXTS = [
    *CORPUS,
    "I've 12,345 apples; SHE'LL take 7.5 of them!  Don't you   see?\n\n\tYes -- we'd see… (maybe)\r\n\r\n 3 33 3333",
    "  two spaces, then <|im_end|> and<|im_start|>user\nÀ l'école, naïve Straße ЧТО это? 🚀🦙 नमस्ते",
    "１９９８年4月、灯台守の花子（２８歳）です。저는 28살이에요!!!",
]
LEARNT = [*CORPUS, *TEXTS, "the then there where 1234 123 12 you've we'll HELLO Hello hello\n\n  \t" * 3]


def splitter(steps):
    """The pre-tokenizer of a `tokenizer.json`."""
    made = []
    for step in steps:
        if step == "gpt-2":
            made.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))
        elif step == "digits":
            made.append(pre_tokenizers.Digits(individual_digits=True))
        else:
            made += [
                pre_tokenizers.Split(Regex(step), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
    return pre_tokenizers.Sequence(made)


def learnt(steps, whole=False, **special):
    """A tokenizer that splits by these steps, with merges that would go across what it has to split."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=whole))
    tokenizer.pre_tokenizer, tokenizer.decoder = splitter(("gpt-2",)), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LEARNT, trainer)
    tokenizer.pre_tokenizer = splitter(steps)
    return wrapped(tokenizer, **special)


def wrapped(tokenizer, template=CHATML, **special):
    named = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", **special}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=template, **named)


def served(tokenizer, path, settings=PromptSettings()):
    """llama.cpp with a tiny model of this tokenizer."""
    config = type(CONFIGS["qwen2"])(**{**SIZES, "vocab_size": len(tokenizer) + 7})
    policy = build(config, tokenizer)
    file_of(policy, settings=settings).write(path, lambda num_bytes: None)
    return LlamaCpp(path, 512)


@pytest.mark.parametrize(("steps", "name"), _SPLITS.items(), ids=_SPLITS.values())
def test_llama_cpp_splits_texts_as_the_tokenizer_does(steps, name, tmp_path):
    tokenizer = learnt(steps, whole=name in ("llama-bpe", "tekken"))
    tokenizer.add_tokens(["＜start＞"])  # an added token that is not special
    with served(tokenizer, tmp_path / "x.gguf") as llama:
        for text in [*TEXTS, "a＜start＞b"]:
            assert llama.tokenize(text) == tokenizer.encode(text, add_special_tokens=False), text


@pytest.mark.parametrize("prepends", [False, True])
def test_llama_cpp_merges_characters_as_sentencepiece_does(prepends, tmp_path):
    texts = [text.replace(" ", "▁") for text in LEARNT]
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<unk>", "<s>", "<|im_start|>", "<|im_end|>", *(f"<0x{byte:02X}>" for byte in range(256))],
        limit_alphabet=150,
        show_progress=False,
    )
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.train_from_iterator(texts, trainer)
    parts = [normalizers.Replace(" ", "▁")]
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), *parts] if prepends else parts)
    # Bytes are tokens of the vocabulary, as Llama 2 and Gemma have them.
    state = Tokenizer.from_str(tokenizer.to_str())
    bare = without_added_bytes(state)
    made = wrapped(bare, bos_token="<s>", unk_token="<unk>", pad_token="<unk>")
    with served(made, tmp_path / "x.gguf") as llama:
        for text in [*CORPUS, "Who are you,  Ada?\n\nI'm 28.", "灯台 🚀"]:
            assert llama.tokenize(text) == made.encode(text, add_special_tokens=False), text


def without_added_bytes(tokenizer):
    import json

    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if not t["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(state))


THINKING = CHATML.replace(
    "<|im_start|>assistant\n{% endif %}",
    "<|im_start|>assistant\n{% if enable_thinking is defined and enable_thinking is false %}"
    "<think>\n\n</think>\n\n{% endif %}{% endif %}",
)
WITH_BOS = "{{ bos_token }}" + CHATML


@pytest.mark.parametrize(
    ("template", "special"), [(CHATML, {}), (THINKING, {}), (WITH_BOS, {"bos_token": "<|endoftext|>"})]
)
def test_llama_cpp_makes_the_prompts_of_the_run(template, special, tmp_path):
    tokenizer = learnt(("gpt-2",), **special)
    tokenizer.chat_template = template
    if special:
        tokenizer.add_bos_token = True
        tokenizer.backend_tokenizer.post_processor = bos_in_front(tokenizer)
    settings = PromptSettings()  # `plain`, under which reasoning is turned off
    chat = ChatTemplate(tokenizer, settings)
    told = [{"role": "system", "content": "You are Ada."}, {"role": "user", "content": "Who are you?"}]
    ours = chat.tokenize([chat.renderer.render(told, **chat.kwargs)])[0]
    with served(tokenizer, tmp_path / "x.gguf", settings) as llama:
        assert llama.prompt(told) == list(ours)


def bos_in_front(tokenizer):
    from tokenizers.processors import TemplateProcessing

    bos = tokenizer.bos_token
    return TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A $B", special_tokens=[(bos, tokenizer.bos_token_id)])


def test_a_tokenizer_that_llama_cpp_would_split_otherwise_is_refused(tiny_tokenizer):
    backend = Tokenizer.from_str(tiny_tokenizer.backend_tokenizer.to_str())
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"\d+"), "isolated")
    with pytest.raises(ConfigError, match=r"would not read texts .* splits texts by \\d\+; nothing was written"):
        file_of(build(CONFIGS["qwen2"], wrapped(backend)))
    word = Tokenizer(models.WordLevel({"a": 0, "<|im_end|>": 1, "<|endoftext|>": 2}, unk_token="a"))
    with pytest.raises(ConfigError, match="its kind is WordLevel, not BPE"):
        file_of(build(CONFIGS["qwen2"], wrapped(word)))
