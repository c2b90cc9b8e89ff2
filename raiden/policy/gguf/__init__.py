"""The policy for llama.cpp and what is built on it."""

from raiden.policy.gguf.file import GgufFile, GgufType
