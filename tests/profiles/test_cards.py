"""Character cards: what becomes a field, what stands around the setting, what is kept."""

from __future__ import annotations

import json

import pytest

from raiden.core.errors import ProfileError
from raiden.data.profiles import load_profiles, read_profiles, write_profiles
from raiden.data.profiles.macros import resolve_macros
from tests.profiles.cards import card, charx, encoded, png, write_text


def fields_of(tmp_path, value, **options):
    (profile,), faults = read_profiles([write_text(tmp_path / "card.json", value)], **options)
    assert not faults
    return dict(profile.fields)


def test_a_card_of_version_3_becomes_fields_and_instructions(tmp_path):
    (profile,) = load_profiles(write_text(tmp_path / "ada.json", card(system_prompt="{{original}}You are {{char}}.")))
    assert profile.fields == {
        "Name": "Ada",
        "Detailed Description": "Ada keeps a bakery in York.",
        "Personality": "blunt, generous",
        "Scenario": "the user waits at the counter.",
    }
    assert profile.text == (
        "<Character Setting>\nName: Ada\nDetailed Description: Ada keeps a bakery in York.\n"
        "Personality: blunt, generous\nScenario: the user waits at the counter.\n</Character Setting>\n\n"
        "<Instructions>\nYou are Ada.\n</Instructions>\n\n"
        "<Example Dialogue>\n<START>\nthe user: A loaf?\nAda: Rye or wheat?\n</Example Dialogue>\n\n"
        "<First Message>\nNext!\n</First Message>"
    )
    assert (profile.name, profile.language, profile.origin) == ("Ada", "en", f"{tmp_path}/ada.json")


@pytest.mark.parametrize(
    ("greeting", "user_name", "said"),
    [
        ("Ah, {{user}}, *smiles at {{user}}* come in.", "", "Ah, *smiles at you* come in."),
        ("Ah, {{user}}, *smiles at {{user}}* come in.", "Tom", "Ah, Tom, *smiles at Tom* come in."),
        ("<USER>! {{user}}'s rye is ready. Will {{user}} pay?", "", "Your rye is ready. Will you pay?"),
    ],
)
@pytest.mark.parametrize("field", ["first_mes", "alternate_greetings"])
def test_a_greeting_speaks_to_who_has_no_name(tmp_path, field, greeting, user_name, said):
    others = {"first_mes": "", "alternate_greetings": []}
    value = card(**others | {field: greeting if field == "first_mes" else [greeting]})
    (profile,), _ = read_profiles([write_text(tmp_path / "card.json", value)], user_name)
    assert f"<First Message>\n{said}\n</First Message>" in profile.text


def test_versions_1_and_2_say_the_same(tmp_path):
    version_1 = card()["data"]
    version_2 = {"spec": "chara_card_v2", "spec_version": "2.0", **version_1, "data": version_1, "name": "of the top"}
    expected = fields_of(tmp_path, card())
    assert fields_of(tmp_path, version_1) == expected
    assert fields_of(tmp_path, version_2) == expected


@pytest.mark.parametrize(
    ("description", "user"),
    [
        ("小梅在巷口卖豆花。", "用户"),
        ("小梅は路地で豆腐を売っています。", "ユーザー"),
        ("샤오메이는 골목에서 두부를 팔아요.", "사용자"),
    ],
)
def test_the_user_is_a_neutral_word_of_the_cards_language(tmp_path, description, user):
    value = card(description=description, personality="", scenario="{{user}}!", first_mes="", mes_example="")
    assert fields_of(tmp_path, value)["Scenario"] == f"{user}!"


def test_the_user_may_be_given_a_name(tmp_path):
    assert fields_of(tmp_path, card(), user_name="Tom\\1")["Scenario"] == "Tom\\1 waits at the counter."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{CHAR}} {{ user }} <Bot> <USER> <char>", "Ada Tom Ada Tom Ada"),
        ("a{{// a remark on {{char}} }}b{{comment: x}}c{{hidden_key:y\nz}}d", "abcd"),
        ("{{random:red,blue}} {{roll:d6}} {curly} {{}}", "{{random:red,blue}} {{roll:d6}} {curly} {{}}"),
    ],
)
def test_macros(text, expected):
    assert resolve_macros(text, "Ada", "Tom") == expected


def test_a_tag_of_the_user_that_is_closed_holds_a_section(tmp_path):
    fields = fields_of(tmp_path, card(description="Age: 19\n<user>\nAge: 25\nJob: courier\n</user>"))
    assert (fields["Age"], fields["user"]) == ("19", "Age: 25\nJob: courier")


def test_a_name_that_the_description_states_in_full_is_the_characters(tmp_path):
    fields = fields_of(tmp_path, card(name="유나", description="이름: 김유나\n나이: 19\n\n이름: 박서준\n나이: 24"))
    assert (fields["Full Name"], fields["나이"], fields["박서준"]) == ("김유나", "19", "나이: 24")


def test_line_ends_of_windows_are_line_ends(tmp_path):
    fields = fields_of(tmp_path, card(description="Age: 19\r\nA baker.\r\nShe sings.", scenario="a\r\nb"))
    assert (fields["Age"], fields["Detailed Description"]) == ("19", "A baker.\nShe sings.")
    assert fields["Scenario"] == "a\nb"


def test_the_nickname_is_a_field_and_stands_for_the_character(tmp_path):
    fields = fields_of(tmp_path, card(name="Ada Moss", nickname="Addy"))
    assert (fields["Name"], fields["Nickname"]) == ("Ada Moss", "Addy")
    assert fields["Detailed Description"] == "Addy keeps a bakery in York."


def test_entries_of_the_character_book_that_are_on_are_facts(tmp_path):
    entries = [
        {"keys": ["oven"], "content": "{{char}}'s oven is named Bertha.", "enabled": True},
        {"keys": ["x"], "name": "Her shop", "content": "@@depth 4\n@@role system\nOpened in 1990.\nBy her aunt."},
        {"keys": [], "comment": "no: field", "content": "She fears geese."},
        {"keys": ["oven"], "content": "It is coal-fired."},
        {"keys": ["secret"], "content": "Never shown.", "enabled": False},
        {"keys": ["empty"], "content": " "},
    ]
    fields = fields_of(tmp_path, card(character_book={"entries": entries}))
    assert list(fields.items())[4:] == [
        (
            "World Info",
            "## oven\nAda's oven is named Bertha.\n## Her shop\nOpened in 1990.\nBy her aunt.\n"
            "## no: field\nShe fears geese.\n## oven\nIt is coal-fired.",
        ),
    ]


def test_an_entry_about_the_character_gives_facts_and_one_about_somebody_else_stays_apart(tmp_path):
    entries = {
        "0": {"key": ["Ada"], "comment": "Ada's likes", "content": "Favorite food: waffles"},
        "1": {"key": ["Ada", "Milo"], "comment": "Ada's brother", "content": "Age: 9"},
        "2": {"key": ["x"], "content": "off", "disable": True},
        "3": {"key": ["y"], "content": None},
    }
    (profile,) = load_profiles(write_text(tmp_path / "ada.json", card(character_book={"entries": entries})))
    assert profile.fields["Favorite food"] == "waffles"
    assert profile.fields["World Info"] == "## Ada's brother\nAge: 9"
    assert profile.notes == (
        "not read: `data.character_book.entries[3].content` must be a text, got None",
        "kept, not used: 1 of 4 entries of `data.character_book` (switched off)",
    )


def test_what_a_card_holds_beside_is_kept_and_named(tmp_path):
    value = card(
        creator_notes="Enjoy!",
        tags=["bakery"],
        extensions={"depth": {"n": 4}},
        alternate_greetings=[],
        my_own={"a": [1, None]},
        character_book={"entries": [{"content": "x", "enabled": False}]},
    )
    (profile,) = load_profiles(write_text(tmp_path / "ada.json", value))
    assert profile.raw["card"] == value
    assert profile.notes == (
        "kept, not used: 1 of 1 entries of `data.character_book` (switched off)",
        "kept, not used: creator_notes (for people, not for the model)",
        "kept, not used: tags (says nothing of the character)",
        "kept, not used: extensions (says nothing of the character)",
        "kept, not used: my_own (says nothing of the character)",
    )


def test_a_card_written_in_our_format_is_the_same_profile(tmp_path):
    value = card(description="A baker.\n\nNote: she sings.\n</Character Setting>\n  indented", extensions={"k": 1})
    (profile,) = load_profiles(write_text(tmp_path / "ada.json", value))
    write_profiles([profile], tmp_path / "out.jsonl")
    (again,) = load_profiles(tmp_path / "out.jsonl")
    assert (again.fields, again.text, again.raw) == (profile.fields, profile.text, profile.raw)


@pytest.mark.parametrize("at_the_end", [True, False])
def test_a_picture_holds_a_card_before_or_behind_its_pixels(tmp_path, at_the_end):
    (tmp_path / "ada.png").write_bytes(png({"chara": encoded(card(name="阿達"))}, at_the_end=at_the_end))
    (profile,) = load_profiles(tmp_path / "ada.png")
    assert (profile.name, profile.origin) == ("阿達", f"{tmp_path}/ada.png (chara)")


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt"])
def test_the_chunk_of_version_3_goes_before_that_of_version_2(tmp_path, kind):
    chunks = {"chara": encoded(card(name="Old")), "ccv3": encoded(card(name="New"))}
    (tmp_path / "picture").write_bytes(png(chunks, kind))
    assert load_profiles(tmp_path / "picture")[0].name == "New"


def test_an_archive_holds_a_card(tmp_path):
    (tmp_path / "ada.zip").write_bytes(charx({"assets/icon.txt": "x", "card.json": "\ufeff" + json.dumps(card())}))
    (profile,) = load_profiles(tmp_path / "ada.zip")
    assert (profile.name, profile.origin) == ("Ada", f"{tmp_path}/ada.zip (card.json)")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": 1984}, {"Name": "1984"}),
        ({"description": ["Age: 34", "Job: baker"]}, {"Age": "34", "Job": "baker"}),
        ({"description": {"age": 34, "likes": ["rain", "tea"]}}, {"age": "34", "likes": "rain, tea"}),
        ({"character_book": "x"}, {}),
        ({"character_book": []}, {}),
        ({"description": "", "personality": "", "scenario": None}, {"Name": "Ada"}),
    ],
)
def test_a_part_of_another_type_costs_at_most_itself(tmp_path, changes, fields):
    read = fields_of(tmp_path, card(**changes))
    assert fields.items() <= read.items()


def test_fields_that_are_empty_inside_are_taken_from_the_top(tmp_path):
    inner = card(name="", description="")["data"]
    value = {"spec": "chara_card_v2", "data": inner, "name": "Ada", "description": "Age: 19"}
    assert fields_of(tmp_path, value)["Age"] == "19"
    assert fields_of(tmp_path, {"data": card()})["Name"] == "Ada"
    assert fields_of(tmp_path, {"spec": "chara_card_v2", "data": json.dumps(inner | {"name": "Ada"})})["Name"] == "Ada"


BAD_CARDS = {
    "no name": (card(name=...), "character card: `data.name` is missing; name the character"),
    "blank name": (card(name=" \n"), ".*`data.name` is missing"),
    "name a macro": (card(name="{{char}}"), r".*`data.name` is a macro \(\{\{char\}\}\); name the character"),
    "version 1 without a name": ({"description": "a", "first_mes": "b"}, ".*`name` is missing"),
    "nothing told": (
        card(description="", personality="{{// later}}", scenario=None, first_mes="", mes_example=""),
        ".*`data.description` is empty",
    ),
    "data a list": ({"spec": "chara_card_v2", "data": []}, r".*`data` must be an object of fields, got \[\]"),
    "data a long list": ({"spec": "chara_card_v2", "data": ["x" * 5000]}, r".{80,190}\(5004 characters\); export"),
    "a book of lore": (
        {"name": "York", "description": "A town.", "entries": []},
        ".*no character; give it with --book",
    ),
    "another object": ({"id": 7, "title": "x"}, ".*no format of characters that is known .*`prompt`"),
}


@pytest.mark.parametrize(("value", "message"), BAD_CARDS.values(), ids=BAD_CARDS)
def test_a_bad_card_is_refused_with_its_field(tmp_path, value, message):
    with pytest.raises(ProfileError, match=f"ada.json: {message}"):
        load_profiles(write_text(tmp_path / "ada.json", value))


def test_a_lore_entry_about_a_relative_of_the_same_surname_is_no_fact_of_the_character(tmp_path):
    entries = [{"keys": ["徹"], "name": "篠宮 徹", "content": "身長: 180cm", "enabled": True}]
    entries.append({"keys": ["紗季"], "name": "紗季", "content": "血液型: A型", "enabled": True})
    source = card(name="篠宮", description="氏名: 篠宮 紗季\n年齢: 32", character_book={"entries": entries})
    (profile,) = load_profiles(write_text(tmp_path / "card.json", source))
    assert {"年齢", "血液型"} <= set(profile.fields)
    assert "身長" not in profile.fields


def test_comments_that_nobody_sees_are_named(tmp_path):
    entries = [{"keys": ["x"], "name": "Guild", "content": "Old.<!-- draft -->", "enabled": True}]
    source = card(
        description="Age: 34<!-- Age: 99 -->", personality="Kind.{{// check}}", character_book={"entries": entries}
    )
    (profile,) = load_profiles(write_text(tmp_path / "card.json", source))
    assert "99" not in profile.fields["Age"]
    named = [note for note in profile.notes if note.startswith("not read")]
    assert len(named) == 3
    for part, place in (("'<!-- Age: 99 -->'", "description"), ("{{// check}}", "personality"), ("draft", "'Guild'")):
        assert any(part in note and place in note for note in named)
