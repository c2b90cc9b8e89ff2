"""Generation killed at any moment and started again: the same files, and nothing that was paid for is asked again."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import time
from pathlib import Path

import pytest

from raiden.datagen.run_state import RunState
from tests.datagen.commands import arguments, asking, made, run, start, stats, write_profiles
from tests.servers.chat_server import serve

pytestmark = pytest.mark.faults
CONCURRENCY = 4  # of `asking`
LATENCY = 0.1


@pytest.fixture(scope="module")
def profiles(tmp_path_factory) -> Path:
    return write_profiles(tmp_path_factory.mktemp("profiles") / "profiles.jsonl", num_per_language=6)


@pytest.fixture(scope="module")
def undisturbed(profiles, tmp_path_factory) -> dict[str, bytes]:
    output = tmp_path_factory.mktemp("undisturbed") / "made.jsonl"
    with serve() as base_url:
        run(*arguments(output, *asking(base_url), profiles=profiles))
    return made(output)


def lines(path: Path) -> int:
    """Whole lines of a file that may not be there yet."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for_lines(path: Path, number: int) -> None:
    deadline = time.monotonic() + 60
    while lines(path) < number:
        assert time.monotonic() < deadline, f"{path} never had {number} lines"
        time.sleep(0.005)


def test_killed_five_times_the_files_are_those_of_an_undisturbed_run(profiles, undisturbed, tmp_path):
    output, chance = tmp_path / "made.jsonl", random.Random(5)
    record = tmp_path / "made.jsonl.record.jsonl"
    with serve("--latency", str(LATENCY)) as base_url:
        command = arguments(output, *asking(base_url), profiles=profiles)
        for _ in range(5):
            num_recorded, num_asked = lines(record), stats(base_url)["num_requests"]
            process = start(*command)
            wait_for_lines(record, num_recorded + chance.randint(1, 8))
            time.sleep(chance.random() * LATENCY)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            num_new = lines(record) - num_recorded
            # Beyond what was recorded only the requests in flight have been asked.
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
    with serve("--latency", str(LATENCY)) as base_url:
        command = arguments(output, *asking(base_url), profiles=profiles)
        process = start(*command)
        wait_for_lines(journal, 3)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        journal.write_bytes(journal.read_bytes()[:-20])
        run(*command)
    assert not (tmp_path / "made.json.part").exists()
    written = output.read_text(encoding="utf-8")
    as_lines = re.sub(r",\n", "\n", written.removeprefix("[\n").removesuffix("]\n"))
    assert as_lines.encode() == undisturbed["made.jsonl"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_what_it_has_and_how_to_go_on(number, profiles, undisturbed, tmp_path):
    output = tmp_path / "made.jsonl"
    with serve("--latency", str(LATENCY)) as base_url:
        command = arguments(output, *asking(base_url), profiles=profiles)
        process = start(*command)
        wait_for_lines(output, 3)
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)
        assert process.returncode == 130, said
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
