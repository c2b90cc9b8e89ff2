"""raiden: train language models to stay true to the character they play."""

from raiden.core.moved import find_moved_modules

__version__ = "0.1.0"

find_moved_modules()
