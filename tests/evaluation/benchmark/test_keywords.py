"""What a right reply must say: found by a model, checked by rules, corrected by hand."""

import json
import re

import pytest

from raiden.__main__ import main
from raiden.evaluation.benchmark.dialogues import load_benchmark
from raiden.evaluation.benchmark.keywords import keyword_fault
from raiden.evaluation.results import read_evaluation
from tests.evaluation.benchmark.files import dialogue, judged_replies, serving, verdict, write_files
from tests.servers.chat_server import Behaviour

DIALOGUES = {
    "goose": dialogue("Q1: what kind of bird is Admiral?", "A", "A goose, my dear."),
    "born": dialogue("Q2: when were you born?", "A", "I was born in 1961."),
    "master": dialogue("Q3: 您的师父是谁？", "A、E", "我的师父是程伯安。", "裴青山"),
    "train": dialogue(
        "Q4: when does my train leave?", "K2", "At nine, you said.", "Tamsin Roe", "It leaves at nine.", "Ah."
    ),
    "talk": dialogue("Q5: hello!", "L", "Hello yourself."),
}
KEYWORDS = {"Q1": "goose", "Q2": "1961", "Q3": "程伯安", "Q4": "nine"}


@pytest.fixture
def turns(tmp_path):
    write_files(tmp_path, DIALOGUES)
    return {turn.id: turn for turn in load_benchmark(tmp_path / "npc.json", tmp_path / "dialogue.json").turns}


@pytest.mark.parametrize(
    ("turn", "keyword", "fault"),
    [
        ("goose", "goose", ""),
        ("born", "1961", ""),
        ("master", "程伯安", ""),
        ("train", "nine", ""),
        ("goose", "", "names nothing"),
        ("goose", "duck", "reference does not say"),
        ("goose", "my dear", "names nothing|more than a name|clause"),
        ("goose", "dear", "neither in the setting nor in the conversation"),
        ("born", "born", "The question says"),
    ],
)
def test_a_keyword_stands_in_reference_and_source_but_not_in_the_question(turns, turn, keyword, fault):
    found = keyword_fault(turns[turn], keyword)

    assert re.search(fault, found) if fault else not found, found


def judge(messages):
    text = messages[-1]["content"]
    if "<First Reply>" in text:
        first, second = judged_replies(messages)
        return verdict("first" if "goose" in first else "second" if "goose" in second else "tie")
    return json.dumps({"keyword": KEYWORDS[re.search(r"Question: (Q[0-9])", text)[1]]})


def model(messages):
    return {"Q1": "A goose!", "Q2": "Not in 1961.", "Q3": "是程伯安。", "Q4": "At ten."}.get(
        messages[-1]["content"][:2], "Hello."
    )


@pytest.fixture
def run(tmp_path):
    files = write_files(tmp_path, DIALOGUES)

    def start(*options, judge_says=judge):
        with serving(Behaviour(says=model)) as one, serving(Behaviour(says=judge_says)) as other:
            options = ("--judge_base_url", other.base_url, "--against", "reference", *options)
            out = ["--output_dir", str(tmp_path / "out"), "--base_url", one.base_url]
            return main(["benchmark", *files, *out, *options]), len(other.bodies)

    return start


def figures(tmp_path):
    return json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))


def test_replies_are_scored_by_extracted_keywords(run, tmp_path):
    code, _ = run("--extract_keywords")

    found = figures(tmp_path)["dimensions"]
    assert code == 0
    # Right: the goose and the master. 1961 is mentioned, but denied. The train is wrong.
    assert (found["SBK"]["rule"]["accuracy"], found["SBK"]["rule"]["keyword_hits"]) == (2 / 3, 1)
    assert (found["CM"]["rule"]["accuracy"], found["CM"]["rule"]["keyword_hits"]) == (0, 0)
    assert found["CC"]["rule"] is None
    assert found["all"]["rule"]["num_scored"] == 4


def test_judge_and_rules_are_compared(run, tmp_path):
    run("--extract_keywords")

    # The judge finds a goose in both (first wins: the orders differ, so it counts nowhere) and else sees ties;
    # by the rules the references of two others are better, the master is a tie.
    assert figures(tmp_path)["agreement"] == {
        "kappa": 0.0,  # alike 1 of 3; by chance 1/3 too: the judge says tie always, the rules once
        "num_comparisons": 3,  # not the master's style, of which no rule can tell
        "counts": {"rules: lose, judge: tie": 2, "rules: tie, judge: tie": 1},
    }


def test_keywords_are_kept_to_be_corrected_and_never_overwritten(run, tmp_path):
    run("--extract_keywords")
    path = tmp_path / "out" / "keywords.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    assert [entry["keywords"] for entry in entries] == [["goose"], ["1961"], ["程伯安"], ["nine"]]
    for entry in entries:
        entry["keywords"] = [] if entry["id"] == "born" else entry["keywords"]
    path.write_text(json.dumps(entries), encoding="utf-8")

    code, num_asked = run("--extract_keywords")

    assert (code, num_asked) == (0, 0)
    assert json.loads(path.read_text(encoding="utf-8")) == entries
    assert figures(tmp_path)["dimensions"]["SBK"]["rule"]["accuracy"] == 1


def test_a_keyword_that_fails_the_checks_is_kept_with_the_reason(run, tmp_path):
    run(
        "--extract_keywords",
        judge_says=lambda m: verdict("tie") if "<First" in m[-1]["content"] else '{"keyword": "x"}',
    )

    entries = json.loads((tmp_path / "out" / "keywords.json").read_text(encoding="utf-8"))
    assert [entry["keywords"] for entry in entries] == [[], [], [], []]
    assert 'The reference does not say "x".' in entries[0]["rejected"]
    assert figures(tmp_path)["dimensions"]["SBK"]["rule"] is None


def test_a_request_for_a_keyword_that_fails_is_made_again_by_the_next_run(run, tmp_path):
    def breaks(messages):
        if "Q2" in messages[-1]["content"] and "<First Reply>" not in messages[-1]["content"]:
            raise RuntimeError("the server breaks down")
        return judge(messages)

    assert run("--extract_keywords", "--judge_max_retries", "0", judge_says=breaks)[0] == 1
    assert figures(tmp_path)["dimensions"]["SBK"]["rule"]["num_scored"] == 2

    assert run("--extract_keywords") == (0, 1)
    assert figures(tmp_path)["dimensions"]["SBK"]["rule"]["num_scored"] == 3


def test_what_the_rules_score_can_be_compared_and_reported(run, tmp_path):
    run("--extract_keywords")

    rows = {row["id"]: row for row in read_evaluation(tmp_path / "out" / "evaluation.json").rows}
    assert {id_: row["accuracy"] for id_, row in rows.items()} == {"goose": 1, "born": 0, "master": 1, "train": 0}
    assert rows["train"]["focus"] == "cm"
    assert rows["goose"]["spans"] == [{"start": 2, "end": 7, "text": "goose"}]


def test_an_entry_without_keywords_may_have_a_rule(run, tmp_path):
    rule = {"terms": [{"variants": ["goose", "gander"]}]}
    (tmp_path / "mine.json").write_text(json.dumps([{"id": "goose", "keywords": [], "rule": rule}]))

    assert run("--keywords_file", str(tmp_path / "mine.json"))[0] == 0
    assert figures(tmp_path)["dimensions"]["SBK"]["rule"]["accuracy"] == 1


def test_a_rule_tells_of_the_first_dimension_alone(run, tmp_path):
    both = dialogue(
        "Q1: what kind of bird is Admiral?", ["A", "K2"], "A goose.", "Tamsin Roe", "Admiral?", "My goose."
    )
    write_files(tmp_path, {"goose": both})
    (tmp_path / "mine.json").write_text('[{"id": "goose", "keywords": ["goose"]}]')

    assert run("--keywords_file", str(tmp_path / "mine.json"), judge_says=lambda messages: verdict("tie"))[0] == 0

    found = figures(tmp_path)
    assert found["dimensions"]["SBK"]["rule"]["num_scored"] == 1
    assert found["dimensions"]["CM"]["rule"] is None
    assert found["agreement"]["num_comparisons"] == 1


def test_scores_by_other_keywords_are_not_compared(run, tmp_path, capsys):
    evaluations = []
    for number, word in enumerate(("goose", "my dear")):
        (tmp_path / "mine.json").write_text(json.dumps([{"id": "goose", "keywords": [word]}]))
        assert run("--keywords_file", str(tmp_path / "mine.json"))[0] == 0
        evaluations.append(str((tmp_path / "out" / "evaluation.json").rename(tmp_path / f"{number}.json")))

    assert main(["compare", *evaluations]) == 2
    assert "sample goose: `keywords` is ['goose'] in the first file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("says", "response_format", "fault", "well_formed"),
    [
        ("A goose!", "plain", "", 1),
        ("<think>The pet.</think>A goose!", "think", "", 1),
        ("<think>The pet.</think>A goose!", "plain", "", 0),
        ("A goose!", "think", "", 0),
        ("A goose! A goose!", "plain", "truncated", 0),
    ],
)
def test_the_reward_is_that_of_all_that_was_written(tmp_path, says, response_format, fault, well_formed):
    files = write_files(tmp_path, {"goose": DIALOGUES["goose"]})
    (tmp_path / "mine.json").write_text('[{"id": "goose", "keywords": ["goose"]}]')
    with serving(Behaviour(says=lambda messages: says, script=[fault])) as server:
        options = ["--base_url", server.base_url, "--keywords_file", str(tmp_path / "mine.json")]
        options += ["--output_dir", str(tmp_path / "out"), "--response_format", response_format]
        assert main(["benchmark", *files, *options]) == 0

    made = read_evaluation(tmp_path / "out" / "evaluation.json")
    [row] = made.rows
    assert made.rewards is not None
    assert made.rewards["response_format"] == response_format
    assert (row["accuracy"], row["format"], row["question_type"], row["difficulty"]) == (1, well_formed, "", "")
    assert all(row["reply"][span["start"] : span["end"]] == span["text"] == "goose" for span in row["spans"])
    assert row["total"] == pytest.approx(0.7 + 0.3 * well_formed)
    [reply] = json.loads((tmp_path / "out" / "replies.json").read_text(encoding="utf-8"))["replies"]
    assert reply["reply"].startswith("A goose!")


def refused(tmp_path, capsys, *options):
    files = write_files(tmp_path, DIALOGUES)
    code = main(
        ["benchmark", *files, "--output_dir", str(tmp_path / "out"), "--base_url", "http://127.0.0.1:1", *options]
    )
    assert code == 2
    return capsys.readouterr().err


def test_a_keyword_by_which_the_reference_is_wrong_is_refused_by_place(run, tmp_path, capsys):
    (tmp_path / "mine.json").write_text('[{"id": "goose", "keywords": ["duck"]}]')

    assert run("--keywords_file", str(tmp_path / "mine.json"))[0] == 2
    said = 'mine.json: item 1: by these keywords the reference "A goose, my dear." would be wrong'
    assert said in capsys.readouterr().err


def test_keywords_of_other_dialogues_are_refused(run, tmp_path, capsys):
    (tmp_path / "mine.jsonl").write_text('{"id": "goose", "question": "Who?", "keywords": ["goose"]}')

    assert run("--keywords_file", str(tmp_path / "mine.jsonl"))[0] == 2
    assert 'mine.jsonl:1: dialogue "goose" asks something else' in capsys.readouterr().err


def test_the_keywords_of_the_user_win_and_their_file_is_left_alone(run, tmp_path):
    mine = tmp_path / "mine.jsonl"
    mine.write_text('{"id": "born", "keywords": []}\n')

    run("--extract_keywords", "--keywords_file", str(mine))

    assert mine.read_text() == '{"id": "born", "keywords": []}\n'
    assert figures(tmp_path)["dimensions"]["SBK"]["rule"]["num_scored"] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--judge_base_url", "http://127.0.0.1:1"], "`against` is missing"),
        (["--judge_model_name", "j"], "exactly one says which model"),
        (["--extract_keywords"], "name one, as with `judge_base_url`"),
        (["--max_dialogues", "0"], "`max_dialogues` must be at least 1"),
        (
            ["--judge_max_tokens", "0", "--judge_base_url", "http://127.0.0.1:1"],
            "`judge_max_tokens` must be at least 1",
        ),
        (["--max_tokens", "0"], "`max_tokens` must be at least 1"),
        (["--temperature", "-1"], "`temperature` must be at least 0"),
        (["--languages", "ko"], "no dialogue is in ko"),
        (["--against", "nowhere"], "nowhere/replies.json: cannot be read"),
        (["--model_path", "x"], "exactly one says which model"),
    ],
)
def test_options_that_cannot_work_are_refused_before_anything_is_asked(tmp_path, capsys, options, said):
    assert said in refused(tmp_path, capsys, *options)


def test_files_of_others_are_not_overwritten(run, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text("{}")

    assert run()[0] == 2
    assert "holds a summary.json of something else" in capsys.readouterr().err
