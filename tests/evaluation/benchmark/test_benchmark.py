"""The command against servers that play model and judge; the scores are worked out by hand."""

import json
import re
from collections import Counter

import pytest

from raiden.__main__ import main
from tests.evaluation.benchmark.files import dialogue, judged_replies, serving, verdict, write_files
from tests.servers.chat_server import Behaviour

DIALOGUES = {
    "better": dialogue("Q1: who is Admiral?", "A", "My goose."),
    "worse": dialogue("Q2: when were you born?", "A", "In 1961."),
    "alike": dialogue("Q3: 您养什么？", "A", "我养画眉。", "裴青山"),
    "first": dialogue("Q4: 聊点别的？", "G", "听雨吧。", "裴青山"),
    "half": dialogue(
        "Q5: do you remember my train?", "K2-1", "At nine.", "Tamsin Roe", "My train leaves at nine.", "Ah."
    ),
    "garbled": dialogue("Q6: I am sad.", "F", "Come in, then."),
    "broken": dialogue("Q7: hello?", "L", "Hello yourself."),
}


def model(messages):
    """Replies with the number of the question."""
    return f"I answer {re.search(r'Q[0-9]', messages[-1]['content'])[0]}."


def judge(messages):
    """Judges by the number of the question and by which reply stands first."""
    first, second = judged_replies(messages)
    number = re.search(r"I answer (Q[0-9])", f"{first} {second}")[1]
    model_first = first.startswith("I answer")
    if number == "Q6":
        return 'I think that {"verdict": "both"}' if model_first else verdict("first")
    if number == "Q7":
        raise RuntimeError("the judge's server breaks down")
    by_order = {
        "Q1": ("first", "second"),
        "Q2": ("second", "first"),
        "Q3": ("tie", "tie"),
        "Q4": ("first", "first"),
        "Q5": ("first", "tie"),
    }
    return f"Well. ```json\n{verdict(by_order[number][0 if model_first else 1])}\n```"


@pytest.fixture
def run(tmp_path):
    """Runs the command with a model and a judge; gives the exit code and what was asked of each."""
    files = write_files(tmp_path, DIALOGUES)

    def start(*options, model_says=model, judge_says=judge, out="out", judge_behaviour=None):
        with (
            serving(Behaviour(says=model_says)) as one,
            serving(judge_behaviour or Behaviour(says=judge_says)) as other,
        ):
            servers = ["--base_url", one.base_url, "--output_dir", str(tmp_path / out)]
            if "--against" in options or "--extract_keywords" in options:
                servers += ["--judge_base_url", other.base_url, "--judge_max_retries", "1"]
            code = main(["benchmark", *files, *servers, "--max_retries", "1", *options])
            return code, one, other

    return start


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_the_score_of_a_scripted_judge_is_the_one_worked_out_by_hand(run, tmp_path, capsys):
    code, _, _ = run("--against", "reference")

    figures = read(tmp_path / "out", "summary.json")["dimensions"]
    # better 1 win, worse 1 loss, alike 1 tie, first half a win and half a loss, half: half a win and half a tie.
    everything = figures["all"]["judge"]
    assert [everything[name] for name in ("wins", "ties", "losses")] == [2, 1.5, 1.5]
    assert everything["score"] == 2 / 5
    assert everything["strict_score"] == 1 / 5
    assert (everything["num_disagreements"], everything["disagreement_share"]) == (2, 2 / 5)
    assert everything["num_first_preferred"] == 2
    assert everything["num_errors"] == 2  # the garbled and the broken one: no verdict is never a tie
    assert figures["SBK"]["judge"]["score"] == 1 / 3
    assert figures["ER"]["judge"] | {"score": None, "num_errors": 1, "ties": 0} == figures["ER"]["judge"]
    assert code == 1  # two verdicts are missing
    assert "SBK (script-based knowledge)" in capsys.readouterr().out


def test_the_figures_can_be_worked_out_again_from_the_files(run, tmp_path):
    run("--against", "reference")

    rows, summary = read(tmp_path / "out", "verdicts.json"), read(tmp_path / "out", "summary.json")
    for name, figures in summary["dimensions"].items():
        counts, num = Counter(), 0
        for row in rows:
            raw = [row["model_first"]["raw"], row["model_second"]["raw"]]
            if name not in (row["dimension"], "all") or any(text.startswith("error:") for text in raw):
                continue
            num += 1
            for text, winner in zip(raw, ("first", "second"), strict=True):
                said = json.loads(text)["verdict"]
                counts["tie" if said == "tie" else "win" if said == winner else "lose"] += 0.5
        if num:
            assert figures["judge"]["wins"] == counts["win"]
            assert figures["judge"]["score"] == counts["win"] / (counts["win"] + counts["tie"] + counts["lose"])
            low, high = figures["judge"]["interval"]
            assert low <= figures["judge"]["score"] <= high
    replies = read(tmp_path / "out", "replies.json")["replies"]
    english = [row["reply"] for row in replies if row["language"] == "en"]
    assert summary["style"]["en"]["model"]["mean_length"] == sum(map(len, english)) / len(english)
    assert {row["character_name"] for row in rows} == {"裴青山", "Tamsin Roe"}


def test_both_orders_are_asked_and_the_reference_is_no_hint_about_itself(run):
    _, _, other = run("--against", "reference", "--max_dialogues", "2")

    asked = [body["messages"][0]["content"] for body in other.bodies]
    assert len(asked) == 4
    assert sorted(judged_replies([{"content": text}])[0] for text in asked if "Admiral?" in text) == [
        "I answer Q1.",
        "My goose.",
    ]
    assert not any("for comparison" in text for text in asked)
    assert all("Criterion: Does the reply answer the question" in text for text in asked)


def test_a_rerun_asks_nothing_twice_and_changes_nothing(run, tmp_path):
    fair = {"judge_says": lambda messages: verdict("tie")}
    code, one, other = run("--against", "reference", **fair)
    assert (code, len(one.bodies), len(other.bodies)) == (0, 7, 14)
    before = read(tmp_path / "out", "summary.json")

    code, one, other = run("--against", "reference", **fair)

    assert (code, len(one.bodies), len(other.bodies)) == (0, 0, 0)
    assert read(tmp_path / "out", "summary.json") == before


def test_a_slow_judge_that_refuses_at_first_gives_the_same_score(run, tmp_path):
    patient = Behaviour(says=judge, latency=0.05, jitter=0.2, script=["429", "503", "429"])
    run("--against", "reference", judge_behaviour=patient)

    assert read(tmp_path / "out", "summary.json")["dimensions"]["all"]["judge"]["score"] == 2 / 5


@pytest.mark.parametrize(
    ("options", "tokens", "thinks"),
    [
        ([], {1024, 512}, False),
        (["--judge_enable_thinking", "--judge_max_tokens", "4000"], {4000}, True),
    ],
)
def test_a_judge_does_not_think_unless_it_is_told_to(run, options, tokens, thinks):
    def says(messages):
        return verdict("tie") if "<First Reply>" in messages[-1]["content"] else '{"keyword": ""}'

    code, one, other = run("--against", "reference", "--extract_keywords", *options, judge_says=says)

    assert code == 0
    assert {body["max_tokens"] for body in other.bodies} == tokens
    assert all(body["chat_template_kwargs"]["enable_thinking"] is thinks for body in other.bodies)
    assert not any("chat_template_kwargs" in body for body in one.bodies)


def test_an_order_biased_judge_gives_neither_side_anything(run, tmp_path):
    code, _, _ = run("--against", "reference", judge_says=lambda messages: verdict("first"))

    figures = read(tmp_path / "out", "summary.json")["dimensions"]["all"]["judge"]
    assert (figures["score"], figures["strict_score"], figures["disagreement_share"]) == (0.5, 0, 1)
    assert code == 0


@pytest.mark.parametrize(
    ("preferred", "word", "margin"),
    [("model", "better", [1, 1]), ("reference", "worse", [-1, -1]), ("first", "no difference shown", [0, 0])],
)
def test_better_is_said_only_where_the_interval_says_so(tmp_path, preferred, word, margin):
    npc = {f"Role {i}": {"npc_setting": "Pet: a goose"} for i in range(6)}
    files = write_files(tmp_path, {str(i): dialogue(f"Q{i}: hi?", "L", "Hm.", f"Role {i}") for i in range(6)}, npc)

    def says(messages):
        if "<First Reply>" not in messages[-1]["content"]:
            return model(messages)
        wanted = {"model": "I answer", "reference": "Hm.", "first": ""}[preferred]
        return verdict("first" if wanted in judged_replies(messages)[0] else "second")

    with serving(Behaviour(says=says)) as server:
        urls = ["--base_url", server.base_url, "--judge_base_url", server.base_url]
        assert main(["benchmark", *files, *urls, "--output_dir", str(tmp_path / "o"), "--against", "reference"]) == 0

    found = read(tmp_path / "o", "summary.json")["dimensions"]["CC"]["judge"]["margin"]
    assert (found["verdict"], found["interval"]) == (word, margin)


def test_two_models_are_compared_with_the_reference_shown(run, tmp_path):
    def longest(messages):
        first, second = judged_replies(messages)
        return verdict("first" if len(first) > len(second) else "second")

    def dull(messages):
        return "I do not know."

    assert run(out="dull", model_says=dull)[0] == 0
    code, _, other = run("--against", str(tmp_path / "dull"), judge_says=longest, out="other")

    summary = read(tmp_path / "other", "summary.json")
    assert code == 0
    assert summary["dimensions"]["all"]["judge"]["losses"] == 7  # "I answer Q1." is shorter
    assert "A person's reply, for comparison: My goose." in "".join(b["messages"][0]["content"] for b in other.bodies)
    assert summary["style"]["en"]["against"]["other"]["repeated_openings"] == 1
    assert summary["style"]["en"]["against"]["num_turns"] == 5


def test_without_keywords_no_accuracy_is_made_up(run, tmp_path):
    code, _, _ = run()

    summary = read(tmp_path / "out", "summary.json")
    assert code == 0
    assert all(figures["rule"] is None for figures in summary["dimensions"].values())
    assert not (tmp_path / "out" / "evaluation.json").exists()


def test_turns_that_have_nothing_to_compare_with_are_counted(tmp_path, capsys):
    dialogues = {"with": dialogue("Q1: hi?", "L", "Hm."), "without": dialogue("Q2: hi?", "L")}
    files = write_files(tmp_path, dialogues)
    with (
        serving(Behaviour(says=model)) as one,
        serving(Behaviour(says=lambda messages: verdict("tie"))) as other,
    ):
        urls = ["--base_url", one.base_url, "--judge_base_url", other.base_url]
        main(["benchmark", *files, *urls, "--output_dir", str(tmp_path / "o"), "--against", "reference"])

    assert read(tmp_path / "o", "summary.json")["num_uncompared"] == 1
    assert "left out: 1 replies" in capsys.readouterr().out


def test_replies_of_another_model_are_not_overwritten(run, tmp_path, capsys):
    run()
    before = (tmp_path / "out" / "replies.json").read_bytes()
    capsys.readouterr()

    files = write_files(tmp_path, DIALOGUES)
    with serving(Behaviour(says=model, models=("another-model",))) as server:
        assert main(["benchmark", *files, "--output_dir", str(tmp_path / "out"), "--base_url", server.base_url]) == 2

    assert "holds replies of test-model" in capsys.readouterr().err
    assert (tmp_path / "out" / "replies.json").read_bytes() == before


def test_failed_replies_are_counted_and_never_scored(run, tmp_path):
    def fails_once(messages):
        if "Q2" in messages[-1]["content"]:
            raise RuntimeError("the server breaks down")
        return model(messages)

    code, _, _ = run(model_says=fails_once)

    figures = read(tmp_path / "out", "summary.json")["dimensions"]
    assert code == 1
    assert (figures["SBK"]["num_turns"], figures["SBK"]["num_failed"]) == (3, 1)
    failed = next(row for row in read(tmp_path / "out", "replies.json")["replies"] if row["id"] == "worse")
    assert failed["reply"] is None
    assert "500" in failed["error"]
