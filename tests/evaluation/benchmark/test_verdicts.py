"""Scores and agreement, worked out by hand."""

import pytest

from raiden.evaluation.benchmark.judge import Judged, Verdict
from raiden.evaluation.benchmark.verdicts import add_up, cohens_kappa, rule_outcome, share


def judged(first, second):
    return Judged(None, Verdict(first, ""), Verdict(second, ""))


def test_each_order_counts_for_half_a_comparison():
    score = add_up(
        [
            judged("win", "win"),
            judged("win", "win"),
            judged("tie", "tie"),
            judged("lose", "lose"),
            judged("win", "lose"),  # whoever stands first: half a win, half a loss
            judged("lose", "win"),  # whoever stands second
            judged("win", "tie"),
            judged(None, "win"),
            judged("lose", None),
        ]
    )

    assert (score.wins, score.ties, score.losses) == (2 + 0.5 + 0.5 + 0.5, 1.5, 2)
    assert score.score == 3.5 / 7
    assert score.strict == 2 / 7
    assert (score.num_disagreements, score.num_first_preferred, score.num_errors) == (3, 2, 2)


def test_a_judge_that_always_prefers_the_first_place_shows_nothing():
    score = add_up([judged("win", "lose")] * 10)

    assert (score.score, score.strict) == (0.5, 0)
    assert score.num_disagreements == score.num_first_preferred == 10


def test_errors_alone_are_no_score():
    score = add_up([judged(None, None), judged("win", None)])

    assert (score.score, score.strict, score.num_comparisons, score.num_errors) == (None, None, 0, 2)


def test_a_comparison_adds_to_each_count_what_its_orders_say():
    cases = [judged("win", "win"), judged("win", "lose"), judged("tie", "win"), judged("tie", "tie")]

    assert [share(case, "win") for case in cases] == [1, 0.5, 0.5, 0]
    assert [share(case, "lose") for case in cases] == [0, 0.5, 0, 0]


def test_kappa_is_cohens():
    # 50 comparisons, 35 of them alike. By chance 25/50 * 30/50 + 25/50 * 20/50 = 0.5, so (0.7 - 0.5) / (1 - 0.5).
    pairs = [("win", "win")] * 20 + [("win", "lose")] * 5 + [("lose", "win")] * 10 + [("lose", "lose")] * 15

    assert cohens_kappa(pairs) == pytest.approx(0.4)


def test_kappa_of_three_verdicts():
    # Alike 3 of 6. First: win 3, tie 2, lose 1; second: win 2, tie 3, lose 1; by chance (3*2 + 2*3 + 1*1) / 36.
    pairs = [("win", "win"), ("win", "win"), ("win", "tie"), ("tie", "tie"), ("tie", "lose"), ("lose", "tie")]

    assert cohens_kappa(pairs) == pytest.approx((18 / 36 - 13 / 36) / (1 - 13 / 36))


def test_kappa_says_nothing_where_both_always_say_the_same():
    assert cohens_kappa([("tie", "tie")] * 5) is None
    assert cohens_kappa([]) is None


def test_kappa_is_negative_where_judges_contradict_each_other():
    assert cohens_kappa([("win", "lose"), ("lose", "win")]) == -1


def test_rules_prefer_what_is_right():
    assert [rule_outcome(1, 0), rule_outcome(0, 1), rule_outcome(1, 1)] == ["win", "lose", "tie"]
