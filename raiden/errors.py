"""Errors that raiden raises on purpose.

    RaidenError
    ├── InputError (ValueError)       something the user wrote must change
    │   ├── ProfileError              a character profile
    │   ├── SampleError               a training or evaluation sample
    │   └── ConfigError               an option of a config file or of the command line
    ├── TrainingError (RuntimeError)  training cannot go on: its numbers are none
    ├── EngineError (RuntimeError)    an engine could not start, generate or take new weights
    └── EndpointError (RuntimeError)  a language model behind a network did not reply; endpoints/faults.py says why

An InputError says where (file and line, or the full option name), what is wrong there, and the remedy.
"""


class RaidenError(Exception):
    """Base of every error raised by raiden itself."""


class InputError(RaidenError, ValueError):
    """Bad input; the message names the place, the fault and the remedy."""


class ProfileError(InputError):
    """A character profile that cannot be used."""


class SampleError(InputError):
    """A sample that cannot be used or cannot be scored."""


class ConfigError(InputError):
    """An option with a value that cannot work."""


class TrainingError(RaidenError, RuntimeError):
    """Training came to a point from which it cannot go on."""


class EngineError(RaidenError, RuntimeError):
    """A generation engine failed."""


class EndpointError(RaidenError, RuntimeError):
    """A request to a language model behind a network failed."""
