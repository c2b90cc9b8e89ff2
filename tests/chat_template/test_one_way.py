"""One way from a sample to tokens: whatever makes a prompt of it for a model makes the same tokens."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import trl.chat_template_utils
import yaml
from transformers import GenerationConfig

from raiden.__main__ import main
from raiden.chat.conversation import Conversation, Turn
from raiden.commands.local_model import open_local
from raiden.commands.model_options import ModelOptions
from raiden.commands.prompt_options import read_record
from raiden.core.types import Profile
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings, build_messages
from raiden.data.samples import load_samples
from raiden.endpoints import ReplySampling
from raiden.endpoints.openai import OpenAIEndpoint
from raiden.evaluation import asking
from raiden.evaluation.benchmark.dialogues import Turn as BenchmarkTurn
from raiden.evaluation.benchmark.scoring import reply_request
from raiden.planning import Limits
from raiden.planning.workload import grpo_demand, measure
from raiden.policy import PolicyConfig, export_policy, load_policy, load_tokenizer
from raiden.rollout.engines import TransformersEngine, stop_token_ids
from raiden.train.checkpoints import checkpoints_of
from raiden.train.datamodule import RoleplayDataModule, date_of
from raiden.train.grpo import UpdateConfig
from raiden.train.trl.options import parse_options
from raiden.train.trl.train import make_trainer
from tests.parsers import keep_parsers
from tests.runs import fit_arguments, sft_arguments, write_samples_file
from tests.servers.chat_server import Behaviour, ChatServer

FOLDER = Path(trl.chat_template_utils.__file__).parent / "chat_templates"
DATE = "2026-01-31"
HISTORY = [
    {"role": "assistant", "content": "<think>\nA stranger.\n</think>\n\nAhoy!"},
    {"role": "user", "content": "Hello?"},
    {"role": "user", "content": "Anybody?"},
    {"role": "assistant", "content": "Me."},
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Samples to train on and held-out ones; each conversation begins with the character."""
    folder = tmp_path_factory.mktemp("samples")
    records = json.loads(write_samples_file(folder / "all.json").read_text(encoding="utf-8"))
    for record in records:
        record["conversation_history"], record["reasoning"] = HISTORY, "I know that."
    for name, kept in (("train", [r for r in records if r["character_name"] != "Ada"]), ("held_out", records[:4])):
        (folder / f"{name}.json").write_text(json.dumps(kept), encoding="utf-8")
    return folder / "train.json", folder / "held_out.json"


@pytest.fixture
def engine_prompts(monkeypatch):
    """The token ids that the engine is given, sampling as it does."""
    seen = set()
    generate = TransformersEngine.generate

    def watched(engine, prompts, *settings, **more):
        seen.update(map(tuple, prompts))
        return generate(engine, prompts, *settings, **more)

    monkeypatch.setattr(TransformersEngine, "generate", watched)
    return seen


@pytest.fixture
def model(tiny_folder, tmp_path):
    """The tiny model's folder with a template of TRL's."""

    def model(template):
        folder = tmp_path / "model"
        shutil.copytree(tiny_folder, folder)
        shutil.copy(FOLDER / f"{template}.jinja", folder / "chat_template.jinja")
        return folder

    return model


@pytest.mark.parametrize(
    ("template", "response_format", "contains"),
    [
        ("gemma", "plain", "user\n<Character Setting>\nName: Ada"),
        ("qwen3_6", "think", "<|im_start|>assistant\n<think>\n"),
        ("llama3_2", "plain", "Today Date: 31 Jan 2026"),
    ],
)
def test_every_command_makes_the_same_tokens_of_a_sample(
    model, files, tmp_path, monkeypatch, engine_prompts, template, response_format, contains
):
    keep_parsers(monkeypatch)
    folder, (train, held_out) = model(template), files
    samples = load_samples(held_out)
    options = {
        "model.rewards.response_format": response_format,
        "data.val_file": held_out,
        "data.date": DATE,
        "data.max_prompt_tokens": 4000,
        "trainer.limit_train_batches": 1,
        "trainer.max_epochs": 1,
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    data = RoleplayDataModule(
        str(train), str(held_out), tokenizer=str(folder), response_format=response_format, date=DATE,
        max_prompt_tokens=4000,
    )  # fmt: skip
    measure(data, grpo_demand(UpdateConfig(), 2, 10), Limits(1, -1, None), 1)  # the way of `raiden plan`
    expected = {tuple(p.token_ids) for p in data.val_dataloader().prompts}
    text = data.chat.tokenizer.decode(sorted(expected)[0])
    assert contains in text
    assert "stranger" not in text

    def asked(*command):
        engine_prompts.clear()
        assert main([str(word) for word in command]) == 0
        return set(engine_prompts)

    assert expected < asked(*fit_arguments(folder, train, tmp_path / "logs"), *words)
    run = tmp_path / "logs" / "tiny" / "version_0"
    assert expected <= asked(*sft_arguments(folder, train, tmp_path / "sft"), *words)
    for name, own in (("ckpt", checkpoints_of(run)[-1]), ("export", run / "export")):
        told = ["--eval_data", held_out, "--output_file", tmp_path / f"{name}.json", "--max_tokens", 3]
        assert asked("validate", "--model_path", own, *told) == expected  # the run's own settings, untold

    assert f"# {data.chat.describe()}" in (run / "config.yaml").read_text(encoding="utf-8")
    settings = read_record(run / "export" / "raiden.json")
    assert settings == PromptSettings(response_format, {}, DATE, None)
    assert (
        date_of(checkpoints_of(run)[-1]) == yaml.safe_load((run / "config.yaml").read_text())["data"]["date"] == DATE
    )
    endpoint = open_local(ModelOptions(model_path=str(run / "export")), settings)
    for sample in samples:
        profile = Profile(sample.character_name, sample.character_profile, "", sample.language, "here", {})
        talk = Conversation(profile, settings, [Turn(t.role, t.content) for t in sample.conversation_history])
        turn = BenchmarkTurn("1", profile, sample.conversation_history, sample.question, "", (), sample.language)
        request = asking.reply_request(sample, ReplySampling(settings=settings))
        assert endpoint.prompt(request) in expected
        assert talk.prompt(sample.question) == request.messages == tuple(build_messages(sample, settings))
        talked = reply_request(turn, ReplySampling(settings=settings)).messages
        assert talked[1:] == request.messages[1:]
    asyncio.run(endpoint.close())

    trainer = make_trainer(
        parse_options(
            [
                *("--model_name_or_path", str(folder), "--train_data_path", str(train)),
                *("--eval_data_path", str(held_out), "--output_dir", str(tmp_path / "trl"), "--date", DATE),
                *("--response_format", response_format, "--use_cpu", "true", "--bf16", "false"),
                *("--max_prompt_tokens", "4000", "--num_generations", "2", "--per_device_train_batch_size", "2"),
                *("--per_device_eval_batch_size", "2", "--report_to", "none"),
            ]
        )
    )
    ids, *_ = trainer._tokenize_prompts([row["prompt"] for row in trainer.eval_dataset])
    assert set(map(tuple, ids)) == expected


def test_a_run_keeps_the_day_on_which_it_began(model, files, tmp_path, monkeypatch, engine_prompts):
    keep_parsers(monkeypatch)
    folder = model("llama3_2")
    words = [f"--data.val_file={files[1]}", "--data.max_prompt_tokens=4000", "--trainer.limit_train_batches=1"]
    arguments = fit_arguments(folder, files[0], tmp_path / "logs", *words)
    assert main([*arguments, "--trainer.max_epochs=1", f"--data.date={DATE}"]) == 0
    begun = set(engine_prompts)
    engine_prompts.clear()
    assert main([*arguments, "--trainer.max_epochs=2", "--ckpt_path=last"]) == 0
    tokenizer = load_tokenizer(str(folder))
    assert all("Today Date: 31 Jan 2026" in tokenizer.decode(ids) for ids in engine_prompts | begun)
    assert begun & engine_prompts  # the held-out prompts


def test_the_end_of_a_turn_is_a_stop_for_the_engines_and_in_the_export(tiny_folder, tmp_path):
    policy = load_policy(PolicyConfig(str(tiny_folder)), with_reference=False)
    policy.tokenizer.eos_token = "<|endoftext|>"  # as of a base model: the template ends turns with <|im_end|>
    policy.model.generation_config.eos_token_id = None
    end_of_turn, eos = policy.tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    assert stop_token_ids(policy.model, policy.tokenizer) == sorted([end_of_turn, eos])
    export_policy(policy, tmp_path / "export")
    assert GenerationConfig.from_pretrained(tmp_path / "export").eos_token_id == [end_of_turn]


@pytest.mark.parametrize("opened", ["", "<think>"])
def test_score_takes_a_block_that_the_prompt_opened_for_part_of_the_reply(tmp_path, capsys, opened):
    rows = [{"reply": f"{opened}{thought}</think>I like tea.", "keywords": ["tea"]} for thought in ("What?", " ")]
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert main(["score", "--json", "--response_format", "think", str(path)]) == 0
    right, empty = map(json.loads, capsys.readouterr().out.splitlines())
    assert (right["format"], empty["format"]) == (1, 0)
    (span,) = right["spans"]
    assert rows[0]["reply"][span["start"] : span["end"]] == span["text"] == "tea"


def test_a_target_goes_on_where_the_prompt_has_opened_a_block(model):
    chats = {name: ChatTemplate(load_tokenizer(str(model(name))), PromptSettings("think")) for name in ("qwen3_6",)}
    assert chats["qwen3_6"].write("<think>\nWho?\n</think>\n\nMe.") == "Who?\n</think>\n\nMe."


def test_a_strict_server_gets_the_turns_that_its_template_takes_and_a_lenient_one_all_as_they_are(files):
    sample = load_samples(files[1])[0]
    request = asking.reply_request(sample, ReplySampling())

    def strict(body):
        roles = [message["role"] for message in body["messages"]]
        return "system" not in roles and roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]

    async def sent(refuses):
        async with ChatServer(Behaviour(says=lambda messages: "Ahoy.", refuses=refuses)) as server:
            endpoint = OpenAIEndpoint(server.base_url, model_name="m", enable_thinking=None)
            for _ in range(2):
                await endpoint.complete(request)
            await endpoint.close()
            return [[(m["role"], m["content"]) for m in body["messages"]] for body in server.bodies]

    lenient = asyncio.run(sent(lambda body: False))
    assert lenient == [[(m.role, m.content) for m in request.messages]] * 2
    *_, first, second = asyncio.run(sent(lambda body: not strict(body)))
    assert first == second  # and the second request finds the form at once
    assert first[0][1].startswith("<Character Setting>\nName: Ada")
    assert first[0][1].endswith("\n\n[The conversation begins.]")
    assert first[1:] == [
        ("assistant", "Ahoy!"),
        ("user", "Hello?\nAnybody?"),
        ("assistant", "Me."),
        ("user", sample.question),
    ]


def test_sharegpt_begins_with_human_and_alternates(files, tmp_path):
    output = tmp_path / "out.json"
    command = ["convert", str(files[1]), "--to", "sharegpt", "--output", str(output), "--opening_turn", "(comes in)"]
    assert main(command) == 0
    for row in json.loads(output.read_text(encoding="utf-8")):
        (system, *turns) = row["conversations"]
        assert system["from"] == "system"
        assert [turn["from"] for turn in turns] == ["human", "gpt"] * 3
        assert turns[0]["value"] == "(comes in)"
        assert turns[2]["value"] == "Hello?\nAnybody?"
