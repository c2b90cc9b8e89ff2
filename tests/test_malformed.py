"""Malformed input of every kind: one clear error that names the place, no traceback, and no file changed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

import raiden.commands.cli
from raiden.__main__ import main
from raiden.core.errors import ConfigError, ProfileError, SampleError
from raiden.data.profiles import load_profiles
from raiden.data.samples import load_samples
from raiden.policy import LoraConfig, PolicyConfig, load_policy, load_tokenizer
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from raiden.train.grpo.module import GRPOModule
from raiden.train.optimization import OptimizerConfig
from tests.parsers import keep_parsers
from tests.records import SETTING, profile_record, sample_record, write_json
from tests.runs import fit_arguments, write_samples_file

# Files of profiles and samples: what the file holds, and what the message says

GOOD = json.dumps(sample_record(), ensure_ascii=False)
BROKEN_FILES = {
    "empty": ("", "x.json: no .* in it; write"),
    "blank lines only": ("\n\n  \n", "x.json: no .* in it; write"),
    "not json": ("name: Ada\n", r"x.json:1: not valid JSON \(Expecting value|x.json: no format of characters"),
    "python instead of json": ("{'prompt': 'a'}\n", "x.json:1: not valid JSON"),
    "list cut off": (f"[\n{GOOD},\n{GOOD[:40]}", "x.json:3: not valid JSON"),
    "list without its end": (f"[\n{GOOD}\n", r"x.json:3: not valid JSON .*delimiter"),
    "line cut off": (f"\n{GOOD[:60]}\n", "x.json:[23]: not valid JSON"),
    "object over several lines": (
        json.dumps({"prompt": "", "question": ""}, indent=1)[:-1],
        "x.json:.*: not valid JSON .*one JSON object a",
    ),
    "number in a list": ("[1]", "x.json: item 1: must be a JSON object, got int; write"),
    "text for a record": ('"Ada"\n', "x.json(?::1)?: must be a JSON object, got str; write"),
    "nested without end": ("[" * 100_000, "x.json:1: not valid JSON .*100 deep"),
    "nested far too deep": ('{"a": ' * 101 + "1" + "}" * 101 + "\n", "x.json:1: not valid JSON .*100 deep"),
    "endless number": ('{"a": ' + "1" * 5000 + "}\n", "x.json:1: not valid JSON .*digits"),
    "half a character": ('{"prompt": "\\ud83d", "question": "a"}\n', "x.json:1: holds half a character"),
    "latin-1": ("{}\né".encode("latin-1"), r"x.json: not UTF-8 text \(byte 3\); save the file as UTF-8"),
    "utf-16": ("[]".encode("utf-16"), "x.json: (?:not UTF-8 text .*save the file as UTF-8|no profile in it)"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN_FILES.values(), ids=BROKEN_FILES)
@pytest.mark.parametrize(("load", "error"), [(load_profiles, ProfileError), (load_samples, SampleError)])
def test_a_file_that_cannot_be_read_is_refused_with_its_place(tmp_path, load, error, content, message):
    path = tmp_path / "x.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(error, match=message):
        load(path)


@pytest.mark.parametrize(("load", "error"), [(load_profiles, ProfileError), (load_samples, SampleError)])
@pytest.mark.parametrize("name", ["missing.json", "empty", "x.json/below"])
def test_a_path_that_is_no_file_is_refused_by_name(tmp_path, load, error, name):
    (tmp_path / "x.json").write_text("[]")
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        error, match=rf"{re.escape(str(tmp_path / name))}: cannot be read \(.*\); give the path of a file"
    ):
        load(tmp_path / name)


# Profiles: the record, and what the message says

PROFILES = {
    "no prompt": ({"text": "a"}, "no format of characters that is known"),
    "prompt a list": ({"prompt": [SETTING]}, "`prompt` must be a string"),
    "no setting": ({"prompt": SETTING}, "no <Character Setting>.* block; add it"),
    "setting not closed": ({"prompt": f"<Character Setting>\n{SETTING}"}, "no <Character Setting>.* block; add it"),
    "setting empty": (profile_record(""), "has no `Name`; add"),
    "no name": (profile_record("Gender: male\nIntroduction: a"), "has no `Name`; add"),
    "name empty": (profile_record("Name:\nGender: male"), "has no `Name`; add"),
}


@pytest.mark.parametrize(("record", "message"), PROFILES.values(), ids=PROFILES)
def test_a_malformed_profile_is_refused_with_its_line(tmp_path, record, message):
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(profile_record("Name: Ada")) + "\n" + json.dumps(record) + "\n")
    with pytest.raises(ProfileError, match=f"p.jsonl:2: .*{message}"):
        load_profiles(path)


# Samples: the fields that differ from a good sample, and what the message says after the place

TURN = {"role": "user", "content": "a"}
SAMPLES = {
    "no question": ({"question": ...}, "`question` is missing; add it"),
    "question null": ({"question": None}, "`question` is missing; add it"),
    "question blank": ({"question": " \n"}, "`question` must be a non-empty string"),
    "answer a number": ({"answer": 7}, "`answer` must be a non-empty string, got 7; fill"),
    "character empty": ({"character_name": ""}, "`character_name` must be a non-empty string"),
    "profile missing": ({"character_profile": ...}, "`character_profile` must be an object of fields, got None; add"),
    "profile a text": ({"character_profile": "Ada"}, "`character_profile` must be an object"),
    "profile empty": ({"character_profile": {}}, "`character_profile` must be an object"),
    "profile field a list": ({"character_profile": {"Name": ["Ada"]}}, "`character_profile.Name` must be a string"),
    "history a text": ({"conversation_history": "hi"}, "`conversation_history` must be a list of turns"),
    "history an object": ({"conversation_history": TURN}, "`conversation_history` must be a list of turns"),
    "turn a text": ({"conversation_history": [TURN, "hi"]}, r"`conversation_history\[1\]` must have a `role`"),
    "system turn": ({"conversation_history": [{"role": "system", "content": "a"}]}, "`role` of user or assistant"),
    "role a list": ({"conversation_history": [{"role": ["user"], "content": "a"}]}, "`role` of user or assistant"),
    "turn without content": ({"conversation_history": [{"role": "user", "text": "a"}]}, "`content` string"),
    "turn blank": ({"conversation_history": [{"role": "user", "content": ""}]}, "`content` string"),
    "keywords missing": ({"keywords": ...}, "`keywords` must be a list with at least one string"),
    "keywords empty": ({"keywords": []}, "`keywords` must be a list with at least one string"),
    "keywords a text": ({"keywords": "小明"}, "`keywords` must be a list with at least one string"),
    "keyword a number": ({"keywords": [7]}, "`keywords` must hold strings, got 7"),
    "keyword blank": ({"keywords": [" "]}, "`keywords` holds ' ', which .* matches nothing"),
    "two single terms": ({"keywords": ["a", "b"]}, "must hold exactly one, got 2; keep one"),
    "unknown question type": ({"question_type": "which"}, "`question_type` must be one of what, .*got 'which'"),
    "question type a list": ({"question_type": ["what"]}, "`question_type` must be one of"),
    "unknown method": ({"validation_method": "vibes"}, "`validation_method` must be one of"),
    "no difficulty": ({"difficulty": ...}, "`difficulty` must be one of easy, medium, hard, got None"),
    "metadata a list": ({"metadata": []}, "`metadata` must be an object"),
    "unknown language": ({"metadata": {"language": "fr"}}, "`metadata.language` must be one of .*got 'fr'"),
    "unknown focus": ({"metadata": {"focus": "sbk"}}, "`metadata.focus` must be one of script_knowledge"),
    "focus a list": ({"metadata": {"focus": ["sbk"]}}, "`metadata.focus` must be one of script_knowledge"),
    "rule a text": ({"rule": "小明"}, "`rule` must be an object"),
    "rule without terms": ({"rule": {"terms": []}}, "`rule.terms` must be a list with at least one term"),
    "rule with a typo": ({"rule": {"term": []}}, "`rule` has an unknown key 'term'; use only"),
    "variants a text": ({"rule": {"terms": [{"variants": "a"}]}}, r"`rule.terms\[0\].variants` must be a list"),
    "not a number": ({"rule": {"terms": [{"type": "number", "variants": ["many"]}]}}, "not read as a number"),
    "forbidden and wanted": (
        {"rule": {"terms": [{"variants": ["a"]}], "forbidden": [{"variants": ["A"]}]}},
        "both hold",
    ),
}


@pytest.mark.parametrize(("changes", "message"), SAMPLES.values(), ids=SAMPLES)
def test_a_malformed_sample_is_refused_with_its_item(tmp_path, changes, message):
    path = write_json(tmp_path / "s.json", [sample_record(question="二？"), sample_record(**changes)])
    before = path.read_bytes()
    with pytest.raises(SampleError, match=f"s.json: item 2: .*{message}") as refusal:
        load_samples(path)
    assert "; " in str(refusal.value)  # a remedy
    assert path.read_bytes() == before


# Options through Python

NAN = float("nan")
OPTIONS = {
    "model.sampling.temperature": lambda: SamplingConfig(temperature=NAN),
    "model.sampling.min_p": lambda: SamplingConfig(min_p=2),
    "model.sampling.top_p": lambda: SamplingConfig(top_p=0),
    "model.sampling.top_k": lambda: SamplingConfig(top_k=-1),
    "model.val_sampling.max_tokens": lambda: SamplingConfig(max_tokens=0),
    "model.rewards.accuracy_weight": lambda: RewardConfig(accuracy_weight=NAN),
    "model.rewards.repetition_weight": lambda: RewardConfig(repetition_weight=-0.1),
    "model.rewards.max_length": lambda: RewardConfig(min_length=9, max_length=8),
    "model.rewards.response_format": lambda: RewardConfig(response_format="xml"),
    "model.objective.epsilon": lambda: ObjectiveConfig(epsilon=1),
    "model.objective.delta": lambda: ObjectiveConfig(epsilon=0.2, delta=1.2),
    "model.objective.beta": lambda: ObjectiveConfig(beta=NAN),
    "model.update.micro_batch_tokens": lambda: UpdateConfig(micro_batch_tokens=0),
    "model.update.num_iterations": lambda: UpdateConfig(num_iterations=0),
    "model.optimizer.lr": lambda: OptimizerConfig(lr=NAN),
    "model.optimizer.betas": lambda: OptimizerConfig(betas=(0.9, 1.0)),
    "model.optimizer.max_grad_norm": lambda: OptimizerConfig(max_grad_norm=0),
    "model.num_generations": lambda: GRPOModule(PolicyConfig("x"), num_generations=1),
    "model.policy.lora.rank": lambda: LoraConfig(rank=0),
    "data.val_ratio": lambda: RoleplayDataModule("x", val_ratio=1.5),
    "data.batch_size": lambda: RoleplayDataModule("x", batch_size=-4),
    "data.max_prompt_tokens": lambda: RoleplayDataModule("x", max_prompt_tokens=0),
}


@pytest.mark.parametrize(("option", "make"), OPTIONS.items(), ids=OPTIONS)
def test_an_option_out_of_range_is_refused_by_its_full_name(option, make):
    with pytest.raises(ConfigError, match=rf"`{re.escape(option)}`.*(must|are)"):
        make()


def test_greedy_groups_are_refused():
    with pytest.raises(ConfigError, match=r"`model.sampling.temperature` must be above 0"):
        GRPOModule(PolicyConfig("x"), sampling=SamplingConfig(temperature=0))


# Models: what is changed in the folder of a good one, and what the message says


def edited_config(**changes):
    def edit(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        write_json(folder / "config.json", {**config, **changes})

    return edit


def without(*names):
    return lambda folder: [(folder / name).unlink() for name in names]


def with_text(name, text):
    return lambda folder: (folder / name).write_text(text)


MODELS = {
    "no chat template": (without("chat_template.jinja"), "has no chat template; take an instruct model"),
    "no config": (without("config.json"), "cannot be loaded; it must be a folder"),
    "config cut off": (with_text("config.json", '{"model_type"'), "cannot be loaded; .*not a valid JSON"),
    "unknown type": (edited_config(model_type="nonesuch"), "cannot be loaded; .*nonesuch"),
    "no weights": (without("model.safetensors"), "cannot be loaded; .*no file named model.safetensors"),
    "weights cut off": (with_text("model.safetensors", "x"), "cannot be loaded; .*header"),
    "no tokenizer": (without("tokenizer.json", "tokenizer_config.json"), "has no tokenizer with a vocabulary; add"),
}


@pytest.mark.parametrize(("edit", "message"), MODELS.values(), ids=MODELS)
def test_a_model_folder_that_will_not_do_is_refused(tiny_folder, tmp_path, edit, message):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    edit(folder)
    with pytest.raises(ConfigError, match=rf"(?s)`model\.policy\.path`: .*{message}"):
        load_policy(PolicyConfig(str(folder)), with_reference=False)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "no such model folder: ''; it must be a folder"),
        ("/nowhere/model", "no such model folder: '/nowhere/model'; it must be a folder"),
        ("org/nowhere", "'org/nowhere' cannot be loaded; .* hub id .* that can be reached"),
        ("no such:thing", "'no such:thing' cannot be loaded"),
        ("/nowhere/model.gguf", "no such file: /nowhere/model.gguf; correct"),
        ("package://nonesuch_pkg/a.gguf", "package nonesuch_pkg is not installed; run: pip install"),
        ("package://numpy/a.gguf", "no such file: .*numpy/a.gguf"),
        ("package://numpy", "must be package://PACKAGE/FILE.gguf"),
        ("package://a.b/c.gguf", "must be package://PACKAGE/FILE.gguf"),
    ],
)
def test_a_model_that_is_not_there_is_refused_by_option_and_path(path, message):
    with pytest.raises(ConfigError, match=rf"(?s)`model\.policy\.path`.*{message}"):
        load_tokenizer(path)


def test_a_gguf_file_that_is_none_is_refused_and_leaves_nothing_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RAIDEN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "a.gguf").write_text("junk")
    with pytest.raises(ConfigError, match=r"a\.gguf is not a whole GGUF file"):
        load_tokenizer(str(tmp_path / "a.gguf"))
    assert not (tmp_path / "cache").exists()


# The command line


@pytest.fixture(scope="module", autouse=True)
def one_parser():
    """Building the parsers takes seconds and gives the same each time; here it is done once."""
    with pytest.MonkeyPatch.context() as patch:
        keep_parsers(patch)
        yield


@pytest.fixture
def place(tiny_folder, tmp_path, monkeypatch):
    """A folder with everything that a user has, good and bad; it is the current one."""
    monkeypatch.chdir(tmp_path)
    write_samples_file(tmp_path / "samples.json")
    (tmp_path / "cut.json").write_text(f"[{GOOD},", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "junk.ckpt").write_text("junk")
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    for name, text in {
        "open.yaml": "model: [\n",
        "list.yaml": "- 1\n",
        "typo.yaml": "model:\n  sampling:\n    temprature: 1\n",
        "type.yaml": "data:\n  batch_size: many\n",
        "nan.yaml": "model:\n  rewards:\n    accuracy_weight: .nan\n",
        "nested.yaml": "model:\n  sampling: 1\n",
        "unknown.yaml": "modle:\n  seed: 1\n",
        "class.yaml": "model:\n  engine:\n    class_path: raiden.rollout.engines.Nonesuch\n",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.yaml").write_bytes(b"data:\n  train_file: caf\xe9.json\n")
    return tmp_path


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


COMMANDS = {
    # typos
    "--model.sampling.temprature=1": "--model.sampling.temprature",
    "--data.test_fil=samples.json": "--data.test_fil",
    "--trainer.callback=1": "--trainer.callback",
    "stray": "stray",
    # wrong types
    "--data.batch_size=many": "data.batch_size.*many",
    "--model.num_generations=2.5": "model.num_generations.*2.5",
    "--model.objective.loss=ppo": "model.objective.loss.*'dapo'.*ppo",
    "--model.policy.dtype=float8": "model.policy.dtype.*float8",
    "--model.optimizer.betas=[0.9]": "model.optimizer.betas.*2 elements",
    "--model.rewards.accuracy_weight=nan": "model.rewards.accuracy_weight.*nan",
    "--data.languages=[fr]": "data.languages.*fr",
    "--seed_everything=abc": "seed_everything.*abc",
    # out of range
    "--model.sampling.min_p=2": "`model.sampling.min_p`.*between 0 and 1",
    "--model.val_sampling.top_p=3": "`model.val_sampling.top_p`.*at most 1",
    "--model.num_generations=1": "`model.num_generations` must be at least 2",
    "--model.objective.delta=1.1": "`model.objective.delta` must be above",
    "--model.policy.lora.rank=0": "`model.policy.lora.rank` must be at least 1",
    "--data.val_ratio=1.5": "`data.val_ratio` must be above 0 and below 1",
    "--data.batch_size=-1": "`data.batch_size` must be at least 1",
    "--checkpoint.keep=0": "`checkpoint.keep` must be at least 1",
    "--seed_everything=-1": "`seed_everything` must be at least 0",
    "--trainer.devices=3": "`trainer.strategy`: 3 processes need `fsdp2`.*got DDPStrategy",
    "--trainer.accelerator=quantum": "`trainer`.*quantum.*Available names",
    "--trainer.max_epochs=-5": "`trainer`.*max_epochs.*non-negative",
    "--trainer.max_epochs=-1": "`model.optimizer.schedule`.*`trainer.max_epochs`",
    "--trainer.accumulate_grad_batches=2": r"accumulate_grad_batches=2\)` or",
    # files
    "--data.train_file=missing.json": "missing.json: cannot be read .*give the path",
    "--data.train_file=folder": "folder: cannot be read .*give the path",
    "--data.train_file=cut.json": "cut.json:1: not valid JSON",
    "--data.val_file=samples.json": "samples.json: held-out .*Ada, Ben, Cleo; move them",
    "--data.languages=[ko]": "`data.languages`: none of the 12 samples .*add a",
    "--data.max_prompt_tokens=3": "`data.max_prompt_tokens`: all 8 train prompts .*shortest has",
    "--output_file=folder": "`output_file`: folder is a folder; name a file",
    "--export.folder=folder": "`export.folder`: folder is there already; choose another",
    # configs
    "--config=missing.yaml": "missing.yaml",
    "--config=folder": "folder",
    "--config=open.yaml": "open.yaml",
    "--config=list.yaml": "list.yaml",
    "--config=latin.yaml": "latin.yaml.*utf-8",
    "--config=typo.yaml": "model.sampling.temprature",
    "--config=unknown.yaml": "modle",
    "--config=type.yaml": "type.yaml.*data.batch_size.*many",
    "--config=nan.yaml": "`model.rewards.accuracy_weight` must be a finite number, got nan",
    "--config=nested.yaml": "`model.sampling` must be a group of options",
    "--config=class.yaml": "class.yaml.*model.engine.*Nonesuch",
    # classes and models
    "--model.engine=nonesuch.Engine": "model.engine.*nonesuch",
    "--trainer.logger=nonesuch.Logger": "trainer.logger.*nonesuch",
    "--model.policy.path=/nowhere": "`model.policy.path`: no such model folder",
    "--model.policy.path=org/nowhere": "`model.policy.path`: 'org/nowhere' cannot be loaded",
    "--model.policy.path=samples.json": "`model.policy.path`: no such model folder",
    "--model.policy.path=package://nonesuch_pkg/a.gguf": "nonesuch_pkg is not installed",
    "--model.policy.lora.target_modules=nonesuch": "`model.policy.lora.target_modules`.*nonesuch",
    "--model.policy.lora.target_modules=q_proj,lm_head": "adapters of embeddings and of the head .lm_head. are not",
    # checkpoints
    "--ckpt_path=missing.ckpt": "`ckpt_path`: missing.ckpt is not there; give",
    "--ckpt_path=folder": "`ckpt_path`: folder is not a checkpoint that can be read; give",
    "--ckpt_path=junk.ckpt": "`ckpt_path`: junk.ckpt is not a checkpoint that can be read; give",
    "--ckpt_path=other.ckpt": "`ckpt_path`: other.ckpt is not a checkpoint of raiden's; give",
}


def assert_refused(argv, message, place, capsys):
    """It ends with an exit code, one message on the error stream, no traceback, and all files as they were."""
    before = files_of(place)
    assert main(argv) == 2
    errors = capsys.readouterr().err
    assert re.search(message, errors.replace("\n", " ")), errors
    assert errors.count("error: ") == 1
    assert "Traceback" not in errors
    assert "usage:" not in errors
    now = files_of(place)
    assert {path: now.get(path) for path in before} == before


@pytest.mark.parametrize(("option", "message"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_that_cannot_work_ends_with_one_clear_message(option, message, place, tiny_folder, capsys):
    argv = fit_arguments(tiny_folder, place / "samples.json", place / "logs", option)
    assert_refused(argv, message, place, capsys)
    with pytest.raises(ValueError, match=r"(?s).+"):
        raiden.commands.cli.main(argv)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["train"], "`train` is no command of raiden.*There are fit, sft, trl"),
        (["--cofnig=x.yaml", "fit"], "`--cofnig=x.yaml` is no command of raiden.*There are fit, sft, trl"),
        (["fit"], "model.policy.path"),
        (["fit", "--config"], "--config: expected one argument"),
        (["--config=missing.yaml", "fit"], "missing.yaml"),
        (["fit", "--model.policy.path=x"], "data.train_file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_lacks_something_says_what(argv, message, place, capsys):
    assert_refused(argv, message, place, capsys)


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("test", [], "`data.test_file` is not set; give"),
        ("predict", [], "`data.test_file` is not set; give"),
        ("validate", ["--ckpt_path=last"], "`--ckpt_path last`: there is no checkpoint in"),
        ("validate", ["--ckpt_path=junk.ckpt"], "`ckpt_path`: junk.ckpt is not a checkpoint"),
    ],
)
def test_evaluations_say_what_they_lack(command, options, message, place, tiny_folder, capsys):
    argv = fit_arguments(tiny_folder, place / "samples.json", place / "logs", *options)[1:]
    if "--trainer.logger=false" in options:
        argv = [option for option in argv if not option.startswith("--trainer.logger.")]
    assert_refused([command, *argv], message, place, capsys)
