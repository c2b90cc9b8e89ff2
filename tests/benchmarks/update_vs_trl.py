"""Forward and backward of the same rollouts: raiden, its own padded rows, TRL as shipped and without checkpointing.

    python -m tests.benchmarks.update_vs_trl --prompt 1024 --completion 96 --group 8 [--questions 4] [--shared 0.33]

Prints one JSON line. `ratio` is against TRL as shipped, `ratio_trl_no_checkpointing` without its gradient
checkpointing, `ratio_padded` against one padded row a completion that projects scored positions only, by raiden's
linear layers, `ratio_padded_torch` the same by torch's own, `ratio_one_level` against sharing within a group alone,
`ratio_nothing_shared` against completions of the same lengths that do not begin alike. On CPU, TRL also projects every
position of the prompt. All losses and gradient norms of the same completions are checked to agree.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from raiden.core.types import Rollout
from raiden.policy import resolve_model
from raiden.train.grpo import ObjectiveConfig, UpdateConfig, token_terms, token_weights
from tests.benchmarks.harness import SMOLLM2, alternate, load_model, load_plain_model, print_result, ratio
from tests.grpo.records import make_rollout, make_update

LOSS = "dapo"
AGAINST = ("padded", "padded_torch", "one_level", "nothing_shared", "trl", "trl_no_checkpointing")
"""`one_level` differs from raiden with several questions only, `nothing_shared` with `--shared` only."""


def make_rollouts(
    vocabulary: int, prompt: int, completion: int, group: int, questions: int, shared: int = 0
) -> list[Rollout]:
    """Random tokens. The questions' profile is the same, and so are the first `shared` tokens of a group."""
    generator = torch.Generator().manual_seed(0)

    def tokens(number: int) -> list[int]:
        return torch.randint(10, vocabulary, (number,), generator=generator).tolist()

    question_length = 24 if questions > 1 else 0
    profile = tokens(prompt - question_length)
    rewards = [float(i % 2) for i in range(group)]

    def completions() -> list[list[int]]:
        begin = tokens(shared)
        return [[*begin, *tokens(completion - shared)] for _ in range(group)]

    return [make_rollout([*profile, *tokens(question_length)], completions(), rewards) for _ in range(questions)]


def run_update(model: Any, rollouts: list[Rollout], completion: int, budget: int) -> float:
    """Ours: gradients of the rollouts' loss; `budget` is micro_batch_tokens."""
    update = make_update(rollouts, ObjectiveConfig(loss=LOSS), UpdateConfig(micro_batch_tokens=budget), completion)
    model.zero_grad()
    total = 0.0
    for loss in update.losses(model, range(len(rollouts))):
        loss.backward()
        total += loss.item()
    return total


def run_padded(model: Any, rollouts: list[Rollout], completion: int) -> float:
    """A row for each completion, the head at scored positions only; up to eight rows a pass, as memory asks."""
    update = make_update(rollouts, ObjectiveConfig(loss=LOSS), UpdateConfig(), completion)
    weights = token_weights(update.batch.num_tokens, LOSS, completion, int(update.batch.num_tokens.sum()), 1)
    model.zero_grad()
    total = 0.0
    rows = torch.tensor([[*r.prompt.token_ids, *c.token_ids] for r in rollouts for c in r.completions])
    for ids, advantages, weight in zip(
        *(each.split(8) for each in (rows, update.batch.advantages, weights)), strict=True
    ):
        logits = model(input_ids=ids, logits_to_keep=completion + 1, use_cache=False).logits[:, :-1]
        targets = ids[:, -completion:, None]
        logps = (logits.gather(2, targets).squeeze(2) - logits.logsumexp(-1)).flatten()
        sequence = torch.arange(len(ids)).repeat_interleave(completion)
        terms = token_terms(logps, logps.detach(), advantages[sequence], sequence, ObjectiveConfig(loss=LOSS))
        loss = (terms.loss * weight[sequence]).sum()
        loss.backward()
        total += loss.item()
    return total


def make_trl(model: Any, path: str, completion: int, group: int) -> GRPOTrainer:
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=lambda completions, **columns: [0.0] * len(completions),
        args=GRPOConfig(
            output_dir=tempfile.mkdtemp(),
            use_cpu=True,
            bf16=False,
            report_to=[],
            loss_type=LOSS,
            num_generations=group,
            per_device_train_batch_size=group,
            max_completion_length=completion,
        ),
        train_dataset=Dataset.from_list([{"prompt": "a"}]),
        processing_class=AutoTokenizer.from_pretrained(resolve_model(path)),
    )
    trainer.current_gradient_accumulation_steps = 1
    return trainer


def run_trl(trainer: GRPOTrainer, rollouts: list[Rollout], advantages: Tensor, checkpointing: bool) -> float:
    """TRL's own loss path, a group after the other. Checkpointing is on in TRL as shipped."""
    trainer.model.train()
    if checkpointing:
        trainer.model.gradient_checkpointing_enable(trainer.args.gradient_checkpointing_kwargs)
    group = len(rollouts[0].completions)
    num_tokens = sum(len(c.token_ids) for r in rollouts for c in r.completions)
    trainer.model.zero_grad()
    total = 0.0
    for p, rollout in enumerate(rollouts):
        prompts = torch.tensor([rollout.prompt.token_ids] * group)
        completions = torch.tensor([c.token_ids for c in rollout.completions])
        loss = trainer._compute_loss(
            trainer.model,
            {
                "prompt_ids": prompts,
                "prompt_mask": torch.ones_like(prompts),
                "completion_ids": completions,
                "completion_mask": torch.ones_like(completions),
                "advantages": advantages[p * group : (p + 1) * group],
                "num_items_in_batch": torch.tensor(num_tokens),
            },
        )
        loss.backward()
        total += loss.item()
    trainer.model.gradient_checkpointing_disable()  # the padded rows run on the same model
    return total


def gradient_norm(model: Any) -> float:
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    return torch.nn.utils.get_total_norm(gradients).item() if gradients else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=1024, help="tokens of a prompt, its question included")
    parser.add_argument("--completion", type=int, default=96, help="tokens of a completion")
    parser.add_argument("--group", type=int, default=8, help="completions of a prompt")
    parser.add_argument("--questions", type=int, default=1, help="questions about one character")
    parser.add_argument("--shared", type=float, default=0.0, help="share of a completion that its group has in common")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--against", nargs="+", choices=AGAINST, default=AGAINST, help="default: all")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")

    against = set(arguments.against)
    against -= {"one_level"} if arguments.questions == 1 else set()
    against -= {"nothing_shared"} if not arguments.shared else set()
    model, plain = load_model(arguments.model), load_plain_model(arguments.model)
    completion, group = arguments.completion, arguments.group
    sizes = (model.config.vocab_size, arguments.prompt, completion, group, arguments.questions)
    rollouts = make_rollouts(*sizes, round(completion * arguments.shared))
    unshared = make_rollouts(*sizes, 0)
    one_group = arguments.prompt + completion * group
    whole = one_group * arguments.questions
    contestants: dict[str, Callable[[], float]] = {
        "raiden": lambda: run_update(model, rollouts, completion, whole),
        "padded": lambda: run_padded(model, rollouts, completion),
        "padded_torch": lambda: run_padded(plain, rollouts, completion),
        "one_level": lambda: run_update(model, rollouts, completion, one_group),
        "nothing_shared": lambda: run_update(model, unshared, completion, whole),
    }
    if against & {"trl", "trl_no_checkpointing"}:
        trainer = make_trl(plain, arguments.model, completion, group)
        advantages = make_update(rollouts, ObjectiveConfig(loss=LOSS)).batch.advantages
        contestants["trl"] = lambda: run_trl(trainer, rollouts, advantages, checkpointing=True)
        contestants["trl_no_checkpointing"] = lambda: run_trl(trainer, rollouts, advantages, checkpointing=False)
    contestants = {name: run for name, run in contestants.items() if name == "raiden" or name in against}
    losses: dict[str, float] = {}
    norms: dict[str, float] = {}

    def look(name: str, loss: float) -> None:
        if name == "nothing_shared":
            return
        losses[name] = loss
        norms[name] = gradient_norm(model if name in ("raiden", "one_level", "padded") else plain)

    seconds = alternate(contestants, arguments.rounds, look)
    # Of random tokens at these lengths the norm's rounding is 4e-5 by MKL and 3e-4 by oneDNN, beside float64.
    for values, tolerance in ((losses, 1e-5), (norms, 1e-3 * norms["raiden"])):
        assert max(values.values()) - min(values.values()) < tolerance, f"they do not agree: {values}"
    names = {"ratio" if name == "trl" else f"ratio_{name}": name for name in contestants if name != "raiden"}
    ratios = {ratio_name: ratio(seconds, name, "raiden") for ratio_name, name in names.items()}
    options = {
        name: getattr(arguments, name) for name in ("model", "prompt", "completion", "group", "questions", "shared")
    }
    print_result({"benchmark": "update_vs_trl", **options}, seconds, gradient_norm=norms, **ratios)


if __name__ == "__main__":
    main()
