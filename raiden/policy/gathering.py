"""Whole tensors of shards, many by one collective."""

from collections.abc import Iterator, Sequence
from math import prod

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, Shard

from raiden.core.processes import all_gather

MAX_BUCKET_BYTES = 2**29
"""Of whole tensors that are gathered together; a layer of a 14B model in bfloat16 has as many."""


def gather_together(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Each whole, in the same order: shards by few collectives, sums over processes each by its own.

    All processes have to ask together. What is gathered lies in memory twice until it is taken apart.
    """
    found = [t.full_tensor() if isinstance(t, DTensor) and not _is_cut(t) else t for t in tensors]
    for bucket in _buckets(tensors):
        sharded = [tensors[place] for place in bucket]
        for place, whole in zip(bucket, _gather(sharded), strict=True):
            found[place] = whole
    return found


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[int]]:
    """Places of neighbours that one collective gathers: of one type, one mesh and bounded size."""
    bucket: list[int] = []
    size = 0
    kind: object = None
    for place, tensor in enumerate(tensors):
        if not (isinstance(tensor, DTensor) and _is_cut(tensor)):
            continue
        own = (tensor.dtype, tensor.device_mesh, tensor.placements)
        if bucket and (own != kind or size + tensor.nbytes > MAX_BUCKET_BYTES):
            yield bucket
            bucket, size = [], 0
        bucket.append(place)
        size, kind = size + tensor.nbytes, own
    if bucket:
        yield bucket


def _is_cut(tensor: DTensor) -> bool:
    """As FSDP2 does it, with or without replicas."""
    return [placement for placement in tensor.placements if not placement.is_replicate()] == [Shard(0)]


def _gather(tensors: Sequence[Tensor]) -> list[Tensor]:
    """FSDP2 cuts the first dimension into parts of equal size but for the last ones, which may be empty."""
    first = tensors[0]
    assert isinstance(first, DTensor)
    dimension = first.placements.index(Shard(0))
    group = first.device_mesh.get_group(dimension)
    num = first.device_mesh.size(dimension)
    rows = [-(-len(tensor) // num) for tensor in tensors]
    sizes = [n * prod(tensor.shape[1:]) for n, tensor in zip(rows, tensors, strict=True)]
    sent = torch.empty(sum(sizes), dtype=first.dtype, device=first.to_local().device)
    for place, tensor in zip(sent.split(sizes), tensors, strict=True):
        assert isinstance(tensor, DTensor)
        part = tensor.to_local().flatten()
        place[: len(part)] = part
    everyones = sent.new_empty(num * len(sent))
    all_gather(everyones, sent, group)
    columns = everyones.view(num, -1).split(sizes, dim=1)
    return [
        column.reshape(num * n, *tensor.shape[1:])[: len(tensor)]
        for column, n, tensor in zip(columns, rows, tensors, strict=True)
    ]
