"""Pictures and archives that are damaged, hostile, or hold no card."""

from __future__ import annotations

import base64
import json
import struct
import zlib

import pytest

from raiden.core.errors import ProfileError
from raiden.core.limits import MAX_MEMBER_BYTES
from raiden.data.profiles import load_profiles
from tests.profiles.cards import card, charx, encoded, png

GOOD_PNG = png({"ccv3": encoded(card())})
GOOD_CHARX = charx({"card.json": json.dumps(card())})


def encrypted(content: bytes) -> bytes:
    """The archive with the flag of encryption set in both of its headers."""
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(header) + offset
        content = content[:place] + bytes([content[place] | 1]) + content[place + 1 :]
    return content


PICTURES = {
    "cut in its pixels": png({"chara": encoded(card())}, size=(999, 999))[:-60],
    "a wrong checksum": png({"chara": encoded(card())}).replace(b"IDAT", b"JDAT"),
    "a keyword in capitals": png({"Chara": encoded(card())}),
    "no padding": png({"chara": encoded(card(name="Ada?")).rstrip("=")}),
    "another alphabet": png({"chara": encoded(card(name="Ada", tags="???>>>ÿÿ")).replace("+", "-").replace("/", "_")}),
    "plain json": png({"chara": json.dumps(card())}),
    "a broken newer version": png({"ccv3": "@@", "chara": encoded(card())}),
    "an empty newer version": png({"ccv3": encoded({"spec": "x", "data": {"name": ""}}), "chara": encoded(card())}),
    "Latin-1": png(
        {"chara": base64.b64encode(json.dumps(card(name="Zoë"), ensure_ascii=False).encode("latin-1")).decode()}
    ),
    "an archive behind a jpeg": b"\xff\xd8\xff\xe0" + b"\x00" * 99 + charx({"card.json": json.dumps(card())}),
    "an archive with a folder": charx({"Ada/card.json": json.dumps(card())}),
}


@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_what_has_nothing_to_do_with_the_card_costs_nothing(tmp_path, content):
    (tmp_path / "card").write_bytes(content)
    (profile,) = load_profiles(tmp_path / "card")
    assert profile.name in ("Ada", "Ada?", "Zoë")


def test_what_was_passed_over_in_a_picture_is_named(tmp_path):
    content = png({"ccv3": "@@", "chara": encoded(card())})
    at = content.index(b"IDAT") - 8
    (tmp_path / "card.png").write_bytes(content[:at] + bytes(4) + content[at + 4 :])
    (profile,) = load_profiles(tmp_path / "card.png")
    assert profile.notes == (
        "the picture is damaged (a wrong checksum); look at what was read",
        f"not read: {tmp_path}/card.png (ccv3): the card in the picture is not base64; export the card again.",
    )


def lying_about_its_size(picture: bytes, width: int) -> bytes:
    """A picture of a few bytes that says it has so many pixels."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    return picture[:8] + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + picture[33:]


BROKEN = {
    "picture without a card": (png({"Comment": "hello"}), "without a character card .*`ccv3` or `chara`"),
    "picture cut in its header": (GOOD_PNG[:20], "without a character card"),
    "picture cut in its text": (GOOD_PNG[:60], "without a character card"),
    "picture with another keyword": (GOOD_PNG.replace(b"ccv3", b"ccv4"), "without a character card"),
    "signature alone": (GOOD_PNG[:8], "without a character card"),
    "picture of many pixels": (lying_about_its_size(png({"a": "b"}), 10_000), "without a character card"),
    "text that unpacks to too much": (
        png({"chara": "A" * (MAX_MEMBER_BYTES + 1)}, "zTXt"),
        "without a character card",
    ),
    "not base64": (png({"chara": "@@bm90@@"}), "not base64"),
    "base64 cut off": (png({"chara": encoded(card())[:-8]}), r"\(chara\):1: not valid JSON"),
    "empty text": (png({"chara": ""}), "no profile in it"),
    "not json": (png({"ccv3": "aGVsbG8="}), r"\(ccv3\):1: not valid JSON"),
    "not utf-8": (png({"ccv3": "//79"}), r"\(ccv3\): broken UTF-16"),
    "a list": (png({"ccv3": encoded([1])}), r"\(ccv3\): item 1: must be a JSON object"),
    "nested without end": (png({"ccv3": "W1tb" * 50_000}), r"\(ccv3\):1: not valid JSON .*100 deep"),
    "archive without a card": (charx({"readme.txt": "x"}), "an archive without card.json"),
    "archive cut off": (GOOD_CHARX[:-30], "an archive that cannot be opened"),
    "archive of rubbish": (b"PK\x03\x04" + b"\x00" * 100, "an archive that cannot be opened"),
    "archive with damaged data": (GOOD_CHARX.replace(b"card.json", b"card.jsox", 1), "cannot be opened"),
    "archive that is encrypted": (encrypted(GOOD_CHARX), "cannot be opened .*password"),
    "archive with a broken card": (charx({"card.json": '{"spec": '}), r"\(card.json\):1: not valid JSON"),
    "another picture": (b"\xff\xd8\xff\xe0" + b"\x00" * 50, "a JPEG picture without a character card"),
    "binary rubbish": (bytes(range(256)), "not UTF-8 text"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_file_without_a_readable_card_is_refused(tmp_path, content, message):
    (tmp_path / "card.png").write_bytes(content)
    with pytest.raises(ProfileError, match=f"card.png.*{message}"):
        load_profiles(tmp_path / "card.png")


@pytest.mark.parametrize("content", [GOOD_PNG, GOOD_CHARX], ids=["png", "charx"])
def test_no_damage_anywhere_in_a_file_ends_in_another_error(tmp_path, content):
    for place in range(8, len(content)):
        (tmp_path / "card").write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            (profile,) = load_profiles(tmp_path / "card")
        except ProfileError:
            continue
        assert profile.fields["Name"]
