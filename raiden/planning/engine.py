"""Memory of the engine on one process, in bytes."""

from dataclasses import dataclass

from raiden.planning import activations
from raiden.planning.memory import Moment, Training, dequantised
from raiden.planning.shape import Pass
from raiden.policy.gathering import MAX_BUCKET_BYTES
from raiden.rollout.engines import TransformersEngine, VLLMEngine

_GIB = 2**30
_WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2}
_DRAW_BYTES = 16
"""A vocabulary entry of a row that is sampled: twice the logits, in float32, and two words while noise is made."""


@dataclass(frozen=True)
class Wave:
    """The largest share of prompts that an engine without a fixed cache answers side by side."""

    prompt_tokens: int
    """Of its packed prompts, shared ones counted once."""
    mask: int
    """Elements of the masks of its prompts' runs."""
    rows: int
    """Completions."""
    max_tokens: int
    """Longest completion."""


def key_value_bytes(training: Training, width: int) -> int:
    """Keys and values of one token in all layers."""
    return 2 * training.shape.num_layers * training.shape.key_width * width


def transformers_sampling(training: Training, wave: Wave) -> Moment:
    """Keys and values, the prefill of one layer (or the draws, which come later), weights that FSDP2 gathers, and on
    CPUs those that are packed for decoding (at most: other layers than Llama's are not)."""
    width = training.precision.compute
    cache = (wave.prompt_tokens + wave.rows * wave.max_tokens) * key_value_bytes(training, width)
    size = Pass(wave.prompt_tokens, 0, wave.mask, 0)
    prefill = activations.kept_by_layer(training.shape, size, training.precision, on_gpu=training.on_gpu)
    draws = wave.rows * training.shape.vocab * _DRAW_BYTES
    whole = training.shards is not None or training.precision.autocast
    gathered = training.parameters.total * width if whole else 0
    packs = not training.on_gpu and not whole and training.adapters is None and width == _WIDTHS["float32"]
    return {
        "compute-type weights": gathered,
        "dequantised weight": dequantised(training),
        "engine: packed weights": training.parameters.total * width if packs else 0,
        "engine: cache": cache,
        "engine: passes": max(prefill, draws),
    }


def vllm_weights(training: Training, engine: VLLMEngine) -> int:
    """Its own copy; without a GPU vLLM packs a tied head once more."""
    packed = training.parameters.largest if training.shape.tied and not training.on_gpu else 0
    base = training.parameters.total - (training.parameters.trained if training.adapters else 0)
    return (base + packed) * _engine_width(training, engine)


def _engine_width(training: Training, engine: VLLMEngine) -> int:
    return _WIDTHS[engine.dtype] if engine.dtype else training.precision.compute


def vllm_sampling(training: Training, engine: VLLMEngine, gpu_bytes: int) -> Moment:
    """On a GPU its share of the memory, which holds weights and cache; weights go over a layer at a time."""
    copy = vllm_weights(training, engine)
    room = int(engine.gpu_memory_utilization * gpu_bytes) - copy
    if not training.on_gpu:
        room = max(1, round(engine.cpu_cache_gib)) * _GIB
    return {
        "engine: weights": copy,
        "engine: cache": max(room, 0),
        "engine: synced weights": _synced(training),
    }


def _synced(training: Training) -> int:
    """A layer, or the embeddings; of shards what is gathered lies there twice until it is taken apart."""
    width, parameters = training.precision.compute, training.parameters
    layer = parameters.layer * width
    return max(parameters.largest * width, layer + (min(layer, MAX_BUCKET_BYTES) if training.shards else 0))


def cached_tokens(training: Training, engine: object, gpu_bytes: int) -> int | None:
    """How many tokens vLLM's keys and values have room for; None: another engine, which makes room as it needs it.

    vLLM measures a pass of its own and takes that off as well, so there are somewhat fewer.
    """
    if not isinstance(engine, VLLMEngine):
        return None
    room = vllm_sampling(training, engine, gpu_bytes)["engine: cache"]
    return room // key_value_bytes(training, _engine_width(training, engine))


def engine_moments(training: Training, engine: object, wave: Wave, gpu_bytes: int) -> tuple[Moment, Moment]:
    """What the engine takes while it samples, and while the policy learns."""
    if isinstance(engine, VLLMEngine):
        awake = vllm_sampling(training, engine, gpu_bytes)
        sleeps = training.on_gpu and engine.sleep_level > 0
        kept = {} if sleeps else {name: n for name, n in awake.items() if name != "engine: synced weights"}
        return awake, kept
    if isinstance(engine, TransformersEngine):
        return transformers_sampling(training, wave), {}
    return {}, {}
