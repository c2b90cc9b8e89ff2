"""A base in 4 bits computes, learns and is exported as the same numbers in whole ones are."""

from __future__ import annotations

import asyncio
import json
import math
import shutil

import pytest
import torch
from bitsandbytes.nn import Linear4bit
from safetensors.torch import load_file, save_file
from torch.distributed.device_mesh import init_device_mesh
from transformers import AutoModelForCausalLM

from raiden.__main__ import main
from raiden.commands.local_model import open_local
from raiden.commands.model_options import ModelOptions
from raiden.core.errors import ConfigError
from raiden.core.types import Message
from raiden.endpoints import ChatRequest
from raiden.policy import LoraConfig, Placement, PolicyConfig, export_policy, load_policy, stream_weights
from raiden.policy.quantised import BYTES_A_NUMBER, is_quantised
from raiden.policy.sources import weight_files
from raiden.train.checkpoints import checkpoints_of
from raiden.train.grpo import ObjectiveConfig
from raiden.train.optimization import OptimizerConfig, make_optimizer
from tests.grpo.records import make_rollout, make_update, pairs_of
from tests.padded import padded_logps
from tests.policy.test_weights import gpt2_folder  # noqa: F401
from tests.runs import fit_arguments, weights_hash, write_samples_file

ROLLOUTS = [
    make_rollout([60, 61, 62], [[30, 31, 32], [33]], [1.0, 0.0]),
    make_rollout([60, 61, 64], [[34, 35], [36, 37, 38]], [0.0, 1.0]),
]


def quantised(folder, **options):
    config = PolicyConfig(str(folder), quantization="nf4", lora=LoraConfig(4), **options)
    return load_policy(config, with_reference=True)


def with_adapters(policy):
    """The policy with adapters that are no longer zero, the same ones for all."""
    with torch.no_grad():
        for name, parameter in policy.model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.sin(torch.arange(parameter.numel()).float()).view_as(parameter) / 8)
    return policy


@pytest.fixture
def dequantised_folder(untied_folder, tmp_path):
    """The numbers that the layers in 4 bits hold, in float32."""
    return export_policy(quantised(untied_folder), tmp_path / "dequantised")


def step(policy):
    """Loss, gradients, metrics and adapters of a GRPO step with KL to the reference."""
    update = make_update(ROLLOUTS, ObjectiveConfig(beta=0.1))
    with policy.reference() as reference:
        update.compute_ref_logps(reference)
    optimizer, _ = make_optimizer(policy.model.parameters(), OptimizerConfig(lr=1e-3), 1)
    loss = sum(update.losses(policy.model, range(2)))
    loss.backward()
    gradients = {name: p.grad.clone() for name, p in policy.model.named_parameters() if p.requires_grad}
    optimizer.step()
    return loss.item(), gradients, dict(policy.model.named_parameters())


@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "recomputed"])
def test_a_step_is_that_of_the_same_numbers_in_float32(untied_folder, dequantised_folder, checkpointing):
    lora = PolicyConfig(str(dequantised_folder), lora=LoraConfig(4), gradient_checkpointing=checkpointing)
    plain = step(with_adapters(load_policy(lora)))
    loss, gradients, weights = step(with_adapters(quantised(untied_folder, gradient_checkpointing=checkpointing)))
    assert loss == pytest.approx(plain[0], abs=1e-6)
    assert gradients.keys() == plain[1].keys()
    assert all(gradient.abs().max() > 1e-6 for name, gradient in gradients.items())
    for name, gradient in plain[1].items():
        torch.testing.assert_close(gradients[name], gradient, rtol=0, atol=1e-6)
        torch.testing.assert_close(weights[name], plain[2][name], rtol=0, atol=1e-5)


def test_the_packed_tree_is_separate_rows_and_not_the_model_before(untied_folder):
    policy = with_adapters(quantised(untied_folder))
    update = make_update(ROLLOUTS, ObjectiveConfig(beta=0.1))
    update.compute_ref_logps(policy.model)
    policy.model.set_attn_implementation("sdpa")
    rows = torch.cat(padded_logps(policy.model, pairs_of(ROLLOUTS)))
    torch.testing.assert_close(update.batch.ref_logps, rows, rtol=0, atol=1e-5)
    unquantised = padded_logps(AutoModelForCausalLM.from_pretrained(untied_folder), pairs_of(ROLLOUTS))
    assert (torch.cat(unquantised) - rows).abs().max() > 0.01


def test_layers_lie_in_4_bits_and_head_embeddings_and_norms_as_they_were(untied_folder):
    policy, plain = quantised(untied_folder), AutoModelForCausalLM.from_pretrained(untied_folder)
    layers = {n: p for n, p in policy.model.named_parameters() if is_quantised(p)}
    assert len(layers) == 14
    num = sum(p.quant_state.shape.numel() for p in layers.values())
    states = [p.quant_state for p in layers.values()]
    held = sum(p.nbytes for p in layers.values())
    held += sum(s.absmax.nbytes + s.state2.absmax.nbytes for s in states)
    assert held / num == pytest.approx(BYTES_A_NUMBER, rel=2e-3)
    streamed = dict(stream_weights(policy.model))
    for name, weight in plain.state_dict().items():
        off = (streamed[name] - weight).abs().max() / weight.abs().max()
        assert (0.02 < off < 0.2) if name.endswith("_proj.weight") else torch.equal(streamed[name], weight), name


def test_the_export_is_the_policy_merged_in_an_ordinary_folder(untied_folder, tmp_path):
    policy = with_adapters(quantised(untied_folder))
    made = export_policy(policy, tmp_path / "made", "float32")
    exported, report = AutoModelForCausalLM.from_pretrained(made, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert not any(isinstance(module, Linear4bit) for module in exported.modules())
    assert "quantization_config" not in (made / "config.json").read_text()
    policy.model.set_attn_implementation("sdpa")
    for ours, theirs in zip(*(padded_logps(m, pairs_of(ROLLOUTS)) for m in (policy.model, exported)), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def test_no_layer_is_packed_anew_where_the_processor_has_instructions_for_it(untied_folder):
    layers = [m for m in quantised(untied_folder).model.modules() if isinstance(m, Linear4bit)]
    assert layers
    assert not any(layer.support_avx512bf16_for_cpu for layer in layers)


def test_a_weight_that_is_no_number_is_refused_though_in_4_bits_it_is_one(untied_folder, tmp_path):
    folder = shutil.copytree(untied_folder, tmp_path / "broken")
    name = "model.layers.1.mlp.up_proj.weight"
    file = weight_files(folder)[name]
    weights = load_file(file)
    weights[name][3, 5] = math.nan
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(ConfigError, match=rf"not finite numbers \(1 weights, the first: {name}"):
        quantised(folder)


def test_what_does_not_go_with_it_is_refused_with_the_remedy(untied_folder, gpt2_folder, tmp_path, monkeypatch):  # noqa: F811
    with pytest.raises(ConfigError, match=r"cannot be trained; train adapters \(`model\.policy\.lora\.rank`\)"):
        PolicyConfig(str(untied_folder), quantization="nf4")
    with pytest.raises(ConfigError, match=r"attn\.c_attn keeps its weight as \(in, out\)"):
        quantised(gpt2_folder)
    policy = quantised(untied_folder)
    policy.model.unload().save_pretrained(tmp_path / "in 4 bits")
    policy.tokenizer.save_pretrained(tmp_path / "in 4 bits")
    with pytest.raises(ConfigError, match=r"the files of .* are quantised already"):
        quantised(tmp_path / "in 4 bits")
    monkeypatch.setattr("raiden.policy.quantised.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'raiden-r1\[qlora\]'"):
        quantised(untied_folder)


def test_shards_are_refused(untied_folder):
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        placement = Placement(torch.device("cpu"), init_device_mesh("cpu", (1,)))
        config = PolicyConfig(str(untied_folder), quantization="nf4", lora=LoraConfig(4))
        with pytest.raises(ConfigError, match=r"lie whole on one device; set `trainer\.strategy` to auto"):
            load_policy(config, placement=placement)
    finally:
        torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def run(tiny_folder, tmp_path_factory):
    """A run of four steps, and one that was stopped after two of them and went on."""
    folder = tmp_path_factory.mktemp("quantised")
    samples = write_samples_file(folder / "samples.json")

    def fit(logs, *more):
        options = fit_arguments(tiny_folder, samples, folder / logs, "--model.optimizer.schedule=constant")
        short = ("--trainer.limit_train_batches=2", "--trainer.limit_val_batches=0", "--export.enabled=false")
        assert main([*options, *short, "--model.policy.quantization=nf4", "--model.policy.lora.rank=2", *more]) == 0
        return folder / logs / "tiny" / "version_0"

    whole = fit("whole")
    fit("stopped", "--trainer.max_steps=2")
    return whole, fit("stopped", "--ckpt_path=last")


def test_a_run_goes_on_bit_for_bit(run):
    whole, stopped = run
    assert weights_hash(stopped) == weights_hash(whole)
    stored = torch.load(checkpoints_of(whole)[-1], weights_only=True)["state_dict"]
    assert all(".lora_" in name for name in stored)


def test_its_checkpoint_is_validated_talks_and_is_exported(run, tmp_path, capsys):
    checkpoint = checkpoints_of(run[0])[-1]
    config = ["--config", str(run[0] / "config.yaml"), f"--ckpt_path={checkpoint}", "--trainer.limit_val_batches=1"]
    report = tmp_path / "report.json"
    assert main(["validate", *config, f"--output_file={report}"]) == 0
    assert json.loads(report.read_text())["metrics"]
    assert main(["export", str(checkpoint), f"--output={tmp_path / 'made'}"]) == 0
    from_checkpoint, from_export = (open_local(ModelOptions(str(path))) for path in (checkpoint, tmp_path / "made"))
    ask = ChatRequest((Message("user", "Where do you live?"),), temperature=0.0, max_tokens=12)
    assert asyncio.run(from_checkpoint.complete(ask)).text == asyncio.run(from_export.complete(ask)).text
    pairs = pairs_of(ROLLOUTS)
    for endpoint in (from_checkpoint, from_export):
        endpoint.policy.model.set_attn_implementation("sdpa")
    ours, theirs = (padded_logps(e.policy.model, pairs) for e in (from_checkpoint, from_export))
    torch.testing.assert_close(torch.cat(ours), torch.cat(theirs), rtol=0, atol=1e-5)


def test_shards_are_refused_before_anything_is_started(tiny_folder, tmp_path, capsys):
    samples = write_samples_file(tmp_path / "samples.json")
    more = ("--model.policy.quantization=nf4", "--model.policy.lora.rank=2", "--trainer.strategy=fsdp2")
    assert main(fit_arguments(tiny_folder, samples, tmp_path / "logs", *more)) == 2
    assert "lie whole on one device; set `trainer.strategy` to auto" in capsys.readouterr().err
    assert not (tmp_path / "logs").exists()
