"""Two servers: whose key goes where, and whose options a message names."""

import pytest

from raiden.__main__ import main
from tests.evaluation.benchmark.files import dialogue, serving, verdict, write_files
from tests.servers.chat_server import Behaviour

DIALOGUES = {"1": dialogue("Q1: who is Admiral?", "A", "My goose.")}


@pytest.fixture
def command(tmp_path, monkeypatch):
    """The command up to its servers, in an environment with two keys."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-usual")
    monkeypatch.setenv("JUDGE_KEY", "sk-judge")
    files = write_files(tmp_path, DIALOGUES)
    return ["benchmark", *files, "--output_dir", str(tmp_path / "out"), "--against", "reference"]


def keys(server):
    return {headers["Authorization"].removeprefix("Bearer ") for headers in server.headers}


def elsewhere(server):
    """The same server by another host's name."""
    return server.base_url.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize(
    ("is_elsewhere", "named", "of_model", "of_judge"),
    [
        (False, [], "sk-usual", "sk-usual"),
        (False, ["--judge_api_key_env", "JUDGE_KEY"], "sk-usual", "sk-judge"),
        (True, [], "none", "none"),
        (True, ["--judge_api_key_env", "JUDGE_KEY"], "none", "sk-judge"),
        (True, ["--judge_api_key_env", "OPENAI_API_KEY"], "none", "sk-usual"),
        (True, ["--api_key_env", "OPENAI_API_KEY"], "sk-usual", "none"),
    ],
)
def test_a_key_goes_to_another_host_only_where_it_is_named(command, is_elsewhere, named, of_model, of_judge):
    with (
        serving(Behaviour(says=lambda messages: "A goose.")) as model,
        serving(Behaviour(says=lambda messages: verdict("tie"))) as judge,
    ):
        judge_url = elsewhere(judge) if is_elsewhere else judge.base_url
        assert main([*command, "--base_url", model.base_url, "--judge_base_url", judge_url, *named]) == 0
        assert (keys(model), keys(judge)) == ({of_model}, {of_judge})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--judge_base_url", "localhost:9"], "`judge_base_url` must be a web address"),
        (["--judge_base_url", "http://localhost:9/v1", "--judge_timeout", "0"], "`judge_timeout` must be more than 0"),
        (["--judge_base_url", "http://localhost:9/v1", "--judge_concurrency", "0"], "`judge_concurrency` must be"),
        (
            ["--judge_base_url", "http://localhost:9/v1", "--judge_api_key_env", "NO_SUCH_KEY"],
            "`judge_api_key_env`: the environment has no variable NO_SUCH_KEY",
        ),
        (["--judge_model_path", "no/such/x"], "`judge_model_path`: no such model folder"),
    ],
)
def test_faults_of_the_judges_options_are_told_by_their_own_names(command, options, said, capsys):
    assert main([*command, "--base_url", "http://127.0.0.1:9/v1", "--model_name", "m", *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (Behaviour(api_key="sk-right"), "give the key that this server knows (`judge_api_key_env` is not set)"),
        (Behaviour(models=("a", "b")), "name one with `judge_model_name`"),
    ],
)
def test_a_judge_that_lets_nobody_in_names_the_judges_option(command, behaviour, said, capsys):
    with serving(Behaviour(says=lambda messages: "A goose.")) as model, serving(behaviour) as judge:
        assert main([*command, "--base_url", model.base_url, "--judge_base_url", elsewhere(judge)]) == 2
    assert said in capsys.readouterr().err
