"""Errors that raiden raises on purpose.

    RaidenError
    ├── RunIsFinished                 no fault; nothing is left to do
    ├── InputError (ValueError)       something the user wrote must change
    │   ├── ProfileError              a character profile
    │   ├── SampleError               a training or evaluation sample
    │   ├── ConfigError               an option of a config file or of the command line
    │   └── ChatTemplateError         a conversation that a model's chat template makes no prompt of
    ├── StorageError (OSError)        the disk did not take a file
    ├── OutOfMemoryError (MemoryError)  the machine, its GPU or a limit did not give the memory
    ├── RewardError (RuntimeError)    a reward of the user's own raised, or gave what is no score
    ├── TrainingError (RuntimeError)  training cannot go on: its numbers are none
    ├── EngineError (RuntimeError)    an engine could not start, generate or take new weights
    └── EndpointError (RuntimeError)  a language model behind a network did not reply; endpoints/faults.py says why

An InputError says where (file and line, or the full option name), what is wrong there, and the remedy.
"""

from collections.abc import Iterator


class RaidenError(Exception):
    """Base of every error raised by raiden itself."""


class RunIsFinished(RaidenError):
    """No fault: there is nothing left to do. The message says how to go on."""


class InputError(RaidenError, ValueError):
    """Bad input; the message names the place, the fault and the remedy."""


class ProfileError(InputError):
    """A character profile that cannot be used."""


class SampleError(InputError):
    """A sample that cannot be used or cannot be scored."""


class ConfigError(InputError):
    """An option with a value that cannot work."""


class StorageError(RaidenError, OSError):
    """The disk did not take a file: full, read-only, not allowed. It names the file, the fault and the remedy."""

    def __init__(self, code: int, fault: str, path: str, remedy: str = "give another path") -> None:
        super().__init__(code, fault, path)
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.filename}: cannot be written ({self.strerror}); {self.remedy}."


class OutOfMemoryError(RaidenError, MemoryError):
    """Memory was refused; says in which stage, and what to lower there."""


class RewardError(RaidenError, RuntimeError):
    """A reward of the user's own failed; names it, the sample, what it gave and the remedy."""


class TrainingError(RaidenError, RuntimeError):
    """Training came to a point from which it cannot go on."""


class ChatTemplateError(InputError):
    """A conversation of which a chat template makes no prompt; says why, and which of several by its `index`."""

    def __init__(self, reason: str, index: int = 0) -> None:
        super().__init__(reason)
        self.index = index


class EngineError(RaidenError, RuntimeError):
    """A generation engine failed."""


class EndpointError(RaidenError, RuntimeError):
    """A request to a language model behind a network failed."""


class AccessError(EndpointError):
    """The key, the model's name or the address is wrong: no request of this run can succeed."""


def require_at_least(option: str, value: float | None, least: float, unit: str = "") -> None:
    """
    Args:
        value: of the option; None: it has none.
        unit: what it counts.

    Raises:
        ConfigError: it is less.
    """
    if value is not None and value < least:
        raise ConfigError(f"`{option}` must be at least {least}{unit and f' {unit}'}, got {value}.")


def led_to(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and so on; and those that a sharded writer has gathered (`failures`).

    Each once: an error that is raised again from what it led to makes a circle.
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting.append(one.__cause__ or one.__context__)
            waiting += [failure[0] for failure in getattr(one, "failures", {}).values()]
