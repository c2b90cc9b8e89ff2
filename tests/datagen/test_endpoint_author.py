"""A language model as author, over a real socket: what it is asked, and what becomes of its drafts."""

import asyncio
import json
from collections import Counter
from itertools import product

import pytest

from raiden.core.languages import detect_language
from raiden.core.types import LANGUAGES, Sample
from raiden.data.profiles import parse_profile
from raiden.datagen.base import Rejection, Slot
from raiden.datagen.checks import check
from raiden.datagen.questions import EndpointAuthor
from raiden.datagen.questions.author import plan_messages, plan_schema
from raiden.datagen.questions.plans import make_plan, split_passages
from raiden.datagen.questions.wording import WORDINGS
from raiden.endpoints import AccessError, ChatReply, Identity, RetryingEndpoint
from raiden.endpoints.openai import OpenAIEndpoint
from tests.endpoints.requests import profile
from tests.servers.chat_server import Behaviour, ChatServer

SLOTS = [
    Slot(profile(language), focus, language, i) for language in LANGUAGES for focus in ("sbk", "cm") for i in (0, 1)
]


def write(behaviour, slots, attempt=0, seed=0, max_retries=2):
    async def main():
        async with ChatServer(behaviour) as server:
            endpoint = RetryingEndpoint(OpenAIEndpoint(server.base_url), max_retries, base_wait=0.01)
            author = EndpointAuthor(endpoint, seed)
            try:
                return await asyncio.gather(*(author.write(slot, attempt) for slot in slots))
            finally:
                await endpoint.close()

    return asyncio.run(main())


def test_drafts_in_every_language_and_of_both_kinds_become_samples():
    for slot, draft in zip(SLOTS, write(Behaviour(), SLOTS), strict=True):
        sample = check(draft, slot, [])
        assert isinstance(sample, Sample), sample
        assert (sample.language, sample.focus) == (slot.language, slot.focus)
        assert sample.raw["metadata"] == {
            "source": f"openai_{slot.focus}",
            "model": "test-model",
            "language": slot.language,
            "focus": {"sbk": "script_knowledge", "cm": "conversation_memory"}[slot.focus],
        }


def test_the_same_slot_and_attempt_give_the_same_draft_and_another_seed_another():
    assert write(Behaviour(), SLOTS) == write(Behaviour(jitter=0.1), SLOTS)
    others = write(Behaviour(), SLOTS, seed=1)
    assert all(a != b for a, b in zip(write(Behaviour(), SLOTS), others, strict=True))


def test_a_model_that_fails_for_good_is_a_rejection_with_the_reasons():
    behaviour = Behaviour(faults={"half_json": 1.0}, num_faults=9)
    (rejection,) = write(behaviour, SLOTS[:1])
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "request_failed"
    assert "after 3 tries" in rejection.detail


def test_a_refused_key_ends_the_run():
    with pytest.raises(AccessError):
        write(Behaviour(api_key="sk-right"), SLOTS[:1])


class Scripted:
    """An endpoint that says one thing."""

    def __init__(self, text):
        self.text = text

    async def identity(self):
        return Identity("bedrock", "claude")

    async def complete(self, request):
        return ChatReply(self.text, 1, 1)

    async def close(self):
        pass


def draft_from(reply, slot):
    return asyncio.run(EndpointAuthor(Scripted(json.dumps(reply))).write(slot, 0))


def slot_of(method, focus="sbk"):
    slots = (Slot(profile("en"), focus, "en", i) for i in range(6))
    return next(slot for slot in slots if make_plan(slot, 0, 0).validation_method == method)


def test_a_single_keyword_is_the_only_one_of_its_record():
    slot = slot_of("single_term_validation")
    record = draft_from({"question": " Where? ", "answer": "In Truro.", "keyword": " Truro "}, slot)
    assert record["question"] == "Where?"
    assert record["keywords"] == ["Truro"]
    assert "rule" not in record
    assert record["conversation_history"] == []
    assert record["metadata"]["source"] == "bedrock_sbk"


def test_several_terms_become_the_rule_and_their_first_variants_the_keywords():
    slot = slot_of("multi_term_parsing", "cm")
    terms = [{"type": "text", "variants": ["goats", "goat"]}, {"type": "number", "variants": ["3"]}]
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    reply = {"conversation": turns, "question": "Why?", "answer": "For goats.", "match": "all", "terms": terms}
    record = draft_from(reply, slot)
    assert record["keywords"] == ["goats", "3"]
    assert record["rule"] == {"match": "all", "terms": terms}
    assert record["conversation_history"] == turns
    assert record["metadata"]["source"] == "bedrock_cm"


def test_six_slots_of_a_character_ask_for_the_six_types_and_eighteen_for_each_in_every_difficulty():
    plans = [make_plan(Slot(profile("ja"), "sbk", "ja", i), 0, 0) for i in range(18)]
    assert len({plan.question_type for plan in plans[:6]}) == 6
    assert set(Counter((plan.question_type, plan.difficulty) for plan in plans).values()) == {1}


def test_each_passage_is_asked_about_before_any_is_asked_about_again():
    passages = split_passages(profile("zh"))
    plans = [make_plan(Slot(profile("zh"), "sbk", "zh", i), 0, 0) for i in range(len(passages))]
    assert sorted(plan.passage for plan in plans) == sorted(passages)


def test_another_attempt_asks_something_else():
    slot = Slot(profile("ko"), "cm", "ko", 0)
    messages = [plan_messages(slot, make_plan(slot, attempt, 0)) for attempt in range(4)]
    assert len(set(messages)) == 4


def test_a_fact_is_mentioned_by_the_user_and_with_talk_between_it_and_the_question():
    plans = [make_plan(Slot(profile(ln), "cm", ln, i), a, 0) for ln, i, a in product(LANGUAGES, range(40), range(3))]
    assert {plan.num_turns for plan in plans} == {4, 6, 8, 10}
    for plan in plans:
        assert plan.fact_turn % 2 == 1
        assert plan.fact_turn + 2 < plan.num_turns


@pytest.mark.parametrize("language", LANGUAGES)
def test_prompts_are_in_the_language_of_the_slot_and_wholly_filled_in(language):
    wording = WORDINGS[language]
    for focus, index in product(("sbk", "cm"), range(18)):
        slot = Slot(profile(language), focus, language, index)
        plan = make_plan(slot, 0, 0)
        system, task = plan_messages(slot, plan)
        assert detect_language(system.content) == language
        assert plan.passage in task.content
        assert wording.question_words[plan.question_type] in task.content
        assert "{type}" not in task.content
        assert "{name}" not in system.content
        assert all(field in task.content or field in system.content for field in ("question", "answer"))


def test_what_all_drafts_about_a_character_share_comes_first():
    prompts = []
    for index in range(6):
        slot = Slot(profile("en"), "sbk", "en", index)
        prompts.append("\n".join(m.content for m in plan_messages(slot, make_plan(slot, 0, 0))))
    end = prompts[0].index("</Character Setting>")
    assert len({prompt[:end] for prompt in prompts}) == 1


def test_a_character_with_braces_and_nothing_but_a_name_can_be_asked_about():
    bare = parse_profile({"prompt": "<Character Setting>\nName: {x} {0}\n</Character Setting>"}, "a:1")
    slot = Slot(bare, "sbk", "en", 0)
    system, task = plan_messages(slot, make_plan(slot, 0, 0))
    assert "{x} {0}" in system.content
    assert "Name: {x} {0}" in task.content


def test_the_schema_of_a_conversation_fixes_its_length():
    slot = Slot(profile("en"), "cm", "en", 0)
    plan = make_plan(slot, 0, 0)
    turns = plan_schema(slot, plan)["properties"]["conversation"]
    assert turns["minItems"] == turns["maxItems"] == plan.num_turns
