"""Models of this machine as endpoints: batches, seeds, checkpoints, and the same replies as in the trainer."""

import asyncio
import json
import signal
import threading
import time

import pytest

from raiden.__main__ import main
from raiden.checkpoints import checkpoints_of
from raiden.endpoints import ChatRequest, RequestError, RetryingEndpoint
from raiden.engines import TransformersEngine
from raiden.local_endpoint import LocalEndpoint
from raiden.policy import PolicyConfig, load_policy
from raiden.types import Message
from tests.datagen.commands import start
from tests.runs import fit_arguments, write_samples_file


class WatchedEngine(TransformersEngine):
    """The real engine; it takes down how many completions each call asks for."""

    def start(self, *arguments):
        self.calls = []
        super().start(*arguments)

    def generate(self, prompts, seeds, sampling):
        self.calls.append([len(own) for own in seeds])
        return super().generate(prompts, seeds, sampling)


@pytest.fixture(scope="module")
def policy(tiny_folder):
    return load_policy(PolicyConfig(str(tiny_folder)), with_reference=False)


@pytest.fixture
def engine():
    return WatchedEngine()


def request(text="Where were you born?", **changes):
    return ChatRequest((Message("user", text),), **{"max_tokens": 8, "temperature": 1.0, "verbatim": True, **changes})


def ask(policy, engine, use):
    """What `use` makes of an endpoint."""

    async def run():
        endpoint = LocalEndpoint(policy, "tiny", engine)
        try:
            return await use(endpoint)
        finally:
            await endpoint.close()

    return asyncio.run(run())


def test_requests_that_wait_together_are_one_batch(policy, engine):
    async def together(endpoint):
        return await asyncio.gather(*(endpoint.complete(request(f"{i}", seed=i)) for i in range(6)))

    replies = ask(policy, engine, together)
    assert engine.calls == [[1] * 6]
    assert all(reply.prompt_tokens > 0 and 0 < reply.completion_tokens <= 8 for reply in replies)


def test_draws_of_one_prompt_share_it(policy, engine):
    async def together(endpoint):
        return await asyncio.gather(*(endpoint.complete(request(seed=i)) for i in range(5)))

    replies = ask(policy, engine, together)
    assert engine.calls == [[5]]
    assert len({reply.text for reply in replies}) == 5


def test_a_reply_follows_from_its_seed_whatever_it_is_batched_with(policy, engine):
    async def alone_and_together(endpoint):
        alone = [(await endpoint.complete(request(f"{i}", seed=7))).text for i in range(3)]
        together = await asyncio.gather(*(endpoint.complete(request(f"{i}", seed=7)) for i in range(3)))
        return alone, [reply.text for reply in together]

    alone, together = ask(policy, engine, alone_and_together)
    assert alone == together
    assert engine.calls == [[1], [1], [1], [1, 1, 1]]


def test_requests_drawn_in_other_ways_are_other_batches(policy, engine):
    async def together(endpoint):
        greedy = [endpoint.complete(request(temperature=0.0, seed=i)) for i in range(2)]
        return await asyncio.gather(*greedy, endpoint.complete(request()), endpoint.complete(request(max_tokens=3)))

    first, second, _, short = ask(policy, engine, together)
    assert engine.calls == [[2], [1], [1]]
    assert first.text == second.text
    assert (short.completion_tokens, short.truncated) == (3, True)


def test_a_prompt_that_is_too_long_is_refused_and_the_others_are_answered(policy, engine):
    async def together(endpoint):
        return await asyncio.gather(
            endpoint.complete(request("long " * 9000)), endpoint.complete(request()), return_exceptions=True
        )

    fault, reply = ask(policy, engine, together)
    assert isinstance(fault, RequestError)
    assert "context of 8192" in str(fault)
    assert reply.completion_tokens


def test_what_nobody_waits_for_is_left_between_two_tokens(policy, engine):
    async def give_up(endpoint):
        task = asyncio.create_task(endpoint.complete(request(max_tokens=8000)))
        while not engine.calls:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        started = time.monotonic()
        task.cancel()
        await endpoint.close()
        return time.monotonic() - started

    assert ask(policy, engine, give_up) < 2
    assert not [thread for thread in threading.enumerate() if "raiden" in thread.name]


def test_the_engine_is_free_again_after_a_request_was_given_up(policy, engine):
    async def go_on(endpoint):
        task = asyncio.create_task(endpoint.complete(request(max_tokens=8000)))
        while not engine.calls:
            await asyncio.sleep(0.01)
        task.cancel()
        return await asyncio.wait_for(endpoint.complete(request()), 10)

    assert ask(policy, engine, go_on).completion_tokens


def test_an_engine_that_breaks_tells_everybody_who_waits(policy, engine):
    def broken(*arguments):
        raise RuntimeError("out of memory")

    async def together(endpoint):
        engine.generate = broken
        return await asyncio.gather(*(endpoint.complete(request()) for _ in range(3)), return_exceptions=True)

    assert [str(fault) for fault in ask(policy, engine, together)] == ["out of memory"] * 3


def test_concurrency_bounds_the_batch(policy, engine):
    async def together(endpoint):
        bounded = RetryingEndpoint(endpoint, concurrency=4)
        return await asyncio.gather(*(bounded.complete(request(f"{i}")) for i in range(10)))

    ask(policy, engine, together)
    assert engine.calls == [[1] * 4, [1] * 4, [1] * 2]


# The command


def direct(model, data, output, *more):
    options = ["--eval_data", str(data), "--output_file", str(output), "--max_tokens", "12", *more]
    return ["validate", "--model_path", str(model), *options]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_ctrl_c_ends_a_long_generation_at_once(tiny_folder, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    process = start(*direct(tiny_folder, samples, tmp_path / "out.json", "--max_tokens", "7000"))
    assert process.stdout is not None
    said = next(line for line in process.stdout if "12 replies" in line)
    time.sleep(0.5)  # the first tokens
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=10)
    assert process.returncode == 130, said + rest
    assert "the same command goes on" in rest


@pytest.fixture(scope="module")
def adapted(tiny_folder, tmp_path_factory):
    """The log folder of a finished run with adapters, and its samples."""
    folder = tmp_path_factory.mktemp("adapted")
    samples = write_samples_file(folder / "samples.json")
    arguments = fit_arguments(tiny_folder, samples, folder / "logs", "--model.policy.lora.rank=4")
    changes = ["--trainer.limit_train_batches=1", "--trainer.max_epochs=1", "--model.optimizer.lr=0.05"]
    assert main([*arguments, *changes]) == 0
    return folder / "logs" / "tiny" / "version_0", samples


def test_both_ways_to_validate_give_the_same_rows(tiny_folder, adapted, tmp_path):
    run, samples = adapted
    own = write_samples_file(tmp_path / "own.json")
    renamed = own.read_text().replace("Ada", "Dora").replace("Ben", "Elsa").replace("Cleo", "Finn")
    own.write_text(renamed)
    for name, model in (("export", run / "export"), ("untrained", tiny_folder)):
        trainer, alone = tmp_path / f"{name}-trainer.json", tmp_path / f"{name}-alone.json"
        by_trainer = {
            "model.policy.path": model,
            "model.sampling.max_tokens": 12,
            "data.train_file": own,
            "data.val_file": samples,
            "trainer.accelerator": "cpu",
            "output_file": trainer,
        }
        assert main(["validate", *(f"--{option}={value}" for option, value in by_trainer.items())]) == 0
        assert main(direct(model, samples, alone)) == 0
        assert read(trainer)["samples"] == read(alone)["samples"]
        assert read(trainer)["metrics"] == pytest.approx(read(alone)["metrics"], abs=1e-6)


def test_a_checkpoint_finds_its_run_and_replies_as_its_export(adapted, tiny_folder, tmp_path):
    run, samples = adapted
    checkpoint = checkpoints_of(run)[-1]
    for name, model in (("ckpt", checkpoint), ("export", run / "export"), ("untrained", tiny_folder)):
        assert main(direct(model, samples, tmp_path / f"{name}.json")) == 0
    replies = {
        name: [row["reply"] for row in read(tmp_path / f"{name}.json")["samples"]]
        for name in ("ckpt", "export", "untrained")
    }
    assert replies["ckpt"] == replies["export"]
    assert replies["ckpt"] != replies["untrained"]


def test_the_folder_of_a_run_is_refused_with_what_to_give(adapted, tmp_path, capsys):
    run, samples = adapted
    assert main(direct(run, samples, tmp_path / "out.json")) == 2
    assert "checkpoints/*.ckpt" in capsys.readouterr().err


def test_a_model_that_changed_on_the_disk_is_another_one(tiny_folder, tmp_path, capsys):
    samples, model = write_samples_file(tmp_path / "samples.json"), tmp_path / "model"
    model.mkdir()
    for file in tiny_folder.iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    arguments = direct(model, samples, tmp_path / "out.json", "--limit", "1")
    assert main(arguments) == 0
    (model / "model.safetensors").touch()
    assert main(arguments) == 2
    assert "content of the model's files" in capsys.readouterr().err
