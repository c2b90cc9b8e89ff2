"""A run that is stopped, and a judge on Bedrock."""

import json
import signal

import pytest

from raiden.__main__ import main
from tests.evaluation.benchmark.files import dialogue, judged_replies, serving, verdict, write_files
from tests.faults.moments import At, Sends
from tests.processes import Started
from tests.servers.chat_server import Behaviour
from tests.servers.converse_server import ConverseServer, serve_converse

DIALOGUES = {str(i): dialogue(f"Who is number {i}?", "A", f"Number {i} is a goose.") for i in range(12)}


def says(messages):
    """A model and a fair judge at once."""
    if "<First Reply>" in messages[-1]["content"]:
        first, _ = judged_replies(messages)
        return verdict("first" if first == "I do." else "second")
    return "I do."


def test_ctrl_c_ends_a_run_and_the_same_command_asks_only_for_the_rest(tmp_path):
    files = write_files(tmp_path, DIALOGUES)
    behaviour = Behaviour(says=says, latency=0.1)
    with serving(behaviour) as server:
        options = [*files, "--output_dir", str(tmp_path / "out"), "--base_url", server.base_url, "--concurrency", "1"]
        interrupt = At("raiden.endpoints.recorded:_line", 4, Sends(signal.SIGINT))
        said = Started("benchmark", *options, cwd=tmp_path, before=interrupt).finish(code=130)
        num_done = sum(server.num_replies_by_digest.values())
        record = (tmp_path / "out" / "replies.record.jsonl").read_text().splitlines()

        behaviour.latency = 0
        asked_before = len(server.bodies)
        assert main(["benchmark", *options]) == 0

    assert "the same command goes on from here" in said
    assert "Traceback" not in said
    assert 3 <= len(record) <= num_done < 12
    assert len(server.bodies) - asked_before == 12 - len(record)


def test_a_server_that_is_not_there_ends_the_run(tmp_path, capsys):
    files = write_files(tmp_path, DIALOGUES)
    out = ["--output_dir", str(tmp_path / "out"), "--base_url", "http://127.0.0.1:1/v1", "--model_name", "nobody"]

    assert main(["benchmark", *files, *out, "--max_retries", "0"]) == 2
    assert "the server was never reached" in capsys.readouterr().err


@pytest.fixture
def bedrock(monkeypatch):
    """A local Bedrock, and the credentials of nobody."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-nobody")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with serve_converse(ConverseServer(says=says)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        yield server


def test_bedrock_judges_in_both_orders(tmp_path, bedrock):
    files = write_files(tmp_path, DIALOGUES)
    judge = ["--judge_model_id", "vendor.judge-v1:0", "--judge_region", "us-east-1"]
    with serving(Behaviour(says=says)) as server:
        out = ["--output_dir", str(tmp_path / "out"), "--base_url", server.base_url]
        assert main(["benchmark", *files, *out, *judge, "--against", "reference"]) == 0

    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (len(bedrock.bodies), bedrock.complaints) == (24, [])
    assert summary["judge"] == "vendor.judge-v1:0"
    assert summary["dimensions"]["SBK"]["judge"]["strict_score"] == 1
