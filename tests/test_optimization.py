"""The learning rate of each step: its warm-up, and what another trainer's schedule would have."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch.nn import Parameter
from transformers import get_scheduler

from raiden.train.optimization import OptimizerConfig, make_optimizer, warn_of_other_warmup

NUM_STEPS = 7


def rates(optimizer, schedule):
    """Of each step of a run, and of one more."""
    found = []
    for _ in range(NUM_STEPS + 1):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def own_rates(**options):
    return rates(*make_optimizer([Parameter(torch.ones(2))], OptimizerConfig(lr=0.5, **options), NUM_STEPS))


def transformers_rates(name, num_warmup_steps):
    optimizer = torch.optim.AdamW([Parameter(torch.ones(2))], lr=0.5)
    return rates(optimizer, get_scheduler(name, optimizer, num_warmup_steps, NUM_STEPS))


@pytest.mark.parametrize(
    ("schedule", "name"), [("cosine",) * 2, ("linear",) * 2, ("constant", "constant_with_warmup")]
)
@pytest.mark.parametrize("warmup_steps", [0, 1, 3, 9])
def test_from_the_peak_on_the_rate_is_that_of_transformers(schedule, name, warmup_steps):
    found = own_rates(schedule=schedule, warmup_steps=warmup_steps)
    assert found[warmup_steps:] == transformers_rates(name, warmup_steps)[warmup_steps:]


@pytest.mark.parametrize(("warmup_steps", "expected"), [(1, [0.25, 0.5]), (3, [0.125, 0.25, 0.375, 0.5])])
def test_a_warm_up_begins_above_zero_and_the_step_behind_it_has_the_peak(warmup_steps, expected):
    assert own_rates(warmup_steps=warmup_steps)[: warmup_steps + 1] == expected


@pytest.mark.filterwarnings("error")
def test_a_schedule_goes_on_before_the_first_step_and_nothing_is_warned_of():
    weight = Parameter(torch.ones(2))
    optimizer, schedule = make_optimizer([weight], OptimizerConfig(lr=0.5, weight_decay=0.1), NUM_STEPS)
    schedule.step()
    assert weight.tolist() == [1.0, 1.0]
    assert not optimizer.state


def saved_at(step, warmup_steps):
    """The state of transformers' schedule, whose warm-up begins at 0."""
    optimizer = torch.optim.AdamW([Parameter(torch.ones(2))], lr=0.5)
    schedule = get_scheduler("cosine", optimizer, warmup_steps, NUM_STEPS)
    for _ in range(step):
        optimizer.step()
        schedule.step()
    return schedule.state_dict()


def test_a_run_that_goes_on_within_a_warm_up_from_zero_is_told_so():
    config = OptimizerConfig(lr=0.5, warmup_steps=3)
    with pytest.warns(UserWarning, match=r"learning rate, 0.333333, where 0.375 would be due"):
        warn_of_other_warmup([saved_at(2, 3)], 2, config)


@pytest.mark.parametrize("step", [3, 5])
def test_a_run_that_goes_on_behind_its_warm_up_is_the_same_and_nothing_is_told(step):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_other_warmup([saved_at(step, 3)], step, OptimizerConfig(lr=0.5, warmup_steps=3))


def test_a_run_goes_on_in_the_kernel_that_it_began_with():
    """Each rounds otherwise: earlier versions took the one kernel for all numbers on GPUs only."""
    torch.manual_seed(0)
    start, gradients = torch.randn(1000), torch.randn(4, 1000)

    def step(parameter, optimizer, numbers):
        for number in numbers:
            parameter.grad = gradients[number].clone()
            optimizer.step()
        return parameter.detach().clone()

    old = Parameter(start.clone())
    earlier = torch.optim.AdamW([old], lr=0.5, weight_decay=0.0, fused=False)
    half = step(old, earlier, (0, 1))
    saved = copy.deepcopy(earlier.state_dict())
    to_the_end = step(old, earlier, (2, 3))

    new = Parameter(half)
    optimizer, _ = make_optimizer([new], OptimizerConfig(lr=0.5), 4)
    assert optimizer.param_groups[0]["fused"]
    optimizer.load_state_dict(saved)
    assert torch.equal(step(new, optimizer, (2, 3)), to_the_end)
