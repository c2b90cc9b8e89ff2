"""Facts in a text: taken where they are plain and the character's own, else left where they stand."""

from __future__ import annotations

import re

import pytest

from raiden.data.profiles.fields import find_setting
from raiden.data.profiles.macros import resolve_macros
from raiden.facts import split_text, statements_of
from raiden.facts.markup import plain_text

WPP = """[Character("Ada Moss")
{
Age("19" + "nineteen")
Height("160 cm (5'3)")
Gender(Female)
Likes(“tea” + “rain”)
}]"""
TAKEN = {
    "w++": (WPP, {"Age": "19, nineteen", "Height": "160 cm (5'3)", "Gender": "Female",
                  "Likes": "tea, rain"}, ""),
    "w++ on one line, with prose around it": (
        'She waves. [character("Ada"){Age("19")Eyes("grey")}] She leaves.',
        {"Age": "19", "Eyes": "grey"},
        "She waves. \n She leaves.",
    ),
    "attributes in brackets": ('[Age("19") Eyes("grey", "round")]', {"Age": "19", "Eyes": "grey, round"}, ""),
    "pairs in brackets": ("[Age: 19; Likes: tea, fog; A: b: c]", {"Age": "19", "Likes": "tea, fog", "A": "b: c"}, ""),
    "wide pairs": ("[年龄\uff1a19\uff1b爱好\uff1a下棋]", {"年龄": "19", "爱好": "下棋"}, ""),
    "lines": ("Age: 19\n- Eyes: grey\n**Hair**: brown\n* **Voice:** low\n· 身高\uff1a160", {
        "Age": "19", "Eyes": "grey", "Hair": "brown", "Voice": "low", "身高": "160"}, ""),
    "a list under a field": ("Likes: tea\n- rain\n  and fog\nNo.", {"Likes": "tea\n- rain\n  and fog"}, "No."),
    "a field that is a heading": (
        "Past:\n\nBorn in York.\nRaised in Hull.\n\nShe sings.",
        {"Past": "Born in York.\nRaised in Hull."},
        "She sings.",
    ),
    "w++ in single quotes": ("[Character('Ada'){Age('19')Job('baker')}]", {"Age": "19", "Job": "baker"}, ""),
    "w++ without braces": (
        'Ada("Ada")\nAge("19")\nHeight("160 cm" + "5\'3")',
        {"Age": "19", "Height": "160 cm, 5'3"},
        "",
    ),
    "a list with its owner": ("[Ada: age(19), likes(tea, fog); Genre: noir]", {"age": "19", "likes": "tea, fog"},
        "[Genre: noir]"),
    "a list of phrases": ("[Ada: age 19; a baker; from York; likes tea, fog]",
        {"age": "19", "hometown": "York", "likes": "tea, fog"}, "[a baker]"),
    "wide phrases": ("[Ada\uff1a年龄19岁\uff1b喜欢下雨]", {"年龄": "19岁", "喜欢": "下雨"}, ""),
    "brackets in brackets": ("[Ada: age(19), daughter(Lily(9, loves horses)), likes(tea)]",
        {"age": "19", "daughter": "Lily(9, loves horses)", "likes": "tea"}, ""),
    "possessives between commas": ("[Ada's age= 19, Ada's title= Queen of York, the North]",
        {"age": "19", "title": "Queen of York, the North"}, ""),
    "possessives": ("[Ada's age: 19; Milo's age: 9]", {"age": "19"}, "[Milo's age: 9]"),
    "possessives with strings": ('[Ada\'s job= "baker", "singer"]', {"job": "baker, singer"}, ""),
    "sections": ("# Ada\n## Basics\n- **Age**: 19\n## Motto\nBe kind.", {"Age": "19", "Motto": "Be kind."}, ""),
    "yaml": ("ada_moss:\n  age: 19\n  likes:\n    - tea\n    - fog", {"age": "19", "likes": "- tea\n- fog"}, ""),
    "brackets of other kinds": ("【年龄】19岁\n「职业」医生\n『爱好』下棋\n◆身高\uff1a160", {
        "年龄": "19岁", "职业": "医生", "爱好": "下棋", "身高": "160"}, ""),
    "dashes": ("Age - 19\nJob - baker\nShe sings.", {"Age": "19", "Job": "baker"}, "She sings."),
    "tags": ("<ada>\n<age>19</age>\n<job>baker</job>\n</ada>", {"age": "19", "job": "baker"}, ""),
    "a table": ("| Field | Value |\n|---|---|\n| Age | 19 |", {"Age": "19"}, ""),
    "json": ('{"age": 19, "likes": ["tea", "fog"]}', {"age": "19", "likes": "tea, fog"}, ""),
    "html": ("<b>Age:</b> 19<br><!-- Age: 99 -->Job: baker &amp; miller", {"Age": "19", "Job": "baker & miller"}, ""),
    "a heading over nothing": ("She sings.\n\nPast:\n", {}, "She sings.\n\n\nPast:"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "facts", "rest"), TAKEN.values(), ids=TAKEN)
def test_plain_facts_are_taken(text, facts, rest):
    pieces = split_text(plain_text(text), ["Ada Moss"], ["Tom"])
    found = {piece.label: piece.text for piece in pieces if piece.label}
    left = "".join(piece.text for piece in pieces if not piece.label)
    assert (found, left.split()) == (facts, rest.split())


OTHERS = {
    "a list under another name": '[Character("Milo") { Age("9") Job("pupil") }]',
    "a list about the user": "[Name: Tom; Age: 31; Occupation: nurse]",
    "a section of others": "Other characters:\n\nName: Milo\nAge: 9\n\nName: Ilse\nAge: 61",
    "a section with a name": "## Milo\nAge: 9\nOccupation: pupil",
    "a name of its own": "Occupation: baker\n\nName: Milo\nAge: 9",
    "nested lines": "brother:\n  name: Milo\n  age: 9",
    "lines below a value": "Brother: Milo\n  Age: 9",
    "a heading without indentation": "Milo:\nA little brother.\nAge: 9\nGender: male",
    "a schema": "变量:\n  年龄: number",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_what_is_said_of_somebody_else_is_kept_and_is_no_fact_of_the_character(text):
    fields = {"Name": "Ada Moss"}
    pieces = split_text(text, ["Ada Moss"], ["Tom"])
    assert not {"Age", "age", "年龄"} & {piece.label for piece in pieces}
    fields |= {piece.label or "Detailed Description": piece.text for piece in pieces}
    mine = [statement.label for statement in statements_of(fields, "Ada Moss") if not statement.subject]
    assert not {"Age", "age", "年龄", "Gender"} & set(mine)
    kept = "".join(map("".join, fields.items()))
    assert all(word in kept for word in re.findall(r"\w+", text) if word not in ("Name", "name"))


def test_a_longer_name_is_a_relative_unless_it_comes_first():
    text = "# 黒瀬レイ\n年齢: 28\n# 黒瀬リン\n年齢: 9\n身長: 130cm"
    pieces = [(piece.label, piece.text) for piece in split_text(text, ["黒瀬"])]
    assert pieces == [("年齢", "28"), ("黒瀬リン", "年齢: 9\n身長: 130cm")]
    fields = {"Name": "Voss", "Full Name": "Kara Voss", "Jonas Voss": "Age: 50\nHeight: 190 cm"}
    fields["Kara"] = "Eyes: grey\nHeight: 170 cm"
    found = [(s.subject, s.value) for s in statements_of(fields, "Voss") if s.label == "Height"]
    assert found == [("Jonas Voss", "190 cm"), ("", "170 cm")]


def test_a_list_about_somebody_else_over_several_lines_is_a_section_of_theirs():
    text = '[Character("Milo")\n{\nAge("9")\nJob("pupil")\n}]\nAge: 19'
    pieces = [(piece.label, piece.text) for piece in split_text(text, ["Ada Moss"])]
    assert pieces == [("Milo", "Age: 9\nJob: pupil"), ("Age", "19")]


def test_a_section_about_the_character_keeps_its_lines_and_the_family_has_members():
    fields = {"Name": "白瀬ユイ", "外見": "身長: 160cm\n髪: 黒", "家族": "- 弟: 白瀬リク\n  年齢: 16"}
    found = [(s.subject, s.label, s.path) for s in statements_of(fields, "白瀬ユイ")]
    assert found == [
        ("", "身長", ("外見",)),
        ("", "髪", ("外見",)),
        ("", "弟", ("家族",)),
        ("弟", "年齢", ("家族", "弟")),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Ada: Good morning!\nTom: Morning.",
        "she said: no",
        "See https://example.org or come at 7:30.",
        '[Character("Ada") { Age("19") and more }]',
        '[Scenario("York") { Year("1890") }]',
        "[OOC: stay in character]",
        "[see note (1)]",
        "[Age: 19; she is tall]",
        "A sentence that is far too long to be a name: yes.",
        "(Age: 19)",
        "#Hair: brown",
    ],
)
def test_what_is_not_plain_stays_text(text):
    assert [(piece.label, piece.text) for piece in split_text(text, ["Ada"], ["Tom"])] == [("", text)]


HOSTILE = {
    "spaces": " " * 50_000,
    "a long word": f"[{'x' * 50_000}]",
    "a key and spaces": f"[a{' ' * 50_000}]",
    "keys without an end": f"[{'a (' * 10_000}]",
    "strings without an end": '[a ("b"+' * 5_000,
    "w++ without an end": '[character("x"){' * 5_000,
    "tags": "<a><b>" * 20_000,
    "tables": "|a|" * 20_000,
    "bold": "**" * 30_000,
    "marks": "◆" * 50_000,
    "comments of html": "<!--" * 20_000,
    "quotes": "['" * 20_000,
    "headings": "# a\n" * 5_000,
    "names": "Name: b\n" * 5_000,
    "nested": "\n".join(" " * (2 * i) + "a:" for i in range(500)),
    "blank lines": "\n" * 50_000 + "x",
    "comments without an end": "{{// " * 10_000,
    "settings without an end": "<Character Setting>" * 5_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_takes_no_square_of_its_length(text):
    split_text(plain_text(resolve_macros(text, "Ada", "Tom")), ["Ada"], ["Tom"])
    assert find_setting(f"<Character Setting>{text}") is None
