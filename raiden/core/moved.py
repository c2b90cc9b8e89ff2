"""Modules by the names that they had before, as users' YAML, scripts and old runs still have them."""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_ROOMS = {
    "core": "errors languages limits out_of_memory processes records signals types writing",
    "data": "chat_template conversion profiles prompts samples",
    "rollout": "canary engines rollouts sampler",
    "train": "callbacks checkpoints datamodule disk_need grpo guard launcher loaders metrics nonfinite "
    "optimization recording replaying report run_folder run_options sft strategy watching",
    "commands": "cli",
}
MOVED = {f"raiden.{name}": f"raiden.{room}.{name}" for room, names in _ROOMS.items() for name in names.split()} | {
    "raiden.commands.complaints": "raiden.commands.option_errors",
    "raiden.complaints": "raiden.commands.option_errors",
    "raiden.data.clients.settings": "raiden.data.clients.turns",
    "raiden.data.profiles.jsonl": "raiden.data.profiles.reading",
    "raiden.endpoints.sampling": "raiden.endpoints.base",
    "raiden.evaluation.benchmark.asking": "raiden.evaluation.benchmark.scoring",
    "raiden.generators": "raiden.train.checkpoints",
    "raiden.grpo.batching": "raiden.packing.batching",
    "raiden.grpo.logps": "raiden.packing.logps",
    "raiden.grpo.token_scores": "raiden.packing.logps",
    "raiden.local_endpoint": "raiden.endpoints.local",
    "raiden.module": "raiden.train.grpo.module",
    "raiden.packing.beginning": "raiden.packing.cached_prefix",
    "raiden.packing.flex": "raiden.packing.attention",
    "raiden.packing.rows": "raiden.packing.batching",
    "raiden.packing.run_by_run": "raiden.packing.scoring",
    "raiden.packing.token_scores": "raiden.packing.logps",
    "raiden.policy.configs": "raiden.policy.sources",
    "raiden.policy_module": "raiden.train.module",
    "raiden.prefix_tree": "raiden.packing",
    "raiden.resampling": "raiden.train.grpo.sampled",
    "raiden.rollout.answers": "raiden.rollout.rollouts",
    "raiden.rollout.engines.known_beginnings": "raiden.packing.cached_prefix",
    "raiden.rollout.engines.prefix_cache": "raiden.packing.cached_prefix",
    "raiden.rollout.engines.side_by_side": "raiden.rollout.engines.continuous_batch",
    "raiden.rollout.engines.taking_turns": "raiden.rollout.engines.one_by_one",
    "raiden.rollout.malformed": "raiden.rollout.rollouts",
    "raiden.rollout.verifying": "raiden.rollout.likelihood",
    "raiden.saved_state": "raiden.policy.saved_state",
    "raiden.train.devices": "raiden.train.launcher",
    "raiden.train.generators": "raiden.train.checkpoints",
    "raiden.train.trl.unscored": "raiden.train.trl.train",
    "raiden.trl_route": "raiden.train.trl",
}
"""Old module -> the module that it is now; a package stands for its modules too, but for those named by themselves."""


def new_name(old: str) -> str | None:
    """The name that a module has now; None: it has not moved.

    >>> new_name("raiden.engines.vllm"), new_name("raiden.rewards.vrar")
    ('raiden.rollout.engines.vllm', None)
    """
    head, tail = old, ""
    while head and head not in MOVED:
        head, _, last = head.rpartition(".")
        tail = f".{last}{tail}"
    return MOVED[head] + tail if head else None


class _Moved(MetaPathFinder, Loader):
    """Imports what has moved from where it is now, and says so."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if new_name(fullname) is not None else None

    def exec_module(self, module: ModuleType) -> None:
        new = new_name(module.__name__)
        assert new is not None
        sys.modules[module.__name__] = import_module(new)
        warnings.warn(f"`{module.__name__}` is `{new}` now.", FutureWarning, stacklevel=2)


def find_moved_modules() -> None:
    """From now on, an import of an old name finds the module.

    The names stand before those on disk: an old checkout leaves folders without code, which Python takes for packages.
    """
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Moved())
