#!/usr/bin/env bash
# TRL 1.16.0: with `loss_type="cispo"` and all else as shipped, every token's importance weight is 0.2.
#
# What a good engineer would guess: CISPO differs from the default loss where the policy has moved since it sampled;
#                                   in the first update after sampling, where every ratio is 1, the two learn alike.
# Seen: the weight is bounded from above by `epsilon_high` itself, whose default is `epsilon`, 0.2, which for all other
#       losses means 1 + 0.2. So every ratio above 0.2 becomes 0.2: the step is a fifth of the other loss's, and what
#       the ratios say of old completions is lost. Nothing warns. With `epsilon_high=5.0`, which the help text
#       recommends for this loss, both steps are the same.
# Why it matters to role play: CISPO is chosen to go through slowly sampled dialogues several times; who changes
# only `loss_type` gets uncorrected policy gradients at a fifth of the learning rate, and a fair-looking curve.
#
# Output seen:
#   trl 1.16.0
#   length of one SGD step, as a share of the default loss's: cispo 0.2, cispo with epsilon_high=5.0 1.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile \
    trl==1.16.0 transformers==5.19.0 torch==2.13.0 datasets==5.2.0
cd "$work"
HF_HUB_OFFLINE=1 "$work/venv/bin/python" - <<'PY'
import logging
import warnings

warnings.simplefilter("ignore")
import torch
import trl
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, set_seed
from trl import GRPOConfig, GRPOTrainer

logging.disable(logging.WARNING)
words = {word: number for number, word in enumerate(["<pad>", "<end>", *(f"w{n}" for n in range(62))])}
tokenizer = Tokenizer(WordLevel(words, "<pad>"))
tokenizer.pre_tokenizer = WhitespaceSplit()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>")


def step_length(**options):
    """How far one step of plain gradient descent, right after sampling, moves the weights."""
    set_seed(0)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=64,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            pad_token_id=0,
            eos_token_id=1,
        )
    )
    before = torch.cat([weight.detach().flatten().clone() for weight in model.parameters()])
    arguments = GRPOConfig(
        output_dir="out",
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        max_steps=1,
        optim="sgd",
        learning_rate=1.0,
        max_grad_norm=0.0,
        num_generations=8,
        per_device_train_batch_size=8,
        max_completion_length=8,
        seed=0,
        **options,
    )
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=lambda completions, **columns: [float(text.count("w1")) for text in completions],
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": "w5 w6 w7"}]),
        processing_class=tokenizer,
    )
    trainer.train()
    after = torch.cat([weight.detach().flatten() for weight in trainer.model.parameters()])
    return (after - before).norm().item()


default = step_length()
assert default > 0
shares = [
    round(step_length(**options) / default, 3)
    for options in ({"loss_type": "cispo"}, {"loss_type": "cispo", "epsilon_high": 5.0})
]
print("trl", trl.__version__)
print(
    "length of one SGD step, as a share of the default loss's: "
    f"cispo {shares[0]}, cispo with epsilon_high=5.0 {shares[1]}"
)
assert shares == [0.2, 1.0], "the behaviour has changed"
PY
