"""Completions that join and leave between two tokens."""

from __future__ import annotations

import pytest
import torch
from transformers import RepetitionPenaltyLogitsProcessor

from raiden.packing.cached_prefix import PrefixCache
from raiden.policy import PolicyConfig, load_policy
from raiden.rollout.engines import SamplingConfig, TransformersEngine, VLLMEngine
from raiden.rollout.engines.continuous_batch import ContinuousBatch
from raiden.rollout.engines.live import LiveEngine, LiveRequest
from raiden.rollout.engines.one_by_one import OneByOne
from raiden.rollout.engines.penalties import Penalties

SAMPLING = SamplingConfig(temperature=1.0, max_tokens=24)
PROMPTS = [tuple((7 * i + 3 * j) % 250 + 3 for j in range(40 + 13 * i)) for i in range(6)]


def started(folder, engine):
    policy = load_policy(PolicyConfig(str(folder)), with_reference=False)
    policy.model.eval()
    engine.start(policy.model, policy.tokenizer, 8192, torch.float32, torch.device("cpu"))
    return policy, engine


@pytest.fixture(scope="module")
def engine(tiny_folder):
    return started(tiny_folder, TransformersEngine())[1]


def request(number, key=None, sampling=SAMPLING, **settings):
    return LiveRequest(
        number if key is None else key, PROMPTS[number], **{"seeds": (number,), "sampling": sampling, **settings}
    )


def finish(rows, draws):
    """Steps to the end; tokens by request and choice."""
    while rows.num_rows:
        rows.step(lambda draw: draws.setdefault((draw.key, draw.choice), []).append(draw))
    return {row: [draw.token for draw in several] for row, several in draws.items()}


def batched(engine, requests):
    """What the engine's own `generate` draws for them."""
    return {
        (each.key, choice): list(completion.token_ids)
        for each in requests
        for choice, completion in enumerate(engine.generate([each.prompt], [each.seeds], each.sampling)[0])
    }


def test_completions_are_those_of_a_batch_however_they_come_together(engine):
    assert isinstance(engine, LiveEngine)
    rows = engine.live()
    assert isinstance(rows, ContinuousBatch)
    requests = [
        request(0, seeds=(1, 2, 3)),
        request(1, sampling=SamplingConfig(temperature=0.7, top_p=0.9, max_tokens=9)),
        request(2, sampling=SamplingConfig(temperature=0.0, max_tokens=30)),
        request(3),
        request(4, seeds=(4, 5)),
        request(3, key=9),  # its prompt is known by then
    ]
    draws = {}
    for each in requests:
        rows.join(each)
        for _ in range(3):
            rows.step(lambda draw: draws.setdefault((draw.key, draw.choice), []).append(draw))
    assert finish(rows, draws) == batched(engine, requests)
    lengths = {each.key: each.sampling.max_tokens for each in requests}
    for (key, _), several in draws.items():
        assert [draw.finish_reason for draw in several[:-1]] == [None] * (len(several) - 1)
        stopped = several[-1].token in rows.stop_ids
        assert several[-1].finish_reason == ("stop" if stopped else "length")
        assert stopped or len(several) == lengths[key]


def test_what_leaves_draws_no_more_and_the_others_go_on(engine):
    rows = engine.live()
    requests = [request(0, seeds=(1, 2, 3)), request(1), request(2)]
    for each in requests:
        rows.join(each)
    draws = {}

    def on_token(draw):
        draws.setdefault((draw.key, draw.choice), []).append(draw)
        if len(draws[draw.key, draw.choice]) == 3:
            if (draw.key, draw.choice) == (0, 1):
                rows.leave(0, 1)
            if draw.key == 1:
                rows.leave(1)

    while rows.num_rows:
        rows.step(on_token)
    expected = batched(engine, requests)
    expected[0, 1], expected[1, 0] = expected[0, 1][:3], expected[1, 0][:3]
    assert {row: [draw.token for draw in several] for row, several in draws.items()} == expected


def test_a_prompt_is_read_in_pieces_and_what_is_known_of_it_not_again(engine, monkeypatch):
    monkeypatch.setattr("raiden.rollout.engines.continuous_batch._CHUNK", 16)
    rows = engine.live()
    read = []
    counting = engine.model.register_forward_pre_hook(
        lambda module, arguments, options: read.append(options["input_ids"].shape[1]), with_kwargs=True
    )
    one_token = SamplingConfig(max_tokens=1)
    rows.join(request(2, sampling=one_token))
    finish(rows, {})
    assert read == [16, 16, 16, 16, 2]  # of 66 tokens
    read.clear()
    longer = LiveRequest(1, (*PROMPTS[2], 5, 6, 7), (0,), one_token)
    rows.join(longer)
    tokens = finish(rows, {})
    assert read == [3]
    read.clear()
    rows.clear()
    rows.join(request(2, sampling=one_token))
    rows.join(longer)
    together = finish(rows, {})
    counting.remove()
    assert read == [16, 16, 16, 16, 2, 3]  # also of requests that came together
    assert tokens == batched(engine, [longer])
    assert together[1, 0] == tokens[1, 0]


def test_a_draw_that_is_nearly_a_tie_is_made_by_the_completion_alone(engine):
    rows = engine.live()
    rows.close = float("inf")  # each is
    decided = []
    decide = rows._decide
    rows._decide = lambda *row: decided.append(row) or decide(*row)
    requests = [request(number) for number in range(3)]
    for each in requests:
        rows.join(each)
    expected = batched(engine, requests)
    # The logits of the batch are off: only what each completion says by itself may count.
    go_on = rows._go_on

    def disturbed():
        go_on()
        for each in rows._decoding:
            each.logits = each.logits.flip(-1)

    rows._go_on = disturbed
    assert finish(rows, {}) == expected
    assert len(decided) == sum(map(len, expected.values()))


@pytest.mark.parametrize("close", [0.0, torch.inf], ids=["in the batch", "read alone"])
def test_what_was_said_costs_its_own_completion_alone(engine, close):
    """Beside one without penalties, against the whole text read anew for each token and transformers' own rule."""
    greedy = SamplingConfig(temperature=0.0, max_tokens=20)
    penalties = Penalties(frequency=0.3, presence=0.2, repetition=1.3)
    rows = engine.live()
    rows.close = close
    plain, asked = request(0, sampling=greedy), request(1, sampling=greedy, penalties=penalties)
    rows.join(plain)
    rows.join(asked)
    found = finish(rows, {})
    said: list[int] = []
    penalise = RepetitionPenaltyLogitsProcessor(1.3)
    for _ in found[1, 0]:
        ids = torch.tensor([[*asked.prompt, *said]])
        logits = penalise(ids, engine.model(ids, use_cache=False).logits[:, -1])[0]
        for token in set(said):
            logits[token] -= 0.3 * said.count(token) + 0.2
        said.append(int(logits.argmax()))
    assert found[1, 0] == said
    assert found[0, 0] == batched(engine, [plain])[0, 0]
    assert found[1, 0] != batched(engine, [asked])[1, 0]


def test_cached_prefixes_keep_to_their_bound_and_the_last_used_stay(engine):
    rows = engine.live()
    for number in range(3):
        rows.join(request(number))
    finish(rows, {})
    known = rows.prefixes
    sizes = [beginning.num_bytes for beginning in known._known]
    assert sizes[0] == 2 * 2 * 2 * 16 * 4 * len(PROMPTS[0])  # 2 layers, keys and values, 2 heads of 16, 4 bytes
    small = PrefixCache(sizes[0] + sizes[2])
    for beginning in known._known:
        small.keep(beginning)
        small.longest((*PROMPTS[0], 1))
    assert [beginning.tokens for beginning in small._known] == [PROMPTS[2], PROMPTS[0]]
    assert small.longest(PROMPTS[2]).tokens == PROMPTS[2][:-1]
    assert small.longest(PROMPTS[2][:10]) is None


def test_models_with_a_state_of_their_own_take_turns(tmp_path, tiny_tokenizer):
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(
        vocab_size=len(tiny_tokenizer), hidden_size=32, num_hidden_layers=2, state_size=8, initializer_range=0.5
    )
    MambaForCausalLM(config).save_pretrained(tmp_path)
    tiny_tokenizer.save_pretrained(tmp_path)
    _, engine = started(tmp_path, TransformersEngine())
    rows = engine.live()
    assert isinstance(rows, OneByOne)
    requests = [request(0, seeds=(1, 2)), request(1), request(2)]
    for each in requests:
        rows.join(each)
    draws = {}

    def on_token(draw):
        draws.setdefault((draw.key, draw.choice), []).append(draw)
        if draw.key == 1 and len(draws[1, 0]) == 3:
            rows.leave(1)

    while rows.num_rows:
        rows.step(on_token)
    expected = batched(engine, requests)
    expected[1, 0] = expected[1, 0][:3]
    assert {row: [draw.token for draw in several] for row, several in draws.items()} == expected


@pytest.mark.vllm
def test_vllm_answers_requests_as_they_come(wide_folder):
    pytest.importorskip("vllm")
    from raiden.policy import stream_weights

    policy, engine = started(wide_folder, VLLMEngine(cpu_cache_gib=1.0, enforce_eager=True))
    try:
        engine.update_weights(stream_weights(policy.model, None))
        assert isinstance(engine, LiveEngine)
        requests = [request(0, seeds=(1, 2, 3)), request(1), request(2), request(3)]
        expected = batched(engine, requests)
        rows, draws = engine.live(), {}

        def on_token(draw):
            draws.setdefault((draw.key, draw.choice), []).append(draw)
            if draw.key == 1 and len(draws[1, 0]) == 3:
                rows.leave(1)

        for each in requests:
            rows.join(each)
            rows.step(on_token)
        while rows.num_rows:
            rows.step(on_token)
        told = {row: [draw.token for draw in several] for row, several in draws.items()}
        assert told.pop((1, 0)) == expected.pop((1, 0))[:3]
        assert told == expected
        assert all(several[-1].finish_reason for row, several in draws.items() if row != (1, 0))
        rows.join(request(0, penalties=Penalties(frequency=2.0, presence=2.0)))
        (penalised,) = finish(rows, {}).values()
        assert len(set(penalised)) > len(set(batched(engine, [request(0)])[0, 0]))
    finally:
        engine.close()
