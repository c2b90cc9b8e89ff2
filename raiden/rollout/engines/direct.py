"""The pass of one token a row in a few large calls, for layers of the Llama kind on CPUs.

A decoding step is bound by its matrix products, and their weights change once a rollout: oneDNN packs them once, in
the order in which its products read them, and those of one input (query, key and value; gate and up) as one. The
weights are copied by that; `Direct` is to be dropped as soon as they change.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, rms_norm

from raiden.core.private import pack_linear_weight, packed_linear
from raiden.packing import ATTENTION, Attention, Scoring, pack
from raiden.policy.tiny import tiny_config, tiny_model
from raiden.rollout.engines.decoding import Decode, Prefill

_ROWS = 32
"""For which oneDNN chooses the order; it is good for fewer and more."""
_CHILDREN = {
    "base": {"embed_tokens", "layers", "norm", "rotary_emb"},
    "layer": {"self_attn", "mlp", "input_layernorm", "post_attention_layernorm"},
    "attention": {"q_proj", "k_proj", "v_proj", "o_proj"},
    "norms": {"q_norm", "k_norm"},
    "mlp": {"gate_proj", "up_proj", "down_proj", "act_fn"},
}


def looks_direct(model: Any) -> bool:
    """Whether the modules have the names and the types that `Direct` reads, in float32 on a CPU and all there.

    What they compute this does not tell: see `computes_directly`.
    """
    if "forward" in vars(model):  # cast to another type
        return False
    weights = list(model.parameters())
    if any(type(p) is not nn.Parameter or p.dtype != torch.float32 or p.device.type != "cpu" for p in weights):
        return False
    if not torch.backends.mkldnn.is_available() or _names(model) != {"model", "lm_head"}:
        return False
    if _names(model.model) != _CHILDREN["base"] or type(model.model.embed_tokens) is not nn.Embedding:
        return False
    return all(_looks_direct(layer) for layer in model.model.layers)


def _looks_direct(layer: Any) -> bool:
    if _names(layer) != _CHILDREN["layer"] or _names(layer.mlp) != _CHILDREN["mlp"]:
        return False
    attention = _names(layer.self_attn)
    if attention not in (_CHILDREN["attention"], _CHILDREN["attention"] | _CHILDREN["norms"]):
        return False
    norms = [layer.input_layernorm, layer.post_attention_layernorm]
    norms += [getattr(layer.self_attn, name) for name in _CHILDREN["norms"] & attention]
    products = [m for part in (layer.self_attn, layer.mlp) for name, m in part.named_children() if "proj" in name]
    return all(hasattr(norm, "variance_epsilon") for norm in norms) and all(type(p) is nn.Linear for p in products)


def _names(module: nn.Module) -> set[str]:
    return {name for name, _ in module.named_children()}


class _Product:
    """Linear layers of one input as one product of packed weights."""

    def __init__(self, *layers: Any) -> None:
        weights = [layer.weight.detach() for layer in layers]
        weight = torch.cat(weights) if len(weights) > 1 else weights[0]
        self.weight = pack_linear_weight(weight, _ROWS)
        biases = [layer.bias for layer in layers]
        self.bias = torch.cat([b.detach() for b in biases]) if biases[0] is not None else None

    def __call__(self, x: Tensor) -> Tensor:
        return packed_linear(x, self.weight, self.bias)


class _Layer:
    def __init__(self, layer: Any, number: int) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.number = number
        self.scale: float = attention.scaling
        window = getattr(attention, "sliding_window", None)
        self.scoring = Scoring(window) if window is not None else None
        self.head_dim: int = attention.head_dim
        self.num_queries = attention.q_proj.out_features // self.head_dim
        self.num_keys = attention.k_proj.out_features // self.head_dim
        self.before_attention, self.before_mlp = layer.input_layernorm, layer.post_attention_layernorm
        self.qkv = _Product(attention.q_proj, attention.k_proj, attention.v_proj)
        self.out = _Product(attention.o_proj)
        self.gate_up = _Product(mlp.gate_proj, mlp.up_proj)
        self.down = _Product(mlp.down_proj)
        self.activation: Callable[[Tensor], Tensor] = mlp.act_fn
        self.head_norms = (attention.q_norm, attention.k_norm) if hasattr(attention, "q_norm") else None

    def __call__(self, x: Tensor, rotation: tuple[Tensor, Tensor], tree: Attention) -> Tensor:
        """
        Shape:
            - x, output: ``(R, hidden)``
        """
        heads = self.qkv(_norm(self.before_attention, x)).unflatten(1, (-1, self.head_dim))
        both = heads[:, : self.num_queries + self.num_keys]
        if self.head_norms is not None:
            parts = both.split([self.num_queries, self.num_keys], dim=1)
            both = torch.cat([_norm(norm, part) for norm, part in zip(self.head_norms, parts, strict=True)], dim=1)
        cos, sin = rotation
        both = torch.addcmul(both * cos, both.roll(self.head_dim // 2, -1), sin)
        query, key = both.transpose(0, 1)[None].split([self.num_queries, self.num_keys], dim=1)
        value = heads[:, self.num_queries + self.num_keys :].transpose(0, 1)[None]
        attended = tree(self.number, query, key, value, self.scale, self.scoring)
        x = self.out(attended[0].transpose(0, 1).flatten(1)).add_(x)
        gate, up = self.gate_up(_norm(self.before_mlp, x)).chunk(2, dim=1)
        return self.down(self.activation(gate) * up).add_(x)


def _norm(norm: Any, x: Tensor) -> Tensor:
    return rms_norm(x, (x.shape[-1],), norm.weight, norm.variance_epsilon)


class Direct:
    """A model's forward pass with `tree`, and no other, from copies of its weights as they are now."""

    def __init__(self, model: Any) -> None:
        """
        Args:
            model: one that `looks_direct`.
        """
        self.model = model
        self.layers = [_Layer(layer, number) for number, layer in enumerate(model.model.layers)]
        self.head = _Product(model.lm_head)

    @torch.no_grad()
    def __call__(self, input_ids: Tensor, position_ids: Tensor, tree: Attention) -> Tensor:
        """
        Shape:
            - input_ids, position_ids: ``(1, R)``
            - output: ``(1, R, V)``
        """
        base = self.model.model
        x = embedding(input_ids[0], base.embed_tokens.weight)
        cos, sin = (part[0][:, None] for part in base.rotary_emb(x, position_ids))
        half = sin.shape[-1] // 2
        signed = torch.cat([-sin[..., :half], sin[..., half:]], dim=-1)  # turns a roll into `rotate_half`
        for layer in self.layers:
            x = layer(x, (cos, signed), tree)
        return self.head(_norm(base.norm, x))[None]

    @contextmanager
    def in_place_of_forward(self) -> Iterator[None]:
        """The model's own call, with what hooks on it, comes to this one."""

        def forward(input_ids: Tensor, position_ids: Tensor, tree: Attention, **ignored: Any) -> Any:
            return _Output(self(input_ids, position_ids, tree))

        self.model.forward = forward
        try:
            yield
        finally:
            del self.model.forward


class _Output:
    def __init__(self, logits: Tensor) -> None:
        self.logits = logits


_AGREE = 1e-4
"""Share of the largest logit by which they may differ, in float32; what is computed otherwise differs by more."""
_PROMPTS = [[(7 * i) % 47 + 2 for i in range(20)], [(7 * i) % 47 + 2 for i in range(18)] + [5, 4, 3], [9, 8, 7]]
"""Some share a beginning; windows and the first training's length are shorter than some."""
_NUM_STEPS = 4

_found: dict[str, bool] = {}


def computes_directly(model: Any) -> bool:
    """Whether one-token passes of this model can be those of `Direct`; tried once in a process for the same config."""
    if not looks_direct(model):
        return False
    key = f"{type(model.config)} {model.config.to_json_string(use_diff=False)}"
    if key not in _found:
        try:
            _found[key] = _difference(model.config) < _AGREE
        except Exception:  # whatever another's code makes of sizes that it was not written for
            _found[key] = False
    return _found[key]


@torch.no_grad()
def _difference(config: Any) -> float:
    model = tiny_model(tiny_config(config), ATTENTION).float().eval()
    if not looks_direct(model):
        return torch.inf
    layout = pack(_PROMPTS)
    prefill = Prefill(layout, torch.device("cpu"))
    model(
        input_ids=torch.tensor([layout.token_ids]),
        position_ids=torch.tensor([layout.position_ids]),
        use_cache=False,
        tree=prefill,
    )
    rows = [s.sequence for s in layout.segments if s.sequence is not None]
    plain, direct = (Decode(prefill, layout, rows, _NUM_STEPS) for _ in range(2))
    forward, worst = Direct(model), 0.0
    for step in range(_NUM_STEPS):
        plain.next(list(range(len(rows))))
        direct.next(list(range(len(rows))))
        ids = torch.tensor([[3 + step, 11, 5 + step]])
        positions = (plain.lengths + step)[None]
        expected = model(input_ids=ids, position_ids=positions, use_cache=False, tree=plain).logits
        found = forward(ids, positions, direct)
        worst = max(worst, ((found - expected).abs().max() / expected.abs().max()).nan_to_num(nan=torch.inf).item())
    return worst
