"""`raiden validate` of a served model, over a real socket, as users start it."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict

import pytest

from raiden.__main__ import main
from raiden.data.samples import load_samples
from raiden.rewards import RewardConfig
from tests.datagen.commands import lines, start, stats
from tests.faults.moments import At, Sends
from tests.records import write_json
from tests.servers.chat_server import serve

REPLY = "raiden.endpoints.recorded:_line"  # called with each reply, before it is on the disk
PEOPLE = (("Ada", "Biscuit", "York"), ("Ben", "Pepper", "Leeds"), ("Cleo", "Mango", "Bath"))


@pytest.fixture
def data(tmp_path):
    """Four questions to each of three characters. The server answers the first two, clozes of the profile, and says
    to the others that it does not remember."""
    samples = []
    for name, pet, town in PEOPLE:
        setting = {"Name": name, "Pet": f"{name} has a dog called {pet}.", "Home": f"{name} lives in {town}."}
        for question, keyword, source in (
            (f'What belongs in the gap of "{name} has a dog called ____."?', pet, "test_sbk"),
            (f'What belongs in the gap of "{name} lives in ____."?', town, "test_sbk"),
            ("Where do you live?", town, "test_sbk"),
            ("What did I buy?", "kite", "test_cm"),
        ):
            turns = [{"role": "user", "content": "I bought a kite."}, {"role": "assistant", "content": "How nice!"}]
            samples.append(
                {
                    "character_name": name,
                    "character_profile": setting,
                    "conversation_history": turns if source == "test_cm" else [],
                    "question": question,
                    "answer": f"{keyword}.",
                    "keywords": [keyword],
                    "question_type": "what",
                    "validation_method": "single_term_validation",
                    "difficulty": "easy",
                    "metadata": {"language": "en", "source": source},
                }
            )
    return write_json(tmp_path / "eval.json", samples)


@pytest.fixture(scope="module")
def server():
    """The address of a server that replies at once and never fails."""
    with serve() as base_url:
        yield base_url


def num_requests(base_url):
    return stats(base_url)["num_requests"]


def asking(base_url, data, output, *more):
    return ["validate", "--base_url", base_url, "--eval_data", str(data), "--output_file", str(output), *more]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_figures_are_those_worked_out_by_hand(server, data, tmp_path, capsys):
    output = tmp_path / "out.json"
    assert main(asking(server, data, output)) == 0
    made = read(output)
    # Two of the three questions about the profile are clozes; none is about the conversation.
    assert made["metrics"]["sbk"] == pytest.approx(6 / 9)
    assert made["metrics"]["sbk/question_type/what"] == pytest.approx(6 / 9)
    assert made["metrics"]["cm"] == 0
    assert (made["version"], made["model"], len(made["samples"])) == (1, "test-model", 12)
    first = made["samples"][0]
    assert (first["reply"], first["accuracy"]) == ("My answer is Biscuit.", 1)
    assert [span["text"] for span in first["spans"]] == ["Biscuit"]
    assert first["id"] == load_samples(data)[0].id
    assert first["profile"]["Name"] == "Ada"
    assert [turn["content"] for turn in made["samples"][3]["history"]] == ["I bought a kite.", "How nice!"]
    told = capsys.readouterr().out
    assert "66.7 %" in told
    assert "fewer than 5 characters" in told


def test_a_served_model_is_asked_without_torch(server, data, tmp_path):
    arguments = asking(server, data, tmp_path / "out.json")
    code = (
        "import sys; from raiden.__main__ import main; "
        f"assert main({arguments!r}) == 0; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_rerun_asks_nothing_and_writes_the_same(server, data, tmp_path):
    output = tmp_path / "out.json"
    main(asking(server, data, output))
    before, num_asked = output.read_bytes(), num_requests(server)
    assert main(asking(server, data, output)) == 0
    assert num_requests(server) == num_asked
    assert output.read_bytes() == before


def test_a_killed_run_goes_on_and_pays_for_nothing_twice(data, tmp_path, capsys):
    fresh, output = tmp_path / "fresh.json", tmp_path / "out.json"
    options = ["--samples_per_question", "4", "--temperature", "1", "--concurrency", "4"]
    with serve("--latency", "0.02", "--wrong_share", "0.5") as base_url:
        assert main(asking(base_url, data, fresh, *options)) == 0
        num_asked = num_requests(base_url)
        killed = start(*asking(base_url, data, output, *options), before=At(REPLY, 20, Sends(signal.SIGKILL)))
        killed.communicate()
        assert killed.returncode == -signal.SIGKILL
        assert not output.exists()
        num_recorded = lines(tmp_path / "out.json.record.jsonl")
        assert 0 < num_recorded <= num_requests(base_url) - num_asked <= num_recorded + 4  # paid for, and not kept
        num_asked = num_requests(base_url)
        assert main(asking(base_url, data, output, *options)) == 0
        assert num_requests(base_url) - num_asked == 48 - num_recorded
    assert "replies were there from before" in capsys.readouterr().out
    assert output.read_bytes() == fresh.read_bytes()


def test_ctrl_c_ends_it_at_once_and_the_same_command_goes_on(data, tmp_path):
    output = tmp_path / "out.json"
    with serve("--latency", "0.02") as base_url:
        arguments = asking(base_url, data, output, "--concurrency", "2")
        told = start(*arguments, before=At(REPLY, 5, Sends(signal.SIGINT))).finish(code=130)
        assert num_requests(base_url) <= 5 + 2 + 2  # two at a time; those that the interrupt found have others after
        assert "the same command goes on" in told
        assert not output.exists()
        assert main(arguments) == 0
    assert len(read(output)["samples"]) == 12


def test_requests_that_keep_failing_are_counted_and_never_scored(server, data, tmp_path, capsys):
    output = tmp_path / "out.json"
    with serve("--fault", "400:0.5", "--num_faults", "99") as base_url:
        assert main(asking(base_url, data, output, "--max_retries", "0")) == 1
    made = read(output)
    num_failed = len(made["failed"])
    assert 0 < num_failed < 12
    assert len(made["samples"]) == 12 - num_failed
    assert made["metrics"]["reward"] == pytest.approx(
        sum(row["total"] for row in made["samples"]) / len(made["samples"])
    )
    assert f"{num_failed} requests failed and count nowhere" in capsys.readouterr().err
    assert "HTTP 400" in made["failed"][0]["error"]
    num_asked = num_requests(server)
    assert main(asking(server, data, output)) == 0  # the same model at another address
    assert num_requests(server) == num_asked + num_failed
    assert "failed" not in read(output)


def test_failures_that_pass_are_tried_again(data, tmp_path):
    output = tmp_path / "out.json"
    with serve("--fault", "500:0.4", "--fault", "cut:0.3", "--fault", "429:0.3") as base_url:
        assert main(asking(base_url, data, output)) == 0
    assert read(output)["metrics"]["sbk"] == pytest.approx(6 / 9)


def test_no_more_requests_are_in_flight_than_asked_for(data, tmp_path):
    with serve("--latency", "0.05") as base_url:
        main(asking(base_url, data, tmp_path / "out.json", "--concurrency", "3"))
        assert stats(base_url)["max_in_flight"] == 3


@pytest.mark.parametrize("change", [["--model_name", "other"], ["--max_tokens", "5"], ["--limit", "3"]])
def test_a_file_of_another_evaluation_is_refused_and_kept(data, tmp_path, change, capsys):
    output = tmp_path / "out.json"
    with serve("--model", "test-model", "--model", "other") as base_url:
        assert main(asking(base_url, data, output, "--model_name", "test-model")) == 0
        before = output.read_bytes()
        model = [] if change[0] == "--model_name" else ["--model_name", "test-model"]
        assert main(asking(base_url, data, output, *model, *change)) == 2
    assert "belongs to another run" in capsys.readouterr().err
    assert output.read_bytes() == before


def test_a_file_of_somebody_else_is_refused_and_kept(data, tmp_path, capsys):
    output = write_json(tmp_path / "out.json", {"mine": 1})
    assert main(asking("http://127.0.0.1:9/v1", data, output)) == 2
    assert "is there already" in capsys.readouterr().err
    assert read(output) == {"mine": 1}


def test_reasoning_reaches_the_reward(data, tmp_path):
    with serve("--reasoning") as base_url:
        assert main(asking(base_url, data, tmp_path / "think.json", "--response_format", "think")) == 0
        assert main(asking(base_url, data, tmp_path / "plain.json")) == 0
    think, plain = read(tmp_path / "think.json"), read(tmp_path / "plain.json")
    assert think["samples"][0]["reply"].startswith("<think>")
    assert {row["format"] for row in think["samples"]} == {1.0}
    assert {row["format"] for row in plain["samples"]} == {0.0}


def test_truncated_replies_are_told_from_whole_ones(data, tmp_path):
    with serve("--fault", "truncated:1", "--num_faults", "99") as base_url:
        assert main(asking(base_url, data, tmp_path / "out.json")) == 0
    assert {(row["finish_reason"], row["format"]) for row in read(tmp_path / "out.json")["samples"]} == {("length", 0)}


def test_several_replies_give_pass_at_k(data, tmp_path, capsys):
    output = tmp_path / "out.json"
    options = ["--samples_per_question", "4", "--temperature", "1"]
    with serve("--wrong_share", "0.5") as base_url:
        assert main(asking(base_url, data, output, *options)) == 0
    rows = read(output)["samples"]
    assert [row["reply_index"] for row in rows[:5]] == [0, 1, 2, 3, 0]
    right = {}
    for row in rows:
        right.setdefault(row["id"], []).append(row["accuracy"])
    assert any(0 < sum(own) < 4 for own in right.values())  # each draw has a seed of its own
    told = capsys.readouterr().out
    assert f"pass@4 {100 * sum(max(own) for own in right.values()) / 12:.1f} %" in told
    assert f"pass@1 {100 * sum(row['accuracy'] for row in rows) / 48:.1f} %" in told


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--samples_per_question", "2"], "temperature"),
        (["--samples_per_question", "0"], "samples_per_question"),
        (["--limit", "0"], "limit"),
        (["--language", "zh"], "language"),
        (["--model_id", "x"], "model_id"),
        (["--region", "us-east-1"], "region"),
        (["--dtype", "bfloat16"], "dtype"),
        (["--concurrency", "0"], "concurrency"),
    ],
)
def test_options_that_cannot_work_are_refused_by_name(options, named, data, tmp_path, capsys):
    assert main(asking("http://127.0.0.1:9/v1", data, tmp_path / "out.json", *options)) == 2
    assert f"`{named}`" in capsys.readouterr().err


def test_a_server_that_is_not_there_ends_it(data, tmp_path, capsys):
    arguments = asking("http://127.0.0.1:9/v1", data, tmp_path / "out.json", "--max_retries", "0")
    assert main(arguments) == 2
    assert "never reached" in capsys.readouterr().err


def test_a_forgotten_model_is_asked_for(data, tmp_path, capsys):
    assert main(["validate", "--eval_data", str(data), "--output_file", str(tmp_path / "out.json")]) == 2
    assert "exactly one says which model replies, got none" in capsys.readouterr().err


def test_the_settings_of_the_reward_are_in_the_file(server, data, tmp_path):
    assert main(asking(server, data, tmp_path / "out.json", "--response_format", "think")) == 0
    assert read(tmp_path / "out.json")["rewards"] == asdict(RewardConfig(response_format="think"))


@pytest.mark.parametrize(("given", "told"), [((), "OPENAI_API_KEY"), (("--api_key_env", "MY_KEY"), "MY_KEY")])
def test_a_refused_key_is_told_by_its_variable(given, told, data, tmp_path, monkeypatch, capsys):
    for name in ("OPENAI_API_KEY", "MY_KEY"):
        monkeypatch.setenv(name, "sk-wrong")
    with serve("--api_key", "sk-right") as base_url:
        assert main(asking(base_url, data, tmp_path / "out.json", *given)) == 2
    assert f"give the key that this server knows (`api_key_env` is {told})" in capsys.readouterr().err
