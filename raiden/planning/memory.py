"""Memory of one process at the moments of a step when it may be highest, item by item, in bytes.

What is alive when:

- sampling: weights, optimizer states, and the engine. Gradients are gone since the last optimizer step.
- logits: the backward pass begins; all activations and the logits.
- layers: it goes through the layers; all activations still, the gradients of one layer, no logits any more.
- embeddings: it ends; the gradients of embeddings and head. The optimizer's step, in one kernel, needs no more.

Formulas, and not torch's own tracker under fake tensors: tried with torch 2.13, it comes to a stop where a model is
read (`item`), in the token scores (`bincount`) and in the loss (`nonzero`), which ask for values that fake tensors do
not have.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from raiden.packing.logps import BLOCK
from raiden.planning import activations
from raiden.planning.shape import Adapters, Parameters, Pass, Precision, Shape
from raiden.policy.quantised import BYTES_A_NUMBER

Moment = dict[str, int]
"""Bytes of each item."""

_FLOAT32 = 4
_LOGITS_ALIVE = 2
"""Tensors of the logits' size where log-probabilities are taken: the head's output, and that divided by the
temperature."""


@dataclass(frozen=True)
class Training:
    """Everything about a run that the update's memory depends on."""

    shape: Shape
    parameters: Parameters
    precision: Precision
    adapters: Adapters | None = None
    checkpointing: bool = False
    shards: int | None = None
    """Processes that share one copy of the policy under FSDP2; None: each process has its own."""
    with_reference: bool = False
    """A frozen second copy is loaded."""
    reference_cache: int = 0
    """Bytes that the reference may keep of what it knows."""
    on_gpu: bool = True
    adds_up: bool = True
    """An optimizer step takes more than one pass, so that gradients are there when a pass begins."""

    @property
    def trained_width(self) -> int:
        """Bytes of a number that is trained."""
        return self.precision.weights if self.adapters is None else _FLOAT32

    def local(self, count: int) -> int:
        """How many of the numbers lie on this process."""
        return ceil(count / (self.shards or 1))


def weights(training: Training) -> int:
    """The policy, or this process's shard of it."""
    parameters = training.parameters
    plain = training.local(parameters.total - parameters.trained - parameters.quantised) * training.precision.weights
    return plain + ceil(parameters.quantised * BYTES_A_NUMBER) + gradients(training)


def gradients(training: Training) -> int:
    """One number for each that is trained, in the same type."""
    return training.local(training.parameters.trained) * training.trained_width


def optimizer_states(training: Training) -> int:
    """AdamW: running means of the gradient and of its square."""
    return 2 * gradients(training)


def reference(training: Training) -> int:
    """A whole frozen copy, in shards where the policy is."""
    return training.local(training.parameters.total) * training.precision.weights if training.with_reference else 0


def always(training: Training) -> Moment:
    """What lies there from the first optimizer step on."""
    return {
        "weights": weights(training),
        "optimizer states": optimizer_states(training),
        "reference": reference(training),
        "reference cache": training.reference_cache,
    }


def update_moments(training: Training, size: Pass) -> dict[str, Moment]:
    """The three moments of an update, for passes of one size."""
    resident = always(training)
    added_up = {"gradients": gradients(training)}
    before = added_up if training.adds_up else {}
    kept = {
        "activations": kept_activations(training, size),
        "compute-type weights": gathered(training),
        "dequantised weight": dequantised(training),
    }
    return {
        "logits": {**resident, **before, **kept, "logits": logits(training, size)},
        "layers": {**resident, **before, **kept, "layer backward": layer_backward(training, size)},
        "embeddings": {
            **resident,
            **added_up,
            "compute-type weights": gathered(training),
            "embedding backward": embeddings_backward(training),
        },
    }


def kept_activations(training: Training, size: Pass) -> int:
    """All that autograd keeps of a forward pass, without the logits."""
    shape, precision, adapters, on_gpu = training.shape, training.precision, training.adapters, training.on_gpu
    if training.checkpointing:
        layer = activations.kept_between_layers(shape, size, precision)
    else:
        layer = activations.kept_by_layer(shape, size, precision, adapters, on_gpu)
    return shape.num_layers * layer + activations.kept_outside(shape, size, precision, adapters, on_gpu)


def gathered(training: Training) -> int:
    """FSDP2 keeps what is in no layer gathered until the backward pass ends; autocast keeps a cast copy of all."""
    if training.shards is not None:
        return training.parameters.outside * training.precision.compute
    return training.parameters.total * training.precision.compute if training.precision.autocast else 0


def dequantised(training: Training) -> int:
    """The weight in whole numbers that a pass is at, made anew each time that one is come by."""
    return training.parameters.largest_quantised * training.precision.compute


def logits(training: Training, size: Pass) -> int:
    """Those alive at once, and a block of probabilities; below float32 also the head's own output."""
    own = activations.logits(training.shape, size)
    cast = own * training.precision.compute // _FLOAT32 if training.precision.compute != _FLOAT32 else 0
    return _LOGITS_ALIVE * own + min(own, BLOCK * _FLOAT32) + cast


def layer_backward(training: Training, size: Pass) -> int:
    """In the last layer: gradients of its activations and weights; with checkpointing the layer computed anew.

    Where ``silu(gate) * up`` is taken apart, three gradients of width ``I`` are alive and the product no longer is;
    two of width ``H`` wait on the residual stream. Under FSDP2 this layer and the next are gathered, each once in
    the buffer of the all-gather and once as parameters; gradients lie in the compute type and, to be reduced, in
    float32. Unsharded, the gradient of the embeddings as head waits for that of the embeddings as input (tied), or
    the head's own is the first of the gradients (a single pass).
    """
    shape, precision, parameters = training.shape, training.precision, training.parameters
    own = size.tokens * (2 * shape.intermediate + 2 * shape.hidden) * precision.compute
    if training.checkpointing:
        own += activations.kept_by_layer(shape, size, precision, training.adapters, training.on_gpu)
    learns = training.adapters is None
    if training.shards is not None:
        gather = 4 * parameters.layer * precision.compute
        reduce = parameters.layer * (precision.compute + _FLOAT32) if learns else 0
        return own + gather + reduce + (parameters.largest * precision.compute if learns else 0)
    if learns and (shape.tied or not training.adds_up):
        own += parameters.largest * precision.weights
    return own


def embeddings_backward(training: Training) -> int:
    """Dense gradients of the embedding matrix, as input and, where it is tied, as head; nothing with adapters.

    Under FSDP2 all that is in no layer is reduced together: gradients in the compute type, then in float32.
    """
    if training.adapters is not None:
        return 0
    if training.shards is not None:
        return training.parameters.outside * (training.precision.compute + _FLOAT32)
    return training.parameters.largest * training.precision.weights * (2 if training.shape.tied else 1)


def largest_moment(training: Training, sizes: Iterable[Pass]) -> dict[str, Moment]:
    """The moments for that pass of all for which the highest of them is highest."""
    moments = [update_moments(training, size) for size in sizes]
    return max(moments, key=lambda each: max(sum(moment.values()) for moment in each.values()))
