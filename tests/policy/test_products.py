"""Linear layers by oneDNN: the numbers of torch's own products, in both passes, and nothing else is touched."""

import copy
import pickle
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from raiden.policy import products
from raiden.policy.loading import load_policy
from raiden.policy.options import PolicyConfig
from raiden.policy.products import onednn_is_faster, use_onednn

EPYC = {"cpu_name": "AMD EPYC 9755 128-Core Processor", "avx512_f": True}


def both(layer: nn.Linear, x: Tensor, weigh: Tensor) -> list[list[Tensor]]:
    """Output and gradients, by oneDNN and in float64."""
    results = []
    for by_onednn in (True, False):
        one, own = copy.deepcopy(layer), x.clone()
        if by_onednn:
            use_onednn(one)
        else:
            one, own = one.double(), own.double()
        own.requires_grad_()
        out = one(own)
        (out * weigh).sum().backward()
        assert own.grad is not None
        results.append([out.detach(), own.grad, *(p.grad for p in one.parameters() if p.grad is not None)])
    return results


@pytest.mark.parametrize("shape", [(7, 24), (1, 7, 24), (2, 3, 5, 24), (24,), (1, 24)])
@pytest.mark.parametrize("bias", [True, False])
def test_output_and_gradients_are_those_of_float64(shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(24, 40, bias=bias)
    found, expected = both(layer, torch.randn(shape), torch.randn(40))
    assert len(found) == 3 + bias
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one.double(), other, rtol=1e-5, atol=1e-5)


def test_by_hand() -> None:
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, -3.0]]))
        layer.bias.copy_(torch.tensor([0.5]))
    use_onednn(layer)
    x = torch.tensor([[1.0, 4.0], [2.0, 0.0]], requires_grad=True)
    out = layer(x)
    assert out.tolist() == [[2 - 12 + 0.5], [4.5]]
    out.backward(torch.tensor([[1.0], [10.0]]))
    assert x.grad is not None
    assert x.grad.tolist() == [[2, -3], [20, -30]]
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[1 + 20, 4]]
    assert layer.bias.grad is not None
    assert layer.bias.grad.tolist() == [11]


def test_rows_and_gradients_that_lie_otherwise_in_memory() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(24, 40)
    x = torch.randn(24, 5, 3).permute(2, 1, 0)  # last to first
    found, expected = both(layer, x, torch.ones(()).expand(3, 5, 40))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-5, atol=1e-5)


def test_one_and_two_threads_give_the_same_bits() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(96, 160)
    use_onednn(layer)
    results = []
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        x = torch.linspace(-1, 1, 96 * 300).sin().view(300, 96).requires_grad_()
        layer.zero_grad()
        layer(x).square().sum().backward()
        results.append([x.grad, layer.weight.grad, layer.bias.grad])
    torch.set_num_threads(before)
    if onednn_is_faster():  # where runs take it; on others oneDNN may share out a sum among threads
        assert all(map(torch.equal, *results))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_what_is_frozen_has_no_gradient() -> None:
    layer = nn.Linear(4, 4).requires_grad_(False)
    use_onednn(layer)
    x = torch.randn(3, 4, requires_grad=True)
    layer(x).sum().backward()
    assert layer.weight.grad is None
    assert x.grad is not None


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_are_computed_by_torch(dtype: torch.dtype) -> None:
    layer = nn.Linear(24, 40).to(dtype)
    x = torch.randn(7, 24, dtype=dtype)
    expected = linear(x, layer.weight, layer.bias)
    use_onednn(layer)
    assert torch.equal(layer(x), expected)


def test_autocast_is_left_to_torch() -> None:
    layer = nn.Linear(24, 40)
    use_onednn(layer)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.randn(7, 24)).dtype == torch.bfloat16


def test_no_rows() -> None:
    layer = nn.Linear(24, 40)
    use_onednn(layer)
    assert layer(torch.empty(1, 0, 24)).shape == (1, 0, 40)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_computes_with_its_own_weights(duplicate: type) -> None:
    model = nn.Sequential(nn.Linear(4, 4, bias=False))
    use_onednn(model)
    other = duplicate(model)
    with torch.no_grad():
        other[0].weight.zero_()
    x = torch.ones(1, 4)
    assert other(x).count_nonzero() == 0
    assert model(x).count_nonzero() > 0


def test_a_policy_takes_it_where_it_is_faster(monkeypatch: pytest.MonkeyPatch, tiny_folder: Path) -> None:
    called: list[int] = []
    product = products.packed_linear

    def counted(*args: Tensor) -> Tensor:
        called.append(1)
        return product(*args)

    monkeypatch.setattr(products, "packed_linear", counted)
    ids = torch.arange(12)[None]
    logits = []
    for capabilities in ({**EPYC, "avx512_f": False}, {**EPYC, "cpu_name": "Intel(R) Xeon(R)"}, {}, EPYC):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found)
        assert onednn_is_faster() == (capabilities is EPYC)
        model = load_policy(PolicyConfig(str(tiny_folder))).model.eval()
        assert not called
        logits.append(model(ids, use_cache=False).logits)
    assert len(called) == sum(type(module) is nn.Linear for module in model.modules())
    assert torch.equal(logits[0], logits[1])
    torch.testing.assert_close(logits[3], logits[0], rtol=1e-4, atol=1e-5)
