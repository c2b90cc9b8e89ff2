"""Which process holds which card."""

from __future__ import annotations

from dataclasses import replace

import pytest

from raiden.core.errors import ConfigError
from raiden.train.launcher import HeldDevice, refuse_one_card_for_two

FIRST = HeldDevice(0, "a", "cuda:0", "H100", "GPU-1")


def test_cards_of_their_own_pass_though_two_machines_may_count_alike():
    refuse_one_card_for_two([FIRST, HeldDevice(1, "a", "cuda:1", "H100", "GPU-2"), replace(FIRST, rank=2, host="b")])
    refuse_one_card_for_two([FIRST, replace(FIRST, rank=1, card="GPU-2")])  # one card visible to each process


def test_one_card_for_two_processes_is_refused_whatever_they_call_it():
    with pytest.raises(
        ConfigError, match=r"process 0 on a: cuda:0, H100 \(GPU-1\) and process 1 hold the same card.*VISIBLE_DEVICES"
    ):
        refuse_one_card_for_two([FIRST, replace(FIRST, rank=1, device="cuda:1")])
