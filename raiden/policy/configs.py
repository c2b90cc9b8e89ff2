"""A model's `config.json`, whose sizes are looked at before anything is made of that size."""

from collections.abc import Iterator
from typing import Any

from transformers import AutoConfig, PretrainedConfig

from raiden.core.errors import ConfigError
from raiden.core.limits import MAX_MODEL_SIZES
from raiden.policy.sources import NO_FOREIGN_CODE


def load_config(model: str) -> Any:
    """The config of a resolved model: a folder, a file, or a hub id.

    Raises:
        ConfigError: it asks for more layers, heads or the like than any model has.
    """
    written, _ = PretrainedConfig.get_config_dict(model, **NO_FOREIGN_CODE)
    for name, size in _sizes(written):
        if size > (limit := MAX_MODEL_SIZES[name]):
            raise ConfigError(
                f"`model.policy.path`: the config.json of {model} asks for `{name}` {size:,}, and at most {limit:,} "
                "are made; take a model whose files are whole."
            )
    return AutoConfig.from_pretrained(model, **NO_FOREIGN_CODE)


def _sizes(config: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Those that have a bound, also of a model within the model."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _sizes(value)
        elif name in MAX_MODEL_SIZES and isinstance(value, int | float):
            yield name, int(value)
