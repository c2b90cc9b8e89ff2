"""Which command an output file belongs to: told beside it, and held by one process at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from raiden.core.errors import ConfigError
from raiden.core.journal import Journal
from raiden.core.types import Profile

_CLAIMED = "claimed"
_NEW: Mapping[str, Any] = {"options": {}, "profiles": {}, "files": {}}


class RunState:
    """The options, the profiles and the further files of the run that writes an output file.

    Kept in `<output>.run.jsonl`, whose last whole line holds. It is appended to and never replaced, so that the lock
    on it holds too.

    Args:
        output_file: need not be there yet.
        split: further files that the run will write.

    Raises:
        ConfigError: another process is writing to the output file; or the file is there, or one of the split, and no
            command of raiden's has written it.
    """

    def __init__(self, output_file: Path, split: Sequence[Path] = ()) -> None:
        self.output_file = output_file
        self.path = beside(output_file, "run")
        self._split = split
        self._state = _NEW
        if output_file.exists() and not self.path.exists():
            raise ConfigError(
                f"`output_file`: {output_file} is there already, and not from this command; "
                "give another name or move the file away."
            )
        if not self.path.exists():
            self.refuse_foreign()  # now: the next line makes a file
        self._journal = Journal(self.path, _only_key)
        for key in self._journal:
            self._state = self._journal[key]

    async def _save(self, **changes: Any) -> None:
        if not changes.items() <= self._state.items():
            self._state = {**self._state, **changes}
            await self._journal.append(self._state)

    async def begin(self, options: Mapping[str, Any], may_grow: Collection[str], profiles: Iterable[Profile]) -> None:
        """Notes what this run is made of, if it goes on with what is there.

        Args:
            options: those that decide what the samples are, by name.
            may_grow: options whose value may become larger: samples made before stay as they are.

        Raises:
            ConfigError: it is another run; the message names the option or the profile.
        """
        for name, before in self._state["options"].items():
            now = options.get(name)
            if now != before and not (name in may_grow and now is not None and now > before):
                raise self._other_run(f"`{name}` was {_shown(before)} when it was begun and is {_shown(now)} now")
        digests = {profile.name: _digest(profile.text.encode()) for profile in profiles}
        for name, digest in self._state["profiles"].items():
            if digests.get(name) != digest:
                change = "has changed since" if name in digests else "is not among the profiles any more"
                raise self._other_run(f'the profile "{name}", of which it has samples, {change}')
        await self._save(options=dict(options), profiles=digests)

    def _other_run(self, change: str) -> ConfigError:
        return ConfigError(
            f"{self.output_file} belongs to another run: {change}; put that back to go on, "
            "or give another `output_file` to start anew."
        )

    def refuse_foreign(self) -> None:
        """Checks that the files of the split can be written: they are this run's own, or not there.

        Raises:
            ConfigError: one was written by somebody else, or changed since; the message names file and option.
        """
        for path in self._split:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as fault:
                raise ConfigError(
                    f"`output_dir`: {path.parent} cannot be made ({fault.strerror}); give another `output_dir`."
                ) from fault
            noted = self._state["files"].get(str(path.resolve()), "")
            # Claimed but not noted as written: a kill fell between the two.
            if path.exists() and noted not in (_CLAIMED, _digest(path.read_bytes())):
                raise ConfigError(
                    f"`output_dir`: {path} is there already and not as this run left it; "
                    f"give another `output_dir` or move the file away."
                )

    async def claim(self) -> None:
        """Notes that the files of the split will be this run's own; to be called just before they are written.

        Raises:
            ConfigError: as for `refuse_foreign`.
        """
        self.refuse_foreign()
        claimed = {str(path.resolve()): _CLAIMED for path in self._split}
        await self._save(files={**self._state["files"], **claimed})

    async def note_written(self, paths: Iterable[Path]) -> None:
        """Remembers files as this run left them."""
        written = {str(path.resolve()): _digest(path.read_bytes()) for path in paths}
        await self._save(files={**self._state["files"], **written})

    async def close(self) -> None:
        await self._journal.close()


def beside(output_file: Path, what: str) -> Path:
    """The file next to an output file that holds something more of its run.

    >>> beside(Path("data/made.jsonl"), "rejections").as_posix()
    'data/made.jsonl.rejections.jsonl'
    """
    return output_file.with_name(f"{output_file.name}.{what}.jsonl")


def _only_key(state: Mapping[str, Any]) -> str:
    """One for all lines, so that the last of them holds."""
    for name, new in _NEW.items():
        if not isinstance(state[name], type(new)):
            raise TypeError(f"`{name}` is {state[name]!r}")
    return "run"


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=12).hexdigest()


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
