"""A server on loopback in this process, with a tiny model, and clients for it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import pytest

from raiden.chat import Cast, SampleBook
from raiden.data.profiles import load_profiles
from raiden.data.prompts import PromptSettings
from raiden.endpoints.live import LiveModel
from raiden.endpoints.local import LocalEndpoint
from raiden.policy import PolicyConfig, load_policy
from raiden.rollout.engines import SamplingConfig
from raiden.serve.app import Access, build_app
from raiden.serve.guards import LOOPBACK
from raiden.serve.lineup import Lineup, Served
from raiden.serve.server import address_of, make_server, open_socket

SAMPLING = SamplingConfig(temperature=0.7, max_tokens=512)
"""Where a request says nothing else."""


class Running:
    """A server that runs."""

    def __init__(self, address: str, models: dict[str, LiveModel], cast: Cast) -> None:
        self.address, self.models, self.cast = address, models, cast
        self.model = models["raiden"]

    def client(self, **options) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.address}/v1", **{"api_key": "none", "max_retries": 0, **options})

    def wait_until_idle(self) -> None:
        """Until nobody is answered and nothing is computed."""
        deadline = time.monotonic() + 30
        while any(model.num_open or model._rows.num_rows for model in self.models.values()):
            assert time.monotonic() < deadline, "something is still under way"
            time.sleep(0.01)


@contextmanager
def serving(
    folder, names=("raiden",), max_rows=16, max_waiting=64, access=Access(LOOPBACK), sampling=SAMPLING, timeout=600.0
) -> Iterator[Running]:
    """A server in a thread of its own."""
    policies = [load_policy(PolicyConfig(str(folder)), with_reference=False) for _ in names]
    settings = PromptSettings()
    locals_ = [LocalEndpoint(policy, str(folder), settings=settings) for policy in policies]
    models = {name: LiveModel(each, max_rows, max_waiting) for name, each in zip(names, locals_, strict=True)}
    cast = Cast(load_profiles("data/online_profiles.jsonl"))
    lineup = Lineup({name: Served(model, settings, str(folder)) for name, model in models.items()}, cast)
    book = SampleBook([Path("data/training/train.json")])
    ready = threading.Event()
    opened = open_socket("127.0.0.1", 0)
    server = make_server(build_app(lineup, book, sampling, timeout, access), list(models.values()), ready.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[opened])))
    thread.start()
    assert ready.wait(60)
    try:
        yield Running(address_of(opened), models, cast)
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="package")
def server(tiny_folder) -> Iterator[Running]:
    with serving(tiny_folder) as running:
        yield running


@pytest.fixture
def client(server) -> openai.OpenAI:
    return server.client()
