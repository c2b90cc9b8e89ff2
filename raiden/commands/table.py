"""All commands: where each is, what it does in a line; told without loading any of them."""

from dataclasses import dataclass
from difflib import get_close_matches

from raiden import __version__


@dataclass(frozen=True)
class Command:
    """One command of `raiden`."""

    summary: str
    module: str = "raiden.commands.cli"
    """Its `main` takes what stands behind the command, and returns the exit code."""
    stops_itself: bool = False
    """Ctrl-C means something else to it, or it is over at once."""

    @property
    def is_of_trainer(self) -> bool:
        """Whether it is one of LightningCLI's, whose `main` takes the command's name too."""
        return self.module == Command.module


def _own(summary: str, name: str, stops_itself: bool = False) -> Command:
    return Command(summary, f"raiden.commands.{name}", stops_itself)


_GROUPS: dict[str, dict[str, Command]] = {
    "train": {
        "fit": Command("GRPO with the verifiable reward"),
        "sft": _own("a cold start on reference answers, before `raiden fit`", "sft"),
        "trl": _own("the same run in TRL's trainer", "trl", True),
        "plan": _own("what a run will do and need, before anything is loaded", "plan"),
        "prompt": _own("the finished prompt of a sample, piece by piece", "prompt"),
        "replay": _own("a skipped step again", "replay"),
        "export": _own("a checkpoint as a Hugging Face folder", "export"),
        "configs": _own("the configurations that come along, or the text of one", "configs", True),
    },
    "evaluate": {
        "validate": Command("any model scored: a run by --config, others by --model_path or --base_url"),
        "test": Command("as validate, on the samples of `data.test_file`"),
        "predict": Command("replies without a score"),
        "benchmark": _own("the RAIDEN benchmark, by rules and by a judge", "benchmark", True),
        "compare": _own("which of two evaluations is better, and whether by chance", "compare", True),
        "report": _own("two evaluations as one HTML page", "report", True),
        "score": _own("the reward of a file of replies, and why", "score", True),
        "chat": _own("a talk with a character", "chat", True),
        "serve": _own("characters in the browser, and for any client of OpenAI's protocol", "serve"),
    },
    "make data": {
        "import": _own("profiles from character cards and other files", "import_profiles", True),
        "import-samples": _own("samples from dialogues and from your own chats", "import_samples", True),
        "generate": _own("samples from profiles", "generate", True),
        "convert": _own("samples in the forms of other trainers", "convert", True),
    },
}
COMMANDS = {name: command for group in _GROUPS.values() for name, command in group.items()}


def overview() -> str:
    """What `raiden --help` prints."""
    lines = [
        f"raiden {__version__}: train language models to stay true to the character they play.",
        "",
        "usage: raiden COMMAND [OPTIONS]; `raiden COMMAND --help` tells the options",
    ]
    for group, commands in _GROUPS.items():
        lines += ["", f"{group}:", *(f"  {name:<16}{command.summary}" for name, command in commands.items())]
    return "\n".join([*lines, "", "begin with: raiden fit --config quickstart"])


def unknown(word: str) -> str:
    """What is said of a command that there is not."""
    near = get_close_matches(word, COMMANDS, n=2)
    remedy = f"did you mean {' or '.join(f'`{name}`' for name in COMMANDS if name in near)}? " if near else ""
    return f"`{word}` is no command of raiden; {remedy}There are {', '.join(COMMANDS)}."
