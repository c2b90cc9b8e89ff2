"""raiden: train language models to stay true to the character they play.

Its public names, in the order of a step; `examples/train_from_python.py` takes one with them:

load_policy, PolicyConfig                       a model, its tokenizer, its frozen reference
load_profiles, load_samples, make_prompts       files -> samples -> prompts, in the model's own chat template
TransformersEngine, VLLMEngine, SamplingConfig  what generates completions; group_seeds: the seed of each
VRAR, RewardConfig                              the verifiable reward of one completion
Scorer, score_groups                            that and rewards of your own: completions -> rewards
RolloutUpdate, ObjectiveConfig, UpdateConfig    rollouts -> the losses of one or more optimizer steps
GRPOModule, RoleplayDataModule                  all of that for Lightning's Trainer, as `raiden fit` does it

Each is imported when it is first asked for, so that `import raiden` needs no torch.
"""

from importlib import import_module
from typing import Any

from raiden.core.moved import find_moved_modules

__version__ = "0.1.0"

_PUBLIC = {
    "GRPOModule": "raiden.train.grpo.module",
    "ObjectiveConfig": "raiden.train.grpo",
    "PolicyConfig": "raiden.policy",
    "RewardConfig": "raiden.rewards",
    "RoleplayDataModule": "raiden.train.datamodule",
    "RolloutUpdate": "raiden.train.grpo",
    "SamplingConfig": "raiden.rollout.engines",
    "Scorer": "raiden.scoring",
    "TransformersEngine": "raiden.rollout.engines",
    "UpdateConfig": "raiden.train.grpo",
    "VLLMEngine": "raiden.rollout.engines",
    "VRAR": "raiden.rewards",
    "group_seeds": "raiden.rollout.rollouts",
    "load_policy": "raiden.policy",
    "load_profiles": "raiden.data.profiles",
    "load_samples": "raiden.data.samples",
    "make_prompts": "raiden.data.chat_template",
    "score_groups": "raiden.rollout.rollouts",
}
__all__ = list(_PUBLIC)

find_moved_modules()


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(_PUBLIC[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
