"""Ctrl-C, SIGTERM and full disks at any stage: a plain word, exit code 130 or 2, and no file that is half written."""

from __future__ import annotations

import errno
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

import raiden.train.module
from raiden.__main__ import main
from raiden.core import signals
from raiden.core.errors import StorageError
from raiden.core.writing import writing
from raiden.rollout.sampler import Sampler
from raiden.train.checkpoints import checkpoints_of
from raiden.train.grpo.module import GRPOModule
from tests.runs import fit_arguments, write_samples_file


@pytest.fixture(autouse=True)
def no_nohup():
    """The tests may themselves be run under `nohup`, which every process that they start would inherit."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def fit(tiny_folder, tmp_path, capfd):
    """Runs `raiden fit`; gives the exit code, what it said, and the folder of its first run."""
    samples = write_samples_file(tmp_path / "samples.json")

    def run(*more):
        arguments = fit_arguments(tiny_folder, samples, tmp_path / "logs")
        arguments = [a for a in arguments if not a.startswith("--checkpoint.every")]
        short = ("--trainer.limit_val_batches=0", "--trainer.max_steps=3", "--checkpoint.every_n_steps=1")
        code = main([*arguments, *short, *more])
        said = capfd.readouterr()
        return code, said.out + said.err, tmp_path / "logs" / "tiny" / "version_0"

    return run


def sends(number, before=None, at=1):
    """A function that sends itself a signal when it is called the `at`-th time, and is `before` otherwise."""
    calls = []

    def send(*args, **kwargs):
        calls.append(1)
        if len(calls) == at:
            os.kill(os.getpid(), number)
        return before(*args, **kwargs)

    return send


STAGES = {
    "loading": (signal.SIGINT, raiden.train.module, "load_policy", 1),
    "sampling": (signal.SIGINT, Sampler, "sample_groups", 2),
    "optimizer": (signal.SIGINT, torch.optim.AdamW, "step", 2),
    "update, by SIGTERM": (signal.SIGTERM, GRPOModule, "_update_policy", 2),
    "update, as its terminal goes": (signal.SIGHUP, GRPOModule, "_update_policy", 2),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_ends_a_run_in_order(fit, monkeypatch, stage):
    number, place, name, at = STAGES[stage]
    monkeypatch.setattr(place, name, sends(number, getattr(place, name), at))
    code, said, run = fit()
    assert code == 130
    assert "Traceback" not in said
    if stage == "loading":
        assert not run.exists()
        return
    named = re.search(r"Stopped\. The last checkpoint is (\S+); go on with --ckpt_path last", said)
    assert Path(named[1]) == checkpoints_of(run)[-1]
    assert checkpoints_of(run)[-1].name == "step-00000001.ckpt"
    assert not list(run.rglob("*.part"))
    assert (run / "learning-curve.svg").exists()  # what is known so far


class Unwritten:
    """Something in a checkpoint that raises, or has a signal sent, half-way through its being written."""

    def __init__(self, act):
        self.act = act

    def __reduce__(self):
        self.act()
        return (str, ())


def while_saving(monkeypatch, act, step=2):
    save = GRPOModule.on_save_checkpoint

    def spoil(module, checkpoint):
        save(module, checkpoint)
        if module.num_steps_done == step:
            checkpoint["zzz"] = Unwritten(act)

    monkeypatch.setattr(GRPOModule, "on_save_checkpoint", spoil)


def test_ctrl_c_while_a_checkpoint_is_written_leaves_the_one_before(fit, monkeypatch):
    while_saving(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGINT))
    code, said, run = fit()
    assert code == 130
    assert "Traceback" not in said
    assert "inline_container" not in said
    assert f"The last checkpoint is {run / 'checkpoints' / 'step-00000001.ckpt'}" in said
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["step-00000001.ckpt"]
    monkeypatch.undo()
    assert fit("--ckpt_path=last")[0] == 0


def test_ctrl_c_before_the_first_checkpoint_names_none(fit, monkeypatch):
    monkeypatch.setattr(GRPOModule, "_update_policy", sends(signal.SIGINT, GRPOModule._update_policy))
    code, said, _ = fit()
    assert code == 130
    assert "Stopped before the first checkpoint." in said


class Full:
    """A disk that takes so many bytes of a file and no more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.file.close()


def test_a_full_disk_under_a_checkpoint_is_told_and_the_one_before_is_whole(fit, monkeypatch):
    opened = Path.open

    def on_a_full_disk(path, *args, **kwargs):
        file = opened(path, *args, **kwargs)
        return Full(file, 100_000) if path.name == "step-00000002.ckpt.part" else file

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    code, said, run = fit()
    assert code == 2
    told = r"error: \S+step-00000002.ckpt: cannot be written \(No space left on device\); it takes [\d.]+ MB, .* free"
    assert re.search(told, said)
    assert "Traceback" not in said
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["step-00000001.ckpt"]
    monkeypatch.undo()
    assert fit("--ckpt_path=last")[0] == 0


def test_a_full_disk_under_an_export_is_told(fit, monkeypatch):
    def full(*args, **kwargs):
        raise safetensors.SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(raiden.policy.export, "save_file", full)
    code, said, run = fit()
    assert code == 2
    assert re.search(r"error: \S+/export: cannot be written \(No space left on device\); it takes", said)
    assert not list(run.glob("export*"))


def test_a_full_disk_under_the_curves_is_told(fit, monkeypatch):
    from tensorboard.summary.writer.record_writer import RecordWriter

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(GRPOModule, "end_step", sends_full(RecordWriter, full, monkeypatch, GRPOModule.end_step))
    code, said, run = fit()
    assert code == 2
    assert re.search(rf"error: {run}: cannot be written \(No space left on device\)", said)
    assert "Traceback" not in said


def sends_full(writer, full, monkeypatch, before):
    def end_step(*args, **kwargs):
        monkeypatch.setattr(writer, "write", full)
        return before(*args, **kwargs)

    return end_step


def test_a_second_ctrl_c_ends_at_once():
    code = """
import os, signal
from raiden.core import signals
with signals.stoppable():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as Lightning does
        signals.listen()
        os.kill(os.getpid(), signal.SIGINT)
    print("still here")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("command", ["export", "score"])
def test_ctrl_c_while_python_cleans_up_says_nothing(command):
    code = f"""
import atexit, os, signal, sys
from raiden.__main__ import main
atexit.register(os.kill, os.getpid(), signal.SIGINT)
sys.argv = ["raiden", "{command}", "--help"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_run_whose_reader_has_ended_stops_with_a_word(tiny_folder, tmp_path):
    arguments = fit_arguments(tiny_folder, write_samples_file(tmp_path / "samples.json"), tmp_path / "logs")
    command = [sys.executable, "-m", "raiden", *arguments, "--trainer.max_epochs=100"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "step 2 " not in (line := run.stdout.readline()):
        assert line
    run.stdout.close()  # as `| head` does
    said = run.stderr.read()
    assert run.wait() == 130
    assert "Traceback" not in said
    assert re.search(r"Stopped\. The last checkpoint is \S+; go on with --ckpt_path last", said)
    assert "stopped: nobody reads any more what this command prints" in said


def hang_up(prelude):
    """The exit code of a command whose terminal goes while it works."""
    code = f"""
import os, signal, sys, time
{prelude}
from raiden.core import signals
try:
    with signals.stoppable():
        print("ready", flush=True)
        time.sleep(2)
except KeyboardInterrupt:
    print("stopped, and told to nobody", flush=True)
    sys.exit(signals.STOPPED)
"""
    ours, theirs = pty.openpty()
    command = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # its session's terminal from here on
    )
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:
        said = b""
        while not said.endswith(b"\n"):
            said += terminal.read(100)
        assert b"ready" in said
    return command.wait()


def test_a_command_ends_in_order_when_its_terminal_goes():
    assert hang_up("") == 130


def test_under_nohup_it_goes_on_without_a_terminal():
    assert hang_up("signal.signal(signal.SIGHUP, signal.SIG_IGN)") == 0


def test_handlers_are_as_they_were_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), signals.stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    assert not signals.was_stopped()


# Writing


def test_what_had_the_name_stays_until_the_new_is_whole(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write(fault=None):
        with writing(target) as part:
            part.write_text("new")
            assert target.read_text() == "old"
            if fault:
                raise fault

    with pytest.raises(ZeroDivisionError):
        write(ZeroDivisionError())
    assert target.read_text() == "old"
    write()
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_never_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine").write_text("")
    with pytest.raises(StorageError, match="a: cannot be written"), writing(tmp_path / "a") as part:
        part.mkdir()
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "mine"]


def test_a_library_that_hides_what_the_disk_said_is_seen_through(tmp_path):
    def write(cause):
        with writing(tmp_path / "a", 5) as part:
            part.write_text("ab")
            try:
                raise cause
            finally:
                raise RuntimeError("unexpected pos 64 vs 0")

    with pytest.raises(StorageError, match=r"a: cannot be written \(No space left on device\); it takes 5 bytes"):
        write(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(KeyboardInterrupt):
        write(KeyboardInterrupt())
    assert not list(tmp_path.iterdir())


def test_another_fault_stays_what_it_is(tmp_path):
    with pytest.raises(RuntimeError, match="not of the disk"), writing(tmp_path / "a", 5):
        raise RuntimeError("not of the disk")
