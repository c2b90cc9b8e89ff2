"""raiden: train language models to stay true to the character they play."""

__version__ = "0.1.0"
