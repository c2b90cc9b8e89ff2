"""Generates with vLLM, embedded in the trainer's own process."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from raiden.core.errors import ConfigError, EngineError, require_at_least
from raiden.core.types import Completion
from raiden.data.chat_template import decode
from raiden.rollout.engines.base import Engine, SamplingConfig, stop_token_ids
from raiden.rollout.engines.live import LiveRows
from raiden.rollout.engines.vllm_live import VLLMRows

_INSTALL = (
    "`model.engine`: vLLM is not installed; `pip install 'raiden-r1[vllm]'` on a machine with a CUDA GPU, or follow "
    '"vLLM without a GPU" in docs/gpus.md, or take raiden.rollout.engines.TransformersEngine.'
)
_GIB = 2**30


class VLLMEngine(Engine):
    """One vLLM a process, with its own copy of the weights; prefix caching shares what prompts have in common.

    A completion's log-probabilities are those of the distribution that it was drawn from.
    """

    shares_weights = False

    def __init__(
        self,
        dtype: Literal["float32", "bfloat16", "float16"] | None = None,
        gpu_memory_utilization: float = 0.45,
        cpu_cache_gib: float = 2.0,
        max_num_seqs: int = 256,
        enforce_eager: bool = False,
        sleep_level: Literal[0, 1, 2] = 2,
    ) -> None:
        """
        Args:
            dtype: of the engine's weights; null takes what the policy computes in.
            gpu_memory_utilization: share of the GPU's memory for the engine's weights and cache.
            cpu_cache_gib: without a GPU: memory for keys and values, in GiB.
            max_num_seqs: completions decoded side by side.
            enforce_eager: start faster, without graphs; slower on GPUs.
            sleep_level: what is given back between rollouts on a GPU: 0 nothing, 1 the cache (weights go to host
                memory), 2 the cache and the weights.
        """
        if not 0 < gpu_memory_utilization < 1:
            fault = f"must be above 0 and below 1, got {gpu_memory_utilization}"
            raise ConfigError(f"`model.engine.gpu_memory_utilization` {fault}.")
        if cpu_cache_gib <= 0:
            raise ConfigError(f"`model.engine.cpu_cache_gib` must be above 0, got {cpu_cache_gib}.")
        require_at_least("model.engine.max_num_seqs", max_num_seqs, 1)
        self.dtype = dtype
        self.gpu_memory_utilization = gpu_memory_utilization
        self.cpu_cache_gib = cpu_cache_gib
        self.max_num_seqs = max_num_seqs
        self.enforce_eager = enforce_eager
        self.sleep_level = sleep_level
        self._llm: Any = None
        self._asleep = False
        self._can_sleep = False

    def start(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        if self._llm is not None:
            return
        _set_environment(self.cpu_cache_gib)
        try:
            from vllm import LLM
        except ImportError as error:
            raise ConfigError(_INSTALL) from error
        self.tokenizer = tokenizer
        self.stop_ids = stop_token_ids(model, tokenizer)
        on_gpu = device.type != "cpu"
        own_dtype: Any = self.dtype or str(dtype).removeprefix("torch.")
        # vLLM sets the seed of this process's global generators.
        with torch.random.fork_rng([device] if on_gpu else []):
            try:
                self._llm = LLM(
                    model=str(model.config.name_or_path),
                    # The policy's weights come by update_weights before anything is generated.
                    load_format="dummy",
                    skip_tokenizer_init=True,
                    dtype=own_dtype,
                    max_model_len=max_length,
                    max_num_seqs=self.max_num_seqs,
                    gpu_memory_utilization=self.gpu_memory_utilization,
                    enforce_eager=self.enforce_eager or not on_gpu,
                    enable_prefix_caching=True,
                    # Whole blocks are shared, and the rest of a prompt is computed again for each completion.
                    block_size=32 if not on_gpu else 16,
                    enable_sleep_mode=on_gpu and self.sleep_level > 0,
                    logprobs_mode="processed_logprobs",
                    seed=0,
                    # By itself an engine in the trainer's process takes the first card, whatever the process's rank.
                    # Counted among those that CUDA_VISIBLE_DEVICES leaves, as torch counts.
                    device_ids=[device.index] if on_gpu else None,
                )
            except (ValueError, RuntimeError) as error:  # too little memory; a model that vLLM does not know
                raise EngineError(f"vLLM did not start: {error}") from error
        (own,) = self._llm.collective_rpc(_device_of)
        if own != device:
            self.close()
            raise EngineError(
                f"vLLM computes on {own}, and this process was given {device}: two engines might share a card. Set "
                "`trainer.accelerator` to what vLLM is built for, or take raiden.rollout.engines.TransformersEngine."
            )
        self._asleep = False
        self._can_sleep = on_gpu and self.sleep_level > 0

    def update_weights(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """All of them, adapters merged: vLLM 0.32 reads adapters from files alone, keeps keys and values of the ones
        before under the same name, and has no base left to add them to after sleep level 2."""
        if self._asleep:
            self._llm.wake_up(tags=["weights"])
        self._llm.collective_rpc("reload_weights", kwargs={"weights_iterator": iter(weights)})
        if self._asleep:
            self._llm.wake_up(tags=["kv_cache"])
            self._asleep = False
        # Keys and values in it were computed with the weights before.
        self._llm.reset_prefix_cache()

    def sleep(self) -> None:
        if self._can_sleep and not self._asleep:
            self._llm.sleep(level=self.sleep_level)
            self._asleep = True

    def generate(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]], sampling: SamplingConfig
    ) -> list[list[Completion]]:
        from vllm import TokensPrompt

        requests = [(list(prompt), seed) for prompt, own in zip(prompts, seeds, strict=True) for seed in own]
        if not requests:
            return [[] for _ in prompts]
        outputs = self._llm.generate(
            [TokensPrompt(prompt_token_ids=prompt) for prompt, _ in requests],
            [self._sampling_params(sampling, seed) for _, seed in requests],
            use_tqdm=False,
        )
        completions: Iterator[Completion] = (self._completion(output.outputs[0]) for output in outputs)
        return [[next(completions) for _ in own] for own in seeds]

    def live(self) -> LiveRows:
        """Rows of vLLM's own scheduler."""
        return VLLMRows(self._llm.llm_engine, self._sampling_params)

    def _sampling_params(self, sampling: SamplingConfig, seed: int, **settings: Any) -> Any:
        from vllm import SamplingParams

        return SamplingParams(
            seed=seed,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            min_p=sampling.min_p,
            max_tokens=sampling.max_tokens,
            stop_token_ids=self.stop_ids,
            ignore_eos=True,  # of vLLM's own reading of the model's files
            logprobs=0,  # of the drawn token alone
            detokenize=False,
            **settings,
        )

    def _completion(self, output: Any) -> Completion:
        ids = tuple(output.token_ids)
        logps = tuple(entry[token].logprob for token, entry in zip(ids, output.logprobs, strict=True))
        text = decode(self.tokenizer, ids)
        return Completion(ids, logps, text, "stop" if ids[-1] in self.stop_ids else "length")

    def close(self) -> None:
        if self._llm is None:
            return
        # Before the process groups go away: vLLM's own exit hook would miss them.
        self._llm.llm_engine.engine_core.shutdown()
        self._llm = None


def _device_of(worker: Any) -> torch.device:
    device: torch.device = worker.device
    return device


def _set_environment(cpu_cache_gib: float) -> None:
    """What vLLM reads when it is imported. A variable that the user has set stays."""
    defaults = {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # in this process: weights are handed over without a copy
        "VLLM_CPU_KVCACHE_SPACE": str(max(1, round(cpu_cache_gib))),
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # torch keeps its threads
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
