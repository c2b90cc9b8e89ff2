"""A step that was skipped is computed again from the folder that it left."""

from __future__ import annotations

import math
import re
from contextlib import nullcontext

import pytest
import torch
from safetensors.torch import load_file

from raiden.__main__ import main
from raiden.core.errors import TrainingError
from raiden.policy import BrokenWeight, LoraConfig
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from raiden.train.sft import SFTModule
from tests.test_guard import LAYER, Huge, Planted, Unscored, train  # noqa: F401 (a fixture)


class Lasting(Planted):
    """A row of a weight is huge for good from the second step on."""

    def _update_policy(self, rollouts):
        if self.num_steps_done == 1:
            next(p for p in self.model.parameters() if p.requires_grad).data[0] = 3e38
        return super(Planted, self)._update_policy(rollouts)


def folder_of(error: TrainingError):
    return re.search(r"`raiden replay ([^`]+)`", str(error.value)).group(1)


@pytest.mark.parametrize(
    "options",
    [
        {"objective": ObjectiveConfig(beta=0.1, entropy_coef=0.1)},
        {"lora": LoraConfig(rank=4)},
        {"update": UpdateConfig(prompts_per_update=1, num_iterations=2)},
    ],
    ids=["with a reference", "lora", "in parts"],
)
def test_a_replay_finds_the_same_value_at_the_same_place(train, capsys, options):  # noqa: F811
    with pytest.raises(TrainingError) as stop:
        train(Lasting, max_skipped=2, **options)
    folder = folder_of(stop)
    capsys.readouterr()
    assert main(["replay", folder]) == 1
    told = capsys.readouterr().out
    said = re.search(r"in step 2 the (.*) is (\S+), at token (\d+) of completion (\d+) of", str(stop.value)).groups()
    assert f"The run said: in step 2 the {said[0]} is {said[1]}, at token {said[2]}" in told
    assert f"Not finite here either: the {said[0]} of completion" in told
    assert re.search(r"It comes first in the output of \S+, in completion \d", told)


def test_a_reward_is_recorded_as_it_was(train, capsys):  # noqa: F811
    with pytest.raises(TrainingError) as stop:
        train(vrar=Unscored(-math.inf), max_skipped=1)
    assert load_file(f"{folder_of(stop)}/step.safetensors")["rewards"][2] == -math.inf
    capsys.readouterr()
    assert main(["replay", folder_of(stop)]) == 1
    assert "Not finite here either: the reward of completion 2 is -inf" in capsys.readouterr().out


def test_a_supervised_step_is_replayed_too(train, capsys):  # noqa: F811
    class LastingSFT(SFTModule):
        def backpropagate(self, losses, num_losses):
            if self.num_steps_done == 1:
                Huge(self.model.get_submodule("model.norm").weight).__enter__()
            return super().backpropagate(losses, num_losses)

    with pytest.raises(TrainingError) as stop:
        train(LastingSFT, max_skipped=2)
    capsys.readouterr()
    assert main(["replay", folder_of(stop)]) == 1
    assert re.search(r"It comes first in the output of model\.norm|lm_head", capsys.readouterr().out)


def test_the_loss_of_a_replay_is_that_of_the_run(train, capsys):  # noqa: F811
    """The gradient alone is broken, after the losses: they are those that would have been logged."""

    class NoGradient(Planted):
        def backpropagate(self, losses, num_losses):
            self.losses = []
            found = super().backpropagate(self.kept(losses), num_losses)
            next(self.model.parameters()).grad.fill_(math.nan)
            return found

        def kept(self, losses):
            for loss in losses:
                self.losses.append(loss.item())
                modules.append(self)
                yield loss

    modules = []
    with pytest.raises(TrainingError, match="gradient norm is nan") as stop:
        train(NoGradient, planted=(), max_skipped=1)
    capsys.readouterr()
    assert main(["replay", folder_of(stop)]) == 0
    told = capsys.readouterr().out
    assert "Here all values are finite." in told
    losses = [float(line.split("│")[7]) for line in told.splitlines() if re.match(r"│ \d", line)]
    assert losses
    assert sum(losses) == pytest.approx(sum(modules[0].losses), abs=1e-3)


class BrokenState(Planted):
    """A running mean of squares that is below zero, as after a bit that flipped."""

    def planted(self):
        square = self.optimizers().optimizer.state[self.model.get_parameter(f"model.{LAYER}")]["exp_avg_sq"]
        square[3, 5] = -1.0
        return nullcontext()


def test_a_weight_that_the_optimizer_broke_is_told_with_all_that_it_was_made_of(train, tmp_path, capsys):  # noqa: F811
    _, log = train(steps=1)
    log.trainer.save_checkpoint(tmp_path / "before.ckpt", weights_only=False)
    with pytest.raises(TrainingError, match=r"step 2 made weights .* with gradient .*, exp_avg_sq -0\.9") as stop:
        train(BrokenState)
    folder = folder_of(stop)
    capsys.readouterr()
    assert main(["replay", folder]) == 1
    told = capsys.readouterr().out
    assert f"model.{LAYER}[3, 5] is nan after a step with gradient " in told
    assert "Computed again the step moves it by nan." in told
    # The weights before it are those of the checkpoint, with which all of its completions are as finite as they were.
    assert main(["replay", folder, "--checkpoint", str(tmp_path / "before.ckpt")]) == 1
    assert "Here all values are finite." in capsys.readouterr().out


def test_a_step_of_the_optimizer_is_computed_as_torch_does():
    weight = torch.nn.Parameter(torch.zeros(2, dtype=torch.float32))
    optimizer = torch.optim.AdamW([weight], lr=0.01, betas=(0.8, 0.95), weight_decay=0.0)
    for gradient in (3.0, -1.0, 0.5):
        before = weight[1].item()
        weight.grad = torch.tensor([0.0, gradient])
        optimizer.step()
    states = {name: float(value if value.dim() == 0 else value[1]) for name, value in optimizer.state[weight].items()}
    options = {name: optimizer.param_groups[0][name] for name in ("lr", "betas", "eps", "weight_decay")}
    broken = BrokenWeight("w", (1,), weight[1].item(), 0.5, states, options)
    assert broken.step_again() == pytest.approx(before - weight[1].item(), rel=1e-4)


def test_a_folder_that_holds_no_step_is_told(tmp_path, capsys):
    assert main(["replay", str(tmp_path)]) == 2
    assert "holds no recorded step" in capsys.readouterr().err
