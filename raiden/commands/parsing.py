"""How jsonargparse reads options, the same for all commands that use it."""

from __future__ import annotations

from typing import Any

from jsonargparse import get_loader, set_loader, set_parsing_settings

from raiden.core.yaml_text import refuse_unfolding

_LOAD: Any = get_loader("yaml")


def settle_parsing() -> None:
    """Strings beneath a config's fields become its help; YAML is read within bounds."""
    from yaml import YAMLError

    set_parsing_settings(docstring_parse_attribute_docstrings=True)
    set_loader("yaml", _load, exceptions=(YAMLError,))


def _load(text: str) -> Any:
    refuse_unfolding(text)
    return _LOAD(text)
