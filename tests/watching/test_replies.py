"""How alike replies to different questions are said to be."""

from __future__ import annotations

from raiden.train.watching.replies import LatestReplies
from tests.watching.replies import rollout, step

HONEST = ["{} is mine.", "It was {}."]


def alike(*steps):
    """What is found after these steps."""
    latest = LatestReplies()
    for rollouts in steps:
        latest.add(rollouts)
    return latest.alike()


def test_replies_of_one_group_may_be_the_same():
    assert alike(step(["{} is mine.", "{} is mine."]))[0] == 0  # each has an eighth of all, as a reference answer has


def test_the_same_reply_to_every_question_is_seen_from_the_start():
    assert alike(step(["I do not know."])) == (1 - 1 / 8, "are the same")


def test_case_and_spaces_make_no_other_reply():
    assert alike(step(["I do not  know.", " i do not know."])) == (1 - 1 / 8, "are the same")


def test_reference_answers_that_are_the_same_excuse_replies():
    yes = [rollout(f"Question {n}?", "Yes.", ["Yes."]) for n in range(8)]
    assert alike(yes)[0] == 0


def test_a_stray_ending_is_seen_and_named():
    later = step(["{} is mine.)", "It was {}.", "Mine is {}.)", "I own {}.)"], first=8)
    # Of the latest 16 questions 8 have it in 3 of 4 replies: 0.375 of all.
    assert alike(step(HONEST), later) == (0.375, "end in '.)'")


def test_sixty_two_of_eighty_replies_with_a_stray_ending_are_seen():
    replies = [*step(["{}.)"], num_questions=62, first=8), *step(["{} km"], num_questions=18, first=70)]
    assert alike(step(HONEST), replies) == (62 / 80, "end in '.)'")


def test_only_the_latest_questions_count():
    assert alike(step(HONEST), step(["{}.)"], num_questions=16, first=8)) == (1, "end in '.)'")


def test_a_large_step_counts_as_a_whole():
    large = [*step(["{}.)"], num_questions=24, first=8), *step(["{}."], num_questions=8, first=32)]
    assert alike(step(HONEST), large) == (0.75, "end in '.)'")


def test_a_question_asked_again_counts_once():
    six = step(["I do not know."], num_questions=6)
    assert alike(six, six) == (0, "")  # six are too few


def test_an_opening_is_seen_and_named():
    later = step(["As an AI, I say {}."], num_questions=16, first=8)
    assert alike(step(HONEST), later) == (1, "begin with 'As an AI, I say '")


def test_what_the_reference_answers_share_is_no_fault():
    assert alike(step(["{}..."]), step(["Answer {}."], num_questions=16, first=8))[0] == 0


def test_what_the_first_replies_share_is_no_fault():
    assert alike(step(["Well, {}!"]), step(["Well, {}!"], num_questions=16, first=8))[0] < 0.2  # digits in common


def test_a_reply_cut_at_the_limit_has_no_ending():
    cut = [rollout(f"Question {n}?", f"Answer {n}.", [f"{n} and so on and"], "length") for n in range(16)]
    assert alike(step(HONEST), cut)[0] < 0.2


def test_reasoning_is_no_opening():
    thinking = step([f"<think>Let me see.</think>{reply}" for reply in HONEST], num_questions=16, first=8)
    assert alike(step(HONEST), thinking)[0] < 0.3  # some numbers begin alike


def test_languages_are_compared_by_characters():
    chinese = [rollout(f"第{n}问？", f"答{n}。", [f"作为人工智能,{n}号。"]) for n in range(16)]
    assert alike(step(HONEST), chinese) == (1, "begin with '作为人工'")


def test_a_resumed_run_sees_what_one_never_stopped_does():
    whole, stopped = LatestReplies(), LatestReplies()
    for latest in (whole, stopped):
        latest.add(step(HONEST))
    resumed = LatestReplies()
    resumed.load_state_dict(stopped.state_dict())
    for latest in (whole, resumed):
        latest.add(step(["{} is mine.)"], num_questions=4, first=8))
    assert resumed.alike() == whole.alike()
    assert whole.alike()[0] > 0
