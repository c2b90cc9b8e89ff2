"""Linear layers by oneDNN on processors for which torch's own products are slow.

torch computes float32 products by Intel's MKL, which takes AVX2 on AMD's processors, whatever they have. oneDNN, which
torch has too, takes AVX-512 there. On an EPYC of 2024 its products of a training pass run at twice the rate. Both add
up in float32; oneDNN, in longer sums, rounds two to three times as much.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

from raiden.core.private import packed_linear


def onednn_is_faster() -> bool:
    """Whether this is an AMD processor with AVX-512; by its name, for measuring would decide now so, now so."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # a new function of torch's
    is_amd = "AMD" in str(capabilities.get("cpu_name"))
    return is_amd and bool(capabilities.get("avx512_f")) and torch.backends.mkldnn.is_available()


def use_onednn(model: nn.Module) -> None:
    """Linear layers of the model compute float32 on the CPU by oneDNN, in both passes; all else as before."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.forward = partial(_forward, module)  # type: ignore[method-assign]


def _forward(layer: nn.Linear, x: Tensor) -> Tensor:
    weight, bias = layer.weight, layer.bias
    is_plain = {type(x), type(weight)} <= {Tensor, nn.Parameter}  # not sharded, nor of no numbers
    if not is_plain or not _is_float32_on_cpu(x, weight) or x.dim() < 2 or not x.numel():
        return linear(x, weight, bias)
    out: Tensor = _Linear.apply(x, weight, bias)
    return out


def _is_float32_on_cpu(*tensors: Tensor) -> bool:
    float32 = all(t.device.type == "cpu" and t.dtype == torch.float32 for t in tensors)
    return float32 and not torch.is_autocast_enabled("cpu")


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """
        Shape:
            - x: ``(*, in)``
            - weight: ``(out, in)``
            - bias: ``(out,)``
            - output: ``(*, out)``
        """
        ctx.save_for_backward(x, weight)
        return packed_linear(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        rows = grad.flatten(0, -2)
        return (
            packed_linear(grad, weight.t(), None) if needs_x else None,
            packed_linear(rows.t(), x.flatten(0, -2).t(), None) if needs_weight else None,
            rows.sum(0) if needs_bias else None,
        )
