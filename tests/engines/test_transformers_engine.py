"""The transformers engine against plain forward passes and transformers' own generate."""

from __future__ import annotations

import peft
import pytest
import torch
from transformers import PreTrainedModel

from raiden.core.errors import ConfigError
from raiden.core.types import Completion
from raiden.rollout.engines import Engine, SamplingConfig, TransformersEngine
from tests.padded import padded_logits

# Four prompts that share a profile of 20 tokens, two of them a question of 17 as well, and one that stands alone.
PROFILE = [(7 * i) % 290 + 3 for i in range(20)]
QUESTION = [(5 * i) % 280 + 9 for i in range(17)]
PROMPTS = [
    [*PROFILE, *QUESTION, 30],
    [60, 61, 62],
    [*PROFILE, 31],
    [*PROFILE, *QUESTION, 32, 33],
    [*PROFILE, 34, 35, 36, 37],
]
SEEDS = [[10 * p + i for i in range(4)] for p in range(len(PROMPTS))]
SAMPLING = SamplingConfig(max_tokens=12)
EARLY = [*range(3, 33)]
"""With a tenth of the vocabulary as end-of-sequence tokens, completions end after about ten tokens."""


def start(model: PreTrainedModel, tokenizer: object, stop_ids: list[int] | None = None, max_rows: int = 64) -> Engine:
    if stop_ids is not None:
        model.generation_config.eos_token_id = stop_ids
    engine = TransformersEngine(max_rows)
    engine.start(model, tokenizer, max_length=512, dtype=torch.float32, device=model.device)
    return engine


def tokens(completions: list[list[Completion]]) -> list[list[tuple[int, ...]]]:
    return [[c.token_ids for c in group] for group in completions]


@pytest.mark.parametrize("sampling", [SAMPLING, SamplingConfig(temperature=0.8, top_p=0.9, top_k=50, max_tokens=12)])
@pytest.mark.parametrize("stop_ids", [None, EARLY], ids=["long", "early"])
def test_completions_are_the_same_in_any_batch_and_order(tiny_model, tiny_tokenizer, sampling, stop_ids):
    together = tokens(start(tiny_model, tiny_tokenizer, stop_ids).generate(PROMPTS, SEEDS, sampling))
    assert len({c for group in together for c in group}) >= 18  # two of one token may be equal

    for max_rows in (1, 4, 7, 9):  # a group is never split: 4 rows one by one, then in twos
        engine = start(tiny_model, tiny_tokenizer, stop_ids, max_rows)
        assert tokens(engine.generate(PROMPTS, SEEDS, sampling)) == together

    engine = start(tiny_model, tiny_tokenizer, stop_ids)
    order = [3, 0, 4, 2, 1]
    shuffled = engine.generate([PROMPTS[p] for p in order], [SEEDS[p][::-1] for p in order], sampling)
    assert tokens(shuffled) == [together[p][::-1] for p in order]

    for prompt, seeds, group in zip(PROMPTS, SEEDS, together, strict=True):
        assert [tokens(engine.generate([prompt], [[seed]], sampling))[0][0] for seed in seeds] == group


def test_groups_of_different_sizes_keep_their_seeds(tiny_model, tiny_tokenizer):
    engine = start(tiny_model, tiny_tokenizer)
    whole = tokens(engine.generate(PROMPTS, SEEDS, SAMPLING))
    sizes = [1, 4, 2, 3, 1]
    uneven = engine.generate(PROMPTS, [s[:n] for s, n in zip(SEEDS, sizes, strict=True)], SAMPLING)
    assert tokens(uneven) == [group[:n] for group, n in zip(whole, sizes, strict=True)]


def test_greedy_completions_are_those_of_transformers(tiny_model, plain_model, tiny_tokenizer):
    greedy = SamplingConfig(temperature=0.0, max_tokens=20)
    for stop_ids in ([2], EARLY):
        ours = start(tiny_model, tiny_tokenizer, stop_ids).generate(PROMPTS, [[0]] * 5, greedy)
        plain_model.generation_config.eos_token_id = stop_ids
        for prompt, (completion,) in zip(PROMPTS, ours, strict=True):
            ids = torch.tensor([prompt])
            theirs = plain_model.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=20
            )[0, len(prompt) :]
            assert list(completion.token_ids) == theirs.tolist()


def warped(logits: torch.Tensor, sampling: SamplingConfig) -> torch.Tensor:
    """The slow version of temperature, top-k, top-p and min-p: sorts one row and drops what comes too late."""
    logits = logits / (sampling.temperature or 1.0)
    if sampling.top_k:
        logits = logits.masked_fill(logits < logits.sort(descending=True).values[sampling.top_k - 1], -torch.inf)
    probabilities, order = logits.softmax(-1).sort(descending=True)
    # A token is kept as long as those before it do not reach top-p.
    keep = probabilities.cumsum(-1) - probabilities < sampling.top_p
    logits = logits.masked_fill(~torch.zeros_like(keep).scatter(0, order, keep), -torch.inf)
    probabilities = logits.softmax(-1)
    return logits.masked_fill(probabilities < sampling.min_p * probabilities.max(), -torch.inf)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.0},
        {"temperature": 0.7},
        {"top_k": 20},
        {"temperature": 1.3, "top_p": 0.7},
        {"min_p": 0.1},
        {"temperature": 1.5, "top_k": 100, "top_p": 0.9, "min_p": 0.02},
    ],
)
def test_sampling_logps_are_those_of_a_plain_forward_pass(tiny_model, plain_model, tiny_tokenizer, options):
    sampling = SamplingConfig(max_tokens=8, **options)
    out = start(tiny_model, tiny_tokenizer, EARLY).generate(PROMPTS, SEEDS, sampling)
    pairs = [(p, c.token_ids) for p, group in zip(PROMPTS, out, strict=True) for c in group]
    with torch.no_grad():
        all_logits = padded_logits(plain_model, pairs)
    completions = [c for group in out for c in group]
    for logits, completion in zip(all_logits, completions, strict=True):
        slow = torch.stack([warped(row, sampling).log_softmax(-1) for row in logits])
        expected = slow[range(len(slow)), completion.token_ids]
        torch.testing.assert_close(torch.tensor(completion.sampling_logps), expected, rtol=0, atol=1e-5)


def test_first_tokens_are_as_frequent_as_the_softmax_says(tiny_model, plain_model, tiny_tokenizer):
    num_draws, temperature = 4000, 0.6
    engine = start(tiny_model, tiny_tokenizer, max_rows=num_draws)
    (group,) = engine.generate([PROMPTS[0]], [range(num_draws)], SamplingConfig(temperature, max_tokens=1))
    counts = torch.bincount(torch.tensor([c.token_ids[0] for c in group]), minlength=300)
    with torch.no_grad():
        probabilities = (padded_logits(plain_model, [(PROMPTS[0], [0])])[0][0] / temperature).softmax(-1)
    expected = probabilities * num_draws
    # Tokens expected fewer than 5 times are one bin.
    common = expected >= 5
    bins = torch.cat([expected[common], expected[~common].sum()[None]])
    seen = torch.cat([counts[common], counts[~common].sum()[None]])
    degrees = len(bins) - 1
    assert degrees > 50
    # Mean k, deviation sqrt(2 k): four deviations, with fixed seeds.
    assert ((seen - bins).square() / bins).sum() < degrees + 4 * (2 * degrees) ** 0.5


def test_a_completion_ends_with_its_first_end_token_or_at_the_limit(tiny_model, tiny_tokenizer):
    out = start(tiny_model, tiny_tokenizer, EARLY).generate(PROMPTS, SEEDS, SAMPLING)
    stop_ids = {*EARLY, tiny_tokenizer.eos_token_id}
    reasons = set()
    for completion in (c for group in out for c in group):
        *before, last = completion.token_ids
        assert not stop_ids.intersection(before)
        assert completion.finish_reason == ("stop" if last in stop_ids else "length")
        assert completion.finish_reason == "stop" or len(completion.token_ids) == SAMPLING.max_tokens
        assert len(completion.sampling_logps) == len(completion.token_ids) <= SAMPLING.max_tokens
        reasons.add(completion.finish_reason)
    assert reasons == {"stop", "length"}


def test_a_shorter_limit_cuts_the_same_completions(tiny_model, tiny_tokenizer):
    engine = start(tiny_model, tiny_tokenizer, EARLY)
    long = tokens(engine.generate(PROMPTS, SEEDS, SAMPLING))
    short = tokens(engine.generate(PROMPTS, SEEDS, SamplingConfig(max_tokens=3)))
    assert short == [[ids[:3] for ids in group] for group in long]


def test_the_tokenizers_end_token_stops_without_a_generation_config(tiny_model, tiny_tokenizer):
    tiny_model.generation_config = None
    engine = start(tiny_model, tiny_tokenizer)
    assert engine.stop_ids == [tiny_tokenizer.eos_token_id]
    (group,) = engine.generate([PROMPTS[1]], [range(48)], SamplingConfig(max_tokens=40))
    stopped = [c for c in group if c.finish_reason == "stop"]
    assert stopped
    assert all(c.token_ids[-1] == tiny_tokenizer.eos_token_id for c in stopped)


def test_the_text_is_the_decoded_completion_without_special_tokens(tiny_model, tiny_tokenizer):
    out = start(tiny_model, tiny_tokenizer, EARLY).generate(PROMPTS, SEEDS, SAMPLING)
    for completion in (c for group in out for c in group):
        special = set(tiny_tokenizer.all_special_ids)
        plain = [i for i in completion.token_ids if i not in special]
        assert completion.text == tiny_tokenizer.decode(plain)


def test_generating_leaves_the_model_as_it_was(tiny_model, tiny_tokenizer):
    engine = start(tiny_model, tiny_tokenizer)
    before = {name: p.clone() for name, p in tiny_model.named_parameters()}
    for training in (True, False):
        tiny_model.train(training)
        engine.generate(PROMPTS[:1], [[1]], SAMPLING)
        assert tiny_model.training == training
    assert all(torch.equal(before[name], p) and p.grad is None for name, p in tiny_model.named_parameters())


def test_new_weights_are_used_at_once(tiny_model, tiny_tokenizer):
    engine = start(tiny_model, tiny_tokenizer)
    greedy = SamplingConfig(temperature=0.0, max_tokens=5)
    old = tokens(engine.generate(PROMPTS[:1], [[0]], greedy))
    with torch.no_grad():
        tiny_model.model.embed_tokens.weight.copy_(tiny_model.model.embed_tokens.weight.flip(0))
    engine.update_weights(tiny_model.named_parameters())
    assert tokens(engine.generate(PROMPTS[:1], [[0]], greedy)) != old


@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_lora_policy_generates_with_its_adapters(tiny_model, plain_model, tiny_tokenizer, checkpointing):
    config = peft.LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    if checkpointing:
        tiny_model.gradient_checkpointing_enable({"use_reentrant": False})
    torch.manual_seed(0)
    adapted = peft.get_peft_model(tiny_model, config).train()
    (group,) = start(adapted, tiny_tokenizer).generate(PROMPTS[:1], SEEDS[:1], SAMPLING)
    pairs = [(PROMPTS[0], c.token_ids) for c in group]
    with torch.no_grad():
        truth = padded_logits(adapted.eval(), pairs)
        bare = padded_logits(plain_model, pairs)
    for logits, without, completion in zip(truth, bare, group, strict=True):
        expected = logits.log_softmax(-1)[range(len(logits)), completion.token_ids]
        torch.testing.assert_close(torch.tensor(completion.sampling_logps), expected, rtol=0, atol=1e-5)
        assert (logits - without).abs().max() > 0.01


def test_a_limit_below_one_row_is_refused_by_its_full_name():
    with pytest.raises(ConfigError, match=r"`model\.engine\.max_rows` must be at least 1, got 0"):
        TransformersEngine(max_rows=0)


def test_the_engine_keeps_the_protocol(tiny_model, tiny_tokenizer):
    engine = start(tiny_model, tiny_tokenizer)
    assert isinstance(engine, Engine)
    engine.close()
    engine.close()
