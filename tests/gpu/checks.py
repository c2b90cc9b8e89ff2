"""Each check gives figures, and raises where they are wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn.attention import flex_attention
from transformers import AutoModelForCausalLM, Qwen2Config
from transformers.integrations.flex_attention import flex_attention_forward

from raiden.packing import Group, TreeAttention, micro_batches, pack, token_logps
from raiden.packing.batching import pack_groups
from raiden.packing.scoring import RunByRun
from raiden.planning.memory import Training, update_moments
from raiden.planning.shape import Parameters, Precision, Shape
from raiden.planning.workload import size_of
from raiden.policy import PolicyConfig
from raiden.rollout.engines import SamplingConfig, TransformersEngine
from raiden.rollout.engines.noise import gumbel, seed_words

GIB = 2**30
_CPU = torch.device("cpu")


class Skipped(Exception):
    """A check that asks for what is not here."""


@dataclass(frozen=True)
class Setting:
    """Where the checks run, and how large they are."""

    device: torch.device
    name: str
    shape: Literal["0.5B", "7B"] = "0.5B"

    @classmethod
    def here(cls) -> Setting:
        if not torch.cuda.is_available():
            return cls(_CPU, "cpu")
        return cls(torch.device("cuda", torch.cuda.current_device()), torch.cuda.get_device_name())

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"

    @property
    def dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.on_gpu else torch.float32

    @property
    def config(self) -> Qwen2Config:
        """The layers of Qwen2.5-0.5B or 7B; on a CPU tiny ones, with as many query heads a key head."""
        sizes = {"0.5B": (896, 4864, 24, 14, 2, 151_936), "7B": (3584, 18_944, 4, 28, 4, 32_000)}[self.shape]
        if not self.on_gpu:
            sizes = {"0.5B": (32, 64, 2, 4, 2, 300), "7B": (112, 96, 2, 14, 2, 300)}[self.shape]
        names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
        named = dict(zip((*names, "num_key_value_heads", "vocab_size"), sizes, strict=True))
        return Qwen2Config(**named, tie_word_embeddings=True, pad_token_id=0, bos_token_id=None, eos_token_id=None)

    def model(self, dtype: torch.dtype | None = None, attention: str | None = None) -> Any:
        """From the config, the same numbers each time."""
        torch.manual_seed(0)
        attention = attention or PolicyConfig("").attention_function
        model = AutoModelForCausalLM.from_config(self.config, dtype=torch.float32, attn_implementation=attention)
        return model.to(self.device, dtype or self.dtype)

    def groups(self) -> list[Group]:
        """Two prompts about one profile, four completions each."""
        generator = torch.Generator().manual_seed(1)
        profile, question, length = (1024, 64, 192) if self.on_gpu else (40, 9, 7)

        def ids(num: int) -> list[int]:
            return torch.randint(5, self.config.vocab_size, (num,), generator=generator).tolist()

        shared = ids(profile)
        prompts = [[*shared, *ids(question)] for _ in range(2)]
        return [
            Group(prompt, [ids(length - c) for c in range(4)], range(4 * p, 4 * p + 4))
            for p, prompt in enumerate(prompts)
        ]

    def synchronize(self) -> None:
        if self.on_gpu:
            torch.cuda.synchronize()


def _gradients(model: Any, loss: Tensor) -> Tensor:
    model.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten().double().cpu() for p in model.parameters()])


def distance(ours: Tensor, truth: Tensor) -> float:
    return ((ours.double().cpu() - truth).norm() / truth.norm()).item()


def update(setting: Setting) -> dict[str, Any]:
    """Packed rows in the compute type, against one row a completion in it and in float64."""
    groups = setting.groups()
    weights = torch.linspace(-1, 1, sum(len(c) for g in groups for c in g.completions), device=setting.device)

    def packed(model: Any) -> tuple[Tensor, Tensor]:
        (batch,) = micro_batches(groups, 10**9, setting.device)
        logps, _ = token_logps(model, batch)
        return logps.detach(), _gradients(model, (logps * weights.to(logps.dtype)).sum())

    def apart(model: Any) -> tuple[Tensor, Tensor]:
        logps = torch.cat([_row(model, g.prompt, c, setting.device) for g in groups for c in g.completions])
        return logps.detach(), _gradients(model, (logps * weights.to(logps.dtype)).sum())

    with flex_on_cpus(setting):
        ours = packed(setting.model())
    theirs = apart(setting.model(attention="sdpa"))
    truth = apart(setting.model(torch.float64, "sdpa"))
    found = {
        f"{of}_{who}": distance(value, true.double().cpu())
        for who, pair in (("packed", ours), ("rows", theirs))
        for of, value, true in zip(("logps", "gradients"), pair, truth, strict=True)
    }
    for of in ("logps", "gradients"):
        # The rounding of the type, not more: twice that of separate rows, or what float32 makes.
        assert found[f"{of}_packed"] <= max(2 * found[f"{of}_rows"], 1e-5), found
    return found


def update_7b(setting: Setting) -> dict[str, Any]:
    """The same with layers as wide as those of Qwen2.5-7B, four of them; float64 of 28 is more than a card has."""
    return update(replace(setting, shape="7B"))


def _row(model: Any, prompt: Any, completion: Any, device: torch.device) -> Tensor:
    ids = torch.tensor([[*prompt, *completion]], device=device)
    logits = model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1]
    logits = logits if logits.dtype == torch.float64 else logits.float()
    return logits.log_softmax(-1).gather(1, ids[0, len(prompt) :, None]).squeeze(1)


@contextmanager
def flex_on_cpus(setting: Setting) -> Iterator[None]:
    """On a CPU the formulas, not the kernel, and with the backward pass that PyTorch keeps shut there."""
    if setting.on_gpu:
        yield
        return
    with (
        patch.object(flex_attention, "_validate_device", lambda query, key, value: None),
        torch.compiler.set_stance("force_eager"),
    ):
        yield


def attention(setting: Setting) -> dict[str, Any]:
    """Flex attention and run by run, forward and backward, against float64; heads of Qwen2.5-7B and 14B."""
    shapes = {"7B": (28, 4, 128), "14B": (40, 8, 128)} if setting.on_gpu else {"tiny": (6, 2, 16)}
    layout = pack([[1] * 2048 + [2 + p] * 64 + [10 + c] * 128 for p in range(4) for c in range(4)])
    if not setting.on_gpu:
        layout = pack([[1] * 40 + [2 + p] * 9 + [10 + c] * 7 for p in range(2) for c in range(2)], min_saved=1)
    tree = TreeAttention(layout, setting.device)
    by_run = RunByRun(tree.runs, setting.device)
    module = torch.nn.Linear(1, 1)
    ways: dict[str, Callable[..., Tensor]] = {
        "flex": lambda states: flex_attention_forward(module, *states, tree.block_mask, scaling=0.1)[0].transpose(
            1, 2
        ),
        "run_by_run": lambda own: by_run(*own, 0.1),
    }
    found: dict[str, Any] = {"tokens": len(layout)}
    for name, (heads, kv_heads, width) in shapes.items():
        generator = torch.Generator().manual_seed(2)
        states = [torch.randn(1, n, len(layout), width, generator=generator) for n in (heads, kv_heads, kv_heads)]
        true = _attended(ways["run_by_run"], states, torch.float64, setting)[0]
        for way, attend in ways.items():
            with flex_on_cpus(setting):
                own, seconds = _attended(attend, states, setting.dtype, setting)
            found[f"{name}_{way}"] = [distance(got, of) for got, of in zip(own, true, strict=True)]
            found[f"{name}_{way}_ms"] = round(1e3 * seconds, 2)
            assert max(found[f"{name}_{way}"]) < (3e-2 if setting.on_gpu else 1e-5), found
    return found


def _attended(
    attend: Callable[..., Tensor], states: list[Tensor], dtype: torch.dtype, setting: Setting
) -> tuple[list[Tensor], float]:
    """Output and gradients, in double precision on the CPU; and the seconds of a second pass."""
    for _ in range(2):  # the first compiles
        own = [state.to(setting.device, dtype, copy=True).requires_grad_() for state in states]
        setting.synchronize()
        started = time.perf_counter()
        out = attend(own)
        out.backward(torch.linspace(-1, 1, out.numel(), device=out.device, dtype=dtype).view_as(out))
        setting.synchronize()
        seconds = time.perf_counter() - started
    return [
        out.detach().double().cpu(),
        *(state.grad.double().cpu() for state in own if state.grad is not None),
    ], seconds


def recompilations(setting: Setting) -> dict[str, Any]:
    """Rows of ten lengths: a kernel for each would run into torch's limit, behind which flex makes a T x T matrix."""
    if not setting.on_gpu:
        raise Skipped("kernels are compiled on GPUs")
    from torch._dynamo.utils import counters

    counters.clear()
    module = torch.nn.Linear(1, 1)
    for length in range(1000, 11_000, 1000):
        layout = pack([[1] * length + [5 + c] * 37 for c in range(4)])
        states = [torch.randn(1, n, len(layout), 64, device=setting.device, dtype=setting.dtype) for n in (8, 2, 2)]
        flex_attention_forward(module, *states, TreeAttention(layout, setting.device).block_mask, scaling=0.1)
    found = {"graphs": counters["stats"]["unique_graphs"], "peak_gib": torch.cuda.max_memory_allocated() / GIB}
    assert found["graphs"] <= 4, found
    return found


def noise(setting: Setting) -> dict[str, Any]:
    """The same numbers here and on a CPU, and the same tokens."""
    words, vocab = seed_words(range(64), _CPU), 151_936 if setting.on_gpu else 3000
    logits = torch.randn(64, vocab, generator=torch.Generator().manual_seed(3))
    there = gumbel(words.to(setting.device), 5, vocab)
    setting.synchronize()
    started = time.perf_counter()
    there = gumbel(words.to(setting.device), 6, vocab)
    setting.synchronize()
    seconds, here = time.perf_counter() - started, gumbel(words, 6, vocab)
    other = ((there.cpu() + logits).argmax(-1) != (here + logits).argmax(-1)).sum().item()
    found = {"difference": (there.cpu() - here).abs().max().item(), "other_tokens": other, "ms": 1e3 * seconds}
    assert found["difference"] < 1e-4, found
    assert other == 0, found
    return found


class _Tokenizer:
    """As much of one as an engine needs."""

    eos_token_id = 2
    chat_template = None
    added_tokens_decoder: ClassVar[dict[int, Any]] = {}

    def decode(self, ids: list[int], skip_special_tokens: bool = True) -> str:
        return " ".join(map(str, ids))


def sampling(setting: Setting) -> dict[str, Any]:
    """The transformers engine: how fast, and the same completions in any batch (in float32)."""
    model = setting.model(torch.float32)
    engine = TransformersEngine(max_rows=64)
    with patch("raiden.rollout.engines.transformers.stop_token_ids", lambda model, tokenizer: [2]):
        engine.start(model, _Tokenizer(), 4096, torch.float32, setting.device)  # type: ignore[arg-type]
    prompts = [group.prompt for group in setting.groups()]
    tokens, rows = (64, 32) if setting.on_gpu else (6, 4)
    seeds = [[100 * p + i for i in range(rows)] for p in range(2)]
    config = SamplingConfig(max_tokens=tokens)
    engine.generate(prompts, seeds, config)
    setting.synchronize()
    started = time.perf_counter()
    together = engine.generate(prompts, seeds, config)
    seconds = time.perf_counter() - started
    alone = [engine.generate([prompts[p]], [[seeds[p][0]]], config)[0][0] for p in range(2)]
    same = sum(one.token_ids == group[0].token_ids for one, group in zip(alone, together, strict=True))
    found = {"tokens_per_second": sum(len(c.token_ids) for g in together for c in g) / seconds, "same_alone": same}
    # On a GPU another batch takes other kernels, whose rounding may decide a draw once in thousands.
    assert same == 2 or setting.on_gpu, found
    return found


def memory(setting: Setting) -> dict[str, Any]:
    """The peak of a forward and backward pass, against `raiden plan`."""
    if not setting.on_gpu:
        raise Skipped("on CPUs python -m tests.benchmarks.plan_vs_measured")
    model, config = setting.model(torch.bfloat16), setting.config
    (batch,) = micro_batches(setting.groups(), 10**9, setting.device)
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    outside = sum(n for name, n in sizes.items() if ".layers." not in name)
    total, largest = sum(sizes.values()), max(sizes.values())
    shape = Shape(
        config.num_hidden_layers,
        config.hidden_size,
        config.num_attention_heads,
        config.num_key_value_heads,
        config.hidden_size // config.num_attention_heads,
        config.intermediate_size,
        config.vocab_size,
        tied=True,
    )
    parameters = Parameters(total, total, (total - outside) // config.num_hidden_layers, outside, largest)
    training = Training(shape, parameters, Precision(2, 2, autocast=False), adds_up=False)
    groups = setting.groups()
    num_scored = sum(len(completion) for group in groups for completion in group.completions)
    moments = update_moments(training, size_of(pack_groups(groups), num_scored))
    passes = [
        {k: n for k, n in moments[m].items() if k != "optimizer states"} for m in ("logits", "layers", "embeddings")
    ]
    planned = max(sum(moment.values()) for moment in passes)
    logps, _ = token_logps(model, batch)  # compiles
    logps.sum().backward()
    model.zero_grad()
    torch.cuda.reset_peak_memory_stats()
    logps, _ = token_logps(model, batch)
    logps.sum().backward()
    measured = torch.cuda.max_memory_allocated()
    found = {"planned_gib": planned / GIB, "measured_gib": measured / GIB, "planned_over_measured": planned / measured}
    assert 0.8 < found["planned_over_measured"] < 1.3, found
    return found


def trl(setting: Setting) -> dict[str, Any]:
    """The update against TRL's own loss and backward."""
    from tests.gpu.against_trl import update_against_trl

    return update_against_trl(setting)


def two(setting: Setting) -> dict[str, Any]:
    """Two processes with a shard each."""
    from tests.gpu.two_processes import two_processes

    return two_processes(setting)


def vllm(setting: Setting) -> dict[str, Any]:
    """vLLM on this card: its sampler's log-probabilities against the policy's, sleep, and its device."""
    if not setting.on_gpu:
        raise Skipped("the tests in tests/engines run the CPU build")
    from tests.gpu.embedded_vllm import canary_on_gpu

    return canary_on_gpu(setting)


CHECKS: dict[str, Callable[[Setting], dict[str, Any]]] = {
    check.__name__: check
    for check in (noise, attention, update, update_7b, trl, sampling, two, memory, recompilations, vllm)
}
