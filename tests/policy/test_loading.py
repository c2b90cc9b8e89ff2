"""In which type a loaded model computes, and what is said of that."""

from __future__ import annotations

import warnings

import pytest
import torch

from raiden.policy import PolicyConfig, load_policy

NO_BFLOAT16 = "`model.policy.compute_dtype` is bfloat16, for which this processor has no instructions"


@pytest.mark.skipif(torch.accelerator.is_available(), reason="about processors that compute alone")
@pytest.mark.parametrize(
    ("instructions", "compute_dtype", "is_slow"),
    [
        ({"avx2": True, "avx512_bf16": False}, "bfloat16", True),
        ({"avx2": True, "avx512_bf16": True}, "bfloat16", False),
        ({"neon": True, "bf16": True}, "bfloat16", False),
        ({"avx2": True}, "float32", False),
        ({"avx2": True}, None, False),
    ],
)
def test_a_type_that_the_processor_does_not_know_is_told_once(
    tiny_folder, monkeypatch, instructions, compute_dtype, is_slow
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_policy(PolicyConfig(str(tiny_folder), compute_dtype=compute_dtype), with_reference=True)
    told = [str(warning.message) for warning in caught if NO_BFLOAT16 in str(warning.message)]
    assert len(told) == is_slow
    assert all("\n" not in line and "to float32" in line for line in told)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_type_of_the_weights_needs_no_casting(tiny_folder, dtype):
    token_ids = torch.tensor([[60, 61, 62]])
    plain, same = (
        load_policy(PolicyConfig(str(tiny_folder), dtype=dtype, compute_dtype=compute_dtype), with_reference=False)
        for compute_dtype in (None, dtype)
    )
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("error")
        logits = same.model(input_ids=token_ids).logits
    assert torch.equal(logits, plain.model(input_ids=token_ids).logits)
