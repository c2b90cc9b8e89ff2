"""The evaluation file: its figures by hand, and what comes back from the disk."""

import json

import pytest
import torch

from raiden.core.types import Reward
from raiden.data.samples import parse_sample
from raiden.evaluation.results import Evaluation, metrics_of, read_evaluation, scored_row, write_evaluation
from raiden.evaluation.summary import estimates, pass_shares
from raiden.train.metrics import RoleAwareness
from tests.evaluation.rows import evaluation, row
from tests.records import sample_record
from tests.test_floors import FILES, PACKAGE, imports


def test_shares_are_counted_by_hand():
    rows = [
        row("a", "Ada", 1.0),
        row("b", "Ada", 0.0, question_type="why"),
        row("c", "Ben", 1.0, focus="cm", language="zh", difficulty="hard"),
    ]
    assert metrics_of(rows) == {
        "sbk": 0.5,
        "sbk/language/en": 0.5,
        "sbk/question_type/what": 1.0,
        "sbk/question_type/why": 0.0,
        "sbk/difficulty/easy": 0.5,
        "cm": 1.0,
        "cm/language/zh": 1.0,
        "cm/question_type/what": 1.0,
        "cm/difficulty/hard": 1.0,
        "reward": pytest.approx((1.0 + 0.3 + 1.0) / 3),
    }


def test_they_are_the_trainers_own():
    metric = RoleAwareness()
    rows = []
    for index, accuracy in enumerate((1.0, 0.0, 0.0)):
        sample = parse_sample(sample_record(question_type=("what", "why", "what")[index]), "here")
        metric.update(sample, Reward(accuracy, {"accuracy": accuracy, "format": 1.0}, (), ""))
        rows.append(row("x", "a", accuracy, language="zh", question_type=sample.question_type, total=accuracy))
    theirs = {name: float(value) for name, value in metric.compute().items() if not torch.isnan(value)}
    assert metrics_of(rows) == pytest.approx(theirs)


def test_what_is_written_comes_back(tmp_path):
    made = Evaluation("m", {"sbk": 1.0}, [row("a", "小明", 1.0)], [{"id": "b", "reply_index": 0, "error": "HTTP 500"}])
    write_evaluation(tmp_path / "out.json", made)
    assert read_evaluation(tmp_path / "out.json") == made
    assert "小明" in (tmp_path / "out.json").read_text(encoding="utf-8")


def test_a_file_of_an_earlier_version_is_read(tmp_path):
    old = row("a", "Ada", 1.0)
    for field in ("reply_index", "history", "profile"):
        del old[field]
    (tmp_path / "old.json").write_text(json.dumps({"metrics": {"sbk": 1.0}, "samples": [old]}))
    found = read_evaluation(tmp_path / "old.json")
    assert found.model == "old"
    assert (found.rows[0]["reply_index"], found.rows[0]["history"], found.rows[0]["profile"]) == (0, [], {})


def test_what_is_not_known_of_a_question_is_in_no_figure(tmp_path):
    untold = row("a", "Ada", 1.0, question_type="", difficulty="")
    assert set(metrics_of([untold])) == {"sbk", "sbk/language/en", "reward"}
    assert list(estimates([untold])) == ["all", "sbk", "sbk/language/en"]
    write_evaluation(tmp_path / "out.json", evaluation([untold]))
    assert read_evaluation(tmp_path / "out.json").rows == [untold]
    del untold["question_type"]
    write_evaluation(tmp_path / "out.json", Evaluation("m", {}, [untold]))
    assert read_evaluation(tmp_path / "out.json").rows[0]["question_type"] == ""


def test_a_row_says_by_which_rule_it_was_scored():
    rule = {"match": "all", "terms": [{"type": "number", "variants": ["27", "28"]}], "forbidden": []}
    reward = Reward(1.0, {"accuracy": 1.0, "format": 1.0}, (), "")
    declared = scored_row(parse_sample(sample_record(keywords=["27"], rule=rule), "here"), "27", False, reward)
    assert (declared["keywords"], declared["rule"]) == (["27"], rule)
    listed = parse_sample(sample_record(keywords=["27", "Hull"], validation_method="multi_term_parsing"), "here")
    terms = [{"type": "text", "variants": [word]} for word in ("27", "Hull")]
    assert scored_row(listed, "27", False, reward)["rule"] == {"match": "all", "terms": terms, "forbidden": []}


def test_figures_are_made_without_what_draws_tables():
    modules = [path for path in FILES if path.relative_to(PACKAGE).parts[0] == "evaluation"]
    assert modules
    assert not [path for path in modules if any(name.split(".")[0] == "rich" for name in imports(path))]


def test_a_table_has_sbk_and_cm_together_first():
    rows = [row("a", "Ada", 1.0), row("b", "Ada", 0.0, focus="cm")]
    assert list(estimates(rows))[:2] == ["all", "sbk"]
    assert estimates(rows)["all"].mean == 0.5


def test_pass_at_k_counts_questions_with_replies_enough():
    draws = {"a": [1, 0, 0, 0], "b": [0, 0, 0, 0], "c": [1, 1]}  # two requests about c failed
    rows = [row(q, "Ada", float(v), reply_index=i) for q, own in draws.items() for i, v in enumerate(own)]
    # pass@2: a 1 - 3/6, b 0, c 1; pass@4: a 1, b 0.
    assert pass_shares(rows) == {1: pytest.approx((0.25 + 0 + 1) / 3), 2: pytest.approx(0.5), 4: 0.5}
    assert pass_shares([row("a", "Ada", 1.0)]) == {}


def test_an_evaluation_without_a_reply_has_no_figures():
    assert evaluation([]).metrics == {}
    assert estimates([]) == {}


def test_the_settings_of_the_reward_come_back_and_may_be_missing(tmp_path):
    for name, settings in (("said", {"response_format": "think", "min_length": 6}), ("unsaid", None)):
        made = Evaluation("m", {}, [row("a", "Ada", 1.0)], rewards=settings)
        write_evaluation(tmp_path / name, made)
        assert read_evaluation(tmp_path / name) == made
    assert "rewards" not in json.loads((tmp_path / "unsaid").read_text())
