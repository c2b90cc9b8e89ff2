"""Samples on which rule and judge agree, and samples that a policy does not know yet."""

import asyncio

import pytest

from raiden.core.types import LANGUAGES
from raiden.data.prompts import PromptSettings
from raiden.data.samples import parse_sample
from raiden.datagen.base import Rejection, Slot
from raiden.datagen.checks import check
from raiden.datagen.questions import EndpointAuthor
from raiden.datagen.verification import AgreementVerifier, HardnessVerifier
from raiden.endpoints import AccessError, ChatReply, Identity, RequestError, RetryingEndpoint
from raiden.endpoints.openai import OpenAIEndpoint
from tests.endpoints.requests import profile
from tests.servers.chat_server import Behaviour, ChatServer

SAMPLE = parse_sample(
    {
        "character_name": "Maud Tillery",
        "character_profile": {"Name": "Maud Tillery", "Hometown": "Redruth"},
        "question": "Where were you born?",
        "answer": "I was born in Redruth.",
        "keywords": ["Redruth"],
        "question_type": "where",
        "validation_method": "single_term_validation",
        "difficulty": "easy",
    },
    "test:1",
)
RIGHT, WRONG = "I was born in Redruth.", "I was born in Truro."


class Scripted:
    """An endpoint that replies in turn and judges in turn."""

    def __init__(self, replies, verdicts=()):
        self.replies, self.verdicts = iter(replies), iter(verdicts)
        self.requests = []

    async def identity(self):
        return Identity("openai", "scripted")

    async def complete(self, request):
        self.requests.append(request)
        if request.schema is None:
            return ChatReply(next(self.replies), 1, 1)
        return ChatReply('{"right": true}' if next(self.verdicts) else '{"right": false}', 1, 1)

    async def close(self):
        pass


@pytest.mark.parametrize(("num_misjudged", "is_kept"), [(0, True), (3, True), (4, False), (10, False)])
def test_seven_of_ten_verdicts_must_agree_with_the_rule(num_misjudged, is_kept):
    replies = [RIGHT, WRONG] * 5
    truth = [reply == RIGHT for reply in replies]
    verdicts = [right != (i < num_misjudged) for i, right in enumerate(truth)]
    rejection = asyncio.run(AgreementVerifier(Scripted(replies, verdicts), 10).verify(SAMPLE))
    assert (rejection is None) == is_kept
    if rejection:
        assert rejection.reason == "judge_disagrees"
        assert f"agree on {10 - num_misjudged} of 10" in rejection.detail
        assert f'the rule takes "{RIGHT}" for right, the judge for wrong' in rejection.detail


def test_replies_are_asked_with_the_samples_own_prompt_and_a_seed_for_each():
    endpoint = Scripted([RIGHT] * 4, [True] * 4)
    asyncio.run(AgreementVerifier(endpoint, 4).verify(SAMPLE))
    asked, judged = endpoint.requests[:4], endpoint.requests[4:]
    assert len({request.seed for request in asked}) == 4
    assert {request.messages[-1].content for request in asked} == {"Where were you born?"}
    assert "Redruth" in asked[0].messages[0].content
    assert all(RIGHT in request.messages[0].content and request.temperature == 0 for request in judged)


@pytest.mark.parametrize("verifier", [AgreementVerifier, HardnessVerifier])
def test_replies_are_asked_with_the_prompts_that_training_will_have(verifier):
    prompts = PromptSettings("think", prompt_template="Be {{ name }}.\n{{ profile }}")
    endpoint = Scripted([f"<think>Where?</think>{RIGHT}", f"<think>{RIGHT}</think>{WRONG}"], [True, False])
    assert asyncio.run(verifier(endpoint, 2, prompts=prompts).verify(SAMPLE)) is None
    (told,) = {request.messages[0].content for request in endpoint.requests if request.schema is None}
    assert told == "Be Maud Tillery.\nName: Maud Tillery\nHometown: Redruth"


@pytest.mark.parametrize(
    ("replies", "is_kept"), [([RIGHT] * 3, False), ([RIGHT, RIGHT, WRONG], True), ([WRONG] * 3, True)]
)
def test_a_question_is_kept_when_the_policy_is_wrong_at_least_once(replies, is_kept):
    rejection = asyncio.run(HardnessVerifier(Scripted(replies), 3).verify(SAMPLE))
    assert (rejection is None) == is_kept
    if rejection:
        assert rejection.reason == "too_easy"
        assert "all of 3 replies" in rejection.detail


@pytest.mark.parametrize("verifier", [AgreementVerifier, HardnessVerifier])
def test_a_request_that_fails_for_good_is_a_rejection_and_a_refused_key_the_end(verifier):
    class Failing(Scripted):
        def __init__(self, fault):
            super().__init__([])
            self.fault = fault

        async def complete(self, request):
            raise self.fault

    rejection = asyncio.run(verifier(Failing(RequestError("no reply after 3 tries")), 2).verify(SAMPLE))
    assert rejection == Rejection("request_failed", "no reply after 3 tries")
    with pytest.raises(AccessError):
        asyncio.run(verifier(Failing(AccessError("HTTP 401")), 2).verify(SAMPLE))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("focus", ["sbk", "cm"])
def test_a_draft_is_verified_by_the_server_that_wrote_it(language, focus):
    slot = Slot(profile(language), focus, language, 0)

    async def main(wrong_share):
        async with ChatServer(Behaviour(wrong_share=wrong_share)) as server:
            endpoint = RetryingEndpoint(OpenAIEndpoint(server.base_url))
            sample = check(await EndpointAuthor(endpoint).write(slot, 0), slot, [])
            verifiers = (AgreementVerifier(endpoint, 6), HardnessVerifier(endpoint, 6))
            found = [await verifier.verify(sample) for verifier in verifiers]
            await endpoint.close()
            return [rejection and rejection.reason for rejection in found]

    # The server's judge is never wrong, and its policy always knows or never.
    assert asyncio.run(main(0.0)) == [None, "too_easy"]
    assert asyncio.run(main(1.0)) == [None, None]
