"""What autograd keeps of a forward pass until the backward pass needs it, in bytes.

Derived from transformers' modules for Llama, Qwen2, Qwen3 and Gemma, from raiden's prefix tree, and from the
backward formulas of torch. ``T`` tokens, ``N`` of them scored, ``H`` hidden, ``A`` all query heads, ``K`` all key
heads, ``I`` intermediate, ``V`` vocabulary.
"""

from raiden.packing.logps import MAX_LOGITS
from raiden.planning.shape import Adapters, Pass, Precision, Shape

_FLOAT32 = 4
_INT64 = 8


def kept_by_layer(
    shape: Shape, size: Pass, precision: Precision, adapters: Adapters | None = None, on_gpu: bool = True
) -> int:
    """One transformer layer, all that it computes.

    Two norms, the inputs of the linear maps, attention, and ``3 I`` for ``silu(gate) * up``. All in one type and all
    weights trained, that is ``T (6 H + 3 A + 4 I)`` numbers and what `kept_by_attention` adds for keys and masks.
    With `head_norms` two more, of all queries and of all keys. On CPUs the outputs of attention are the very tensor
    that the next map takes in: ``2 A``.
    """
    compute, trained = precision.compute, adapters is None
    gated = 3 * size.tokens * shape.intermediate * compute
    norms = 2 * kept_by_norm(shape, size.tokens, shape.hidden, precision.residual, trained)
    if shape.head_norms:
        for heads in (shape.heads, shape.kv_heads):
            norms += kept_by_norm(shape, size.tokens * heads, shape.head_dim, compute, trained)
    is_input = not on_gpu and (adapters is None or ("o_proj" in adapters.targets and compute == _FLOAT32))
    outputs = 0 if is_input else size.tokens * shape.query_width * compute
    attention = kept_by_attention(shape, size, compute, on_gpu)
    return norms + _inputs(shape, size, precision, adapters) + attention + outputs + gated


def kept_by_norm(shape: Shape, vectors: int, width: int, bytes_each: int, trained: bool) -> int:
    """RMSNorm: its input in float32, one factor a vector, and the normed input where the norm's weight is trained.

    Args:
        bytes_each: of the numbers that come in.
    """
    factors = vectors * _FLOAT32
    normed = vectors * width * (_FLOAT32 if shape.float32_norms else bytes_each) if trained else 0
    one_and_weight = width * _FLOAT32 if shape.float32_norms else 0
    return vectors * width * _FLOAT32 + factors + normed + one_and_weight


def kept_by_attention(shape: Shape, size: Pass, compute: int, on_gpu: bool) -> int:
    """Scaled dot-product attention over the runs of the tree, without its outputs.

    Queries (``A``) and a float32 normaliser a head, of each token; keys and values as projected. On GPUs these once
    more for each run that sees others, as one tensor, and for each a boolean mask that becomes one of the compute
    type.
    """
    queries = size.tokens * shape.query_width * compute
    normalisers = size.tokens * shape.heads * _FLOAT32
    keys_and_values = 2 * size.tokens * shape.key_width * compute
    run_by_run = (2 * size.copied_keys * shape.key_width + size.mask) * compute if on_gpu else 0
    return queries + normalisers + keys_and_values + run_by_run


def _inputs(shape: Shape, size: Pass, precision: Precision, adapters: Adapters | None) -> int:
    """Inputs of linear maps that are trained; a frozen one needs its weight only.

    Maps that read the same tensor share what is kept, unless each casts it for itself: under autocast from the
    float32 of the norms, and in adapters, which are float32, from any other type.
    """
    total = 0
    for names, width in shape.linear_groups():
        if adapters is None:
            copies = len(names) if precision.autocast else 1
            total += size.tokens * width * precision.compute * copies
            continue
        learners = len(names & adapters.targets)
        casts = precision.compute != _FLOAT32
        total += size.tokens * width * _FLOAT32 * (learners if casts else min(learners, 1))
        total += size.tokens * adapters.rank * _FLOAT32 * learners
    return total


def kept_between_layers(shape: Shape, size: Pass, precision: Precision) -> int:
    """With gradient checkpointing: a layer's input is all that is kept of it until it is computed again."""
    return size.tokens * shape.hidden * precision.residual


def kept_outside(
    shape: Shape, size: Pass, precision: Precision, adapters: Adapters | None = None, on_gpu: bool = True
) -> int:
    """The last norm, the head's input at scored positions, rotary tables, indices; on GPUs the tree's masks."""
    norm = kept_by_norm(shape, size.tokens, shape.hidden, precision.residual, trained=adapters is None)
    head = size.scored * shape.hidden * precision.compute if adapters is None else 0
    rotary = 2 * size.tokens * shape.head_dim * precision.residual
    indices = (size.tokens + 3 * size.scored) * _INT64 + size.scored * _FLOAT32
    return norm + head + rotary + indices + (size.mask if on_gpu else 0)


def logits(shape: Shape, size: Pass) -> int:
    """One float32 tensor ``(N, V)``, or a chunk of it where it is larger than the update makes at a time."""
    chunk = max(1, MAX_LOGITS // shape.vocab)
    return min(size.scored, chunk) * shape.vocab * _FLOAT32
