"""A model of this machine, from a checkpoint or from what transformers loads."""

import time
from pathlib import Path

from raiden.commands.checkpoint import load_checkpoint
from raiden.commands.model_options import ModelOptions, is_checkpoint
from raiden.core.errors import ConfigError
from raiden.data.prompts import PromptSettings
from raiden.endpoints.local import LocalEndpoint
from raiden.policy import Policy, PolicyConfig, load_policy, resolve_model
from raiden.rollout.engines import Engine, TransformersEngine


def open_local(
    options: ModelOptions, settings: PromptSettings | None = None, engine: Engine | None = None
) -> LocalEndpoint:
    """Loads `model_path` onto the best device and says how long that took.

    Args:
        engine: what generates; None: transformers.

    Raises:
        ConfigError: it cannot be loaded, or has no chat template.
    """
    path = options.model_path or ""
    started = time.monotonic()
    engine = engine or TransformersEngine(max_rows=options.concurrency)
    if is_checkpoint(options):
        if options.dtype is not None:
            raise ConfigError(f"`{options.prefix}dtype` does nothing for a checkpoint, whose run says it; drop it.")
        files: Path | None = Path(path)
        policy = load_checkpoint(Path(path), f"{options.prefix}model_path")
    else:
        policy, files = _from_model(path, options)
    endpoint = LocalEndpoint(policy, path, engine, options.enable_thinking, files, settings)
    print(f"{path}: loaded on {policy.model.device} in {time.monotonic() - started:.1f} s", flush=True)
    return endpoint


def _from_model(path: str, options: ModelOptions) -> tuple[Policy, Path | None]:
    if Path(path, "config.yaml").is_file():
        raise ConfigError(
            f"`{options.prefix}model_path`: {path} is the folder of a run; give its `export`, or one of its "
            "`checkpoints/*.ckpt`."
        )
    policy = load_policy(PolicyConfig(path, dtype=options.dtype or "float32"), with_reference=False)
    folder = Path(resolve_model(path))
    return policy, folder if folder.is_dir() else None
