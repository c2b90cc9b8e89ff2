"""What libraries say of memory that they do not get, and what a user is told of it."""

from __future__ import annotations

import errno

import pytest
import torch

from raiden.core.errors import ConfigError, OutOfMemoryError
from raiden.core.out_of_memory import explain_out_of_memory


@explain_out_of_memory("the update")
def raise_in_the_update(error: Exception, cause: Exception | None = None) -> None:
    raise error from cause


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has ..."), " (2.50 GiB more"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), ";"),
        (RuntimeError("not enough memory: you tried to allocate 48000 bytes."), " (48.0 kB more"),
        (MemoryError("std::bad_alloc"), ";"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ";"),
    ],
)
def test_a_refusal_is_told_with_what_was_asked_for(error, asked):
    for raised, cause in ((error, None), (ConfigError("it cannot be loaded"), error)):
        with pytest.raises(OutOfMemoryError) as told:
            raise_in_the_update(raised, cause)
        assert str(told.value).startswith(f"out of memory in the update{asked}")
        assert "`model.update.micro_batch_tokens`" in str(told.value)


def test_torchs_own_allocator_is_understood_and_the_innermost_stage_is_told():
    said = pytest.raises(OutOfMemoryError, match=r"in sampling \(1125899\.9 GB more were asked for\); lower `data")
    with said, explain_out_of_memory("this command"), explain_out_of_memory("sampling"):
        torch.empty(2**50, dtype=torch.uint8)


@pytest.mark.parametrize("error", [RuntimeError("a shape is wrong"), OSError(errno.ENOENT, "No such file")])
def test_another_error_is_left_as_it_is(error):
    with pytest.raises(type(error)) as raised:
        raise_in_the_update(error)
    assert raised.value is error


def test_errors_that_led_to_each_other_in_a_circle_are_looked_at_once():
    first, second = ValueError("first"), OSError("second")
    first.__context__, second.__context__ = second, first
    with pytest.raises(ValueError, match="first"), explain_out_of_memory("sampling"):
        raise first
