"""Engines generate completions; the trainer knows them by one small Protocol."""

from raiden.engines.base import Engine, SamplingConfig
from raiden.engines.transformers import TransformersEngine
from raiden.engines.vllm import VLLMEngine

__all__ = ["Engine", "SamplingConfig", "TransformersEngine", "VLLMEngine"]
