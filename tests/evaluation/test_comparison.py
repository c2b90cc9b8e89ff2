"""Two evaluation files side by side, and `raiden compare` as users start it."""

import errno
import json
import os
from dataclasses import replace

import pytest

from raiden.__main__ import main
from raiden.core.errors import InputError
from raiden.evaluation.comparison import compare, styles
from raiden.evaluation.results import write_evaluation
from tests.evaluation.rows import evaluation, row


def answered(accuracies, num_characters=8, **changes):
    """Two questions to each character; the accuracies in turn."""
    return [
        row(f"{c}-{q}", f"character {c}", accuracies[(2 * c + q) % len(accuracies)], **changes)
        for c in range(num_characters)
        for q in range(2)
    ]


@pytest.fixture
def files(tmp_path):
    """Writes evaluations; gives their paths."""

    def write(**evaluations):
        for name, made in evaluations.items():
            write_evaluation(tmp_path / f"{name}.json", made)
        return [str(tmp_path / f"{name}.json") for name in evaluations]

    return write


def test_each_cell_is_compared_on_its_own_samples():
    mixed = answered([0.0, 0.0]) + [row(f"cm {c}", f"character {c}", 1.0, focus="cm", language="zh") for c in range(8)]
    better = [{**r, "accuracy": 1.0} for r in mixed]
    found = compare(evaluation(mixed), evaluation(better)).differences
    assert (found["sbk"].difference, found["sbk"].verdict) == (1.0, "better")
    assert (found["cm"].difference, found["cm"].verdict) == (0.0, "no difference shown")
    assert found["all"].difference == pytest.approx(16 / 24)
    assert found["cm/language/zh"].num_samples == 8


def test_samples_are_paired_by_id_whatever_their_order():
    first = answered([1.0, 0.0, 0.0])
    found = compare(evaluation(first), evaluation(first[::-1]))
    assert (found.differences["sbk"].low, found.differences["sbk"].high) == (0, 0)


def test_several_replies_to_a_question_count_as_their_mean():
    first = [row("q", "a", 0.0, reply_index=i) for i in range(4)]
    second = [row("q", "a", float(i == 0), reply_index=i) for i in range(4)]
    assert compare(evaluation(first), evaluation(second)).differences["all"].difference == 0.25


def test_samples_of_one_file_only_are_named_and_left_out():
    first, second = [row("x", "a", 1), row("y", "a", 1)], [row("y", "a", 1), row("z", "a", 0)]
    found = compare(evaluation(first), evaluation(second))
    assert (found.only_before, found.only_after) == (["x"], ["z"])
    assert found.differences["all"].num_samples == 1


def test_files_without_a_common_sample_are_refused():
    with pytest.raises(InputError, match="no sample in common"):
        compare(evaluation([row("x", "a", 1)]), evaluation([row("y", "a", 1)]))


def test_a_sample_that_reads_differently_is_refused():
    with pytest.raises(InputError, match="`question` is 'What is x"):
        compare(evaluation([row("x", "a", 1)]), evaluation([row("x", "a", 1, question="Who?")]))


@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("keywords", ["kite"], ["kite", "string"]),
        ("rule", {"match": "any", "terms": []}, {"match": "all", "terms": []}),
    ],
)
def test_replies_that_were_scored_by_different_rules_are_refused(field, first, second):
    one, other = (evaluation([row("x", "a", 1, **{field: value})]) for value in (first, second))
    with pytest.raises(InputError, match=rf"sample x: `{field}` is .* different rules; evaluate both"):
        compare(one, other)
    assert compare(one, one).differences["all"].difference == 0
    assert compare(one, evaluation([row("x", "a", 0)])).differences["all"].difference == -1  # an older file has none


def test_style_is_weighted_over_languages_and_tells_truncation():
    english = [row("x", "a", 1, reply="I am here", finish_reason="length")] * 3
    chinese = [row("y", "a", 1, reply="我在", language="zh")]
    assert styles(english + chinese)["mean_length"] == pytest.approx((3 * 9 + 1 * 2) / 4)
    assert styles(english + chinese)["truncated"] == 0.75
    assert styles(chinese)["first_person"] == 1


def test_a_model_that_got_dull_is_seen(files, capsys):
    talkative = [
        {**r, "reply": f"Well, I was reading about {r['id']} by the fire, you know."} for r in answered([0.0, 0.0])
    ]
    dull = answered([1.0, 1.0])
    assert main(["compare", *files(before=evaluation(talkative), after=evaluation(dull))]) == 0
    told = capsys.readouterr().out
    assert "better" in told
    lengths = next(line.replace("│", " ").split() for line in told.splitlines() if "length of a reply" in line)
    assert [float(value) for value in lengths[-2:]] == [pytest.approx(52.0), pytest.approx(13.0)]


def test_the_json_holds_what_the_table_says(files, tmp_path, capsys):
    paths = files(before=evaluation(answered([0.0, 1.0]), "first"), after=evaluation(answered([1.0]), "second"))
    output = tmp_path / "cmp.json"
    assert main(["compare", *paths, "--output_file", str(output), "--num_resamples", "2000"]) == 0
    made = json.loads(output.read_text())
    assert (made["before"], made["after"]) == ("first", "second")
    sbk = made["differences"]["sbk"]
    # Each character is right once more in two questions, so each resample differs by a half; 2 of 2^8 signs.
    assert (sbk["difference"], sbk["low"], sbk["high"], sbk["verdict"]) == (0.5, 0.5, 0.5, "better")
    assert sbk["p_value"] == pytest.approx(2 / 256)
    assert "+50.0 to +50.0" in capsys.readouterr().out
    assert main(["compare", *paths, "--output_file", str(output)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_told_before_the_work(files, tmp_path, capsys):
    paths = files(before=evaluation(answered([0.0])), after=evaluation(answered([1.0])))
    assert main(["compare", *paths, "--output_file", str(tmp_path / "before.json" / "x" / "cmp.json")]) == 2
    said = capsys.readouterr()
    assert "before.json; choose another folder" in said.err
    assert said.out == ""


def test_an_output_that_fails_in_the_end_is_told_by_its_name(files, tmp_path, capsys, monkeypatch):
    def full(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = files(one=evaluation([row("x", "a", 1)]))[0]
    monkeypatch.setattr(os, "fsync", full)
    assert main(["compare", path, path, "--output_file", str(tmp_path / "cmp.json")]) == 2
    assert "cmp.json" in (said := capsys.readouterr().err)
    assert "No space left on device" in said


def test_few_characters_get_no_verdict(files, capsys):
    paths = files(before=evaluation(answered([0.0], 4)), after=evaluation(answered([1.0], 4)))
    assert main(["compare", *paths]) == 0
    told = capsys.readouterr().out
    assert "too few characters" in told
    assert "better" not in told
    assert "not to be trusted" in told


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[]", "must be a JSON object"),
        ("{", "not valid JSON"),
        ("{}", "no `samples`"),
        ('{"version": 2, "samples": [{}]}', "of version 2"),
        ('{"samples": [{"id": "x"}]}', "samples[0]: `character_name`"),
    ],
)
def test_a_file_that_is_no_evaluation_is_refused_with_its_place(content, complaint, tmp_path, capsys):
    path = tmp_path / "broken.json"
    path.write_text(content)
    assert main(["compare", str(path), str(path)]) == 2
    told = capsys.readouterr().err
    assert str(path) in told
    assert complaint in told


def test_a_reply_that_is_there_twice_is_refused(files, capsys):
    path = files(twice=evaluation([row("x", "a", 1), row("x", "a", 1)]))[0]
    assert main(["compare", path, path]) == 2
    assert "reply 0 to the sample x is there twice" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--num_resamples", "100"], ["--seed", "-1"]])
def test_options_out_of_range_are_refused(options, files, capsys):
    path = files(one=evaluation([row("x", "a", 1)]))[0]
    assert main(["compare", path, path, *options]) == 2
    assert options[0].strip("-") in capsys.readouterr().err


def test_files_scored_with_other_settings_are_told(files, capsys):
    plain, think, silent = (
        replace(evaluation(answered([1.0])), rewards=rewards)
        for rewards in ({"response_format": "plain", "min_length": 1}, {"response_format": "think"}, None)
    )
    first, *others = files(plain=plain, think=think, silent=silent, same=plain)
    told = []
    for other in others:
        assert main(["compare", first, other]) == 0
        told.append("different settings" in (said := capsys.readouterr().out))
        assert ("(response_format plain and think); mean reward is not compared" in said) == told[-1]
    assert told == [True, False, False]
