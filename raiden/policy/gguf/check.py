"""Whether a GGUF file that was written is the policy: read again, and by llama.cpp itself where that is installed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from torch import Tensor

from raiden.core.errors import TrainingError
from raiden.core.types import Message
from raiden.data.chat_template import ChatTemplate
from raiden.policy.gguf.file import GgufFile, GgufType
from raiden.policy.gguf.llama_cpp import LlamaCpp, Step

LARGEST_DIFFERENCE: dict[GgufType, float] = {"f32": 1e-3, "f16": 0.05, "bf16": 0.3, "q8_0": 0.75}
"""Between log-probabilities of llama.cpp and of the policy, in nats; several times what docs/export.md measures. For
f16 and bf16 llama.cpp rounds what goes into a matrix too, not only the matrix."""
_NUM_TOKENS = 24
_SETTING = (
    "<Character Setting>\nName: Edith\nAge: 34\nOccupation: nurse\nHometown: York\n</Character Setting>\n\n"
    "You are Edith. Answer as Edith, in the first person (I, my)."
)
_MESSAGES = [Message("system", _SETTING), Message("user", "Where were you born, and how old are you?")]
_TEXTS = (
    "I've 12,345 apples; she'll take 7.5 of them!  Don't you see?\n\n\tYes -- WE'LL see… (maybe)",
    "你好，我叫小明，今年28岁。住在北京市朝阳区３号楼！",
    "こんにちは、灯台守の花子です。1998年4月に生まれました。",
    "안녕하세요, 저는 등대지기 민수입니다. 스물여덟 살이에요.",
)


@dataclass(frozen=True)
class Agreement:
    """How llama.cpp's reply with the file compares with the policy."""

    num_prompt: int
    """Tokens of the prompt, the same in both."""
    num_reply: int
    """Tokens of llama.cpp's greedy reply."""
    difference: float
    """Largest, of the log-probabilities of the most likely tokens at each place, in nats."""
    gap: float
    """Largest by which the policy holds another token for more likely, in nats; 0: its greedy reply is the same."""

    def describe(self) -> str:
        """In a line.

        >>> Agreement(62, 24, 0.00012, 0.0).describe()
        'the same 62 tokens of a prompt, the same greedy reply of 24, log-probabilities within 0.00012'
        """
        same = "the same greedy reply" if self.gap == 0 else f"a greedy reply within {self.gap:.2g} nats of the best"
        return (
            f"the same {self.num_prompt} tokens of a prompt, {same} of {self.num_reply}, log-probabilities within "
            f"{self.difference:.2g}"
        )


def read_again(file: GgufFile, path: Path) -> None:
    """Compares the names, shapes and types of what was written, and the ends of each tensor, with the policy.

    Raises:
        TrainingError: something is not as it was to be.
    """
    written = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    if list(written) != [tensor.name for tensor in file.tensors]:
        raise TrainingError(f"{path.name} does not hold the tensors that were written; nothing is kept.")
    for tensor, (name, weight) in zip(file.tensors, file.weights(), strict=True):
        rows = weight.reshape(-1, weight.shape[-1])[[0, -1]].float().numpy()
        there = written[name].data.reshape(rows.shape[0] and weight.numel() // weight.shape[-1], -1)[[0, -1]]
        if not np.array_equal(there, gguf.quantize(rows, tensor.kind).reshape(there.shape)):
            raise TrainingError(f"{path.name} reads {name} otherwise than it was written; nothing is kept.")


def ask_llama_cpp(file: GgufFile, path: Path, chat: ChatTemplate) -> Agreement:
    """Lets llama.cpp read texts and a prompt, and reply to it.

    Raises:
        TrainingError: it cannot load the file, reads other tokens, or replies otherwise than the policy.
    """
    (prompt,) = chat.encode([_MESSAGES])
    with LlamaCpp(path, len(prompt) + _NUM_TOKENS + 8, max(1, (os.cpu_count() or 1) // 2)) as llama:
        for text in _TEXTS:
            _refuse_other(llama.tokenize(text), chat.tokenize([text])[0], repr(text))
        # As clients send them, which have to be in the template's own order.
        told = [{"role": m.role, "content": m.content} for m in chat.shape(_MESSAGES)]
        _refuse_other(llama.prompt(told), prompt, "a prompt of the chat template")
        reply = llama.reply(prompt, _NUM_TOKENS, file.policy.tokenizer.eos_token_id)
    agreement = _compare(file.policy.model, prompt, reply)
    bound = LARGEST_DIFFERENCE[file.dtype]
    if file.policy.model.dtype == torch.bfloat16:
        bound = max(bound, LARGEST_DIFFERENCE["bf16"])  # the policy itself computes no more exactly
    if max(agreement.difference, agreement.gap) > bound:
        raise TrainingError(
            f"llama.cpp computes otherwise than the policy: {agreement.describe()}, more than {bound}. "
            "Nothing is kept; export the folder (`--format hf`) and use llama.cpp's own converter."
        )
    return agreement


def _refuse_other(theirs: Sequence[int], ours: Sequence[int], what: str) -> None:
    if list(theirs) != list(ours):
        at = next(
            (i for i, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b), min(len(theirs), len(ours))
        )
        raise TrainingError(
            f"llama.cpp reads {what} as other tokens than the policy, from token {at + 1} on. Nothing is kept; export "
            "the folder (`--format hf`) and serve that with vLLM, or try llama.cpp's own converter."
        )


@torch.no_grad()
def _compare(model: Any, prompt: Sequence[int], reply: Sequence[Step]) -> Agreement:
    tokens = torch.tensor([[*prompt, *(step.token for step in reply)]], device=model.device)
    was_training = model.training
    logps: Tensor = model.eval()(tokens, use_cache=False).logits[0, len(prompt) - 1 : -1].float().log_softmax(-1)
    model.train(was_training)
    differences = [
        abs(ours[token].item() - theirs)
        for ours, step in zip(logps, reply, strict=True)
        for token, theirs in step.logps.items()
    ]
    gap = logps.max(-1).values - logps.gather(1, tokens[0, len(prompt) :, None])[:, 0]
    return Agreement(len(prompt), len(reply), max(differences, default=0.0), gap.max().item())
