"""The options of `raiden benchmark`, checked before anything is asked."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from raiden.commands.model_options import (
    ModelOptions,
    add_model_options,
    keep_keys_apart,
    read_model_options,
)
from raiden.commands.option_parser import OptionParser
from raiden.commands.prompt_options import add_prompt_options, read_settings
from raiden.core.errors import ConfigError
from raiden.core.types import LANGUAGES, Language
from raiden.evaluation.benchmark.asking import Sampling
from raiden.evaluation.benchmark.dimensions import CODES
from raiden.evaluation.benchmark.judge import MAX_TOKENS as VERDICT_TOKENS
from raiden.evaluation.benchmark.keywords import MAX_TOKENS as KEYWORD_TOKENS

_JUDGE = "judge_"
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

    npc_file: Path
    dialogue_file: Path
    output_dir: Path
    model: ModelOptions
    sampling: Sampling
    languages: tuple[Language, ...]
    """Of the dialogues; empty takes all."""
    max_dialogues: int | None
    against: str | None
    """A folder of another run, or `reference`."""
    judge: ModelOptions | None
    judge_max_tokens: int | None
    """Of a verdict or a keyword; None: `judge.MAX_TOKENS`, `keywords.MAX_TOKENS`."""
    keywords_file: Path | None
    """Beside `keywords.json` in the output folder."""
    extract_keywords: bool


def read_options(argv: Sequence[str]) -> BenchmarkOptions:
    """The options of a command line.

    Raises:
        ConfigError: an option is out of range, or two do not go together.
    """
    arguments = make_parser().parse_args(argv)
    if arguments.max_dialogues is not None and arguments.max_dialogues < 1:
        raise ConfigError(f"`max_dialogues` must be at least 1, got {arguments.max_dialogues}.")
    has_judge = any(argument.startswith(f"--{_JUDGE}") for argument in argv)
    model = read_model_options(arguments)
    settings = read_settings(arguments, model)
    options = BenchmarkOptions(
        npc_file=Path(arguments.npc_file),
        dialogue_file=Path(arguments.dialogue_file),
        output_dir=Path(arguments.output_dir),
        model=model,
        sampling=Sampling(arguments.max_tokens, arguments.temperature, arguments.seed, settings),
        languages=tuple(arguments.languages),
        max_dialogues=arguments.max_dialogues,
        against=arguments.against,
        judge=_read_judge(arguments) if has_judge else None,
        judge_max_tokens=arguments.judge_max_tokens,
        keywords_file=Path(arguments.keywords_file) if arguments.keywords_file else None,
        extract_keywords=arguments.extract_keywords,
    )
    _check(options)
    if options.judge is None:
        return options
    model, judge = keep_keys_apart(options.model, options.judge)
    return replace(options, model=model, judge=judge)


def _read_judge(arguments: argparse.Namespace) -> ModelOptions:
    judge = read_model_options(arguments, _JUDGE)
    if judge.enable_thinking is None and judge.model_id is None:  # Bedrock takes no switch
        return replace(judge, enable_thinking=False)
    return judge


def _check(options: BenchmarkOptions) -> None:
    if options.judge_max_tokens is not None and options.judge_max_tokens < 1:
        raise ConfigError(f"`judge_max_tokens` must be at least 1 token, got {options.judge_max_tokens}.")
    if options.judge and not options.against and not options.extract_keywords:
        raise ConfigError("`against` is missing: a judge compares two replies; name a folder, or `reference`.")
    if options.extract_keywords and not options.judge:
        raise ConfigError("`extract_keywords` asks the judge; name one, as with `judge_base_url`.")
    if options.against and Path(options.against).resolve() == options.output_dir.resolve():
        raise ConfigError("`against` and `output_dir` are the same folder; choose another `output_dir`.")


def make_parser() -> OptionParser:
    parser = OptionParser(
        "benchmark",
        "Test a model on the RAIDEN benchmark: replies, what rules say of them, and a judge's verdict on "
        "each against another model's or the reference, asked in both orders. The same command goes on after a stop, "
        "and asks nothing twice.",
        _EPILOG,
    )
    add = parser.add_argument
    add("--npc_file", required=True, help="the benchmark's npc.json, or characters in any format of `raiden generate`")
    add("--dialogue_file", required=True, help="the benchmark's dialogue.json")
    add("--output_dir", required=True, help="folder of replies.json, verdicts.json, summary.json and their records")
    add("--languages", nargs="+", choices=LANGUAGES, default=(), help="of the dialogues (default: all)")
    add("--max_dialogues", type=int, help="this many dialogues, spread over the characters (default: all)")
    add("--against", metavar="DIR|reference", help="compare with the replies of another output_dir, or the references")
    add("--keywords_file", help="what right replies must say, by dialogue; keywords.json in output_dir is read too")
    add(
        "--extract_keywords",
        action="store_true",
        help="have the judge write keywords.json in output_dir, to be corrected",
    )
    add("--max_tokens", type=int, default=Sampling.max_tokens, help="longest reply in tokens (default: %(default)s)")
    add("--temperature", type=float, default=Sampling.temperature, help="0 is greedy (default: %(default)s)")
    add("--seed", type=int, default=Sampling.seed, help="another one draws other replies (default: %(default)s)")
    add(
        f"--{_JUDGE}max_tokens",
        type=int,
        help="longest verdict or keyword in tokens, reasoning included "
        f"(default: {VERDICT_TOKENS} for a verdict, {KEYWORD_TOKENS} for a keyword)",
    )
    add_prompt_options(parser)
    add_model_options(parser)
    add_model_options(parser, _JUDGE, "the judge", thinking="off")
    return parser
