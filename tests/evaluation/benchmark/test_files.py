"""The public files, with the odd cases of the public release."""

import pytest

from raiden.core.errors import InputError, SampleError
from raiden.endpoints import ReplySampling
from raiden.evaluation.benchmark.dialogues import choose, load_benchmark
from raiden.evaluation.benchmark.dimensions import parse_metrics
from raiden.evaluation.benchmark.scoring import reply_request
from tests.evaluation.benchmark.files import NPC, dialogue, write_files


def load(folder, dialogues, npc=NPC):
    write_files(folder, dialogues, npc)
    return load_benchmark(folder / "npc.json", folder / "dialogue.json")


@pytest.mark.parametrize(
    ("metrics", "names", "others"),
    [
        ("A", ["SBK"], []),
        ("K2", ["CM"], []),  # not a K and a 2
        (["A", "E"], ["SBK", "PLS"], []),
        ("A、K2-1", ["SBK", "CM"], []),
        ("A E\u3000F", ["SBK", "PLS", "ER"], []),
        (["K2-1", "K2-2"], ["CM"], []),
        ("K1-3、L", ["CC"], ["K1"]),
        ("Ｇ，H, j", ["TS", "TA", "PB"], []),
        ("I", [], ["I"]),
        ("Z9", [], ["Z9"]),
        ("", [], []),
        (None, [], []),
        ([3, "B"], ["RCB"], []),
    ],
)
def test_metrics_are_read_in_every_form_of_the_files(metrics, names, others):
    dimensions, unknown = parse_metrics(metrics)

    assert ([d.name for d in dimensions], list(unknown)) == (names, others)


def test_a_dialogue_becomes_a_turn(tmp_path):
    turn = load(tmp_path, {"7": dialogue("师父是谁？", "A", "家师程伯安。", "裴青山", "早！", "早，进来坐。")}).turns[
        0
    ]

    assert (turn.id, turn.question, turn.reference, turn.language) == ("7", "师父是谁？", "家师程伯安。", "zh")
    assert [m.role for m in turn.history] == ["user", "assistant"]
    assert turn.profile.fields["师父"] == "程伯安"


@pytest.mark.parametrize("name", ["社区保安大叔", "周德旺", "艾莲罗伊", "艾莲·罗伊"])
def test_a_dialogue_may_name_its_character_by_the_key_or_by_the_stated_name(tmp_path, name):
    npc = {
        "社区保安大叔": {"npc_type": "x", "npc_setting": "姓名: 周德旺,\n职业: 保安,"},
        "艾莲罗伊": {"npc_type": "x", "npc_setting": "姓名: 艾莲·罗伊,\n职业: 画家,"},
    }
    (turn,) = load(tmp_path, {"1": dialogue("你做什么？", "A", "", name)}, npc).turns
    assert turn.profile.name in ("周德旺", "艾莲·罗伊")
    assert (turn.profile.name == "周德旺") == (name in ("周德旺", "社区保安大叔"))


def test_what_cannot_be_evaluated_is_counted_with_its_reason(tmp_path):
    good = dialogue("Who is Admiral?", "A、I", "My goose.")
    found = load(
        tmp_path,
        {
            "good": good,
            "stranger": dialogue("Who are you?", "A", "", "Nobody"),
            "source": dialogue("My train leaves at nine.", "K1-1"),
            "unknown": dialogue("Hm?", "Q"),
            "no metrics": dialogue("Hm?", []),
            "ends with the character": dialogue("Hello.", "A", "", "Tamsin Roe", "Hello?"),
            "no turns": {**good, "messages": []},
            "odd role": {**good, "messages": [{"role": "narrator", "text": "Rain."}]},
            "no object": "text",
        },
    )

    assert [turn.id for turn in found.turns] == ["good"]
    assert [(one.id, one.kind) for one in found.skipped] == [
        ("good", "not evaluated: I"),
        ("stranger", "unknown character"),
        ("source", "not evaluated: K1"),
        ("unknown", "unknown metric: Q"),
        ("no metrics", "malformed"),
        ("ends with the character", "malformed"),
        ("no turns", "malformed"),
        ("odd role", "malformed"),
        ("no object", "malformed"),
    ]


def test_a_second_dialogue_with_the_same_id_is_told(tmp_path):
    write_files(tmp_path, {"1": dialogue("Who is Admiral?", "A")})
    text = (tmp_path / "dialogue.json").read_text()
    (tmp_path / "dialogue.json").write_text(text[:-1] + ", " + text[1:])

    found = load_benchmark(tmp_path / "npc.json", tmp_path / "dialogue.json")

    assert len(found.turns) == 1
    assert "second dialogue with this id" in found.skipped[0].detail


@pytest.mark.parametrize("text", ["[]", "{", '{"1": {}}', "{}"])
def test_a_file_without_a_turn_is_refused_by_name(tmp_path, text):
    write_files(tmp_path, {})
    (tmp_path / "dialogue.json").write_text(text)

    with pytest.raises(SampleError, match=r"dialogue\.json"):
        load_benchmark(tmp_path / "npc.json", tmp_path / "dialogue.json")


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(InputError, match=r"npc\.json: cannot be read"):
        load_benchmark(tmp_path / "npc.json", tmp_path / "dialogue.json")


def test_few_dialogues_are_spread_over_the_characters(tmp_path):
    dialogues = {f"t{i}": dialogue(f"Question {i}?", "A") for i in range(3)}
    dialogues |= {f"p{i}": dialogue(f"第{i}个问题？", "A", "", "裴青山") for i in range(3)}
    turns = load(tmp_path, dialogues).turns

    assert [turn.id for turn in choose(turns, limit=3)] == ["t0", "t1", "p0"]
    assert [turn.id for turn in choose(turns, languages=("zh",), limit=2)] == ["p0", "p1"]
    assert len(choose(turns)) == 6


def test_the_prompt_is_that_of_training_with_the_whole_conversation(tmp_path):
    turn = load(tmp_path, {"1": dialogue("Who is that?", "A", "", "Tamsin Roe", "Hi.", "Hello there.")}).turns[0]

    request = reply_request(turn, ReplySampling(max_tokens=9))

    assert [(m.role, m.content) for m in request.messages[1:]] == [
        ("user", "Hi."),
        ("assistant", "Hello there."),
        ("user", "Who is that?"),
    ]
    assert "Pet: a goose called Admiral" in request.messages[0].content
    assert "Answer as Tamsin Roe" in request.messages[0].content
    assert (request.max_tokens, request.temperature) == (9, 0.0)


@pytest.mark.parametrize(("metrics", "words"), [("A", "say what is asked"), ("E、H", "one natural turn")])
def test_a_question_is_to_be_answered_and_other_turns_are_talk(tmp_path, metrics, words):
    turn = load(tmp_path, {"1": dialogue("Who is that?", metrics)}).turns[0]

    assert words in reply_request(turn, ReplySampling()).messages[0].content


def test_the_language_is_that_of_the_conversation_not_of_one_word(tmp_path):
    found = load(tmp_path, {"1": dialogue("OK?", "L", "", "裴青山", "今天下雨，还研墨吗？", "研，雨天正好。")})

    assert found.turns[0].language == "zh"


def test_what_the_character_says_first_stays_where_it_is_said(tmp_path):
    messages = [
        {"role": "assistant", "text": "（研墨）来了？"},
        {"role": "user", "text": "来了。"},
        {"role": "assistant", "text": ""},
        {"role": "user", "text": "您养什么鸟？"},
    ]
    found = load(tmp_path, {"1": {**dialogue("", "A", "", "裴青山"), "messages": messages}})

    _, *rest = reply_request(found.turns[0], ReplySampling()).messages

    # The empty turn is left out; what a chat template does not take as it is, is said otherwise where it is rendered.
    spoken = [("assistant", "（研墨）来了？"), ("user", "来了。"), ("user", "您养什么鸟？")]
    assert [(m.role, m.content) for m in rest] == spoken
    assert [one.kind for one in found.skipped] == ["empty turn"]
