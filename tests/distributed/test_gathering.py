"""Numbers go from process to process as tensors, however unequal the shares are."""

from __future__ import annotations

import os

import pytest
import torch

from raiden.core.processes import Processes
from tests.distributed.processes import in_processes

EVERYONES = {0: [0.5, -1.25, 3.0], 1: [], 2: [1e-30], 3: [float("-inf"), 2.0]}
SHARES = {"unequal": [[2], [0, 1, 3]], "one has none": [[0, 2], []], "none at all": [[], []], "no numbers": [[1], []]}


def gather() -> dict[str, dict[int, list[float]]]:
    rank = int(os.environ["LOCAL_RANK"])
    torch.distributed.init_process_group("gloo", rank=rank)
    return {
        name: {
            row: values.tolist()
            for row, values in Processes.current()
            .gather_rows({row: torch.tensor(EVERYONES[row]) for row in shares[rank]}, torch.device("cpu"))
            .items()
        }
        for name, shares in SHARES.items()
    }


@pytest.fixture(scope="module")
def gathered():
    return in_processes(2, gather)


@pytest.mark.parametrize("name", SHARES)
def test_all_processes_have_the_rows_of_all(gathered, name):
    expected = {row: torch.tensor(EVERYONES[row]).tolist() for share in SHARES[name] for row in share}
    assert [own[name] for own in gathered] == [expected, expected]
