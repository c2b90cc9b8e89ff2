"""Whether a model's passes share what prompts have in common: found by trying, on a tiny random copy of the model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.core.types import Prompt
from raiden.packing import ATTENTION, Attention, Group, Packing, Scoring, micro_batches, pack, scored_logits
from raiden.policy.tiny import tiny_config, tiny_model

_AGREE = 1e-4
"""Share of the largest logit by which two ways of computing it may differ. Layers round to float32 even in float64;
what is computed otherwise, be it a window that is wrong by one token, differs by more than 1e-2."""
_PROFILE = [(7 * i) % 47 + 2 for i in range(18)]
_QUESTION = [(5 * i) % 43 + 3 for i in range(17)]
_GROUPS = [
    Group([*_PROFILE, *_QUESTION, 4], [[2, 3, 4, 5, 6], [2, 3, 9]], [0, 1]),
    Group([*_PROFILE, 11, 12], [[7, 8]], [2]),
    Group([13, 14, 15], [[20, 21]], [3]),
]
"""Three levels: a profile, a question that two completions share; rows of different lengths, one far shorter."""
_ROOM = 10**6


@dataclass(frozen=True)
class Sharing:
    """How a model's passes are computed, exactly as it computes each row alone."""

    packing: Packing
    attention: str | None = None
    """The name under which transformers knows it; None: the tree's own, whichever the run asks for."""
    reason: str = ""
    """Why nothing is shared; empty where it is."""


_found: dict[str, Sharing] = {}


def sharing_of(config: Any) -> Sharing:
    """What `find_sharing` finds, tried once in a process for the same config."""
    key = f"{type(config)} {config.to_json_string(use_diff=False)}"
    if key not in _found:
        _found[key] = find_sharing(config)
    return _found[key]


def find_sharing(config: Any) -> Sharing:
    """What agrees with separate rows: the prefix tree, else rows side by side, else rows of one length.

    Nothing is known by a model's name. Where no tiny copy can be made, what cannot be wrong is taken.

    Args:
        config: of transformers.

    Raises:
        ConfigError: it is no causal language model.
    """
    if config.is_encoder_decoder:
        raise ConfigError(f"`model.policy.path`: {config.model_type} is an encoder-decoder; take a decoder.")
    try:
        small = tiny_config(config)
        plain = tiny_model(small, "eager").eval()
        truth = _logits(plain, Packing.ALONE)
    except Exception as fault:  # whatever another's code makes of sizes that it was not written for
        told = str(fault).partition("\n")[0][:100]
        reason = f"no small copy of it could be tried ({type(fault).__name__}: {told})"
        return Sharing(Packing.ALONE, "eager", reason)
    _refuse_what_looks_ahead(config, plain)
    reason = _unlike_tree(small, truth)
    if not reason:
        return Sharing(Packing.SHARED)
    together = _agrees(partial(_logits, plain, Packing.ROWS), truth)
    fused = _agrees(lambda: _logits(tiny_model(small, "sdpa").eval(), Packing.ALONE), truth)
    return Sharing(Packing.ROWS if together else Packing.ALONE, "sdpa" if fused else "eager", reason)


def _refuse_what_looks_ahead(config: Any, model: Any) -> None:
    ids = torch.tensor([_PROFILE])
    with torch.no_grad():
        shorter = model(input_ids=ids[:, :9], use_cache=False).logits
        longer = model(input_ids=ids, use_cache=False).logits[:, :9]
    if _difference(shorter, longer) > _AGREE:
        raise ConfigError(
            f"`model.policy.path`: {config.model_type}, as its config sets it up, lets tokens see those behind them, "
            "so it cannot write text token by token; take a causal language model."
        )


def _unlike_tree(small: Any, truth: Tensor) -> str:
    """Why the packed tree is not what separate rows are; empty where it is."""
    try:
        tree = tiny_model(small, ATTENTION).eval()
        attending: set[int] = set()
        found = _logits(tree, Packing.SHARED, attending)
    except ConfigError as fault:
        return str(fault)
    except Exception as fault:  # as above
        return f"its layers do not take the tree's attention ({type(fault).__name__})"
    if _difference(found, truth) <= _AGREE:
        return ""
    num_layers = small.get_text_config().num_hidden_layers
    if len(attending) < num_layers:
        others = "none of its layers attends" if not attending else "not all of its layers attend"
        return f"{others} by transformers' attention interface (state spaces, convolutions, an attention of its own)"
    return "its attention is none that the prefix tree computes"


def _logits(model: Any, packing: Packing, attending: set[int] | None = None) -> Tensor:
    """Of all scored tokens, in the order of the completions: ``(N, V)``.

    Args:
        attending: gets the layers that ask the tree.
    """
    by_row: dict[int, Tensor] = {}
    with torch.no_grad():
        for batch in micro_batches(_GROUPS, _ROOM, torch.device("cpu"), packing):
            if batch.packed is not None and attending is not None:
                batch = replace(batch, packed=replace(batch.packed, tree=_Watched(batch.packed.tree, attending)))
            parts = scored_logits(model, batch)[batch.nodes].split(batch.lengths.tolist())
            by_row |= dict(zip(batch.rows.tolist(), parts, strict=True))
    return torch.cat([by_row[row] for row in sorted(by_row)])


class _Watched:
    """Attention that notes which layers ask for it."""

    def __init__(self, attention: Attention, layers: set[int]) -> None:
        self.attention = attention
        self.layers = layers

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        self.layers.add(layer)
        return self.attention(layer, query, key, value, scale, scoring)


def _agrees(compute: Callable[[], Tensor], truth: Tensor) -> bool:
    try:
        return _difference(compute(), truth) <= _AGREE
    except Exception:  # as above
        return False


def _difference(found: Tensor, truth: Tensor) -> float:
    """The largest, as a share of the largest logit; NaNs differ from all."""
    difference = (found - truth).abs().max() / truth.abs().max()
    return difference.nan_to_num(nan=torch.inf).item()


def warn_if_unshared(sharing: Sharing, prompts: Sequence[Prompt], num_completions: int, max_tokens: int) -> None:
    """Warns with the reason and the factor of tokens, where nothing is shared.

    Args:
        prompts: of a step.
        max_tokens: how long each completion is taken to be.
    """
    if sharing.reason:
        shared = len(pack([prompt.token_ids for prompt in prompts])) + len(prompts) * num_completions * max_tokens
        separate = sum(num_completions * (len(prompt.token_ids) + max_tokens) for prompt in prompts)
        rank_zero_warn(
            f"not shared: {sharing.reason}; each completion has a row of its own with its whole prompt, about "
            f"{separate / shared:.1f} times the tokens."
        )
