"""Engines generate completions; the trainer knows them by one small base class."""

from raiden.rollout.engines.base import Engine, HeldOutSampling, SamplingConfig, stop_token_ids
from raiden.rollout.engines.transformers import TransformersEngine
from raiden.rollout.engines.vllm import VLLMEngine
