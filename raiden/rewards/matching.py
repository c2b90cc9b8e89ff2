"""Whether an answer says what a sample's rule asks for, where, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from raiden.rewards.affirmation import DENIED, Question, objection, read_question, surroundings
from raiden.rewards.answer import Answer
from raiden.rewards.chinese import simplify
from raiden.rewards.commitment import STUFFED, is_stuffed, lack_of_commitment
from raiden.rewards.finding import MAX_HITS, finder_for
from raiden.rewards.hits import Hit
from raiden.rewards.normalise import fold_text
from raiden.rewards.units import split_units
from raiden.types import Sample, Span, Term

CONTRADICTED = "the reply affirms it in one place and denies it in another"


@dataclass(frozen=True)
class Verdict:
    """Whether the rule is met."""

    right: bool
    spans: tuple[Span, ...]
    reason: str


@dataclass(frozen=True)
class Finding:
    """What an answer says about one term."""

    term: Term
    said: tuple[Hit, ...]
    """Where it is affirmed."""
    refused: Hit | None
    """A place where it stands and is not meant, with the fault."""


def judge(sample: Sample, answer: Answer) -> Verdict:
    """Decide a sample's rule on an answer."""
    rule = sample.rule
    question = read_question(fold_text(sample.question), answer)
    for term in rule.forbidden:
        if said := _examine(term, answer, question).said:
            span = answer.span(said[0].start, said[0].end)
            return Verdict(False, (span,), f"the reply says {span.text!r}, which the rule forbids")
    findings = [_commit(_examine(term, answer, question), sample, answer) for term in rule.terms]
    right = (all if rule.match == "all" else any)(finding.said for finding in findings)
    return _accepted(findings, answer) if right else _refused(findings, answer)


def _accepted(findings: list[Finding], answer: Answer) -> Verdict:
    spans = tuple(answer.span(hit.start, hit.end) for finding in findings for hit in finding.said[:1])
    said = " and ".join(f"{span.text!r}" for span in spans)
    wanted = " and ".join(f"{finding.term.variants[0]!r}" for finding in findings if finding.said)
    return Verdict(True, spans, f"the reply says {said}" + (f" for {wanted}" if wanted != said else ""))


def _refused(findings: list[Finding], answer: Answer) -> Verdict:
    missing = [finding for finding in findings if not finding.said]
    told = next((finding for finding in missing if finding.refused), missing[0])
    keyword = told.term.variants[0]
    if told.refused is None:
        return Verdict(
            False,
            (),
            f"the reply does not say {' or '.join(repr(other.term.variants[0]) for other in missing)}",
        )
    span = answer.span(told.refused.start, told.refused.end)
    return Verdict(False, (span,), f"{span.text!r} does not count for {keyword!r}: {told.refused.fault}")


def _examine(term: Term, answer: Answer, question: Question) -> Finding:
    refused: Hit | None = None
    for variant in term.variants:
        hits = list(islice(finder_for(variant, term.type, answer.language)(answer), MAX_HITS))
        if is_stuffed(answer.text, hits):
            refused = refused or hits[0]._replace(fault=STUFFED.format(len(hits)))
            continue
        judged = [hit if hit.fault else _judge_hit(hit, answer, question) for hit in hits]
        said = tuple(hit for hit in judged if not hit.fault)
        denied = next((hit for hit in judged if hit.fault == DENIED), None)
        if said and not denied:
            return Finding(term, said, None)
        if said and denied:
            refused = refused or said[0]._replace(fault=CONTRADICTED)
        refused = refused or next(iter(judged), None)
    return Finding(term, (), refused)


def _judge_hit(hit: Hit, answer: Answer, question: Question) -> Hit:
    return hit._replace(fault=objection(surroundings(answer, hit, question)))


def _commit(finding: Finding, sample: Sample, answer: Answer) -> Finding:
    """The finding, with what is said taken back where the reply only lists or repeats."""
    if not finding.said:
        return finding
    fault = lack_of_commitment(answer, finding.said, len(sample.rule.terms), _known_units(_sources(sample)))
    return Finding(finding.term, (), finding.said[0]._replace(fault=fault)) if fault else finding


def _sources(sample: Sample) -> tuple[str, ...]:
    turns = (message.content for message in sample.conversation_history)
    return (sample.answer, *map(str, sample.character_profile.values()), *turns)


@lru_cache(maxsize=512)
def _known_units(sources: tuple[str, ...]) -> frozenset[str]:
    return frozenset(unit for source in sources for unit in split_units(simplify(fold_text(source))))
