"""Engines generate completions; the trainer knows them by one small Protocol."""

from raiden.engines.base import Engine, SamplingConfig, stop_token_ids
from raiden.engines.transformers import TransformersEngine
from raiden.engines.vllm import VLLMEngine

__all__ = ["Engine", "SamplingConfig", "TransformersEngine", "VLLMEngine", "stop_token_ids"]
