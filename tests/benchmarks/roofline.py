"""How much of the machine an update uses: its useful FLOP/s beside those of a plain matrix product in the same run.

    python -m tests.benchmarks.roofline [--prompt 1024 --completion 96 --group 8]

Prints one JSON line; `ratio` is ours by the product's (2048 x 2048, float32, by oneDNN where that is what the model's
linear layers take, else torch's own). Useful work is each distinct token's
matrix products once, the head at scored positions only, attention over allowed pairs only; backward counts double.
Recomputation is not useful. `sampling` compares decoding with what memory bandwidth and that product would allow.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoTokenizer

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script: the tests' own helpers

from raiden.packing import Layout, pack
from raiden.policy import resolve_model
from raiden.policy.products import onednn_is_faster, use_onednn
from raiden.rollout.engines import SamplingConfig, TransformersEngine
from tests.benchmarks.harness import SMOLLM2, alternate, load_model, print_result
from tests.benchmarks.update_vs_trl import make_rollouts, run_update

SIZE = 2048


def useful_flops(model: Any, layout: Layout, num_scored: int) -> float:
    """Of a forward and a backward pass over a packed row."""
    config = model.config
    head = model.get_output_embeddings()
    in_layers = sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Linear) and m is not head)
    pairs = sum(position + 1 for position in layout.position_ids)  # a token sees its ancestors and itself
    width = config.num_attention_heads * (
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )
    forward = (
        2 * in_layers * len(layout)
        + 2 * head.weight.numel() * num_scored
        + 4 * width * config.num_hidden_layers * pairs
    )
    return 3.0 * forward


def decode_rate(model: Any, path: str, rows: int, prompt: int, tokens: int) -> float:
    """Tokens sampled a second, prefill included."""
    engine = TransformersEngine(max_rows=rows)
    tokenizer = AutoTokenizer.from_pretrained(resolve_model(path))
    engine.start(model, tokenizer, prompt + tokens, torch.float32, model.device)
    engine.stop_ids = []  # every completion is as long as it may be
    ids = torch.randint(10, model.config.vocab_size, (prompt,), generator=torch.Generator().manual_seed(0)).tolist()
    started = time.perf_counter()
    engine.generate([ids], [list(range(rows))], SamplingConfig(max_tokens=tokens))
    return rows * tokens / (time.perf_counter() - started)


def bandwidth() -> float:
    """Bytes a second that a reduction reads from memory."""
    values = torch.ones(2**27)
    times = []
    for _ in range(4):
        started = time.perf_counter()
        values.sum()
        times.append(time.perf_counter() - started)
    return values.nbytes / statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=1024)
    parser.add_argument("--completion", type=int, default=96)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=32, help="completions decoded side by side")
    parser.add_argument("--model", default=SMOLLM2)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    completion = arguments.completion
    rollouts = make_rollouts(model.config.vocab_size, arguments.prompt, completion, arguments.group, 1)
    layout = pack([[*r.prompt.token_ids, *c.token_ids[:-1]] for r in rollouts for c in r.completions])
    left, right = torch.rand(SIZE, SIZE), nn.Linear(SIZE, SIZE, bias=False).requires_grad_(False)
    if onednn_is_faster():
        use_onednn(right)
    repeats = 20

    def products() -> None:
        for _ in range(repeats):
            right(left)

    seconds = alternate(
        {"update": lambda: run_update(model, rollouts, completion, len(layout)), "products": products},
        arguments.rounds,
    )
    flops = useful_flops(model, layout, completion * arguments.group)
    update_rate = flops / statistics.median(seconds["update"])
    product_rate = repeats * 2 * SIZE**3 / statistics.median(seconds["products"])
    weights = sum(p.numel() for p in model.parameters())
    step = max(4 * weights / bandwidth(), 2 * weights * arguments.rows / product_rate)
    sampled = decode_rate(model, arguments.model, arguments.rows, 220, 40)
    options = {name: getattr(arguments, name) for name in ("model", "prompt", "completion", "group")}
    print_result(
        {"benchmark": "roofline", **options},
        seconds,
        ratio=round(update_rate / product_rate, 3),
        useful_gflops=round(flops / 1e9, 1),
        update_gflops_per_second=round(update_rate / 1e9, 1),
        product_gflops_per_second=round(product_rate / 1e9, 1),
        sampling={
            "rows": arguments.rows,
            "tokens_per_second": round(sampled, 1),
            "bound_tokens_per_second": round(arguments.rows / step, 1),
        },
    )


if __name__ == "__main__":
    main()
