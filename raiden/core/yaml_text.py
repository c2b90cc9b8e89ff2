"""YAML within bounds: what its aliases unfold to is counted before anything is made of it."""

from pathlib import Path
from typing import Any

from raiden.core.errors import ConfigError
from raiden.core.limits import MAX_CONFIG_BYTES, MAX_YAML_VALUES, refuse_larger


def load_yaml(text: str) -> Any:
    """The value of a YAML text, of plain types.

    Raises:
        yaml.YAMLError: it is broken, or aliases of aliases make more of it than `raiden.core.limits` allows.
    """
    import yaml  # here: most commands read none, and start without it

    refuse_unfolding(text)
    return yaml.safe_load(text)


def read_yaml_options(path: str | Path, option: str) -> dict[str, Any]:
    """The options of a YAML file, by name.

    Args:
        option: which names the file, for messages.

    Raises:
        ConfigError: the file is too large, cannot be read, or holds no options.
    """
    import yaml

    refuse_larger(path, MAX_CONFIG_BYTES, ConfigError, "give a file of options")
    try:
        options = load_yaml(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise ConfigError(f"`{option}`: {path} cannot be read ({fault}); give a YAML file of options.") from fault
    if not isinstance(options, dict):
        raise ConfigError(f"`{option}`: {path} holds no options; write `seed: 1` and so on, one a line.")
    return options


def refuse_unfolding(text: str) -> None:
    """Goes through a text that has aliases; one without is no larger than it looks.

    Raises:
        yaml.YAMLError: as for `load_yaml`.
    """
    import yaml

    if "&" not in text or "*" not in text:
        return
    sizes: dict[str, int] = {}  # values beneath each anchor
    opened: list[tuple[str | None, int]] = []  # each collection's anchor, and the values before it
    count = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            count += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, count))
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            sizes |= {anchor: count - before} if anchor else {}
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
        if count > MAX_YAML_VALUES:
            raise yaml.MarkedYAMLError(
                problem=f"its aliases unfold to more than {MAX_YAML_VALUES:,} values; write out what they stand for",
                problem_mark=event.start_mark,
            )
