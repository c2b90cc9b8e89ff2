"""What the processes of distributed tests import: loaded once, in the process that they are forked from."""

import lightning.pytorch
import torch.distributed.checkpoint
import torch.distributed.fsdp
import torch.distributed.tensor.debug
import torchmetrics
import transformers
from peft.tuners.lora import LoraLayer

import raiden.train.grpo.module
import raiden.train.sft
import raiden.train.strategy

__all__ = ["LoraLayer", "lightning", "raiden", "torch", "torchmetrics", "transformers"]
