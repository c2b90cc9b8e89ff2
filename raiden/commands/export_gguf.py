"""`raiden export --format gguf`: the file, looked at once more, and beside it what other programs need to use it."""

import time
from pathlib import Path

from raiden.commands.checkpoint import load_checkpoint
from raiden.commands.export import ExportOptions
from raiden.commands.export_clients import of_run
from raiden.commands.prompt_options import settings_of
from raiden.core.errors import ConfigError
from raiden.core.writing import in_bytes, writing
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings
from raiden.policy import Policy, PolicyConfig, load_policy, resolve_model
from raiden.policy.gguf import GgufFile, GgufType
from raiden.policy.gguf.check import ask_llama_cpp, read_again
from raiden.policy.gguf.llama_cpp import has_llama_cpp
from raiden.policy.sources import explain_model_errors, load_config

_TELL_SECONDS = 3.0


def export_gguf(options: ExportOptions) -> int:
    """Writes the file and those beside it; all or nothing of the file.

    Raises:
        ConfigError: llama.cpp does not know such a model, an option must change, or a file is there already.
        TrainingError: the file is not what the policy is.
    """
    dtype: GgufType = options.dtype or "f16"  # type: ignore[assignment]
    path = _path(options.output, dtype)
    source = options.checkpoint
    is_checkpoint = source.rstrip("/").endswith(".ckpt")
    settings = settings_of(source, "CHECKPOINT") or PromptSettings()
    clients = of_run(options, Path(source), is_checkpoint, settings)
    for there in (path, *clients.paths(path)):
        if there.exists():
            raise ConfigError(f"`--output`: {there} is there already; choose another name.")
    policy = load_checkpoint(Path(source), "CHECKPOINT", options.config) if is_checkpoint else _load(source)
    chat = ChatTemplate(policy.tokenizer, settings)
    file = GgufFile(policy, dtype, chat, path.stem)
    for note in file.notes:
        print(f"note: {note}")
    with writing(path, file.num_bytes) as part:
        print(f"writing {path}: {len(file.tensors)} tensors, {in_bytes(file.num_bytes)}", flush=True)
        file.write(part, _Teller(file.num_bytes))
        print(_check(file, part, chat), flush=True)
        clients.write(path, policy, chat, file.vocabulary.adds_bos)
    print(f"export: {path}")
    return 0


def _path(output: Path, dtype: str) -> Path:
    """The file itself, or one in a folder that takes its name.

    >>> _path(Path("edith.gguf"), "f16").as_posix(), _path(Path("out/edith"), "q8_0").as_posix()
    ('edith.gguf', 'out/edith/edith-q8_0.gguf')
    """
    return output if output.suffix == ".gguf" else output / f"{output.absolute().name}-{dtype}.gguf"


def _load(path: str) -> Policy:
    """A model as it is, in the type of its files."""
    if Path(path, "config.yaml").is_file():
        raise ConfigError(f"CHECKPOINT: {path} is the folder of a run; give its `export`, or one of its checkpoints.")
    with explain_model_errors(path):
        stored = str(getattr(load_config(resolve_model(path)), "dtype", None))
    dtype = "bfloat16" if stored.endswith("bfloat16") else "float32"
    print(f"reading {path}", flush=True)
    return load_policy(PolicyConfig(path, dtype=dtype), with_reference=False)  # type: ignore[arg-type]


def _check(file: GgufFile, path: Path, chat: ChatTemplate) -> str:
    if has_llama_cpp():
        print("checking with llama.cpp", flush=True)
        return f"llama.cpp and the policy: {ask_llama_cpp(file, path, chat).describe()}"
    read_again(file, path)
    return (
        "read again: as it was written. llama.cpp itself was not asked, for it is not installed; "
        'pip install "raiden-r1[gguf]" makes the next export ask it'
    )


class _Teller:
    """Says how far the writing is, every few seconds."""

    def __init__(self, num_bytes: int) -> None:
        self.num_bytes = num_bytes
        self.told = time.monotonic()

    def __call__(self, num_written: int) -> None:
        if time.monotonic() - self.told > _TELL_SECONDS:
            self.told = time.monotonic()
            print(f"written {in_bytes(num_written)} of {in_bytes(self.num_bytes)}", flush=True)
