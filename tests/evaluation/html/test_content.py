"""What the page is given to show."""

import json
import re
from dataclasses import replace

import pytest

from raiden.core.errors import InputError
from raiden.evaluation.curves import Curve, Point
from raiden.evaluation.html import build_page, page_content
from raiden.evaluation.html.content import cut_at_spans
from tests.evaluation.html.pages import ATTACK, CURVES, after, before, evaluation, row


def content(*evaluations, curves=()):
    return page_content([(f"{number}.json", each) for number, each in enumerate(evaluations)], curves)


def test_replies_to_the_same_sample_stand_side_by_side():
    samples = {sample["id"]: sample for sample in content(before(), after())["samples"]}
    assert [[reply["accuracy"] for reply in side] for side in samples["ko1"]["replies"]] == [[0.0], [1.0, 0.0]]
    assert [side[0]["parts"] for side in samples["en1"]["replies"]] == [[ATTACK], ["🦊🦊 In ", "Hull", "!"]]
    assert samples["ja1"]["replies"][1][0]["truncated"]


def test_a_sample_of_one_file_is_shown_and_told():
    alone = evaluation("other", [row("en1", "Hull.", True, "Hull"), row("en2", "Hull.", True, "Hull")])
    page = content(before(), alone)
    assert {sample["id"]: list(map(len, sample["replies"])) for sample in page["samples"]}["en2"] == [0, 1]
    assert [note.split(".json")[0] for note in page["notes"]] == ["Samples that only 0", "Samples that only 1"]
    assert "only 0.json has: 3." in page["notes"][0]
    assert "only 1.json has: 1." in page["notes"][1]


def test_requests_without_a_reply_are_told():
    failed = [{"id": "en2", "reply_index": 0, "error": "HTTP 500"}]
    notes = content(evaluation("m", [row("en1", "Hull.", True, "Hull")], failed=failed))["notes"]
    assert notes == ["Requests of 0.json without a reply: 1. They count nowhere."]


def test_rewards_with_different_settings_are_told():
    first, second = (replace(each, rewards={"min_length": n}) for n, each in enumerate((before(), after())))
    (note,) = content(first, second)["notes"]
    assert note == "Scored with different settings (min_length 0 and 1): the mean rewards cannot be compared."
    assert content(first, first)["notes"] == []


def test_a_profile_is_kept_once_however_many_samples_have_it():
    page = content(evaluation("m", [row(f"en{number}", "Hull.", True, "Hull") for number in range(9)]))
    assert page["profiles"] == [[("Name", "Edith"), ("Introduction", "Edith was born in Hull.")]]
    assert {sample["profile"] for sample in page["samples"]} == {0}


def test_the_figures_are_those_of_validate_and_compare():
    figures = {figure["title"]: figure for figure in content(before(), after())["figures"]}
    sbk = figures["SBK (profile)"]
    # 1 of 3 SBK replies, then 2 of 3; English and Chinese rise by 1, Japanese falls by 1.
    assert [value["mean"] for value in sbk["values"]] == pytest.approx([1 / 3, 2 / 3])
    assert sbk["difference"]["difference"] == pytest.approx(1 / 3)
    assert sbk["difference"]["verdict"] == "too few characters"
    assert figures["mean reward"]["values"][1]["mean"] == pytest.approx(3 / 5)
    assert figures["mean reward"]["difference"] is None


def test_the_name_of_a_figure_leads_to_its_samples():
    links = {figure["title"]: figure["link"] for figure in content(after())["figures"] if figure["values"]}
    assert links["SBK and CM"] == "#"
    assert links["CM (conversation)"] == "#focus=cm"
    assert links["question type: who"] == "#focus=sbk&question_type=who"


def test_how_the_replies_are_written_stands_beside_the_shares():
    writing = {line["title"]: line["values"] for line in content(before(), after())["writing"]}
    # The first replies to four samples; one of the trained model's is cut.
    assert writing["cut at the token limit"] == [0.0, 0.25]
    assert writing["pass@2"] == [None, 1.0]


def test_what_is_not_known_of_a_question_is_neither_figure_nor_filter():
    untold = [row(f"en{i}", "Hull.", True, "Hull", question_type="", difficulty="") for i in range(2)]
    page = content(evaluation("m", untold))
    assert [figure["title"] for figure in page["figures"]] == [
        "SBK and CM",
        "SBK (profile)",
        "language: en",
        "mean reward",
    ]
    assert [(sample["question_type"], sample["difficulty"]) for sample in page["samples"]] == [("", "")] * 2


def test_replies_that_were_scored_by_different_rules_are_not_shown_side_by_side():
    one, other = (evaluation("m", [row("en1", "Hull.", True, keywords=[word])]) for word in ("Hull", "York"))
    with pytest.raises(InputError, match="different rules"):
        content(one, other)


def test_files_without_a_sample_in_common_are_refused():
    with pytest.raises(InputError, match="no sample in common"):
        content(before(), evaluation("other", [row("en9", "Hull.", True, "Hull")]))


@pytest.mark.parametrize(
    ("spans", "pieces"),
    [
        ([], ["abcdef"]),
        ([(0, 2)], ["", "ab", "cdef"]),
        ([(4, 6)], ["abcd", "ef"]),
        ([(3, 5), (1, 2)], ["a", "b", "c", "de", "f"]),  # in the order of the text
        ([(1, 4), (2, 5)], ["a", "bcd", "", "e", "f"]),  # no letter twice
        ([(2, 99)], ["ab", "cdef"]),
    ],
)
def test_a_text_is_cut_at_its_spans(spans, pieces):
    assert cut_at_spans("abcdef", [{"start": start, "end": end} for start, end in spans]) == pieces


def test_the_curves_that_matter_come_first_and_none_is_lost():
    panels = content(after(), curves=CURVES)["panels"]
    assert [(panel["title"], panel["main"]) for panel in panels] == [
        ("SBK", True),
        ("Gradient norm", True),
        ("sync/seconds", False),
    ]
    assert [curve["label"] for curve in panels[0]["curves"]] == ["training", "held out"]
    assert panels[1]["curves"][0]["points"] == [[1, 2.0], [2, None], [3, 4.0]]


def test_a_chart_says_where_it_shows_the_extremes_only():
    long = Curve("entropy", tuple(Point(step, step % 7) for step in range(5000)))
    [panel] = content(after(), curves=[long])["panels"]
    assert panel["unit"] == "nats a token, extremes only"
    assert len(panel["curves"][0]["points"]) == 1000


def test_nothing_of_a_reply_can_end_the_content():
    page = build_page(content(before(), after()), "<b>{{content}}</b>")
    [inside] = re.findall(r'<script type="application/json" id="content">(.*?)</script>', page, re.DOTALL)
    assert "<" not in inside
    shown = json.loads(inside)["samples"][0]["replies"][0][0]["parts"]
    assert shown == [ATTACK]
    assert "<title>&lt;b&gt;{{content}}&lt;/b&gt;</title>" in page


def test_half_a_character_is_shown_as_unreadable():
    page = build_page(content(evaluation("m", [row("en1", "half \ud83d of a fox", False)])), "t")
    assert "half \ufffd of a fox" in page.encode().decode()
