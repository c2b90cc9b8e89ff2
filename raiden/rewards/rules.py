"""From the record of a sample to its match rule; whatever cannot be scored is refused here, at load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NoReturn, cast

from raiden.core.errors import SampleError
from raiden.core.types import MatchRule, Term, TermType
from raiden.rewards.dates import any_date
from raiden.rewards.finding import is_number
from raiden.rewards.normalise import fold_text

_TERM_TYPES: tuple[TermType, ...] = ("text", "number", "date")
_MATCHES = ("any", "all")


def rule_from_record(record: Mapping[str, Any], origin: str) -> MatchRule:
    """What a reply to this sample must say.

    The optional field `rule` gives it in full::

        {"match": "all", "terms": [{"type": "text", "variants": ["green tea", "matcha"]}, ...],
         "forbidden": [{"variants": ["coffee"]}]}

    Without it each of `keywords` is a term of its own; `match` is the record's, else `all` for
    `multi_term_parsing` and `any` for the rest.

    Args:
        origin: where the record was read, `file:line` or `file: item N`; every error starts with it.

    Raises:
        SampleError: the record has no rule that could ever decide, or one that contradicts itself.
    """
    return _RecordReader(record, origin).rule()


class _RecordReader:
    """Reads one record; holds what every error message needs."""

    def __init__(self, record: Mapping[str, Any], origin: str) -> None:
        self.record = record
        self.origin = origin

    def rule(self) -> MatchRule:
        keywords = self._keywords()
        if self.record.get("rule") is None:
            return MatchRule(
                tuple(self._term({"variants": [word]}, "keywords") for word in keywords),
                self._match(),
            )
        return self._declared(self.record["rule"])

    def _fail(self, fault: str, remedy: str) -> NoReturn:
        raise SampleError(f"{self.origin}: {fault}; {remedy}.")

    def _keywords(self) -> list[str]:
        keywords = self.record.get("keywords")
        if keywords is None and self.record.get("rule") is not None:
            return []
        if not isinstance(keywords, list) or not keywords:
            self._fail(
                f"`keywords` must be a list with at least one string, got {keywords!r}",
                "add the words that a right reply must say",
            )
        if self.record.get("validation_method") == "single_term_validation" and len(keywords) != 1:
            self._fail(
                f"`keywords` of a `single_term_validation` sample must hold exactly one, got {len(keywords)}",
                "keep one, or set `validation_method` to `multi_term_parsing`",
            )
        for word in keywords:
            self._text(word, "keywords")
        return keywords

    def _match(self) -> Literal["any", "all"]:
        default = "all" if self.record.get("validation_method") == "multi_term_parsing" else "any"
        return self._one_of(self.record.get("match", default), _MATCHES, "match")

    def _declared(self, rule: Any) -> MatchRule:
        if not isinstance(rule, Mapping):
            self._fail(
                f"`rule` must be an object, got {rule!r}",
                'write {"match": ..., "terms": [...]}',
            )
        self._known_keys(rule, ("match", "terms", "forbidden"), "rule")
        terms = self._terms(rule.get("terms"), "rule.terms")
        if not terms:
            self._fail(
                "`rule.terms` must be a list with at least one term, got none",
                "add what a right reply must say",
            )
        match = self._one_of(rule.get("match", "any"), _MATCHES, "rule.match")
        declared = MatchRule(terms, match, self._terms(rule.get("forbidden", []), "rule.forbidden"))
        self._no_contradiction(declared)
        return declared

    def _terms(self, terms: Any, field: str) -> tuple[Term, ...]:
        if not isinstance(terms, list):
            self._fail(
                f"`{field}` must be a list of objects, got {terms!r}",
                'write [{"variants": ["..."]}]',
            )
        return tuple(self._term(term, f"{field}[{index}]") for index, term in enumerate(terms))

    def _term(self, term: Any, field: str) -> Term:
        if not isinstance(term, Mapping):
            self._fail(
                f"`{field}` must be an object, got {term!r}",
                'write {"variants": ["..."]}',
            )
        self._known_keys(term, ("type", "variants"), field)
        kind = self._one_of(term.get("type", "text"), _TERM_TYPES, f"{field}.type")
        variants = term.get("variants")
        if not isinstance(variants, list) or not variants:
            self._fail(
                f"`{field}.variants` must be a list with at least one string, got {variants!r}",
                "add the ways to say it",
            )
        return Term(tuple(self._variant(variant, kind, f"{field}.variants") for variant in variants), kind)

    def _variant(self, value: Any, kind: TermType, field: str) -> str:
        variant = self._text(value, field)
        if kind == "number" and not is_number(variant):
            self._fail(
                f"`{field}` holds {variant!r}, which is not read as a number", "write it as 27, or make it a text"
            )
        if kind == "date" and not any_date(fold_text(variant).strip()):
            fault = f"`{field}` holds {variant!r}, which is not read as a date"
            self._fail(fault, "write it as 1990-03-05, or make it a text")
        return variant

    def _text(self, value: Any, field: str) -> str:
        if not isinstance(value, str):
            self._fail(
                f"`{field}` must hold strings, got {value!r}",
                "put it in quotation marks",
            )
        if not any(char.isalnum() for char in fold_text(value)):
            self._fail(
                f"`{field}` holds {value!r}, which has no letter or digit and so matches nothing",
                "replace or remove it",
            )
        return value

    def _known_keys(self, mapping: Mapping[str, Any], known: tuple[str, ...], field: str) -> None:
        for key in mapping:
            if key not in known:
                self._fail(
                    f"`{field}` has an unknown key {key!r}",
                    f"use only {', '.join(known)}",
                )

    def _one_of(self, value: Any, known: tuple[str, ...], field: str) -> Any:
        if value not in known:
            self._fail(
                f"`{field}` must be one of {', '.join(known)}, got {value!r}",
                "correct it",
            )
        return cast(Any, value)

    def _no_contradiction(self, rule: MatchRule) -> None:
        wanted = {fold_text(variant) for term in rule.terms for variant in term.variants}
        for term in rule.forbidden:
            for variant in term.variants:
                if fold_text(variant) in wanted:
                    self._fail(
                        f"`rule.forbidden` and `rule.terms` both hold {variant!r}",
                        "no reply could be right; remove one",
                    )
