"""`raiden configs [NAME]`: the configurations that come with raiden."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from raiden.commands.option_parser import POSITIONAL, parse_options
from raiden.core.errors import ConfigError
from raiden.core.shipped import configs
from raiden.core.terminal import new_table, open_console

_DESCRIPTION = "The configurations that come with raiden, or the text of one."
_EXAMPLES = """\
examples:
  raiden configs                        what there is
  raiden configs quickstart > my.yaml   a copy to change; `raiden fit --config my.yaml`
  raiden fit --config quickstart        as it is, where no file here has this name"""


@dataclass(frozen=True)
class ConfigsOptions:
    """Which one."""

    name: str | None = field(default=None, metadata=POSITIONAL)
    """the one to print (default: all are listed)"""


def main(argv: Sequence[str]) -> int:
    """Lists the configurations, or prints one."""
    name = parse_options(ConfigsOptions, argv, "configs", _DESCRIPTION, _EXAMPLES).name
    found = dict(configs())
    if name is None:
        table = new_table("name", "what it is")
        for known, path in found.items():
            table.add_row(known, _summary(path))
        open_console().print(table)
        return 0
    if (file := found.get(name.removesuffix(".yaml").removeprefix("configs/"))) is None:
        near = get_close_matches(name, found, n=1)
        hint = f"did you mean `{near[0]}`? " if near else ""
        raise ConfigError(f"no configuration `{name}` comes with raiden; {hint}`raiden configs` lists them.")
    sys.stdout.write(file.read_text(encoding="utf-8"))
    return 0


def _summary(path: Path) -> str:
    """The first sentence of the comment with which a configuration begins."""
    lines = (line.strip("#{}- ").strip() for line in path.read_text(encoding="utf-8").splitlines()[:6])
    text = " ".join(line for line in lines if line and not line.startswith("!"))
    return text.partition(". ")[0].partition(":")[0].rstrip(".")
