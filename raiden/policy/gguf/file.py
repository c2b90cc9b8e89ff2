"""The policy as a GGUF file, which llama.cpp, Ollama, KoboldCpp and LM Studio read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType
from torch import Tensor

from raiden.core.errors import TrainingError
from raiden.data.chat_template import ChatTemplate
from raiden.policy.finite import nonfinite_of
from raiden.policy.gguf.families import Translation, add_shape, extra_tensors, family_of, notes_on
from raiden.policy.gguf.vocabulary import Vocabulary, vocabulary_of
from raiden.policy.loading import Policy
from raiden.policy.weights import stream_weights

GgufType = Literal["f32", "f16", "bf16", "q8_0"]
_FILE_TYPES = {
    "f32": LlamaFileType.ALL_F32,
    "f16": LlamaFileType.MOSTLY_F16,
    "bf16": LlamaFileType.MOSTLY_BF16,
    "q8_0": LlamaFileType.MOSTLY_Q8_0,
}
_Q8_BLOCK = 32


@dataclass(frozen=True)
class Placed:
    """A tensor of the file: its name there, shape and type."""

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType

    @property
    def num_bytes(self) -> int:
        """In the file, without what comes between tensors."""
        block, size = gguf.GGML_QUANT_SIZES[self.kind]
        return int(np.prod(self.shape)) // block * size


class GgufFile:
    """What a policy is in GGUF: refused as a whole before anything is written.

    Args:
        dtype: of matrices; vectors stay in float32. Those of `q8_0` whose rows are not made of blocks of 32 are f16.
        chat: the policy's chat template as its run uses it.

    Raises:
        ConfigError: llama.cpp would not compute what this model does.
        TrainingError: a weight is no finite number, or has none in this type.
    """

    def __init__(self, policy: Policy, dtype: GgufType, chat: ChatTemplate, name: str) -> None:
        self.policy = policy
        self.dtype = dtype
        self.name = name
        self.config: Any = policy.model.config
        self.family = family_of(self.config)
        self.notes = notes_on(self.config)
        self._translation = Translation(self.config, self.family)
        num_rows = policy.model.get_input_embeddings().weight.shape[0]
        self.vocabulary: Vocabulary = vocabulary_of(policy.tokenizer, chat, num_rows)
        self.tensors = [self._placed(name, weight) for name, weight in self.weights()]

    @property
    def num_bytes(self) -> int:
        """Of its tensors."""
        return sum(tensor.num_bytes for tensor in self.tensors)

    def write(self, path: Path, tell: Callable[[int], None]) -> None:
        """Writes the file; a tensor at a time is in memory a second time.

        Args:
            tell: hears how many bytes of tensors have been written.
        """
        writer = GGUFWriter(path, gguf.MODEL_ARCH_NAMES[self.family.arch])
        self._add_header(writer)
        for tensor in self.tensors:
            writer.add_tensor_info(
                tensor.name, tensor.shape, np.dtype(np.float32), tensor.num_bytes, raw_dtype=tensor.kind
            )
        try:
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_ti_data_to_file()
            num_written = 0
            for tensor, (_, weight) in zip(self.tensors, self.weights(), strict=True):
                writer.write_tensor_data(gguf.quantize(weight.float().numpy(), tensor.kind))
                num_written += tensor.num_bytes
                tell(num_written)
        finally:
            writer.close()

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """Names and values as llama.cpp has them, on the CPU; a tied head is left out, it takes the embeddings."""
        for name, weight in extra_tensors(self.config):
            yield name, weight
        for name, weight in stream_weights(self.policy.model):
            if name == "lm_head.weight" and self.config.tie_word_embeddings:
                continue
            yield self._translation.name(name), self._translation.values(name, weight.cpu()).contiguous()

    def _placed(self, name: str, weight: Tensor) -> Placed:
        kind = self._kind(name, weight)
        cast = weight.half() if kind is GGMLQuantizationType.F16 else weight
        if nonfinite_of([(name, cast)]):
            raise TrainingError(
                f"{name} holds a NaN or an infinity as it would be exported in {kind.name.lower()}. "
                "Nothing was written; export an earlier checkpoint, or in f32 or bf16, whose numbers are as large."
            )
        return Placed(name, tuple(weight.shape), kind)

    def _kind(self, name: str, weight: Tensor) -> GGMLQuantizationType:
        if weight.dim() < 2 or name.endswith("_norm.weight"):
            return GGMLQuantizationType.F32
        if self.dtype == "q8_0" and weight.shape[-1] % _Q8_BLOCK:
            return GGMLQuantizationType.F16
        return GGMLQuantizationType[self.dtype.upper()]

    def _add_header(self, writer: GGUFWriter) -> None:
        writer.add_type(gguf.GGUFType.MODEL)
        writer.add_name(self.name)
        writer.add_file_type(_FILE_TYPES[self.dtype])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        add_shape(writer, self.config, self.family)
        self.vocabulary.add_to(writer)
