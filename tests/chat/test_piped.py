"""Chats whose lines come from a script: a real process, a real socket, real files."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from raiden.__main__ import main
from raiden.core.types import LANGUAGES
from raiden.data.prompts import build_messages
from raiden.data.samples import load_samples
from tests.chat.chats import COMMAND, piped, serving
from tests.servers.chat_server import Behaviour

SAMPLES = load_samples("data/training/validation.json")


def echo(messages: list[dict[str, str]]) -> str:
    return f"{len(messages)} messages; you said {messages[-1]['content']}"


def test_a_chat_in_four_languages_asks_with_the_prompts_of_training(tmp_path):
    samples = [next(s for s in SAMPLES if s.language == language and s.focus == "sbk") for language in LANGUAGES]
    answers = {sample.question: sample.answer for sample in samples}
    lines = [line for s in samples for line in (f"/character {s.character_name}", s.question, "/why")]
    with serving(Behaviour(says=lambda messages: answers[messages[-1]["content"]])) as server:
        said = piped(tmp_path, "\n".join(lines), "--base_url", server.base_url, "--character", "Novak")
        asked = [body["messages"] for body in server.bodies]
    assert asked == [[vars(message) for message in build_messages(sample)] for sample in samples]
    assert said.count("accuracy 1, format 1: reward 1.00") == 4
    for sample in samples:
        assert f"\nYou: {sample.question}\n{sample.character_name}: {sample.answer}\nYou: /why\n" in said
    assert "\033" not in said
    kept = [json.loads(line) for line in (tmp_path / "raiden" / "chats.jsonl").read_text("utf-8").splitlines()]
    assert [line["turns"][1]["content"] for line in kept] == [sample.answer for sample in samples]


def test_a_conversation_is_taken_back_asked_again_saved_and_gone_on_with(tmp_path):
    saved = tmp_path / "talk.json"
    with serving(Behaviour(says=echo)) as server:
        options = [
            "--base_url",
            server.base_url,
            "--character",
            "小明",
            "--profiles_file",
            str(tmp_path / "one.jsonl"),
        ]
        (tmp_path / "one.jsonl").write_text(
            json.dumps({"prompt": "<Character Setting>\nName: 小明\nAge: 9\n</Character Setting>"}), encoding="utf-8"
        )
        first = piped(tmp_path, f"one\ntwo\n/undo\nthree\n/retry\n/save {saved}\n/save {saved}\n", *options)
        again = piped(tmp_path, "/history\nfour\n/reset\nfive\n", *options, "--resume")
        seeds = [body["seed"] for body in server.bodies]
    assert "小明: 2 messages; you said one" in first
    assert first.count("小明: 4 messages; you said three") == 2
    assert "talk.json: is already there" in first
    turns = ["one", "2 messages; you said one", "three", "4 messages; you said three"]
    messages = json.loads(saved.read_text("utf-8"))[0]["messages"]
    assert [message["content"] for message in messages[1:]] == turns
    assert "Turns of an earlier conversation: 4;" in again
    assert "You: one\n小明: 2 messages; you said one\nYou: three\n小明: 4 messages; you said three\n" in again
    assert "小明: 6 messages; you said four" in again
    assert "小明: 2 messages; you said five" in again
    assert seeds == [0, 1, 2, 3, 0, 1]


def test_the_oldest_turns_are_forgotten_when_the_context_is_full_and_that_is_said_once(tmp_path):
    sample = next(s for s in SAMPLES if s.character_name == "Walter Novak")
    system = len(build_messages(sample)[0].content)
    lines = [f"{number} " + "x" * 98 for number in range(5)]
    # Room for three messages of a hundred characters and the short replies between them.
    with serving(Behaviour(context=system + 330, says=lambda messages: f"{len(messages)} read")) as server:
        said = piped(tmp_path, "\n".join([*lines, "/history"]), "--base_url", server.base_url, "--character", "Novak")
    assert [line for line in said.splitlines() if line.startswith("Walter Novak: ")][:5] == [
        f"Walter Novak: {number} read" for number in (2, 4, 6, 6, 6)
    ]
    assert said.count("forgets the oldest turns") == 1
    assert said.index("has forgotten all above") > said.rindex(f"You: {lines[1]}")


def test_a_reply_that_fails_is_told_left_out_and_may_be_asked_for_again(tmp_path):
    with serving(Behaviour(says=echo, script=["400", "", "cut"])) as server:
        options = ["--base_url", server.base_url, "--character", "Novak", "--max_retries", "0"]
        said = piped(tmp_path, "one\n/retry\ntwo\n/history\n", *options, code=1)
    assert said.count("error: HTTP 400: ") == said.count("told to fail") == 1
    assert "Walter Novak: 2 messages; you said one\n" in said
    assert "\nerror: the reply broke off" in said
    assert said.endswith("You: /history\nYou: one\nWalter Novak: 2 messages; you said one\n\n")


def test_reasoning_is_not_shown_and_a_model_cannot_write_to_the_terminal(tmp_path):
    def says(messages):
        return "<think>the user wants a trick</think>\n\nLook: \033[2J\033]0;owned\007 done"

    with serving(Behaviour(says=says)) as server:
        said = piped(tmp_path, "hello\n", "--base_url", server.base_url, "--character", "Novak")
    assert "Walter Novak: Look: \ufffd[2J\ufffd]0;owned\ufffd done\n" in said
    assert "trick" not in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--character", "Novak"], "exactly one says which model replies, got none"),
        (["--base_url", "http://127.0.0.1:9/v1", "--character", "Waltr Novack"], "did you mean Walter Novak?"),
        (["--base_url", "http://127.0.0.1:9/v1"], "nobody was chosen"),
        (["--base_url", "http://127.0.0.1:9/v1", "--profiles_file", "nowhere.jsonl"], "nowhere.jsonl: cannot be read"),
        (["--base_url", "http://127.0.0.1:9/v1", "--eval_data", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--base_url", "http://127.0.0.1:9/v1", "--temperature", "-1"], "`temperature` must be 0 to 2"),
        (["--model_path", "no/such/x", "--character", "Novak"], "`model_path`: no such model folder"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_loaded(tmp_path, monkeypatch, capsys, options, words):
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115
    assert main(["chat", *options]) == 2
    assert words in capsys.readouterr().err


def test_a_model_without_a_chat_template_is_refused_by_name(tmp_path, tiny_folder, capsys):
    folder = tmp_path / "base-model"
    folder.mkdir()
    for file in tiny_folder.iterdir():
        if file.name != "chat_template.jinja":
            (folder / file.name).symlink_to(file)
    assert main(["chat", "--model_path", str(folder), "--character", "Novak"]) == 2
    assert "base-model has no chat template; take an instruct model." in capsys.readouterr().err


def test_bytes_that_are_no_text_are_replaced(tmp_path):
    with serving(Behaviour(says=echo)) as server:
        command = [*COMMAND, "--base_url", server.base_url, "--character", "Novak"]
        environment = os.environ | {"XDG_DATA_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
        result = subprocess.run(command, input=b"caf\xe9\n", capture_output=True, env=environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert "you said caf\ufffd\n" in result.stdout.decode()
    assert "caf\ufffd" in (tmp_path / "raiden" / "chats.jsonl").read_text("utf-8")
