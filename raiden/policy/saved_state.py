"""Checkpoints as plain data: whoever wrote one, reading it runs no code of theirs.

A checkpoint is a file of `torch.save`, or a folder of shards of `torch.distributed.checkpoint` with a file of the
rest. All are pickles. torch reads the files with `weights_only`, but not a folder's `.metadata`, nor the values in
shards that are not tensors.
"""

import io
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import torch
from torch import Tensor
from torch.distributed import checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.metadata import Metadata, StorageMeta, TensorStorageMetadata
from torch.distributed.checkpoint.planner import ReadItem

from raiden.core.errors import ConfigError
from raiden.core.limits import MAX_INDEX_BYTES, refuse_larger
from raiden.core.private import SHARDS_METADATA
from raiden.policy.finite import nonfinite_of
from raiden.policy.frozen import frozen_digests, refuse_other_frozen
from raiden.policy.loading import Policy

REMEDY = "give a `.ckpt` that raiden wrote; an exported model goes into `model.policy.path`"
_FAULTS = (OSError, RuntimeError, EOFError, ValueError, KeyError, AttributeError, IndexError, TypeError)
"""What damaged pickles raise, besides errors of their own."""
_CLASSES = {
    "collections": {"OrderedDict"},
    "torch": {"Size"},
    "torch.serialization": {"_get_layout"},  # looks `torch.strided` and the like up by name
    "torch.distributed.checkpoint.filesystem": {"_StorageInfo"},
    "torch.distributed.checkpoint.metadata": {
        "_MEM_FORMAT_ENCODING",
        "BytesStorageMetadata",
        "ChunkStorageMetadata",
        "Metadata",
        "MetadataIndex",
        "StorageMeta",
        "TensorProperties",
        "TensorStorageMetadata",
    },
}
"""All that `.metadata` is made of, besides number types and paths."""


def load_saved(path: str | Path, mmap: bool = True) -> Any:
    """What `torch.save` wrote, on the CPU: tensors in plain containers.

    Args:
        mmap: tensors are read when they are used, so that the file must stay as it is for as long as they live.

    Raises:
        ConfigError: it cannot be read, or holds objects that are more than data.
    """
    try:
        return torch.load(path, map_location="cpu", mmap=mmap, weights_only=True)
    except (pickle.UnpicklingError, *_FAULTS) as error:
        raise _refused(path, error) from error


def load_rest(checkpoint: str | Path) -> Any:
    """A checkpoint, or what a folder of shards holds beside them: counters, schedules, random generators.

    Raises:
        ConfigError: it is no checkpoint, or holds objects that are more than data.
    """
    path = Path(checkpoint)
    if path.is_dir() and not (path / SHARDS_METADATA).is_file():
        raise _refused(path, FileNotFoundError())
    return load_saved(path / SHARDS_METADATA if path.is_dir() else path)


def stored_shapes(checkpoint: str | Path) -> dict[str, torch.Size]:
    """The weights that a checkpoint holds.

    Raises:
        ConfigError: as for `load_saved`.
    """
    if not Path(checkpoint).is_dir():
        return {name: tensor.shape for name, tensor in load_saved(checkpoint)["state_dict"].items()}
    entries = _Reader(checkpoint).metadata.state_dict_metadata
    prefix = "state_dict."
    return {
        name.removeprefix(prefix): entry.size
        for name, entry in entries.items()
        if name.startswith(prefix) and isinstance(entry, TensorStorageMetadata)
    }


def load_shards(state: dict[str, Any], folder: str | Path, no_dist: bool = False) -> None:
    """Fills a state from a folder of shards, in place; each process reads what it holds.

    Args:
        no_dist: this process alone reads.

    Raises:
        ConfigError: the shards are of another model, are damaged, or hold objects that are more than data.
    """
    reader = _Reader(folder)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="torch.distributed is disabled")
            dcp.load(state, storage_reader=reader, planner=_Planner(), no_dist=no_dist)
        refuse_nonfinite(state, folder)
    except CheckpointException as error:
        causes = [cause for cause, _ in error.failures.values()]
        for cause in causes:
            if isinstance(cause, ConfigError):
                raise cause from error
        raise ConfigError(
            f"{folder} is of another model than `model.policy.path` and its `lora` give, or damaged "
            f"({', '.join(sorted({str(cause) for cause in causes}))}); give the options of the run that wrote it."
        ) from error


def refuse_nonfinite(state: Any, source: str | Path) -> None:
    """Looks at all numbers that were read. All processes have to ask together where they are joined.

    Raises:
        ConfigError: some are NaN or infinite.
    """
    if broken := nonfinite_of(_tensors("", state)):
        raise ConfigError(
            f"{source} holds {len(broken)} weights or optimizer states that are not finite numbers, the first: "
            f"{broken[0]}; go on from an earlier checkpoint."
        )


def _tensors(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors of numbers beneath a value, but for single ones, which count steps."""
    if isinstance(value, Tensor):
        if value.is_floating_point() and value.dim():
            yield name, value
    elif isinstance(value, dict | list | tuple):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _tensors(f"{name}.{key}" if name else str(key), inner)


def _refused(path: str | Path, error: Exception) -> ConfigError:
    unknown = re.search(r"GLOBAL (\S+)|(?:type|class) (\S+) ", str(error))
    if isinstance(error, pickle.UnpicklingError) and unknown:
        name = unknown[1] or unknown[2]
        return ConfigError(f"{path} holds {name}, which is more than data and could run when it is read; {REMEDY}.")
    told = "is not a checkpoint that can be read" if Path(path).exists() else "is not there"
    return ConfigError(f"{path} {told}; {REMEDY}.")


class _Unpickler(pickle.Unpickler):
    """Knows the classes of `.metadata` and no others."""

    def find_class(self, module: str, name: str) -> Any:
        if name in _CLASSES.get(module, ()):
            return super().find_class(module, name)
        if module == "torch" and isinstance(found := getattr(torch, name, None), torch.dtype):
            return found
        if module in ("pathlib", "pathlib._local") and name in ("PosixPath", "WindowsPath"):
            return PurePath  # where the writer kept it; it may have had another system
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name} is not part of a checkpoint's metadata")


class _Reader(dcp.FileSystemReader):
    """torch's own reads `.metadata` with `pickle.load`."""

    def __init__(self, folder: str | Path) -> None:
        super().__init__(folder)
        self.metadata = _read_metadata(Path(folder) / ".metadata")

    def read_metadata(self, *args: Any, **kwargs: Any) -> Metadata:
        self.metadata.storage_meta = self.metadata.storage_meta or StorageMeta()
        self.metadata.storage_meta.load_id = self.load_id
        return self.metadata


def _read_metadata(path: Path) -> Metadata:
    refuse_larger(path, MAX_INDEX_BYTES, ConfigError, REMEDY)
    try:
        metadata = _Unpickler(io.BytesIO(path.read_bytes())).load()
    except (pickle.UnpicklingError, *_FAULTS) as error:
        raise _refused(path, error) from error
    if not isinstance(metadata, Metadata):
        raise _refused(path, TypeError())
    return metadata


class _Planner(dcp.DefaultLoadPlanner):
    """torch's own reads values that are not tensors without `weights_only`."""

    def load_bytes(self, read_item: ReadItem, value: io.BytesIO) -> None:
        name = read_item.dest_index.fqn
        if isinstance(self.state_dict[name], Tensor):
            raise ConfigError(f"{name} is no tensor there")
        try:
            plain = torch.load(value, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, *_FAULTS) as error:
            raise _refused(name, error) from error
        # What torch's own is given was written here.
        copy = io.BytesIO()
        torch.save(plain, copy)
        copy.seek(0)
        super().load_bytes(read_item, copy)


_PREFIX = "model."
"""What the policy is called in the module that checkpoints are made of."""


def refuse_other_weights(own: Mapping[str, Tensor], stored: Mapping[str, Tensor]) -> None:
    """Compares the names and shapes of the weights that a checkpoint holds with those that there are.

    Raises:
        ConfigError: they are of another model.
    """
    wrong = [name for name, weight in stored.items() if name not in own or own[name].shape != weight.shape]
    if wrong:
        raise ConfigError(
            "`ckpt_path`: the checkpoint is of another model than `model.policy.path` and its `lora` give "
            f"({len(wrong)} weights differ, the first: {wrong[0]}); give the options of the run that wrote it."
        )


def restore_weights(policy: Policy, checkpoint: str | Path) -> None:
    """Fills an unsharded policy with the trained weights of a checkpoint.

    Raises:
        ConfigError: it is of another model, or was trained on another.
    """
    own = {_PREFIX + name: tensor for name, tensor in policy.model.state_dict().items()}
    stored = stored_shapes(checkpoint)
    trained = [_PREFIX + name for name, p in policy.model.named_parameters() if p.requires_grad]
    wrong = [name for name in trained if name not in stored or stored[name] != own[name].shape]
    if wrong:
        raise ConfigError(
            f"{checkpoint} is of another model: {len(wrong)} weights differ, the first: "
            f"{wrong[0].removeprefix(_PREFIX)}; give the configuration of the run that wrote it."
        )
    refuse_other_frozen(frozen_digests(policy), load_rest(checkpoint)["raiden"].get("frozen", {}), str(checkpoint))
    _read_into({name: tensor for name, tensor in own.items() if name in stored}, checkpoint)


def _read_into(tensors: dict[str, Tensor], checkpoint: str | Path) -> None:
    """In place, one after the other: no second copy of the model is in memory."""
    if Path(checkpoint).is_dir():
        load_shards({"state_dict": tensors}, checkpoint, no_dist=True)
        return
    state = load_saved(checkpoint)["state_dict"]
    refuse_nonfinite(state, checkpoint)
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(state[name])
