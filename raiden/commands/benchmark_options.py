"""The options of `raiden benchmark`, checked before anything is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from raiden.commands.model_options import (
    ModelOptions,
    add_model_options,
    keep_keys_apart,
    read_model_options,
)
from raiden.commands.option_parser import NO_OPTION, OptionParser, take
from raiden.commands.prompt_options import PromptOptions, read_settings
from raiden.core.errors import ConfigError, require_at_least
from raiden.core.types import Language
from raiden.endpoints import ReplySampling
from raiden.evaluation.benchmark.dimensions import CODES

_JUDGE = "judge_"
_DESCRIPTION = """\
Test a model on the RAIDEN benchmark: replies, what rules say of them, and a judge's verdict on each against
another model's or the reference, asked in both orders. The same command goes on after a stop, and asks
nothing twice."""
_EPILOG = f"""the files:
  npc.json       {{"Edith": {{"npc_setting": "Occupation: lighthouse keeper\\nBorn: in Hull"}}, ...}}, or any file
                 of characters
  dialogue.json  {{"1": {{"npc_name": "Edith", "metrics": "A",
                  "messages": [{{"role": "user", "text": "Where do you work?"}}], "reference": "In the lighthouse."}}}}
                 the last message is the user's; `metrics`, by code or name:
                 {CODES[:67]}
                 {CODES[67:].lstrip()}
  keywords.json  [{{"id": "1", "keywords": ["lighthouse"]}}, ...]: SBK and CM are scored by rules where it says what
                 a right reply must say; `--extract_keywords` has the judge propose it; else their columns hold "-"
example:
  raiden benchmark --npc_file npc.json --dialogue_file dialogue.json --output_dir out \\
      --model_path my_model --against reference --judge_base_url http://localhost:30000/v1 --extract_keywords"""


@dataclass(frozen=True)
class BenchmarkOptions:
    """Who is tested on what, and who judges."""

    npc_file: str
    """the benchmark's npc.json, or characters in any format of `raiden generate`"""
    dialogue_file: str
    """the benchmark's dialogue.json"""
    output_dir: Path
    """folder of replies.json, verdicts.json, summary.json and their records"""
    languages: tuple[Language, ...] = ()
    """of the dialogues (default: all)"""
    max_dialogues: int | None = None
    """this many dialogues, spread over the characters (default: all)"""
    against: str | None = None
    """compare with the replies of another output_dir, or the references: a folder, or `reference`"""
    keywords_file: Path | None = None
    """what right replies must say, by dialogue; keywords.json in output_dir is read too"""
    extract_keywords: bool = False
    """have the judge write keywords.json in output_dir, to be corrected"""
    max_tokens: int = ReplySampling.max_tokens
    """longest reply in tokens"""
    temperature: float = ReplySampling.temperature
    """0 is greedy"""
    seed: int = ReplySampling.seed
    """another one draws other replies"""
    judge_max_tokens: int | None = None
    """longest verdict or keyword in tokens, reasoning included (default: 1024 for a verdict, 512 for a
    keyword)"""
    model: ModelOptions = field(default=ModelOptions(), metadata=NO_OPTION)
    judge: ModelOptions | None = field(default=None, metadata=NO_OPTION)
    sampling: ReplySampling = field(default=ReplySampling(), metadata=NO_OPTION)
    """How the model's replies are drawn."""


def read_options(argv: Sequence[str]) -> BenchmarkOptions:
    """The options of a command line.

    Raises:
        ConfigError: an option is out of range, or two do not go together.
    """
    parser = OptionParser("benchmark", _DESCRIPTION, _EPILOG, (BenchmarkOptions, PromptOptions))
    add_model_options(parser)
    add_model_options(parser, _JUDGE, "the judge")
    arguments = parser.parse_args(argv)
    model = read_model_options(arguments)
    has_judge = any(argument.startswith(f"--{_JUDGE}") for argument in argv)
    judge = read_model_options(arguments, _JUDGE) if has_judge else None
    if judge is not None:
        if judge.enable_thinking is None and judge.model_id is None:  # Bedrock takes no switch
            judge = replace(judge, enable_thinking=False)
        model, judge = keep_keys_apart(model, judge)
    options = take(BenchmarkOptions, arguments)
    settings = read_settings(take(PromptOptions, arguments), model)
    sampling = ReplySampling(options.temperature, options.max_tokens, options.seed, settings)
    options = replace(options, model=model, judge=judge, sampling=sampling)
    _check(options)
    return options


def _check(options: BenchmarkOptions) -> None:
    require_at_least("max_dialogues", options.max_dialogues, 1)
    require_at_least("judge_max_tokens", options.judge_max_tokens, 1, "token")
    if options.judge and not options.against and not options.extract_keywords:
        raise ConfigError("`against` is missing: a judge compares two replies; name a folder, or `reference`.")
    if options.extract_keywords and not options.judge:
        raise ConfigError("`extract_keywords` asks the judge; name one, as with `judge_base_url`.")
    if options.against and Path(options.against).resolve() == options.output_dir.resolve():
        raise ConfigError("`against` and `output_dir` are the same folder; choose another `output_dir`.")
