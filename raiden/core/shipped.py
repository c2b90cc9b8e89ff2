"""The configurations and the data that come with raiden, so that it can be tried without its repository."""

import os
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent.parent
_INSTALLED = _PACKAGE / "shipped"
ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent
"""Where `configs/` and `data/` are: a wheel has them inside the package, a checkout at its top."""
_CONFIGS = "configs"
_told: set[str] = set()


def find_file(path: str | Path) -> Path:
    """The file or folder of this path; where there is none, the one that comes with raiden under it, which is told.

    Returns:
        The path itself where there is neither.
    """
    own = Path(path)
    shipped = ROOT / own
    if own.exists() or own.is_absolute() or not shipped.exists():
        return own
    if str(own) not in _told and os.environ.get("LOCAL_RANK", "0") == "0":
        _told.add(str(own))
        print(f"{own} is not in this folder; the one that comes with raiden is taken.", file=sys.stderr)
    return shipped


@lru_cache(maxsize=16)
def load_table(package: str, name: str) -> dict[str, Any]:
    """A table of words and sentences: `data/NAME.toml` of a package."""
    import tomllib

    return tomllib.loads((files(package) / "data" / f"{name}.toml").read_text(encoding="utf-8"))


def find_config(name: str) -> str:
    """The path of a configuration; `quickstart` is `configs/quickstart.yaml`, the user's own or else raiden's.

    Returns:
        The name itself where there is none.
    """
    for folder in (Path(), ROOT):
        for path in (folder / name, folder / _CONFIGS / name, folder / _CONFIGS / f"{name}.yaml"):
            if path.is_file():
                return str(path)
    return name


def with_config_paths(words: Sequence[str]) -> list[str]:
    """The words of a command line, with the paths of configurations that are given by name.

    >>> with_config_paths(["fit", "--config", "nonesuch", "--config=/etc/hostname"])
    ['fit', '--config', 'nonesuch', '--config=/etc/hostname']
    """
    found: list[str] = []
    for word in words:
        if found and found[-1] in ("--config", "-c"):
            word = find_config(word)
        elif word.startswith("--config="):
            word = f"--config={find_config(word.removeprefix('--config='))}"
        found.append(word)
    return found


def configs() -> Iterator[tuple[str, Path]]:
    """All configurations that come with raiden, by the names under which they are found."""
    folder = ROOT / _CONFIGS
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield path.relative_to(folder).as_posix().removesuffix(".yaml"), path
