"""A server that fails and dawdles: the files are those of an undisturbed run, byte by byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raiden.data.samples import load_samples
from raiden.rewards import VRAR
from tests.datagen.commands import arguments, asking, made, run, stats, write_profiles
from tests.servers.chat_server import serve


@pytest.fixture(scope="module")
def profiles(tmp_path_factory) -> Path:
    return write_profiles(tmp_path_factory.mktemp("profiles") / "profiles.jsonl", num_per_language=3)


@pytest.fixture(scope="module")
def undisturbed(profiles, tmp_path_factory) -> dict[str, bytes]:
    output = tmp_path_factory.mktemp("undisturbed") / "made.jsonl"
    with serve() as base_url:
        run(*arguments(output, *asking(base_url), profiles=profiles))
    samples = load_samples(output)
    assert {sample.language for sample in samples} == {"zh", "ja", "en", "ko"}
    assert {sample.focus for sample in samples} == {"sbk", "cm"}
    assert all(VRAR()(sample, sample.answer).accuracy == 1 for sample in samples)
    assert len(samples) >= 20
    return made(output)


def test_one_failing_request_in_five_changes_nothing(profiles, undisturbed, tmp_path):
    output = tmp_path / "made.jsonl"
    shares = ("429:0.06", "500:0.06", "cut:0.06", "half_json:0.06", "empty:0.06")
    with serve(*(word for share in shares for word in ("--fault", share))) as base_url:
        said = run(*arguments(output, *asking(base_url), profiles=profiles))
        seen = stats(base_url)
    assert "retries: " in said
    assert seen["num_requests"] > sum(seen["num_replies_by_digest"].values())
    assert made(output) == undisturbed


def test_the_order_of_replies_changes_nothing(profiles, undisturbed, tmp_path):
    output = tmp_path / "made.jsonl"
    with serve("--jitter", "0.3") as base_url:
        run(*arguments(output, *asking(base_url, "--concurrency", "16"), profiles=profiles))
    assert made(output) == undisturbed


def test_a_request_that_keeps_failing_is_told_and_tried_again_by_the_next_run(profiles, undisturbed, tmp_path):
    output = tmp_path / "made.jsonl"
    command = arguments(output, *asking("URL", "--max_retries", "0"), profiles=profiles)
    with serve("--fault", "500:0.3", "--num_faults", "99") as base_url:
        said = run(*[base_url if word == "URL" else word for word in command], code=1)
    assert "some requests failed; the same command tries them again" in said
    rejected = [json.loads(line) for line in made(output)["made.jsonl.rejections.jsonl"].splitlines()]
    failed = [rejection for rejection in rejected if rejection["reason"] == "request_failed"]
    assert failed
    assert all("HTTP 500" in rejection["detail"] for rejection in failed)
    assert len(load_samples(output)) < 24

    with serve() as base_url:  # another port: it is the model that counts
        run(*[base_url if word == "URL" else word for word in command])
        assert stats(base_url)["num_requests"] == len(failed), "what was paid for was asked again"
    assert made(output) == undisturbed


def test_a_wrong_key_ends_the_run_at_once(profiles, tmp_path):
    with serve("--api_key", "right", "--latency", "0.05") as base_url:
        said = run(*arguments(tmp_path / "made.jsonl", *asking(base_url), profiles=profiles), code=2)
        assert stats(base_url)["num_requests"] <= 8
    assert "error: " in said
    assert "401" in said
    assert "Traceback" not in said


def test_a_judge_and_a_policy_are_asked_where_they_are_wanted(profiles, tmp_path):
    output = tmp_path / "made.jsonl"
    with serve() as base_url, serve("--model", "policy", "--wrong_share", "0.5") as policy_url:
        options = asking(base_url, "--agreement", "2", "--keep_hard", "2", "--policy_base_url", policy_url)
        said = run(*arguments(output, *options, "--max_profiles", "6", profiles=profiles), code=1)
        assert stats(policy_url)["num_requests"] > 0
    assert "too_easy" in said
    assert "not made: keyword_not_one_term (1)" in said  # for which the command returns 1
    assert 0 < len(load_samples(output)) <= 12


def test_requests_are_kept_for_audit_where_that_is_wanted(profiles, tmp_path):
    output = tmp_path / "made.jsonl"
    with serve() as base_url:
        run(*arguments(output, *asking(base_url, "--log_requests", "--max_profiles", "2"), profiles=profiles))
        num_requests = stats(base_url)["num_requests"]
    log = (tmp_path / "made.jsonl.requests.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(log) == num_requests
    assert all(json.loads(line)["reply"]["text"] for line in log)
