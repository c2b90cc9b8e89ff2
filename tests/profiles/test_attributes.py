"""Facts in the prose of a card: taken where they are plain, else left as text."""

from __future__ import annotations

import pytest

from raiden.profiles.attributes import take_attributes
from raiden.profiles.fields import find_setting
from raiden.profiles.macros import resolve_macros

WPP = """[Character("Ada Moss")
{
Age("19" + "nineteen")
Height("160 cm (5'3)")
Gender(Female)
Likes(“tea” + “rain”)
}]"""
TAKEN = {
    "w++": (WPP, {"Name": "Ada Moss", "Age": "19, nineteen", "Height": "160 cm (5'3)", "Gender": "Female",
                  "Likes": "tea, rain"}, ""),
    "w++ on one line, with prose around it": (
        'She waves. [character("Ada"){Age("19")Eyes("grey")}] She leaves.',
        {"Name": "Ada", "Age": "19", "Eyes": "grey"},
        "She waves. \n She leaves.",
    ),
    "attributes in brackets": ('[Age("19") Eyes("grey", "round")]', {"Age": "19", "Eyes": "grey, round"}, ""),
    "pairs in brackets": ("[Age: 19; Likes: tea, fog; A: b: c]", {"Age": "19", "Likes": "tea, fog", "A": "b: c"}, ""),
    "wide pairs": ("[年龄\uff1a19\uff1b爱好\uff1a下棋]", {"年龄": "19", "爱好": "下棋"}, ""),
    "lines": ("Age: 19\n- Eyes: grey\n**Hair**: brown\n* **Voice:** low\n· 身高\uff1a160", {
        "Age": "19", "Eyes": "grey", "Hair": "brown", "Voice": "low", "身高": "160"}, ""),
    "a list under a field": ("Likes: tea\n- rain\n  and fog\nNo.", {"Likes": "tea\n- rain\nand fog"}, "No."),
    "a field that is a heading": (
        "Past:\n\nBorn in York.\nRaised in Hull.\n\nShe sings.",
        {"Past": "Born in York.\nRaised in Hull."},
        "She sings.",
    ),
    "a heading over nothing": ("She sings.\n\nPast:\n", {}, "She sings.\n\n\nPast:"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "facts", "rest"), TAKEN.values(), ids=TAKEN)
def test_plain_facts_are_taken(text, facts, rest):
    found, left = take_attributes(text)
    assert (dict(found), left.split()) == (facts, rest.split())


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
    assert take_attributes(text, {"Ada", "Tom"}) == ([], text)


HOSTILE = {
    "spaces": " " * 50_000,
    "a long word": f"[{'x' * 50_000}]",
    "a key and spaces": f"[a{' ' * 50_000}]",
    "keys without an end": f"[{'a (' * 10_000}]",
    "strings without an end": '[a ("b"+' * 5_000,
    "w++ without an end": '[character("x"){' * 5_000,
    "blank lines": "\n" * 50_000 + "x",
    "comments without an end": "{{// " * 10_000,
    "settings without an end": "<Character Setting>" * 5_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_takes_no_square_of_its_length(text):
    take_attributes(resolve_macros(text, "Ada", "Tom"))
    assert find_setting(f"<Character Setting>{text}") is None
