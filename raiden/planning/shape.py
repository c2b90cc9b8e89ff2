"""What the formulas need to know of a model; plain numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Widths of a decoder built like Llama: two norms, attention, a gated MLP a layer."""

    num_layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    tied: bool
    """The head is the embedding matrix."""
    head_norms: bool = False
    """Each head's query and key are normed, as Qwen3 does."""
    float32_norms: bool = False
    """Norms are multiplied with their weight in float32 whatever the type, as Gemma does, and as ``1 + weight``."""

    @property
    def query_width(self) -> int:
        return self.heads * self.head_dim

    @property
    def key_width(self) -> int:
        return self.kv_heads * self.head_dim

    def linear_groups(self) -> tuple[tuple[frozenset[str], int], ...]:
        """A layer's linear maps that read the same input, and its width."""
        return (
            (frozenset({"q_proj", "k_proj", "v_proj"}), self.hidden),
            (frozenset({"o_proj"}), self.query_width),
            (frozenset({"gate_proj", "up_proj"}), self.hidden),
            (frozenset({"down_proj"}), self.intermediate),
        )


@dataclass(frozen=True)
class Parameters:
    """How many numbers a model holds."""

    total: int
    trained: int
    layer: int
    """Of the largest transformer layer."""
    outside: int
    """Of what is in no layer: embeddings, last norm, head."""
    largest: int
    """Of the largest tensor, which is the embedding matrix in all common models."""
    quantised: int = 0
    """Of all, those that lie in 4 bits."""
    largest_quantised: int = 0
    """Of the largest tensor in 4 bits."""


@dataclass(frozen=True)
class Adapters:
    """LoRA in each layer; peft keeps adapters in float32 whatever the weights are in."""

    rank: int
    targets: frozenset[str]
    """Names of the adapted linear maps, as in `Shape.linear_groups`."""


@dataclass(frozen=True)
class Precision:
    """Bytes of a number."""

    weights: int
    compute: int
    autocast: bool
    """Layers compute in another type than the weights', and no FSDP2 gathers them in it."""

    @property
    def residual(self) -> int:
        """Of the stream between the layers, which autocast leaves in the type of the embeddings."""
        return self.weights if self.autocast else self.compute


@dataclass(frozen=True)
class Pass:
    """The size of one packed forward and backward pass."""

    tokens: int
    """``T``: length of the packed row."""
    scored: int
    """``N``: positions with logits."""
    mask: int
    """Elements of the masks of runs that see others: tokens of a run times the keys that they may see."""
    copied_keys: int
    """Keys that runs gather which see others, their own included, summed over those runs."""
