"""Runs in an environment with verl: its data set class and its reward managers over a file of `raiden convert`.

`python -m tests.verl_route.in_verl FILE TOKENIZER THINKS OUT`
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from omegaconf import OmegaConf
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer
from verl import DataProto
from verl.trainer.ppo.reward import get_custom_reward_fn, load_reward_manager
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn
from verl.workers.reward_manager import get_reward_manager_cls

from raiden.data.reward_rows import RewardRow
from tests.verl_route.completions import LIMIT, texts, tokens


def config(name: str) -> Any:
    """As configs/verl_qwen14b.sh has it, with one of verl's managers or raiden's own."""
    own = name == "RoleplayRewardManager"
    manager = {"source": "importlib" if own else "register", "name": name}
    return OmegaConf.create(
        {
            "data": {"max_response_length": LIMIT, "max_prompt_length": 8192, "filter_overlong_prompts": False},
            "reward": {
                "custom_reward_function": {"path": "pkg://raiden.verl_route", "name": "compute_score"},
                "reward_manager": manager | ({"module": {"path": "pkg://raiden.verl_manager"}} if own else {}),
            },
        }
    )


def batch_of(rows: list[dict[str, Any]], completions: list[list[int]]) -> DataProto:
    """A batch as rollouts leave it: the same row, and the same `extra_info`, for each completion of a prompt."""
    responses = pad_sequence([torch.tensor(ids) for ids in completions], batch_first=True)
    lengths = torch.tensor([len(ids) for ids in completions])
    mask = (torch.arange(responses.shape[1]) < lengths[:, None]).long()
    prompts = torch.zeros(len(rows), 1, dtype=torch.long)
    tensors = {"prompts": prompts, "responses": responses, "attention_mask": torch.cat([prompts + 1, mask], dim=1)}
    columns = ("data_source", "reward_model", "extra_info")
    others = {name: np.fromiter((row[name] for row in rows), dtype=object, count=len(rows)) for name in columns}
    return DataProto.from_dict(tensors=tensors, non_tensors=others)


def by_worker(name: str, tokenizer: Any, batch: DataProto) -> list[float]:
    function = get_custom_reward_fn(config("naive"))
    if name == "batch":
        settings = OmegaConf.merge(
            config("naive"), {"reward": {"custom_reward_function": {"name": "compute_score_batch"}}}
        )
        function = get_custom_reward_fn(settings)
    manager = get_reward_manager_cls(name)(tokenizer=tokenizer, num_examine=0, compute_score=function)
    return [float(score) for score in manager(batch, return_dict=True)["reward_extra_info"]["score"]]


async def by_loop(name: str, tokenizer: Any, batch: DataProto) -> list[dict[str, Any]]:
    manager = load_reward_manager(config(name), tokenizer)
    found = await asyncio.gather(*(manager.run_single(batch[i : i + 1]) for i in range(len(batch))))
    assert all(one["reward_score"] == one["reward_extra_info"]["score"] for one in found)
    assert len({tuple(one["reward_extra_info"]) for one in found}) == 1
    return [one["reward_extra_info"] for one in found]


def main(file: str, folder: str, thinks: str, out: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    data = RLHFDataset(file, tokenizer, config("naive").data)
    rows = collate_fn([data[i] for i in range(len(data))])
    marks = [RewardRow.load(each["ground_truth"]) for each in rows["reward_model"]]
    samples = [row.sample for row in marks]
    opened = marks[0].marks.opened
    repeated, completions = [], []
    for index in range(len(samples)):
        row = {name: rows[name][index] for name in ("data_source", "reward_model", "extra_info")}
        for text in texts(samples, index, thinks == "thinks"):
            repeated.append(row)
            completions.append(tokens(tokenizer, text, opened))
    batch = batch_of(repeated, completions)
    prompts = [
        tokenizer.apply_chat_template(list(chat), add_generation_prompt=True, return_dict=False)
        for chat in rows["raw_prompt"][:40]
    ]
    found: dict[str, Any] = {"transformers": transformers.__version__, "prompts": prompts}
    found["own"] = asyncio.run(by_loop("RoleplayRewardManager", tokenizer, batch))
    if thinks == "plain":
        found["loop"] = [one["score"] for one in asyncio.run(by_loop("naive", tokenizer, batch))]
        found |= {name: by_worker(name, tokenizer, batch) for name in ("naive", "batch", "dapo")}
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
