"""A real run of a tiny model that is driven into collapse, and what is said of it."""

from __future__ import annotations

import warnings

import pytest
from lightning import Trainer

from raiden.policy import PolicyConfig
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig
from raiden.train.checkpoints import AtomicCheckpointIO
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig
from raiden.train.grpo.module import GRPOModule
from raiden.train.optimization import OptimizerConfig
from raiden.train.watching import LearningWatch
from tests.runs import write_samples_file


@pytest.fixture(scope="module")
def collapse(tiny_folder, tmp_path_factory):
    """Trains at a rate far too high; gives the watch, and the warnings that a user sees."""
    folder = tmp_path_factory.mktemp("collapse")
    samples = write_samples_file(folder / "samples.json")

    def run(steps, ckpt_path=None):
        watch = LearningWatch(after_n_steps=2)
        module = GRPOModule(
            PolicyConfig(str(tiny_folder)),
            sampling=SamplingConfig(max_tokens=8),
            rewards=RewardConfig(min_length=6, length_weight=0.5),
            objective=ObjectiveConfig(beta=1e-6),
            optimizer=OptimizerConfig(lr=0.3, schedule="constant"),
            num_generations=4,
            seed=7,
        )
        data = RoleplayDataModule(str(samples), batch_size=8, tokenizer=str(tiny_folder), seed=7)
        trainer = Trainer(
            accelerator="cpu", max_epochs=steps, limit_train_batches=1, limit_val_batches=0, logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            default_root_dir=folder, plugins=[AtomicCheckpointIO()], callbacks=[watch],
        )  # fmt: skip
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            trainer.fit(module, data, ckpt_path=ckpt_path)
        return watch, [str(w.message) for w in seen if str(w.message).startswith("Step ")], trainer

    return run


@pytest.fixture(scope="module")
def whole(collapse):
    return collapse(8)


@pytest.mark.parametrize(
    "words",
    [
        "the entropy was near nothing",
        "the policy was far from the reference",
        "had grown alike",
        "no group had an advantage",
    ],
)
def test_each_fault_of_a_collapse_is_told_once(whole, words):
    _, seen, _ = whole
    assert sum(words in warning for warning in seen) == 1


def test_the_watch_keeps_what_it_has_told(whole):
    watch, seen, _ = whole
    assert watch.warnings == seen


def test_a_resumed_run_neither_repeats_nor_forgets(whole, collapse, tmp_path):
    _, before, trainer = collapse(4)
    trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=False)
    watch, after, _ = collapse(8, tmp_path / "a.ckpt")
    assert before
    assert before + after == watch.warnings == whole[0].warnings
