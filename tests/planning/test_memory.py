"""The formulas of a plan: against what autograd keeps, and by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, Glm4Config, Qwen2Config, Qwen2ForCausalLM

from raiden.packing import ATTENTION
from raiden.packing.batching import Group, MicroBatch, micro_batches
from raiden.packing.logps import token_logps
from raiden.planning import GIB
from raiden.planning.activations import kept_between_layers, kept_by_layer, kept_outside, logits
from raiden.planning.engine import Wave, engine_moments, transformers_sampling
from raiden.planning.memory import Training, update_moments, weights
from raiden.planning.model import NORMS, read_model
from raiden.planning.shape import Adapters, Parameters, Pass, Precision, Shape
from raiden.planning.workload import size_of
from raiden.policy import LoraConfig, PolicyConfig, load_policy
from raiden.policy.loading import add_lora
from raiden.policy.quantised import is_quantised
from raiden.rollout.engines import VLLMEngine

DATA = Path(__file__).parent.parent / "data"
FULL = Precision(weights=4, compute=4, autocast=False)
HALF = Precision(weights=2, compute=2, autocast=False)
ALL_LINEAR = frozenset(["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
SMALL = Shape(num_layers=3, hidden=10, heads=4, kv_heads=2, head_dim=5, intermediate=30, vocab=100, tied=False)
PASS = Pass(tokens=8, scored=6, mask=64, copied_keys=0)


# Activations


def shape(num_layers: int) -> Shape:
    return Shape(num_layers, hidden=64, heads=6, kv_heads=2, head_dim=16, intermediate=176, vocab=1013, tied=True)


def model(num_layers: int, dtype: torch.dtype) -> Qwen2ForCausalLM:
    own = shape(num_layers)
    config = Qwen2Config(
        vocab_size=own.vocab,
        hidden_size=own.hidden,
        intermediate_size=own.intermediate,
        num_hidden_layers=own.num_layers,
        num_attention_heads=own.heads,
        num_key_value_heads=own.kv_heads,
        head_dim=own.head_dim,
        tie_word_embeddings=own.tied,
        attn_implementation=ATTENTION,
    )
    return Qwen2ForCausalLM(config).to(dtype).train()


def of_four_heads(num_layers: int) -> Shape:
    """Llama's config wants a hidden size that its heads divide."""
    return replace(shape(num_layers), heads=4, head_dim=24)


def of_family(model_type: str, num_layers: int, dtype: torch.dtype) -> torch.nn.Module:
    own = of_four_heads(num_layers)
    config = AutoConfig.for_model(
        model_type,
        vocab_size=own.vocab,
        hidden_size=own.hidden,
        intermediate_size=own.intermediate,
        num_hidden_layers=own.num_layers,
        num_attention_heads=own.heads,
        num_key_value_heads=own.kv_heads,
        head_dim=own.head_dim,
        pad_token_id=0,
        sliding_window=None,
    )
    return AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=ATTENTION).train()


def two_groups() -> MicroBatch:
    """50 shared tokens, 20 of each prompt's own, four completions of 13 each; 104 are scored, 96 predict others."""
    groups = [
        Group([*range(50), *range(100 + 20 * i, 120 + 20 * i)], [[c] * 13 for c in range(4)], range(4 * i, 4 * i + 4))
        for i in range(2)
    ]
    (batch,) = micro_batches(groups, 1000, torch.device("cpu"))
    return batch


def size_of_two_groups() -> Pass:
    batch = two_groups()
    return size_of(batch.packed.layout, len(batch.targets))


def kept_by_autograd(policy: torch.nn.Module) -> int:
    """Bytes of all that is saved for a backward pass, without the weights; what shares storage counts once."""
    weights = {p.untyped_storage().data_ptr() for p in policy.parameters()}
    saved: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        saved.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        token_logps(policy, two_groups(), temperature=0.7)
    return sum(t.untyped_storage().nbytes() for pointer, t in saved.items() if pointer not in weights)


def test_a_pass_is_measured_in_tokens_scores_masks_and_copied_keys():
    # Runs: the 50 shared tokens, which see themselves only; twice 20 that see the 50, and 4 * 12 that see all 70.
    mask, copied = 20 * 70 + 4 * 12 * 82, 70 + 4 * 82
    assert size_of_two_groups() == Pass(tokens=186, scored=104, mask=2 * mask, copied_keys=2 * copied)


@pytest.fixture(params=[False, True], ids=["cpu", "as_on_gpus"])
def on_gpu(request) -> bool:
    """With the attention of CPUs, and with that of GPUs."""
    if request.param:
        request.getfixturevalue("as_on_gpus")
    return request.param


@pytest.mark.parametrize(("precision", "dtype"), [(FULL, torch.float32), (HALF, torch.bfloat16)])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_autograd_keeps_what_the_formulas_say(precision, dtype, num_layers, on_gpu):
    size, own = size_of_two_groups(), shape(num_layers)
    predicted = num_layers * kept_by_layer(own, size, precision, None, on_gpu)
    predicted += kept_outside(own, size, precision, on_gpu=False)  # the masks are the batch's, not autograd's
    predicted += logits(own, size)
    assert kept_by_autograd(model(num_layers, dtype)) == predicted


@pytest.mark.parametrize("targets", ["all-linear", "q_proj,v_proj"])
@pytest.mark.parametrize(("precision", "dtype"), [(FULL, torch.float32), (HALF, torch.bfloat16)])
def test_autograd_keeps_for_another_layer_with_adapters_what_the_formula_says(targets, precision, dtype, on_gpu):
    lora = LoraConfig(rank=8, target_modules=targets)
    two, three = (kept_by_autograd(add_lora(model(n, dtype), lora)) for n in (2, 3))
    adapters = Adapters(8, ALL_LINEAR if targets == "all-linear" else frozenset(targets.split(",")))
    assert three - two == kept_by_layer(shape(3), size_of_two_groups(), precision, adapters, on_gpu)


@pytest.mark.parametrize("lora", [None, LoraConfig(rank=8)], ids=["full", "lora"])
@pytest.mark.parametrize(("precision", "dtype"), [(FULL, torch.float32), (HALF, torch.bfloat16)])
@pytest.mark.parametrize("family", NORMS)
def test_autograd_keeps_for_another_layer_of_each_family_what_the_formula_says(family, precision, dtype, lora, on_gpu):
    two, three = (of_family(family, n, dtype) for n in (2, 3))
    if lora is not None:
        two, three = add_lora(two, lora), add_lora(three, lora)
    adapters = None if lora is None else Adapters(8, ALL_LINEAR)
    own = replace(of_four_heads(3), **NORMS[family])
    difference = kept_by_autograd(three) - kept_by_autograd(two)
    assert difference == kept_by_layer(own, size_of_two_groups(), precision, adapters, on_gpu)


def test_with_checkpointing_autograd_keeps_a_layers_input(on_gpu):
    two, three = (model(n, torch.float32) for n in (2, 3))
    for policy in (two, three):
        policy.gradient_checkpointing_enable({"use_reentrant": False})
    difference = kept_by_autograd(three) - kept_by_autograd(two)
    assert difference == kept_between_layers(shape(3), size_of_two_groups(), FULL) == 186 * 64 * 4


def test_a_layer_by_hand():
    # 8 tokens; H 10, A 20, K 10, I 30, all in float32; 64 elements of masks.
    numbers = 8 * (6 * 10 + 3 * 20 + 4 * 30) + 2 * 8 * 10 + 64
    factors = 2 * 8 + 8 * 4  # of two norms; of four heads' softmax
    assert kept_by_layer(SMALL, PASS, FULL) == 4 * (numbers + factors)


# Parameters


@pytest.mark.parametrize(("size", "billions"), [("14b", 14.77), ("7b", 7.616)])
def test_parameters_are_counted_without_weights(size, billions):
    _, parameters, adapters = read_model(PolicyConfig("Qwen/any"), str(DATA / f"qwen2.5-{size}-instruct.json"))
    assert parameters.total / 1e9 == pytest.approx(billions, abs=5e-4)
    assert parameters.trained == parameters.total
    assert adapters is None


def test_the_parts_of_a_model_by_hand():
    own, parameters, _ = read_model(PolicyConfig("Qwen/any"), str(DATA / "qwen2.5-14b-instruct.json"))
    assert (own.heads, own.kv_heads, own.head_dim, own.tied) == (40, 8, 128, False)
    # q and o: 5120 x 5120; k and v: 5120 x 1024; biases of q, k, v; three of the MLP; two norms.
    layer = 2 * 5120**2 + 2 * 5120 * 1024 + 5120 + 2 * 1024 + 3 * 5120 * 13824 + 2 * 5120
    assert parameters.layer == layer
    assert parameters.outside == 2 * 152064 * 5120 + 5120
    assert parameters.total == 48 * layer + parameters.outside


def test_of_a_family_whose_layers_are_unknown_the_parameters_are_counted(tmp_path):
    Glm4Config(pad_token_id=0, num_hidden_layers=2).save_pretrained(tmp_path)
    own, parameters, _ = read_model(PolicyConfig("any/glm4"), str(tmp_path / "config.json"))
    assert own is None
    assert parameters.total > 0


def test_a_tied_head_counts_once(tiny_folder, tiny_model):
    own, parameters, _ = read_model(PolicyConfig(str(tiny_folder)))
    assert own.tied
    assert parameters.total == sum(p.numel() for p in tiny_model.parameters())


def test_adapters_are_what_is_trained(tiny_folder):
    policy = PolicyConfig(str(tiny_folder), lora=LoraConfig(rank=4, target_modules="q_proj,down_proj"))
    _, parameters, adapters = read_model(policy)
    # Two layers: q 64 -> 64, down 128 -> 64; a rank-4 adapter has 4 numbers for each input and output.
    assert parameters.trained == 2 * 4 * ((64 + 64) + (128 + 64))
    assert adapters == Adapters(4, frozenset({"q_proj", "down_proj"}))


def test_a_policy_in_4_bits_takes_what_is_planned_for_its_weights(tiny_folder):
    config = PolicyConfig(str(tiny_folder), quantization="nf4", lora=LoraConfig(rank=4))
    shape, parameters, adapters = read_model(config)
    training = Training(shape, parameters, FULL, adapters)
    model = load_policy(config).model
    held = sum(p.nbytes for p in model.parameters())
    for state in (p.quant_state for p in model.parameters() if is_quantised(p)):
        held += state.absmax.nbytes + state.state2.absmax.nbytes
    assert weights(training) == pytest.approx(held, rel=2e-3)
    assert parameters.quantised == sum(p.quant_state.shape.numel() for p in model.parameters() if is_quantised(p))


# Memory

THOUSAND = Training(
    shape=SMALL,
    parameters=Parameters(total=10_000, trained=10_000, layer=2_000, outside=4_000, largest=1_800),
    precision=FULL,
)


def test_adamw_in_float32_takes_sixteen_bytes_a_parameter():
    moment = update_moments(THOUSAND, PASS)["embeddings"]
    sizes = {"weights": 40_000, "optimizer states": 80_000, "gradients": 40_000}
    assert {name: moment[name] for name in sizes} == sizes


def test_shards_divide_all_that_stays_and_the_reference():
    moment = update_moments(replace(THOUSAND, shards=8, with_reference=True), PASS)["embeddings"]
    assert moment["weights"] == moment["gradients"] == moment["reference"] == 5_000
    assert moment["optimizer states"] == 10_000


def test_shards_are_gathered_and_reduced_in_their_types():
    half = Precision(weights=4, compute=2, autocast=False)
    moments = update_moments(replace(THOUSAND, shards=8, precision=half), PASS)
    assert moments["layers"]["compute-type weights"] == 4_000 * 2
    # Gradients in bfloat16, then in float32.
    assert moments["embeddings"]["embedding backward"] == 4_000 * (2 + 4)


def test_adapters_need_gradients_and_states_of_their_own_only():
    frozen = replace(
        THOUSAND,
        parameters=replace(THOUSAND.parameters, trained=100),
        precision=HALF,
        adapters=Adapters(8, ALL_LINEAR),
    )
    moment = update_moments(frozen, PASS)["embeddings"]
    assert moment["weights"] == 9_900 * 2 + 100 * 4
    assert moment["gradients"] == 400
    assert moment["optimizer states"] == 800


def test_logits_are_alive_twice_and_a_block_of_probabilities():
    assert update_moments(THOUSAND, PASS)["logits"]["logits"] == 3 * 6 * 100 * 4
    # In bfloat16 the head's own output is there as well.
    assert update_moments(replace(THOUSAND, precision=HALF), PASS)["logits"]["logits"] == 3 * 6 * 100 * 4 + 6 * 100 * 2


def test_gradients_are_there_at_the_beginning_only_where_passes_add_up():
    assert "gradients" in update_moments(THOUSAND, PASS)["logits"]
    assert "gradients" not in update_moments(replace(THOUSAND, adds_up=False), PASS)["logits"]


def test_checkpointing_keeps_less_and_computes_one_layer_anew():
    plain, anew = (update_moments(replace(THOUSAND, checkpointing=on), PASS)["layers"] for on in (False, True))
    assert anew["activations"] < plain["activations"]
    assert anew["layer backward"] - plain["layer backward"] == kept_by_layer(SMALL, PASS, FULL)


# Engines

WAVE = Wave(prompt_tokens=100, mask=10_000, rows=4, max_tokens=25)


def test_a_sleeping_engine_takes_nothing_from_the_update():
    awake, learning = engine_moments(THOUSAND, VLLMEngine(gpu_memory_utilization=0.5), WAVE, 1_000_000)
    assert awake["engine: weights"] == 40_000
    assert awake["engine: weights"] + awake["engine: cache"] == 500_000
    assert learning == {}


def test_an_engine_that_never_sleeps_takes_its_share_always():
    _, learning = engine_moments(THOUSAND, VLLMEngine(gpu_memory_utilization=0.5, sleep_level=0), WAVE, 1_000_000)
    assert sum(learning.values()) == 500_000


def test_without_a_gpu_vllm_never_sleeps_and_packs_a_tied_head_once_more():
    tied = replace(THOUSAND, on_gpu=False, shape=replace(SMALL, tied=True))
    awake, learning = engine_moments(tied, VLLMEngine(cpu_cache_gib=2.0), WAVE, GIB)
    assert awake["engine: weights"] == (10_000 + 1_800) * 4
    assert learning["engine: cache"] == 2 * GIB


def test_the_policys_own_engine_keeps_keys_and_values_of_prompts_once():
    # (100 tokens of prompts + 4 rows x 25) x keys and values x 3 layers x 10 wide x 4 bytes.
    assert transformers_sampling(THOUSAND, WAVE)["engine: cache"] == 200 * 2 * 3 * 10 * 4


def test_without_a_gpu_the_policys_own_engine_packs_its_weights_once_more():
    assert transformers_sampling(THOUSAND, WAVE)["engine: packed weights"] == 0
    on_cpu = replace(THOUSAND, on_gpu=False)
    assert transformers_sampling(on_cpu, WAVE)["engine: packed weights"] == 10_000 * 4
    in_bfloat16 = replace(on_cpu, precision=replace(on_cpu.precision, compute=2, autocast=True))
    assert transformers_sampling(in_bfloat16, WAVE)["engine: packed weights"] == 0
