"""vLLM inside this process on a GPU; nothing of this has a small form."""

from __future__ import annotations

import importlib.util
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

from raiden.core.types import Prompt, Reward, Rollout, Sample
from raiden.policy import stream_weights
from raiden.rollout.canary import engine_difference
from raiden.rollout.engines import SamplingConfig, VLLMEngine
from tests.gpu.tokenizer import word_tokenizer

if TYPE_CHECKING:
    from tests.gpu.checks import Setting


def canary_on_gpu(setting: Setting) -> dict[str, Any]:
    """The distance of log-probabilities before and after the weights change, and the memory that sleep gives back."""
    from tests.gpu.checks import GIB, Skipped

    if importlib.util.find_spec("vllm") is None:
        raise Skipped("vLLM is not installed")
    config = setting.config
    tokenizer = word_tokenizer(config.vocab_size)
    with TemporaryDirectory() as folder:
        model = setting.model()
        model.save_pretrained(folder)
        model.config._name_or_path = folder
        engine = VLLMEngine(gpu_memory_utilization=0.3, enforce_eager=True)
        engine.start(model, tokenizer, 2048, torch.bfloat16, setting.device)
        found: dict[str, Any] = {"device": str(torch.cuda.current_device())}
        sampling = SamplingConfig(max_tokens=64)
        prompts = [tuple(group.prompt) for group in setting.groups()]
        for moment in ("first", "changed"):
            engine.update_weights(stream_weights(model))
            groups = engine.generate(prompts, [[7, 8], [9, 10]], sampling)
            sample: Any = Sample.__new__(Sample)
            rewards: Any = (Reward.__new__(Reward),) * 2
            rollout = Rollout(Prompt(sample, prompts[0]), tuple(groups[0]), rewards)
            found[f"{moment}_difference"] = engine_difference(model, [rollout], sampling, setting.device)
            assert found[f"{moment}_difference"] < 0.05, found
            before = torch.cuda.mem_get_info()[0]
            engine.sleep()
            found["given_back_gib"] = (torch.cuda.mem_get_info()[0] - before) / GIB
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.mul_(1.01)
        engine.close()
    return found
