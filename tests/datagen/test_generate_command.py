"""`raiden generate`: its options, its files, what it refuses, and how it splits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from raiden.__main__ import main
from raiden.commands.generate_options import read_options
from raiden.core.errors import ConfigError
from raiden.data.samples import load_samples
from raiden.rewards import VRAR
from tests.datagen.commands import arguments, asking, made, run, stats
from tests.records import profile_record, write_jsonl
from tests.servers.chat_server import serve

FILES = ["--profiles_file", "a.jsonl", "--output_file", "data/b.jsonl"]
SETTING = "Name: {}\nGender: female\nAge: {}\nOccupation: baker\nHometown: {}\nIntroduction: A baker who sings."


@pytest.fixture
def profiles(tmp_path) -> Path:
    """Three characters with three plain facts each."""
    people = (("Ada Brock", 31, "York"), ("Ben Lowe", 42, "Leeds"), ("Cleo Marsh", 53, "Bath"))
    return write_jsonl(tmp_path / "profiles.jsonl", [profile_record(SETTING.format(*person)) for person in people])


@pytest.fixture
def generate(tmp_path, profiles, capsys):
    """Runs the command in this process, on the three characters; returns its exit code and all it says."""

    def command(*more: str, output: str = "made.jsonl") -> tuple[int, str]:
        code = main(arguments(tmp_path / output, *more, profiles=profiles))
        told = capsys.readouterr()
        return code, told.out + told.err

    return command


# Options


def test_the_command_of_the_readme_is_understood():
    command = (
        "--profiles_file data/online_profiles.jsonl --output_file data/generated_samples.jsonl "
        "--num_samples_per_profile 2 --include_cm --language zh --auto_detect --max_profiles 3 --train_ratio 0.9 "
        "--enable_thinking false --output_dir data/training"
    )
    options = read_options(command.split())
    samples = options.samples
    assert (samples.include_cm, samples.auto_detect, samples.language) == (True, True, "zh")
    assert (samples.max_profiles, samples.train_ratio) == (3, 0.9)
    assert (options.backend.backend, options.backend.enable_thinking) == ("template", False)
    assert options.output_dir == Path("data/training")


def test_a_switch_stands_alone_or_with_a_value():
    for words, expected in (
        (["--include_cm"], True),
        (["--include_cm", "true"], True),
        (["--include_cm", "false"], False),
        (["--include_cm=false"], False),
        ([], False),
    ):
        assert read_options([*FILES, *words]).samples.include_cm is expected
        assert read_options([*words, *FILES]).samples.include_cm is expected


def test_the_split_goes_beside_the_output_file_and_is_named_like_it():
    assert read_options(FILES).output_dir == Path("data/b")


def test_options_come_from_a_file_and_the_command_line_wins(tmp_path):
    config = tmp_path / "generate.yaml"
    config.write_text("profiles_file: a.jsonl\noutput_file: b.jsonl\nseed: 3\ninclude_cm: true\n", encoding="utf-8")
    options = read_options(["--config", str(config), "--seed", "4"])
    assert (options.samples.seed, options.samples.include_cm) == (4, True)
    config.write_text("profile_file: a.jsonl\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="profile_file"):
        read_options(["--config", str(config), *FILES])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--profile_file", "a"], "--profile_file"),
        (["--num_samples", "2"], "--num_samples"),
        (["--language", "fr"], "'zh', 'ja', 'en', 'ko'"),
        (["--backend", "sglang"], "'template', 'openai', 'bedrock'"),
        (["--num_samples_per_profile", "0"], "`num_samples_per_profile` must be 1"),
        (["--num_samples_per_profile", "two"], "num_samples_per_profile"),
        (["--max_profiles", "0"], "`max_profiles`"),
        (["--train_ratio", "1"], "`train_ratio`"),
        (["--train_ratio", "90"], "`train_ratio`"),
        (["--seed", "-1"], "`seed`"),
        (["--max_attempts", "0"], "`max_attempts`"),
        (["--backend", "openai", "--concurrency", "0"], "`concurrency`"),
        (["--backend", "openai", "--timeout", "0"], "`timeout`"),
        (["--backend", "openai", "--max_retries", "-1"], "`max_retries`"),
        (["--backend", "openai", "--temperature", "-0.1"], "`temperature`"),
        (["--backend", "openai", "--max_tokens", "1"], "`max_tokens`"),
        (["--backend", "openai", "--agreement", "-1"], "`agreement`"),
        (["--backend", "openai", "--region", "us-east-1"], "`region` does nothing with `--backend openai`"),
        (["--backend", "bedrock", "--model_id", "x", "--model_name", "y"], "`model_name`.*add `--backend openai`"),
        (["--backend", "bedrock"], "`model_id` is needed"),
        (["--model_name", "GLM-4.6"], "`model_name` does nothing with `--backend template`"),
        (["--agreement", "4"], "`agreement` does nothing"),
        (["--log_requests"], "`log_requests` does nothing"),
        (["--policy_base_url", "http://x/v1"], "`policy_base_url` does nothing.*add `--keep_hard`"),
        (["--prompt_template", "mine.jinja"], "`prompt_template` does nothing.*add `--agreement` or `--keep_hard`"),
        (["--keep_hard", "4"], "`policy_base_url` is needed"),
    ],
)
def test_an_option_that_cannot_work_is_named(words, told):
    with pytest.raises(ConfigError, match=told):
        read_options([*FILES, *words])


@pytest.mark.parametrize("missing", ["profiles_file", "output_file"])
def test_a_missing_file_option_is_named(missing):
    given = [word for i in (0, 2) if FILES[i] != f"--{missing}" for word in FILES[i : i + 2]]
    with pytest.raises(ConfigError, match=missing):
        read_options(given)


def test_without_any_option_the_missing_ones_are_named():
    with pytest.raises(ConfigError, match="required: --profiles_file"):
        read_options([])


def test_a_key_variable_that_is_not_set_is_named(generate):
    code, said = generate("--backend", "openai", "--model_name", "m", "--api_key_env", "NO_SUCH_KEY")
    assert code == 2
    assert "`api_key_env`: the environment has no variable NO_SUCH_KEY" in said


# Without a model


def test_the_shipped_characters_give_samples_that_their_own_answers_pass(tmp_path):
    output = tmp_path / "made.jsonl"
    run(*arguments(output, "--include_cm", "--num_samples_per_profile", "3"))
    samples = load_samples(output)
    assert all(VRAR()(sample, sample.answer).accuracy == 1 for sample in samples)
    names = [sample.character_name for sample in samples]
    assert len(set(names)) == 77
    assert min(names.count(name) for name in names) >= 3
    assert {sample.language for sample in samples} == {"zh", "ja", "en", "ko"}
    train, validation = (load_samples(tmp_path / "made" / name) for name in ("train.json", "validation.json"))
    assert len(train) + len(validation) == len(samples)
    held_out = {sample.character_name for sample in validation}
    assert len(held_out) == 8  # a tenth of 77
    assert not held_out & {sample.character_name for sample in train}


def test_the_output_is_in_the_order_of_profiles_kinds_and_places(generate, tmp_path):
    generate("--include_cm")
    records = [json.loads(line) for line in (tmp_path / "made.jsonl").read_text(encoding="utf-8").splitlines()]
    places = [(r["character_name"], r["metadata"]["focus"], r["metadata"]["index"]) for r in records]
    kinds = ("script_knowledge", "conversation_memory")
    names = ("Ada Brock", "Ben Lowe", "Cleo Marsh")
    assert places == [(name, kind, index) for name in names for kind in kinds for index in range(2)]


def test_another_language_than_the_profiles_may_be_asked_for(generate, tmp_path):
    assert generate("--language", "ja", "--auto_detect")[0] == 0
    assert {sample.language for sample in load_samples(tmp_path / "made.jsonl")} == {"ja"}


def test_a_json_file_holds_a_list(generate, tmp_path):
    generate()
    generate(output="made_too.json")
    assert [s.raw for s in load_samples(tmp_path / "made_too.json")] == [
        s.raw for s in load_samples(tmp_path / "made.jsonl")
    ]
    assert isinstance(json.loads((tmp_path / "made_too.json").read_text(encoding="utf-8")), list)


@pytest.mark.parametrize("output", ["made.jsonl", "made.json"])
def test_more_samples_and_more_profiles_are_added_to_those_that_are_there(output, generate, tmp_path):
    generate("--max_profiles", "2", "--num_samples_per_profile", "1", output=output)
    before = load_samples(tmp_path / output)
    code, _ = generate("--include_cm", output=output)
    after = load_samples(tmp_path / output)
    assert code == 0
    assert (len(before), len(after)) == (2, 12)
    assert {sample.id for sample in before} < {sample.id for sample in after}
    generate("--include_cm", output="at_once.jsonl")
    assert [s.raw for s in after] == [s.raw for s in load_samples(tmp_path / "at_once.jsonl")]


def test_the_samples_of_one_character_are_all_for_training(generate, tmp_path):
    code, said = generate("--max_profiles", "1")
    assert code == 0
    assert "no validation file: holding a character out takes two" in said
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["train.json"]


def test_neither_torch_nor_a_client_library_is_loaded_for_templates(tmp_path, profiles):
    heavy = ("torch", "lightning", "transformers", "openai", "boto3", "numpy")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({heavy!r}))\n"
        f"from raiden.__main__ import main; sys.exit(main({arguments(tmp_path / 'made.jsonl', profiles=profiles)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Profiles that cannot be used


def test_a_malformed_profile_is_named_by_file_and_line_and_the_rest_goes_on(generate, profiles, tmp_path):
    good = profiles.read_text(encoding="utf-8").splitlines()
    lines = [good[0], "{broken", good[1], '{"prompt": "no block"}', good[1], good[2]]
    profiles.write_text("\n".join(lines), encoding="utf-8")
    code, said = generate()
    assert code == 1
    for line in (2, 4, 5):
        assert f"skipped: {profiles}:{line}: " in said
    assert len(load_samples(tmp_path / "made.jsonl")) == 6
    # The line is mended, and the same command goes on.
    profiles.write_text("\n".join([good[0], json.dumps(profile_record(SETTING.format("Dee", 64, "Hull"))), *good[1:]]))
    assert generate()[0] == 0
    names = [sample.character_name for sample in load_samples(tmp_path / "made.jsonl")]
    assert list(dict.fromkeys(names)) == ["Ada Brock", "Dee", "Ben Lowe", "Cleo Marsh"]


def test_without_any_usable_profile_nothing_is_written(generate, profiles, tmp_path):
    profiles.write_text("{broken", encoding="utf-8")
    code, said = generate()
    assert code == 2
    assert f"{profiles}:1: " in said
    assert "holds no profile that can be used" in said
    assert [path.name for path in tmp_path.iterdir()] == ["profiles.jsonl"]


def test_a_missing_profiles_file_is_named(generate, profiles):
    profiles.unlink()
    code, said = generate()
    assert code == 2
    assert f"{profiles}: cannot be read" in said


def test_a_character_of_whom_too_little_is_known_is_told_by_the_exit_code(generate, profiles):
    write_jsonl(profiles, [profile_record(SETTING.format("Ada Brock", 31, "York")), profile_record("Name: Zed")])
    code, said = generate("--num_samples_per_profile", "9")
    assert code == 1
    assert "not made: nothing_left" in said


# Files that are there already


def test_a_file_of_somebody_else_is_never_touched(generate, tmp_path):
    (tmp_path / "made.jsonl").write_text("my notes", encoding="utf-8")
    code, said = generate()
    assert code == 2
    assert "`output_file`" in said
    assert "not from this command" in said
    assert (tmp_path / "made.jsonl").read_text(encoding="utf-8") == "my notes"


@pytest.mark.parametrize("name", ["train.json", "validation.json"])
def test_a_split_of_somebody_else_is_refused_before_anything_is_paid(name, generate, tmp_path):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / name).write_text("[]", encoding="utf-8")
    with serve() as base_url:
        code, said = generate(*asking(base_url, "--output_dir", str(tmp_path / "training")))
        assert stats(base_url)["num_requests"] == 0
    assert code == 2
    assert "`output_dir`" in said
    assert name in said
    assert (tmp_path / "training" / name).read_text(encoding="utf-8") == "[]"
    assert not list(tmp_path.glob("made*"))


def test_a_split_that_was_edited_is_not_overwritten(generate, tmp_path):
    generate()
    edited = tmp_path / "made" / "train.json"
    edited.write_text(edited.read_text(encoding="utf-8").replace("baker", "smith"), encoding="utf-8")
    state = (tmp_path / "made.jsonl.run.jsonl").read_bytes()
    code, said = generate("--num_samples_per_profile", "3")
    assert code == 2
    assert "not as this run left it" in said
    assert "smith" in edited.read_text(encoding="utf-8")
    assert (tmp_path / "made.jsonl.run.jsonl").read_bytes() == state


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--seed", "5"], "`seed` was 0 when it was begun and is 5 now"),
        (["--language", "zh"], "`language` was not set when it was begun and is zh now"),
        (["--num_samples_per_profile", "1"], "`num_samples_per_profile` was 2"),
        (["--max_profiles", "1"], 'the profile "Ben Lowe", of which it has samples, is not among'),
    ],
)
def test_another_run_does_not_go_on_with_the_same_file(more, told, generate, tmp_path):
    generate()
    before = made(tmp_path / "made.jsonl")
    code, said = generate(*more)
    assert code == 2
    assert told in said
    assert "give another `output_file` to start anew" in said
    assert made(tmp_path / "made.jsonl") == before


def test_another_model_does_not_go_on_with_the_same_file(generate):
    with serve("--model", "GLM-4.6") as base_url:
        assert generate(*asking(base_url, "--max_profiles", "1"))[0] == 0
    with serve("--model", "Qwen3") as base_url:
        code, said = generate(*asking(base_url))
    assert code == 2
    assert "`model_name` was GLM-4.6 when it was begun and is Qwen3 now" in said


def test_a_profile_that_changed_does_not_go_on_with_the_same_file(generate, profiles):
    generate()
    profiles.write_text(profiles.read_text(encoding="utf-8").replace("York", "Hull"), encoding="utf-8")
    code, said = generate()
    assert code == 2
    assert 'the profile "Ada Brock", of which it has samples, has changed since' in said


def test_an_edited_line_of_the_output_is_named(generate, tmp_path):
    generate()
    output = tmp_path / "made.jsonl"
    output.write_text(output.read_text(encoding="utf-8").replace('"index": 1', '"place": 1'), encoding="utf-8")
    code, said = generate()
    assert code == 2
    assert "made.jsonl:2: not a record that this command wrote" in said


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_paid(generate, tmp_path):
    (tmp_path / "made").write_text("a file where the split's folder would be", encoding="utf-8")
    code, said = generate()
    assert code == 2
    assert "`output_dir`" in said
    assert not list(tmp_path.glob("made.jsonl*"))


def test_a_full_disk_is_told_and_what_is_there_is_kept(profiles, tmp_path):
    """The disk is full after 12 kB: files of this process may not grow beyond that."""
    command = ["prlimit", "--fsize=12000", sys.executable, "-m", "raiden"]
    command += arguments(tmp_path / "made.jsonl", "--include_cm", "--num_samples_per_profile", "4", profiles=profiles)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "cannot be written (File too large)" in done.stderr
    assert "Traceback" not in done.stderr
    run(*command[5:])
    assert len(load_samples(tmp_path / "made.jsonl")) >= 20
