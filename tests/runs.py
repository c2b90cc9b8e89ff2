"""Small real runs through the command line, for the tests: a tiny model, twelve samples, real training."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from raiden.train.checkpoints import checkpoints_of
from tests.processes import Started

ROOT = Path(__file__).parent.parent


def write_samples_file(path: Path) -> Path:
    """Twelve samples about three characters, SBK and CM."""
    samples = []
    for name, pet, town in (("Ada", "Biscuit", "York"), ("Ben", "Pepper", "Leeds"), ("Cleo", "Mango", "Bath")):
        profile = {"Name": name, "Introduction": f"{name} has a dog called {pet} and lives in {town}."}
        history = [
            {"role": "user", "content": "I bought a kite today."},
            {"role": "assistant", "content": "How nice!"},
        ]
        for question, keyword, turns in (
            ("What is your dog called?", pet, []),
            ("Where do you live?", town, []),
            ("Which town is yours?", town, []),
            ("What did I buy?", "kite", history),
        ):
            samples.append(
                {
                    "character_name": name,
                    "character_profile": profile,
                    "conversation_history": turns,
                    "question": question,
                    "answer": f"{keyword}.",
                    "keywords": [keyword],
                    "question_type": "what",
                    "validation_method": "single_term_validation",
                    "difficulty": "easy",
                    "metadata": {"language": "en", "source": "test_cm" if turns else "test_sbk"},
                }
            )
    path.write_text(json.dumps(samples), encoding="utf-8")
    return path


def fit_arguments(model: Path, samples: Path, logs: Path, *more: str) -> list[str]:
    """`raiden fit` for six steps of two prompts; its rewards vary because lengths do."""
    options = {
        "seed_everything": 7,
        "model.policy.path": model,
        "model.sampling.max_tokens": 12,
        "model.num_generations": 4,
        "model.optimizer.lr": 1e-3,
        "model.rewards.min_length": 6,
        "model.rewards.length_weight": 0.5,
        "data.train_file": samples,
        "data.val_ratio": 0.34,
        "data.batch_size": 2,
        "trainer.accelerator": "cpu",
        "trainer.max_epochs": 2,
        "trainer.limit_train_batches": 3,
        "trainer.logger": "lightning.pytorch.loggers.TensorBoardLogger",
        "trainer.logger.save_dir": logs,
        "trainer.logger.name": "tiny",
        "checkpoint.every_n_steps": 2,
    }
    return ["fit", *(f"--{name}={value}" for name, value in options.items()), *more]


def sft_arguments(model: Path, samples: Path, logs: Path, *more: str) -> list[str]:
    """`raiden sft` for six steps of three prompts."""
    options = {
        "seed_everything": 7,
        "output_file": logs.parent / "report.json",
        "model.policy.path": model,
        "model.val_sampling.max_tokens": 12,
        "model.optimizer.lr": 1e-2,
        "data.train_file": samples,
        "data.val_ratio": 0.34,
        "data.batch_size": 3,
        "trainer.accelerator": "cpu",
        "trainer.max_epochs": 2,
        "trainer.logger": "lightning.pytorch.loggers.TensorBoardLogger",
        "trainer.logger.save_dir": logs,
        "trainer.logger.name": "tiny",
        "checkpoint.every_n_steps": 2,
    }
    return ["sft", *(f"--{name}={value}" for name, value in options.items()), *more]


def raiden(*arguments: str, cwd: Path) -> Started:
    """Starts `raiden` as a user would, in another process."""
    return Started(*arguments, cwd=cwd)


def finish(process: Started) -> str:
    """Its output, once it has ended well."""
    return process.finish()


def weights_hash(run: Path) -> str:
    """`checkpoint_hash` of a run's last checkpoint."""
    return checkpoint_hash(checkpoints_of(run)[-1])


def checkpoint_hash(path: Path) -> str:
    """Hash over every weight, optimizer state and counter of a checkpoint."""
    checkpoint = torch.load(path, weights_only=False)
    digest = blake2b()
    for name, tensor in sorted(checkpoint["state_dict"].items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    for state in checkpoint["optimizer_states"][0]["state"].values():
        for name, tensor in sorted(state.items()):
            digest.update(name.encode() + tensor.numpy().tobytes())
    digest.update(repr([checkpoint["raiden"]["num_steps_done"], checkpoint["global_step"]]).encode())
    digest.update(repr(checkpoint["lr_schedulers"]).encode())
    return digest.hexdigest()


def logged(run: Path, name: str, atol: float = 0.0) -> dict[int, float]:
    """A TensorBoard scalar by step; where a step was logged twice, both values must be the same, or `atol` apart."""
    events = EventAccumulator(str(run), size_guidance={"scalars": 0}, purge_orphaned_data=False).Reload()
    values: dict[int, float] = {}
    for event in events.Scalars(name):
        assert abs(values.setdefault(event.step, event.value) - event.value) <= atol, (name, event.step)
    return values
