"""Whether an answer says what a sample's rule asks for, where, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from raiden.core.types import Language, MatchRule, Sample, Span, Term, TermType
from raiden.rewards.affirmation import DENIED, DISLIKED, dislikes_itself
from raiden.rewards.answer import Answer
from raiden.rewards.chinese import simplify
from raiden.rewards.commitment import STUFFED, is_stuffed, lack_of_commitment
from raiden.rewards.finding import MAX_HITS, finder_for
from raiden.rewards.hits import PIECE_OF_WORD, Hit
from raiden.rewards.mechanisms import ALL, EXCUSABLE, objection, objections
from raiden.rewards.names import (
    find_by_title,
    find_initials,
    find_split_name,
    names_in_profile,
    other_spellings,
    spelled_out,
)
from raiden.rewards.normalise import fold_text
from raiden.rewards.phrases import phrase_finder
from raiden.rewards.reading import GRAMMARS
from raiden.rewards.reading.place import Place
from raiden.rewards.reading.question import Question, read_question
from raiden.rewards.reading.stance import SCOFFED
from raiden.rewards.units import is_wide, split_units

CONTRADICTED = "the reply affirms it in one place and denies it in another"

_MIN_HEAD = 2
"""Characters that the head of a compound and the question share at least."""


@dataclass(frozen=True)
class Verdict:
    """Whether the rule is met."""

    right: bool
    spans: tuple[Span, ...]
    reason: str
    is_open: bool = False
    """Whether nothing was found that speaks for the reply or against it."""


@dataclass(frozen=True)
class Finding:
    """What an answer says about one term."""

    term: Term
    said: tuple[Hit, ...]
    """Where it is affirmed."""
    refused: Hit | None
    """A place where it stands and is not meant, with the fault."""


@dataclass(frozen=True)
class Context:
    """What every word of an answer is judged by."""

    asked: Question
    profile: tuple[str, ...]
    """Folded texts of the profile."""
    sources: tuple[str, ...]
    """Folded texts of all that is known: profile, conversation, question, reference answer, the rule's own words; none
    where neither a profile nor a conversation is."""
    user_said: tuple[str, ...]
    """Folded texts of the user's turns in the conversation."""
    mechanisms: frozenset[str]


def judge(sample: Sample, answer: Answer, mechanisms: frozenset[str] = ALL) -> Verdict:
    """Decide a sample's rule on an answer.

    Args:
        mechanisms: which of `raiden.rewards.mechanisms` look at the answer; an `EXCUSABLE` one that
            objects to the sample's own reference answer is left out, for that is right by definition.
    """
    rule = sample.rule
    context = _context(sample, answer.language, mechanisms)
    excused = _excused(sample.answer, rule, sample.language, context)
    context = replace(context, mechanisms=mechanisms - excused)
    for term in rule.forbidden:
        if said := _examine(term, answer, context).said:
            span = answer.span(said[0].start, said[0].end)
            return Verdict(False, (span,), f"the reply says {span.text!r}, which the rule forbids")
    findings = [_commit(_examine(term, answer, context), sample, answer) for term in rule.terms]
    right = (all if rule.match == "all" else any)(finding.said for finding in findings)
    return _accepted(findings, answer) if right else _refused(findings, answer)


def _context(sample: Sample, language: Language, mechanisms: frozenset[str]) -> Context:
    profile = tuple(_comparable(str(text), language) for text in sample.character_profile.values())
    has_source = bool(sample.character_profile or sample.conversation_history)
    sources = tuple(_comparable(text, language) for text in _known_texts(sample)) if has_source else ()
    turns = (turn.content for turn in sample.conversation_history if turn.role == "user")
    user_said = tuple(_comparable(text, language) for text in turns)
    return Context(read_question(sample.question, language), profile, sources, user_said, mechanisms)


def explain(sample: Sample, answer: Answer, mechanisms: frozenset[str] = ALL) -> Iterator[str]:
    """The clauses of an answer, a line each: whose fact it tells, and why a word of the rule in it counts or not."""
    context = _context(sample, answer.language, mechanisms)
    excused = _excused(sample.answer, sample.rule, sample.language, context)
    context = replace(context, mechanisms=mechanisms - excused)
    asked = context.asked
    yield f"asked: {asked.whose}, {' or '.join(sorted(asked.times)) or 'any time'}, {asked.value or 'no number'}"
    judged = [
        hit if hit.fault else _judge_hit(hit, answer, context)
        for term in sample.rule.terms
        for variant in term.variants
        for hits in _readings(variant, term.type, answer, context)
        for hit in hits
    ]
    for clause in answer.clauses:
        found = [hit for hit in judged if clause.start <= hit.start < clause.end]
        subject = clause.subject_at(clause.end, GRAMMARS[answer.language].last_subject).person
        line = f"{answer.span(clause.start, clause.end).text.strip()!r} ({subject})"
        told = (f"{answer.span(hit.start, hit.end).text!r}: {hit.fault or 'counts'}" for hit in found)
        yield ": ".join(filter(None, (line, "; ".join(dict.fromkeys(told)))))
    if excused:
        yield f"left out, for they object to the reference answer: {', '.join(sorted(excused))}"


@lru_cache(maxsize=4096)
def _excused(reference: str, rule: MatchRule, language: Language, context: Context) -> frozenset[str]:
    """The mechanisms that object to every place where a reference answer says a term."""
    answer = Answer(reference, language)
    excused: frozenset[str] = frozenset()
    for term in rule.terms:
        readings = (r for variant in term.variants for r in _readings(variant, term.type, answer, context))
        hits = [hit for reading in readings for hit in reading]
        places = [_place(answer, hit, context) for hit in hits if not hit.fault]
        found = (frozenset(objections(place, context.mechanisms)) for place in places)
        excused |= min(found, key=len, default=frozenset())
    return excused & EXCUSABLE


def _readings(variant: str, kind: TermType, answer: Answer, context: Context) -> Iterator[list[Hit]]:
    """Where a variant stands as it is written; then by another name; then as a phrase with its words apart."""
    value = context.asked.value if "values" in context.mechanisms else ""
    yield list(islice(finder_for(variant, kind, answer.language, value)(answer), MAX_HITS))
    if kind != "text":
        return
    folded = _comparable(variant, answer.language)
    if "other_names" in context.mechanisms:
        names = other_spellings(folded, answer.language) + spelled_out(variant, answer.language)
        if context.asked.asks_who:
            names += names_in_profile(folded, context.profile, answer.language)
        found = {hit.start: hit for name in names for hit in finder_for(name, kind, answer.language)(answer)}
        found |= {hit.start: hit for hit in find_initials(variant, answer)}
        if context.asked.asks_who:
            found |= {hit.start: hit for hit in find_by_title(folded, answer)}
        yield list(found.values())[:MAX_HITS]
    if "split_names" in context.mechanisms:
        yield list(find_split_name(folded, answer.language, answer))
    if "phrases" in context.mechanisms:
        is_name = all(word[:1].isupper() for word in variant.split())
        finder = phrase_finder(folded, is_name, answer.language)
        yield list(finder(answer)) if finder else []


@lru_cache(maxsize=8192)
def _comparable(text: str, language: Language) -> str:
    folded = fold_text(text).strip()
    return simplify(folded) if language == "zh" else folded


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
            is_open=bool(split_units(answer.text)),
        )
    span = answer.span(told.refused.start, told.refused.end)
    return Verdict(False, (span,), f"{span.text!r} does not count for {keyword!r}: {told.refused.fault}")


def _examine(term: Term, answer: Answer, context: Context) -> Finding:
    refused: Hit | None = None
    readings = (r for variant in term.variants for r in _readings(variant, term.type, answer, context))
    for hits in readings:
        if is_stuffed(answer.text, hits):
            refused = refused or hits[0]._replace(fault=STUFFED.format(len(hits)))
            continue
        hits = [_with_asked_head(hit, answer, context) for hit in hits]
        judged = [hit if hit.fault else _judge_hit(hit, answer, context) for hit in hits]
        said = tuple(hit for hit in judged if not hit.fault)
        denied = next((hit for hit in judged if _is_opposite(hit, answer, context)), None)
        if said and not denied:
            return Finding(term, said, None)
        if said and denied:
            refused = refused or said[0]._replace(fault=CONTRADICTED)
        refused = refused or next(iter(judged), None)
    return Finding(term, (), refused)


def _with_asked_head(hit: Hit, answer: Answer, context: Context) -> Hit:
    """A piece of a compound is the answer where the rest of it is what the question asks for a kind of.

    "餃子は何が好き?" - "エビ餃子が好き" for エビ.
    """
    head = answer.text[hit.end : hit.end + _MIN_HEAD]
    is_kind = len(head) == _MIN_HEAD and head.isalpha() and is_wide(head[0]) and head in context.asked.text
    return hit._replace(fault="") if hit.fault == PIECE_OF_WORD and is_kind else hit


def _is_opposite(hit: Hit, answer: Answer, context: Context) -> bool:
    """Whether a place says the opposite; a dislike of former days is none, nor one of something about it."""
    if hit.fault == DISLIKED:
        place = Place(answer, hit, context.asked)
        return dislikes_itself(place.around) and not place.grammar.before.search(place.text)
    return hit.fault in (DENIED, SCOFFED) and not context.asked.reported


def _judge_hit(hit: Hit, answer: Answer, context: Context) -> Hit:
    pieces = (hit._replace(start=start, end=end) for start, end in hit.parts or ((hit.start, hit.end),))
    faults = (objection(_place(answer, piece, context), context.mechanisms) for piece in pieces)
    return hit._replace(fault=next(filter(None, faults), ""))


def _place(answer: Answer, hit: Hit, context: Context) -> Place:
    return Place(answer, hit, context.asked, context.sources, context.user_said)


def _commit(finding: Finding, sample: Sample, answer: Answer) -> Finding:
    """The finding, with what is said taken back where the reply only lists or repeats."""
    if not finding.said:
        return finding
    fault = lack_of_commitment(answer, finding.said, len(sample.rule.terms), _known_units(_sources(sample)))
    return Finding(finding.term, (), finding.said[0]._replace(fault=fault)) if fault else finding


def _sources(sample: Sample) -> tuple[str, ...]:
    turns = (message.content for message in sample.conversation_history)
    return (sample.answer, *map(str, sample.character_profile.values()), *turns)


def _known_texts(sample: Sample) -> tuple[str, ...]:
    variants = (variant for term in sample.rule.terms for variant in term.variants)
    return (*_sources(sample), sample.question, *sample.keywords, *variants)


@lru_cache(maxsize=512)
def _known_units(sources: tuple[str, ...]) -> frozenset[str]:
    return frozenset(unit for source in sources for unit in split_units(simplify(fold_text(source))))
