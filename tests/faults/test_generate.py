"""Generation killed at any moment and started again: the same files, and nothing that was paid for is asked again."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import pytest

from raiden.datagen.run_state import RunState
from tests.datagen.commands import arguments, asking, lines, made, run, start, stats, write_profiles
from tests.faults.drills import chance
from tests.faults.moments import At, Sends
from tests.processes import Before
from tests.servers.chat_server import serve

pytestmark = pytest.mark.faults
CONCURRENCY = 4  # of `asking`
REPLY = "raiden.endpoints.recorded:_line"
"""Called with each reply, before it is on the disk."""
SAMPLE = "raiden.datagen.store:SampleStore.add"


@pytest.fixture(scope="module")
def profiles(tmp_path_factory) -> Path:
    return write_profiles(tmp_path_factory.mktemp("profiles") / "profiles.jsonl", num_per_language=6)


@pytest.fixture(scope="module")
def undisturbed(profiles, tmp_path_factory) -> dict[str, bytes]:
    output = tmp_path_factory.mktemp("undisturbed") / "made.jsonl"
    with serve() as base_url:
        run(*arguments(output, *asking(base_url), profiles=profiles))
    return made(output)


def killed(command: list[str], before: Before) -> None:
    process = start(*command, before=before)
    said, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL, said


def test_killed_five_times_the_files_are_those_of_an_undisturbed_run(profiles, undisturbed, tmp_path):
    output, numbers = tmp_path / "made.jsonl", chance("replies")
    record = tmp_path / "made.jsonl.record.jsonl"
    with serve("--latency", "0.02", "--jitter", "0.1") as base_url:
        command = arguments(output, *asking(base_url), profiles=profiles)
        for _ in range(5):
            num_recorded, num_asked = lines(record), stats(base_url)["num_requests"]
            killed(command, At(REPLY, numbers.randint(1, 8), Sends(signal.SIGKILL)))
            num_new = lines(record) - num_recorded
            # A request gets its place from one whose reply is on the disk.
            assert num_new <= stats(base_url)["num_requests"] - num_asked <= num_new + CONCURRENCY
        num_recorded, num_asked = lines(record), stats(base_url)["num_requests"]
        run(*command)
        seen = stats(base_url)
        # The last start asks for what no start before it had recorded, and for nothing else.
        assert seen["num_requests"] - num_asked == len(seen["num_by_digest"]) - num_recorded
        run(*command)
        assert stats(base_url)["num_requests"] == seen["num_requests"], "a finished run asked for something"
    assert made(output) == undisturbed


@pytest.mark.parametrize("name", ["made.jsonl", "made.json"])
def test_a_torn_last_line_is_made_again(name, profiles, undisturbed, tmp_path):
    output = tmp_path / name
    journal = tmp_path / ("made.json.part" if name.endswith(".json") else name)
    with serve() as base_url:
        command = arguments(output, *asking(base_url), profiles=profiles)
        killed(command, At(SAMPLE, 4, Sends(signal.SIGKILL)))
        journal.write_bytes(journal.read_bytes()[:-20])
        run(*command)
    assert not (tmp_path / "made.json.part").exists()
    written = output.read_text(encoding="utf-8")
    as_lines = re.sub(r",\n", "\n", written.removeprefix("[\n").removesuffix("]\n"))
    assert as_lines.encode() == undisturbed["made.jsonl"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_what_it_has_and_how_to_go_on(number, profiles, undisturbed, tmp_path):
    output = tmp_path / "made.jsonl"
    with serve("--latency", "0.02") as base_url:
        command = arguments(output, *asking(base_url), profiles=profiles)
        said = start(*command, before=At(SAMPLE, 4, Sends(number))).finish(code=130)
        assert re.search(r"stopped with (\d+) of 48 samples in .*made\.jsonl", said)
        assert "the same command goes on from here" in said
        assert "Traceback" not in said
        run(*command)
    assert made(output) == undisturbed


def test_a_second_process_on_the_same_output_file_is_refused(profiles, tmp_path):
    """The first is this one: it writes for as long as it takes the second to start."""
    output = tmp_path / "made.jsonl"
    first = RunState(output)
    said = run(*arguments(output, profiles=profiles), code=2)
    assert "made.jsonl.run.jsonl: another process is writing to it" in said
    asyncio.run(first.close())
    assert lines(output) == 0
    run(*arguments(output, profiles=profiles))
    assert lines(output) > 0
