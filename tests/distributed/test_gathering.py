"""Numbers go from process to process as tensors, however unequal the shares are."""

from __future__ import annotations

import os

import pytest
import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

from raiden.core.processes import Processes
from raiden.policy import gathering
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


def buckets() -> list[list[int]]:
    """Of six shards of 60 bytes each, the third of another type; two may be gathered together."""
    torch.distributed.init_process_group("gloo", rank=0)
    mesh = init_device_mesh("cpu", (1,))
    types = [torch.float32, torch.float32, torch.int32, torch.float32, torch.float32, torch.float32]
    shards = [distribute_tensor(torch.ones(15, dtype=kind), mesh, [Shard(0)]) for kind in types]
    gathering.MAX_BUCKET_BYTES = 120
    return list(gathering._buckets(shards))


def test_what_is_gathered_together_keeps_to_its_bound_and_has_one_type():
    assert in_processes(1, buckets) == [[[0, 1], [2], [3, 4], [5]]]
