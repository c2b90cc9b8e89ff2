"""The first minute: help and faults are told at once, and each says the next step."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

import raiden.__main__
from raiden import __version__
from raiden.__main__ import main
from raiden.commands.short_help import ESSENTIALS, SHORTENED
from raiden.commands.table import COMMANDS
from tests.parsers import keep_parsers

CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.fixture(autouse=True, scope="module")
def kept_parsers() -> Iterator[None]:
    """The parser of a command is built once: that takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        keep_parsers(patch)
        yield


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["fit", "--help"], ["plan", "--help"], ["fti"], []])
def test_what_is_told_at_once_loads_no_library(words):
    code = "import sys; from raiden.__main__ import main; main(sys.argv[1:]); print({*sys.modules} & {*'%s'.split()})"
    heavy = "torch lightning transformers jsonargparse rich numpy yaml"
    run = subprocess.run([sys.executable, "-c", code % heavy, *words], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "set()"


def test_a_terminal_is_told_while_libraries_are_loaded_and_a_file_is_not(monkeypatch, capsys):
    leader, follower = os.openpty()
    told = []

    def load(name):
        told.append(os.read(leader, 100).decode().strip())  # waits for the line
        return import_module(name)

    monkeypatch.setattr(raiden.__main__, "_QUIET_SECONDS", 0.0)
    monkeypatch.setattr(raiden.__main__, "import_module", load)
    with open(follower, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert main(["configs"]) == 0
    os.close(leader)
    assert told == ["loading libraries, some seconds"]
    monkeypatch.undo()
    monkeypatch.setattr(raiden.__main__, "_QUIET_SECONDS", 0.0)
    assert main(["configs"]) == 0
    assert capsys.readouterr().err == ""


def test_the_overview_has_every_command_and_the_version(capsys):
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    assert all(f"\n  {name} " in overview for name in COMMANDS)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"raiden {__version__}\n"
    assert main([]) == 2
    assert capsys.readouterr().out == overview


@pytest.mark.parametrize(
    ("word", "meant"), [("fti", "`fit`"), ("generat", "`generate`"), ("import_samples", "`import-samples`")]
)
def test_a_typo_of_a_command_is_told_with_what_was_meant_and_all_there_are(word, meant, capsys):
    assert main([word, "--config", "x.yaml"]) == 2
    told = capsys.readouterr().err
    assert meant in told.partition("There are")[0]
    assert all(name in told.partition("There are")[2] for name in COMMANDS)


def test_the_options_that_matter_first_are_options_of_a_run_with_these_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--model.policy.path=x", "--data.train_file=y", "--print_config"])
    import yaml

    config = yaml.safe_load(capsys.readouterr().out)
    for option, default in ESSENTIALS.items():
        value = config
        for name in option.split(".") if option != "config" else ():
            value = value[name]
        assert default in ("", value), option


@pytest.mark.parametrize("command", ["fit", "sft"])
def test_one_option_of_held_out_replies_leaves_them_greedy(command, capsys):
    with pytest.raises(SystemExit):
        main(
            [
                command,
                "--model.policy.path=x",
                "--data.train_file=y",
                "--model.val_sampling.max_tokens=9",
                "--print_config",
            ]
        )
    import yaml

    val_sampling = yaml.safe_load(capsys.readouterr().out)["model"]["val_sampling"]
    assert (val_sampling["temperature"], val_sampling["max_tokens"]) == (0.0, 9)


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {*SHORTENED}))
def test_commands_whose_help_is_whole_take_the_word_for_all_of_it_too(command, capsys):
    def told(word):
        with suppress(SystemExit):
            main([command, word])
        return capsys.readouterr().out

    assert told("--help_all") == told("--help") != ""


@pytest.mark.parametrize("command", SHORTENED)
def test_the_short_help_tells_where_all_options_are(command, capsys):
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out
    assert f"raiden {command} --help_all" in told
    assert "--model.policy.path" in told
    assert ("num_generations" in told) == (command != "sft")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["fit"],
            "`model.policy.path` is not set; give a configuration, `raiden fit --config quickstart`",
        ),
        (["plan"], "`raiden plan --config quickstart`"),
        (["sft"], "`raiden sft --config sft`"),
        (
            ["fit", f"--config={CONFIGS}/openr1_qwen14b.yaml"],
            "has the options of `raiden trl`: run `raiden trl --config",
        ),
        (["plan", "--config", f"{CONFIGS}/openr1_qwen14b.yaml"], "has the options of `raiden trl`"),
        (["fit", "--config", "{empty}"], "add `path` to {empty} under `model.policy`, where there are dtype"),
        (["fit", "--config", "nowhere.yaml"], "nowhere.yaml'; give a YAML file that is there"),
        (
            ["fit", "quickstart.yaml"],
            "`quickstart.yaml` stands alone; a configuration is given as `--config quickstart.yaml`",
        ),
        (["fit", "--model.num_generation=4"], "did you mean `--model.num_generations`?"),
        (["plan", "--gpu_memroy=4"], "`--gpu_memroy` is no option; did you mean `--gpu_memory`?"),
        (["fit", "--model.num_generations=x"], "`model.num_generations` must be a whole number, got x."),
    ],
)
def test_a_run_that_cannot_begin_says_what_to_do(words, told, tmp_path, capsys):
    empty = tmp_path / "empty.yaml"
    empty.write_text("model: {policy: {dtype: float32}}\n")
    assert main([word.format(empty=empty) for word in words]) == 2
    assert told.format(empty=empty) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["score", "--jsn", "x"], "`--jsn` is no option; did you mean `--json`? `raiden score --help`"),
        (["generate", "--profile_file", "x"], "`--profile_file` is no option; did you mean `--profiles_file`?"),
        (["convert", "x"], "required: --to, --output; `raiden convert --help` tells"),
        (["convert", "x", "--to", "y"], "`to` must be one of 'sharegpt', 'chatml', 'trl', 'verl', 'easyr1', got 'y'"),
        (["chat", "--max_tokens", "two"], "`max_tokens` must be a whole number, got 'two'"),
        (["chat", "--enable_thinking", "maybe"], "`enable_thinking` must be true or false, got 'maybe'"),
        (["report", "x", "--output"], "`output` needs a value"),
        (["export", "x", "y", "--output", "z"], "`y` stands alone"),
        (["generate", "--config", "nowhere.yaml"], "`config`: nowhere.yaml cannot be read"),
    ],
)
def test_all_commands_tell_a_wrong_option_in_the_same_words(words, told, capsys):
    assert main(words) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert "usage:" not in said.err + said.out


def test_options_in_a_file_are_read_as_those_of_the_command_line(tmp_path):
    from raiden.commands.generate_options import read_options

    config = tmp_path / "options.yaml"
    config.write_text("profiles_file: a\noutput_file: -b\ntemperature: 0.5\nlanguage: null\ninclude_cm: false\n")
    options = read_options(["--config", str(config), "--backend=openai"])
    assert (options.output_file, options.backend.temperature) == (Path("-b"), 0.5)
    assert (options.samples.language, options.samples.include_cm) == (None, False)
    config.write_text("- profiles_file: a\n")
    with pytest.raises(ValueError, match="holds no options"):
        read_options(["--config", str(config)])
    config.write_text("profiles_file: a\noutput_file: b\nseed: [1]\n")
    with pytest.raises(ValueError, match=r"`seed` must be a whole number, got '\[1\]'"):
        read_options(["--config", str(config)])


def test_options_stand_in_dataclasses():
    by_hand = {
        p.name
        for p in (Path(__file__).parent.parent / "raiden" / "commands").glob("*.py")
        if "add_argument(" in p.read_text("utf-8")
    }
    # Those of Lightning's command line stand beside the groups that it makes of classes.
    assert by_hand == {"option_parser.py", "cli.py", "plan.py", "prompt.py", "sft.py"}
