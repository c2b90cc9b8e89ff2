"""`raiden benchmark`: a model on the RAIDEN benchmark, by rules and by a judge."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from raiden.commands.benchmark_options import BenchmarkOptions, read_options
from raiden.commands.benchmark_view import print_skipped, print_summary, print_usage
from raiden.commands.model_endpoint import open_model
from raiden.commands.stopping import STOPPED, Progress, meanwhile
from raiden.core.errors import ConfigError
from raiden.core.records import write_json
from raiden.core.types import Sample
from raiden.endpoints import ChatEndpoint, ChatReply, ChatRequest, RequestError
from raiden.evaluation.benchmark.dialogues import Benchmark, Turn, choose, load_benchmark
from raiden.evaluation.benchmark.judge import Comparison, Judged, read_verdicts, verdict_requests
from raiden.evaluation.benchmark.keywords import (
    Entry,
    keyword_entry,
    keyword_request,
    read_keywords,
    rule_samples,
)
from raiden.evaluation.benchmark.scoring import (
    VERSION,
    Answered,
    ask_all,
    evaluation,
    read_replies,
    read_reply,
    refuse_other_model,
    reply_request,
    reply_row,
    score,
)
from raiden.evaluation.benchmark.summary import summarise, verdict_rows
from raiden.evaluation.results import write_evaluation

_REFERENCE = "reference"


def main(argv: Sequence[str]) -> int:
    """Asks, scores and judges; writes replies, verdicts and figures.

    Returns:
        The exit code: 0; 1 where requests failed for good; 130 where the run was stopped.
    """
    options = read_options(argv)
    benchmark = load_benchmark(options.npc_file, options.dialogue_file)
    print_skipped(benchmark)
    turns = choose(benchmark.turns, options.languages, options.max_dialogues)
    if not turns:
        raise ConfigError(f"`languages`: no dialogue is in {', '.join(options.languages)}; name others.")
    try:
        return asyncio.run(_Run(options, benchmark, turns).run())
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here.", file=sys.stderr)
        return STOPPED
    except OSError as fault:
        place = fault.filename or options.output_dir
        raise ConfigError(f"{place}: cannot be written ({fault.strerror}); give another `output_dir`.") from fault


class _Run:
    """One start of the command."""

    def __init__(self, options: BenchmarkOptions, benchmark: Benchmark, turns: Sequence[Turn]) -> None:
        self.options = options
        self.folder = options.output_dir
        self.benchmark = benchmark
        self.turns = turns
        self.judge: ChatEndpoint | None = None
        self.own_keywords = self.folder / "keywords.json"
        self.entries = self._read_keywords()
        self.num_failed_keywords = 0
        self.samples: Mapping[str, Sample] = {}
        """What the rules need, for the turns that have keywords."""

    async def run(self) -> int:
        async with AsyncExitStack() as stack:
            self.folder.mkdir(parents=True, exist_ok=True)
            other, against = self._against()
            model = open_model(
                self.options.model, stack, self.folder / "replies.record.jsonl", self.options.sampling.settings
            )
            name = (await model.identity()).model
            refuse_other_model(self.folder, name)
            if self.options.judge:
                self.judge = open_model(self.options.judge, stack, self.folder / "judge.record.jsonl")
            answered = await self._ask(model)
            replies = {"version": VERSION, "model": name, "replies": [reply_row(one) for one in answered]}
            write_json(self.folder / "replies.json", replies)
            judged = await self._judge(answered, against)
            print_usage("model", model)
            if self.judge:
                print_usage("judge", self.judge)
            judge = (await self.judge.identity()).model if self.judge else None
            who = {"model": name, "against": other, "judge": judge}
            others = {id_: score(sample, against[id_]) for id_, sample in self.samples.items() if id_ in against}
            figures = summarise(answered, judged, against, others, self.benchmark.skipped)
            alone = [one for one in answered if one.reply is not None and one.turn.id not in against]
            summary = who | figures | {"num_uncompared": len(alone) if self.options.against else 0}
        self._write(summary, name, answered, judged)
        print_summary(summary, self.folder)
        if self.num_failed_keywords:
            print(f"keywords: {self.num_failed_keywords} requests failed; the same command tries them again")
        has_failed = any(one.reply is None for one in answered) or any(one.failed for one in judged)
        return int(has_failed or self.num_failed_keywords > 0)

    def _against(self) -> tuple[str | None, dict[str, str]]:
        """Whom the model is compared with, and what they say to each turn."""
        if self.options.against is None:
            return None, {}
        if self.options.against == _REFERENCE:
            return _REFERENCE, {turn.id: turn.reference for turn in self.turns if turn.reference}
        return read_replies(self.options.against, self.turns)

    async def _ask(self, model: ChatEndpoint) -> list[Answered]:
        requests = [reply_request(turn, self.options.sampling) for turn in self.turns]
        replies = await _asked(model, requests, "replies")
        if self.options.extract_keywords and self.judge:
            await self._extract_keywords(self.judge)
        samples = self.samples = rule_samples(self.turns, self.entries)
        response_format = self.options.sampling.settings.response_format
        return [
            read_reply(turn, reply, samples.get(turn.id), response_format)
            for turn, reply in zip(self.turns, replies, strict=True)
        ]

    def _read_keywords(self) -> dict[str, Entry]:
        """What is known of the turns: by the folder's own file, and by the user's, which wins."""
        files = [self.options.keywords_file] if self.options.keywords_file else []
        if self.own_keywords.exists():
            files.insert(0, self.own_keywords)
        entries = {id_: entry for file in files for id_, entry in read_keywords(file).items()}
        rule_samples(self.turns, entries)  # what is wrong with them is better told before anything is asked
        return entries

    async def _extract_keywords(self, judge: ChatEndpoint) -> None:
        """Has the judge find what no file says, and adds it to the folder's file."""
        missing = [turn for turn in self.turns if turn.focus and turn.reference and turn.id not in self.entries]
        requests = [keyword_request(turn, self.options.judge_max_tokens) for turn in missing]
        replies = await _asked(judge, requests, "keywords")
        for turn, reply in zip(missing, replies, strict=True):
            if isinstance(reply, RequestError):
                self.num_failed_keywords += 1
            else:
                self.entries[turn.id] = Entry(keyword_entry(turn, reply), str(self.own_keywords))
        own = read_keywords(self.own_keywords) if self.own_keywords.exists() else {}
        added = {turn.id: self.entries[turn.id] for turn in missing if turn.id in self.entries}
        write_json(self.own_keywords, [entry.record for entry in (own | added).values()])

    async def _judge(self, answered: Sequence[Answered], against: Mapping[str, str]) -> list[Judged]:
        """Every reply against the other one, once for each dimension of its turn, in both orders."""
        if self.judge is None:
            return []
        comparisons = [
            Comparison(one.turn, dimension, one.reply, against[one.turn.id])
            for one in answered
            if one.reply is not None and one.turn.id in against
            for dimension in one.turn.dimensions
        ]
        limit = self.options.judge_max_tokens
        requests = [request for comparison in comparisons for request in verdict_requests(comparison, limit)]
        return read_verdicts(comparisons, await _asked(self.judge, requests, "verdicts"))

    def _write(
        self, summary: Mapping[str, Any], model: str, answered: Sequence[Answered], judged: Sequence[Judged]
    ) -> None:
        write_json(self.folder / "verdicts.json", verdict_rows(judged))
        write_json(self.folder / "summary.json", summary)
        by_rules = evaluation(model, answered, self.options.sampling.settings.response_format)
        if by_rules.rows:
            write_evaluation(self.folder / "evaluation.json", by_rules)
        else:  # one of an earlier start, with other keywords, would not belong to the rest
            (self.folder / "evaluation.json").unlink(missing_ok=True)


async def _asked(model: ChatEndpoint, requests: Sequence[ChatRequest], unit: str) -> list[ChatReply | RequestError]:
    progress = Progress(len(requests), unit)
    async with meanwhile(progress.show()):
        return await ask_all(model, requests, progress.advance)
