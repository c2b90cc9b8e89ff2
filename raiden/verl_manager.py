"""A reward manager for verl's reward loop that reads completions as `raiden fit` reads them; runs inside verl alone.

`reward.reward_manager.source=importlib`, `.name=RoleplayRewardManager`, `.module.path=pkg://raiden.verl_manager`.
"""

import asyncio
from functools import partial
from typing import Any

from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager

from raiden.data.chat_template import ChatTemplate
from raiden.data.chat_template.decoding import silent_tokens
from raiden.verl_route import READ


class RoleplayRewardManager(NaiveRewardManager):
    """verl's own, but for what is lost when it turns tokens into text: think tags that are special tokens, the block
    that the prompt opens, channels, and whether a completion was cut at `data.max_response_length`."""

    def __init__(self, config: Any, tokenizer: Any, compute_score: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(config, tokenizer, compute_score, *arguments, **more)
        data = config.data
        self.max_response_length = int(data.max_response_length)
        self.chat = ChatTemplate(tokenizer, kwargs=dict(data.get("apply_chat_template_kwargs") or {}))
        self.ends = {*self.chat.ends, *silent_tokens(tokenizer)}

    async def run_single(self, data: Any) -> dict[str, Any]:
        """The score of the last of the sequences, and all that `compute_score` says besides."""
        item = data[-1]
        responses = item.batch["responses"]
        length = int(item.batch["attention_mask"][-responses.shape[-1] :].sum())
        work = partial(self._score, responses[:length].tolist(), item.non_tensor_batch)
        result = await asyncio.get_running_loop().run_in_executor(None, work)
        return {"reward_score": result["score"], "reward_extra_info": result}

    def _score(self, token_ids: list[int], row: Any) -> dict[str, Any]:
        text = self.chat.read(token_ids)
        is_cut = len(token_ids) >= self.max_response_length and not self.ends.intersection(token_ids[-1:])
        result: dict[str, Any] = self.compute_score(
            data_source=row["data_source"],
            solution_str=text,
            ground_truth=row["reward_model"]["ground_truth"],
            # verl hands the same one to all completions of a prompt, and writes in it.
            extra_info={**(row.get("extra_info") or {}), READ: (text, is_cut)},
        )
        return result
