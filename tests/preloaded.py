"""What takes long at the start of a `raiden` process; imported once by the server that `tests.processes` forks from.

Nothing is computed here: a thread of the server's would be missing in what is forked from it.
"""

from __future__ import annotations

from contextlib import redirect_stderr, suppress
from io import StringIO

import aiohttp  # noqa: F401
import pytest
import torch.utils.tensorboard  # noqa: F401

import raiden.commands.benchmark
import raiden.commands.generate
import raiden.commands.validate
import raiden.endpoints
import raiden.train.sft
import raiden.train.trl  # noqa: F401
from raiden.__main__ import main
from raiden.core.errors import RaidenError
from tests.parsers import keep_parsers

keep_parsers(pytest.MonkeyPatch())
for command in ("fit", "validate", "sft"):
    with suppress(RaidenError), redirect_stderr(StringIO()):
        main([command])  # refused for want of a model, once the parser is there
