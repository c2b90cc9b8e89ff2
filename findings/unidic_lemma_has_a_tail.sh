#!/usr/bin/env bash
# fugashi 1.5.2 with unidic-lite 1.0.8 (both newest): the lemma of a Japanese word is often not a word of the text.
#
# What a good engineer would guess: feature.lemma is the dictionary form: 食べた -> 食べる, コーヒー -> コーヒー,
#                                   東京 -> 東京.
# Seen: loan words carry their source after a hyphen (コーヒー-coffee, ピアノ-piano), pronouns and foreign names
#       their class (私-代名詞, アリス-外国), and names of places are written in katakana (東京 -> トウキョウ).
#       feature.orthBase is what one wanted.
# Why it matters to role play: matching the keyword コーヒー or 東京 against the lemmas of a reply fails for just
# the words that profiles are made of (drinks, instruments, cities, names), and works for verbs and common nouns,
# so a test on 食べる passes.
#
# Output seen:
#   fugashi 1.5.2, unidic-lite 1.0.8
#   食べ lemma 食べる              orthBase 食べる
#   猫 lemma 猫                orthBase 猫
#   コーヒー lemma コーヒー-coffee      orthBase コーヒー
#   ピアノ lemma ピアノ-piano        orthBase ピアノ
#   私 lemma 私-代名詞            orthBase 私
#   アリス lemma アリス-外国           orthBase アリス
#   東京 lemma トウキョウ            orthBase 東京
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check fugashi==1.5.2 unidic-lite==1.0.8 setuptools==80.9.0
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

from fugashi import Tagger

print(f"fugashi {version('fugashi')}, unidic-lite {version('unidic-lite')}")
words = {
    word.surface: word.feature
    for text in ("私は猫とコーヒーが好きです", "アリスは東京でピアノを弾いて寿司を食べた")
    for word in Tagger()(text)
}
expected = {
    "食べ": "食べる",
    "猫": "猫",
    "コーヒー": "コーヒー-coffee",
    "ピアノ": "ピアノ-piano",
    "私": "私-代名詞",
    "アリス": "アリス-外国",
    "東京": "トウキョウ",
}
for surface, lemma in expected.items():
    feature = words[surface]
    print(f"{surface} lemma {feature.lemma:16} orthBase {feature.orthBase}")
    assert feature.lemma == lemma, "the behaviour has changed"
PY
