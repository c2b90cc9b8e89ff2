"""Models of this machine, as the one that is tested and as the judge."""

import json

from raiden.__main__ import main
from raiden.endpoints import ChatRequest
from raiden.endpoints.local import LocalEndpoint
from raiden.evaluation.benchmark.dialogues import load_benchmark
from raiden.evaluation.benchmark.judge import Comparison, verdict_requests
from raiden.policy import PolicyConfig, load_policy
from tests.evaluation.benchmark.files import dialogue, write_files

DIALOGUES = {
    "1": dialogue("师父是谁？", "A", "家师程伯安。", "裴青山"),
    "2": dialogue("Who is Admiral?", "A、E", "My goose."),
    "3": dialogue("When does it leave?", "K2", "At nine.", "Tamsin Roe", "My train leaves at nine.", "Is that so?"),
}


def test_a_folder_is_tested_and_goes_on_from_its_record(tmp_path, tiny_folder, capsys):
    files = write_files(tmp_path, DIALOGUES)
    options = ["--output_dir", str(tmp_path / "out"), "--model_path", str(tiny_folder), "--max_tokens", "6"]

    assert main(["benchmark", *files, *options]) == 0
    first = (tmp_path / "out" / "replies.json").read_text(encoding="utf-8")
    assert main(["benchmark", *files, *options]) == 0

    replies = json.loads(first)["replies"]
    assert [row["id"] for row in replies] == ["1", "2", "3"]
    assert all(row["reply"] is not None for row in replies)
    assert (tmp_path / "out" / "replies.json").read_text(encoding="utf-8") == first
    assert "model: 0 replies asked for, 3 known" in capsys.readouterr().out


def test_a_local_judge_is_told_what_to_write(tmp_path, tiny_folder):
    write_files(tmp_path, DIALOGUES)
    turn = load_benchmark(tmp_path / "npc.json", tmp_path / "dialogue.json").turns[0]
    asked = verdict_requests(Comparison(turn, turn.dimensions[0], "程伯安。", "不记得了。"))[0]
    policy = load_policy(PolicyConfig(str(tiny_folder)), with_reference=False)

    endpoint = LocalEndpoint(policy, "tiny")

    told = policy.tokenizer.decode(endpoint.prompt(asked))
    assert '"enum": ["first", "second", "tie"]' in told
    plain = ChatRequest(asked.messages, asked.max_tokens)
    assert "enum" not in policy.tokenizer.decode(endpoint.prompt(plain))
