"""The embedded vLLM, its CPU build, against transformers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from raiden.core.errors import ConfigError, EngineError
from raiden.core.types import Completion
from raiden.policy import LoraConfig, PolicyConfig, load_policy, stream_weights
from raiden.rollout.engines import Engine, SamplingConfig, VLLMEngine
from raiden.rollout.engines.sampling import processed_logps
from tests.engines.cards import LAUNCHERS, put_cards, root_device, taken_by_engine
from tests.padded import padded_logits

PROFILE = [(7 * i) % 290 + 3 for i in range(40)]
PROMPTS = [[*PROFILE, 30], [60, 61, 62], [*PROFILE, 31, 32]]
SEEDS = [[10 * p + i for i in range(4)] for p in range(len(PROMPTS))]
SAMPLING = SamplingConfig(max_tokens=12)
CPU = torch.device("cpu")


def test_the_engine_without_vllm_says_what_to_install(tmp_path):
    """In a Python whose vllm cannot be imported."""
    script = """
import sys
sys.modules["vllm"] = None
from types import SimpleNamespace
from raiden.rollout.engines import VLLMEngine
from raiden.core.errors import ConfigError, EngineError
try:
    VLLMEngine().start(SimpleNamespace(generation_config=None), SimpleNamespace(eos_token_id=2), 64, None, None)
except ConfigError as error:
    print(error)
"""
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert finished.stdout.startswith("`model.engine`: vLLM is not installed; `pip install 'raiden-r1[vllm]'`")
    assert "raiden.rollout.engines.TransformersEngine" in finished.stdout


@pytest.mark.parametrize(
    ("option", "value"),
    [("gpu_memory_utilization", 0), ("gpu_memory_utilization", 1), ("cpu_cache_gib", 0), ("max_num_seqs", 0)],
)
def test_a_value_that_cannot_work_is_refused_by_its_full_name(option, value):
    with pytest.raises(ConfigError, match=rf"`model\.engine\.{option}` must be .*, got {value}"):
        VLLMEngine(**{option: value})


class Started:
    """An engine and the model that it has the weights of."""

    def __init__(self, folder: object) -> None:
        self.model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder)
        self.original = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.engine: Engine = VLLMEngine(cpu_cache_gib=1)
        self.engine.start(self.model, AutoTokenizer.from_pretrained(folder), 128, torch.float32, CPU)

    def restore(self) -> None:
        self.model.load_state_dict(self.original)
        self.model.generation_config.eos_token_id = 2
        self.sync()

    def sync(self) -> None:
        self.engine.update_weights(stream_weights(self.model))


@pytest.fixture(scope="module")
def only_started(wide_folder) -> Iterator[Started]:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    started = Started(wide_folder)
    yield started
    started.engine.close()
    started.engine.close()  # the second time it does nothing


@pytest.fixture
def started(only_started) -> Started:
    only_started.restore()
    return only_started


def tokens(completions: list[list[Completion]]) -> list[list[tuple[int, ...]]]:
    return [[c.token_ids for c in group] for group in completions]


def flat(completions: list[list[Completion]]) -> list[Completion]:
    return [c for group in completions for c in group]


@torch.no_grad()
def expected_logps(model: PreTrainedModel, completions: list[list[Completion]], sampling: SamplingConfig) -> Tensor:
    pairs = [(p, c.token_ids) for p, group in zip(PROMPTS, completions, strict=True) for c in group]
    logits = padded_logits(model, pairs)
    return torch.cat(
        [processed_logps(own, torch.tensor(ids), sampling) for own, (_, ids) in zip(logits, pairs, strict=True)]
    )


def reported_logps(completions: list[list[Completion]]) -> Tensor:
    return torch.tensor([logp for c in flat(completions) for logp in c.sampling_logps])


def assert_engine_is(model: PreTrainedModel, completions: list[list[Completion]], sampling: SamplingConfig) -> None:
    truth = expected_logps(model, completions, sampling)
    torch.testing.assert_close(reported_logps(completions), truth, rtol=0, atol=1e-4)


@pytest.mark.vllm
def test_it_is_an_engine(started):
    assert isinstance(started.engine, Engine)
    assert not started.engine.shares_weights


@pytest.mark.vllm
@pytest.mark.parametrize(
    "sampling",
    [
        SAMPLING,
        SamplingConfig(temperature=0.7, max_tokens=12),
        SamplingConfig(temperature=0.0, max_tokens=12),
        SamplingConfig(top_k=20, max_tokens=12),
        SamplingConfig(temperature=1.3, top_p=0.8, max_tokens=12),
        SamplingConfig(min_p=0.05, max_tokens=12),
        SamplingConfig(temperature=0.9, top_p=0.9, top_k=50, max_tokens=12),
    ],
    ids=["plain", "cold", "greedy", "top-k", "top-p", "min-p", "both"],
)
def test_log_probs_are_those_of_a_forward_pass_under_the_distribution_that_was_drawn_from(started, sampling):
    completions = started.engine.generate(PROMPTS, SEEDS, sampling)
    assert [len(group) for group in completions] == [4, 4, 4]
    assert_engine_is(started.model, completions, sampling)


@pytest.mark.vllm
def test_greedy_completions_are_those_of_transformers(started):
    greedy = SamplingConfig(temperature=0.0, max_tokens=12)
    for prompt, (completion,) in zip(PROMPTS, started.engine.generate(PROMPTS, [[0]] * 3, greedy), strict=True):
        ids = torch.tensor([prompt])
        theirs = started.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12)[
            0, len(prompt) :
        ]
        assert list(completion.token_ids) == theirs.tolist()


@pytest.mark.vllm
def test_completions_depend_on_prompt_and_seed_and_on_nothing_else(started):
    together = tokens(started.engine.generate(PROMPTS, SEEDS, SAMPLING))
    assert len({c for group in together for c in group}) == 12
    order = [2, 0, 1]
    shuffled = started.engine.generate([PROMPTS[p] for p in order], [SEEDS[p][::-1] for p in order], SAMPLING)
    assert tokens(shuffled) == [together[p][::-1] for p in order]
    alone = [
        [tokens(started.engine.generate([p], [[s]], SAMPLING))[0][0] for s in own]
        for p, own in zip(PROMPTS, SEEDS, strict=True)
    ]
    assert alone == together
    uneven = started.engine.generate(PROMPTS, [SEEDS[0][:1], [], SEEDS[2]], SAMPLING)
    assert tokens(uneven) == [together[0][:1], [], together[2]]
    assert started.engine.generate([], [], SAMPLING) == []


@pytest.mark.vllm
def test_a_completion_ends_at_a_stop_token_or_at_the_limit(started):
    started.engine.stop_ids = [*range(3, 33)]
    completions = flat(started.engine.generate(PROMPTS, [range(20)] * 3, SAMPLING))
    started.engine.stop_ids = [2]
    assert {c.finish_reason for c in completions} == {"stop", "length"}
    for completion in completions:
        stops = [token in range(3, 33) for token in completion.token_ids]
        assert not any(stops[:-1])
        assert stops[-1] == (completion.finish_reason == "stop")
        assert len(completion.token_ids) == 12 or stops[-1]
        assert len(completion.sampling_logps) == len(completion.token_ids)


@pytest.mark.vllm
def test_new_weights_are_sampled_with_and_nothing_of_the_old_ones_is_left_in_the_cache(started):
    greedy = SamplingConfig(temperature=0.0, max_tokens=12)
    before = [started.engine.generate(PROMPTS, SEEDS, s) for s in (SAMPLING, greedy)]
    with torch.no_grad():
        for name, parameter in started.model.named_parameters():
            wave = torch.sin(torch.arange(parameter.numel()) + float(len(name))).view_as(parameter)
            parameter.add_(wave, alpha=0.02)
    assert (reported_logps(before[0]) - expected_logps(started.model, before[0], SAMPLING)).abs().mean() > 0.1
    started.sync()
    after = [started.engine.generate(PROMPTS, SEEDS, s) for s in (SAMPLING, greedy)]
    assert tokens(after[0]) != tokens(before[0])
    for completions, sampling in zip(after, (SAMPLING, greedy), strict=True):
        assert_engine_is(started.model, completions, sampling)


@pytest.mark.vllm
def test_the_tied_head_is_part_of_the_weights(started):
    """Without it vLLM goes on with the head it had: nothing but the log-probabilities shows it."""
    with torch.no_grad():
        started.model.get_input_embeddings().weight.mul_(1.5)
    started.engine.update_weights((n, w) for n, w in stream_weights(started.model) if n != "lm_head.weight")
    headless = started.engine.generate(PROMPTS, SEEDS, SAMPLING)
    assert (reported_logps(headless) - expected_logps(started.model, headless, SAMPLING)).abs().mean() > 0.05
    started.sync()
    assert_engine_is(started.model, started.engine.generate(PROMPTS, SEEDS, SAMPLING), SAMPLING)


@pytest.mark.vllm
def test_merged_adapters_are_sampled_with(started, wide_folder):
    policy = load_policy(PolicyConfig(str(wide_folder), lora=LoraConfig(4, 8)), with_reference=False)
    with torch.no_grad():
        for name, parameter in policy.model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.sin(torch.arange(parameter.numel()).float()).view_as(parameter) / 8)
    started.engine.update_weights(stream_weights(policy.model))
    completions = started.engine.generate(PROMPTS, SEEDS, SAMPLING)
    merged = policy.model.merge_and_unload()
    merged.set_attn_implementation("sdpa")
    assert_engine_is(merged, completions, SAMPLING)
    assert (reported_logps(completions) - expected_logps(started.model, completions, SAMPLING)).abs().mean() > 0.05


@pytest.mark.vllm
def test_sleep_and_a_second_start_do_no_harm(started):
    before = tokens(started.engine.generate(PROMPTS, SEEDS, SAMPLING))
    started.engine.sleep()
    started.engine.start(started.model, started.engine.tokenizer, 64, torch.float32, CPU)
    started.sync()
    assert tokens(started.engine.generate(PROMPTS, SEEDS, SAMPLING)) == before


@pytest.mark.vllm
def test_an_engine_on_another_device_than_the_process_is_refused(started, monkeypatch):
    monkeypatch.setattr(started.engine, "_llm", None)
    core = SimpleNamespace(engine_core=SimpleNamespace(shutdown=lambda: None))
    worker = SimpleNamespace(device=torch.device("cuda", 0))
    other = SimpleNamespace(collective_rpc=lambda ask: [ask(worker)], llm_engine=core)
    monkeypatch.setattr("vllm.LLM", lambda **options: other)
    with pytest.raises(EngineError, match="vLLM computes on cuda:0, and this process was given cpu: two engines"):
        started.engine.start(started.model, started.engine.tokenizer, 64, torch.float32, CPU)


@pytest.fixture
def cards(monkeypatch) -> pytest.MonkeyPatch:
    """Behind all other tests of this process: vLLM keeps some of what it has found."""
    pytest.importorskip("vllm", reason="vLLM is not installed")
    put_cards(monkeypatch)
    return monkeypatch


@pytest.mark.vllm
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_each_process_has_its_engine_on_its_own_card_whatever_starts_it(wide_folder, cards, launcher):
    for node, local in [*((0, local) for local in range(8)), (1, 0), (1, 7)]:
        with cards.context() as process:
            for name, value in LAUNCHERS[launcher](node, local).items():
                process.setenv(name, value)
            device = root_device(8, num_nodes=2)
            assert device == torch.device("cuda", local)
            assert taken_by_engine(wide_folder, device, process) == f"cuda:{local}"


@pytest.mark.vllm
def test_cards_are_counted_among_those_that_are_visible(wide_folder, cards):
    cards.setenv("CUDA_VISIBLE_DEVICES", "4,5,0,1,2,3,6,7")
    for local in (0, 2, 7):
        assert taken_by_engine(wide_folder, torch.device("cuda", local), cards) == f"cuda:{local}"


@pytest.mark.vllm
def test_a_single_process_has_its_engine_on_the_card_that_was_asked_for(wide_folder, cards):
    for devices, index in (([3], 3), (1, 0)):
        assert taken_by_engine(wide_folder, root_device(devices), cards) == f"cuda:{index}"
