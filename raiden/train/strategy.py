"""FSDP2 as a Lightning strategy: one policy on all processes, sharded checkpoints that are whole or not there."""

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from lightning.pytorch.strategies import ModelParallelStrategy, StrategyRegistry
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from raiden.core.errors import ConfigError, require_at_least
from raiden.core.writing import writing
from raiden.policy import num_bytes_of
from raiden.policy.saved_state import load_rest, load_shards
from raiden.train.launcher import Launcher, await_watcher, end_with_first_process


class FSDP2Strategy(ModelParallelStrategy):
    """Shards weights, gradients and optimizer states over all processes (`torch.distributed.fsdp.fully_shard`).

    Runs on GPUs (NCCL) and on CPUs (gloo), on one process and on several nodes.
    """

    def __init__(self, replicas: int = 1, timeout_minutes: float = 30.0) -> None:
        """
        Args:
            replicas: copies of the sharded policy; with as many as nodes, weights are gathered within a node only
                (HSDP).
            timeout_minutes: how long a process waits for the others before it gives up.
        """
        require_at_least("trainer.strategy.replicas", replicas, 1)
        super().__init__(tensor_parallel_size=1, timeout=timedelta(minutes=timeout_minutes))
        self.replicas = replicas
        self.shard_mesh: DeviceMesh | None = None

    def _configure_launcher(self) -> None:
        assert self.cluster_environment is not None
        if not self.cluster_environment.creates_processes_externally:
            self._launcher = Launcher(self.cluster_environment, self.num_processes, self.num_nodes)

    def setup_environment(self) -> None:
        end_with_first_process()
        self._data_parallel_size = self.num_nodes * self.num_processes
        if self._data_parallel_size % self.replicas:
            raise ConfigError(
                f"`trainer.strategy.replicas` must divide the {self._data_parallel_size} processes of the run, got "
                f"{self.replicas}."
            )
        super().setup_environment()
        shape = (self.replicas, self._data_parallel_size // self.replicas)
        mesh = init_device_mesh(self.root_device.type, shape, mesh_dim_names=("replicas", "shards"))
        self.shard_mesh = mesh if self.replicas > 1 else mesh["shards"]

    def on_exception(self, exception: BaseException) -> None:
        if self.world_size > 1 and isinstance(exception, RuntimeError):  # as broken connections are
            await_watcher()
        super().on_exception(exception)

    def save_checkpoint(self, checkpoint: dict[str, Any], filepath: Any, storage_options: Any = None) -> None:
        """Each process writes its shards beside the target, which gets its name when all are done."""
        target = Path(self.broadcast(filepath))
        num_bytes = num_bytes_of(checkpoint)
        first: Any = writing(target, num_bytes) if self.global_rank == 0 else nullcontext()
        with first as part:
            super().save_checkpoint(checkpoint, self.broadcast(part), storage_options)
            self.barrier()
        self.barrier()

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> dict[str, Any]:
        """From shards of any number of processes, or from a file of a run that was not sharded.

        Raises:
            ConfigError: the shards are those of another model, or hold objects that are more than data.
        """
        path = Path(self.broadcast(checkpoint_path))
        if not path.is_dir():
            return super().load_checkpoint(path, weights_only=True)
        self._load_shards(path)
        rest: dict[str, Any] = load_rest(path)
        return rest

    def _load_shards(self, path: Path) -> None:
        """Weights that are trained, in place, and what the optimizer knows of them; a LoRA run stores no others."""
        assert self.model is not None
        names = {name for name, p in self.model.named_parameters() if p.requires_grad}
        trained = {name: w for name, w in get_model_state_dict(self.model).items() if name in names}
        load_shards({"state_dict": trained}, path)
        set_model_state_dict(self.model, trained, options=StateDictOptions(strict=False))
        for i, optimizer in enumerate(self.optimizers):
            state = get_optimizer_state_dict(self.model, optimizer)
            load_shards({f"optimizer_{i}": state}, path)
            set_optimizer_state_dict(self.model, optimizer, state)


StrategyRegistry.register("fsdp2", FSDP2Strategy, description=FSDP2Strategy.__doc__ or "")
