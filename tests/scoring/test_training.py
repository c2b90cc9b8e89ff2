"""A run learns from the completions that have a score as if there had never been others."""

from __future__ import annotations

import asyncio
import threading

import pytest
import torch
from lightning import Callback, Trainer

from raiden.core.errors import TrainingError
from raiden.policy import PolicyConfig
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig
from raiden.train.checkpoints import AtomicCheckpointIO
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig
from raiden.train.grpo.module import GRPOModule
from raiden.train.optimization import OptimizerConfig
from tests.runs import write_samples_file
from tests.servers.chat_server import Behaviour, ChatServer

from .judged import FAULTS, Judged

OWN = "tests.scoring.rewards."


class Seen(Callback):
    """The rewards of all steps, by sample and text, and the metrics of the last."""

    def __init__(self):
        self.rewards = {}
        self.metrics = {}

    def on_train_batch_end(self, trainer, module, *_):
        for rollout in module.rollouts:
            for completion, reward in zip(rollout.completions, rollout.rewards, strict=True):
                self.rewards[rollout.prompt.sample.id, completion.text] = reward
        self.metrics = dict(trainer.callback_metrics)


@pytest.fixture
def train(tiny_folder, tmp_path):
    def run(entry, num_generations=4, steps=3, **objective):
        module = GRPOModule(
            PolicyConfig(str(tiny_folder)),
            sampling=SamplingConfig(max_tokens=8),
            rewards=RewardConfig(extra=[entry]),
            objective=ObjectiveConfig(**objective),
            optimizer=OptimizerConfig(lr=1e-2, schedule="constant"),
            num_generations=num_generations,
            seed=7,
        )
        data = RoleplayDataModule(
            str(write_samples_file(tmp_path / "samples.json")), batch_size=2, tokenizer=str(tiny_folder), seed=7
        )
        seen = Seen()
        trainer = Trainer(
            accelerator="cpu", limit_val_batches=0, logger=False, enable_checkpointing=False, max_epochs=1,
            enable_progress_bar=False, default_root_dir=tmp_path, plugins=[AtomicCheckpointIO()],
            limit_train_batches=steps, enable_model_summary=False, callbacks=[seen],
        )  # fmt: skip
        trainer.fit(module, data)
        return {name: p.detach().clone() for name, p in module.model.named_parameters()}, seen

    return run


def same(one, other):
    return all(torch.equal(weight, other[name]) for name, weight in one.items())


@pytest.mark.parametrize(
    "objective",
    [
        {"loss": "grpo"},
        {"loss": "dr_grpo", "advantage_scale": "batch"},
        {"loss": "dapo", "beta": 0.1, "entropy_coef": 0.01},
    ],
    ids=str,
)
def test_completions_without_a_score_teach_what_they_would_if_they_had_never_been(train, tiny_model, objective):
    # Two of four have a score; a completion's seed is a function of its place, so that two of two are the same two.
    entry = {"class_path": OWN + "FirstOnly", "init_args": {"num": 2}}
    with_others, seen = train(entry, 4, 2, **objective)
    without, _ = train(entry, 2, 2, **objective)
    assert sum(reward.total is None for reward in seen.rewards.values()) > 4
    for name, weight in without.items():
        torch.testing.assert_close(with_others[name], weight, atol=1e-6, rtol=1e-5)
    changed = [name for name, weight in without.items() if not torch.equal(weight, tiny_model.get_parameter(name))]
    assert changed


class Server(threading.Thread):
    """A server in a loop of its own."""

    def __init__(self, behaviour):
        super().__init__(daemon=True)
        self.behaviour, self.ready, self.loop = behaviour, threading.Event(), asyncio.new_event_loop()
        self.start()
        self.ready.wait(10)

    def run(self):
        self.loop.run_until_complete(self.serve())

    async def serve(self):
        self.done = asyncio.Event()
        async with ChatServer(self.behaviour) as server:
            self.url = server.base_url
            self.ready.set()
            await self.done.wait()

    def end(self):
        self.loop.call_soon_threadsafe(self.done.set)
        self.join(10)


def test_a_server_that_fails_teaches_what_a_run_without_those_completions_does(train, monkeypatch):
    # A fifth of the requests fail for good: errors, hanging, half a body, half a JSON.
    server = Server(Behaviour(faults=FAULTS, num_faults=10**6, says=Judged.reply))
    entry = {"class_path": "tests.scoring.judged.Judged", "init_args": {"base_url": server.url}}
    failing, seen = train(entry, beta=0.1)
    server.end()
    left_out = [reward for reward in seen.rewards.values() if reward.total is None]
    assert 2 <= len(left_out) < len(seen.rewards) / 2
    assert all("judged: no score" in reward.reason for reward in left_out)
    assert float(seen.metrics["rewards/unscored"]) == float(seen.metrics["rewards/judged/unscored"])
    # The same scores without any server, and none for those completions.
    unknown = {text for (_, text), reward in seen.rewards.items() if reward.total is None}
    monkeypatch.setattr("tests.scoring.rewards.ByText.unknown", unknown)
    again, _ = train({"class_path": OWN + "ByText"}, beta=0.1)
    assert same(failing, again)
    monkeypatch.setattr("tests.scoring.rewards.ByText.unknown", set())
    assert not same(failing, train({"class_path": OWN + "ByText"}, beta=0.1)[0])


def test_a_run_without_any_score_stops_and_says_why(train):
    entry = {"class_path": OWN + "Gives", "init_args": {"value": "fails"}, "name": "judge"}
    with pytest.raises(TrainingError, match=r"none of 8 completions has a score \(judge\).*the server is asleep"):
        train(entry)


def test_the_frozen_reference_verifies_a_run(tiny_folder, tmp_path):
    module = GRPOModule(
        PolicyConfig(str(tiny_folder)),
        sampling=SamplingConfig(max_tokens=8),
        rewards=RewardConfig(verifier={"class_path": "reference", "when": "all"}),
        optimizer=OptimizerConfig(lr=1e-2, schedule="constant"),
        num_generations=4,
        seed=7,
    )
    data = RoleplayDataModule(
        str(write_samples_file(tmp_path / "samples.json")), batch_size=2, tokenizer=str(tiny_folder), seed=7
    )
    seen = Seen()
    trainer = Trainer(
        accelerator="cpu", limit_val_batches=1, logger=False, enable_checkpointing=False, max_epochs=1,
        enable_progress_bar=False, default_root_dir=tmp_path, plugins=[AtomicCheckpointIO()], limit_train_batches=2,
        enable_model_summary=False, callbacks=[seen],
    )  # fmt: skip
    trainer.fit(module, data)
    assert all("verifier" in reward.components for reward in seen.rewards.values())
    assert 0 <= float(seen.metrics["verifier/agreement"]) <= 1
    assert float(seen.metrics["verifier/asked_share"]) == 1
