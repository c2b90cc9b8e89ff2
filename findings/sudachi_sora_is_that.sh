#!/usr/bin/env bash
# SudachiPy 0.7.0 with sudachidict-core 20261015 (both newest): given names in hiragana are normalised to function
# words.
#
# What a good engineer would guess: normalized_form brings spellings of one word together (りんご, リンゴ -> 林檎;
#                                   わたし -> 私). A girl's name, そら, stays そら or becomes 空 (sky), as さくら
#                                   becomes 桜 and ひかり 光.
# Seen: そら is read as the colloquial それは: its form is 其れ, which is also the form of それ ("that"), alone and in
#       "my name is Sora"; only そらくん is read as a name. The boy's name たろう becomes the copula だ.
# Why it matters to role play: keyword and reply are compared by their normalised forms, so that りんご meets 林檎.
# "What is your sister called?" is then answered rightly by それは秘密です ("that is a secret"), and たろう by every
# plain sentence that ends in だ.
#
# Output seen:
#   SudachiPy 0.7.0, sudachidict-core 20261015
#   さくら -> 桜   りんご -> 林檎   そら -> 其れ   それ -> 其れ   たろう -> だ   だ -> だ
#   妹の名前はそらです -> 妹 の 名前 は 其れ です
#   妹の名前はそれです -> 妹 の 名前 は 其れ です
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check SudachiPy==0.7.0 sudachidict-core==20261015
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

from sudachipy import Dictionary

print(f"SudachiPy {version('sudachipy')}, sudachidict-core {version('sudachidict-core')}")
tokenizer = Dictionary(dict="core").tokenizer()


def normalised(text: str) -> str:
    return " ".join(morpheme.normalized_form() for morpheme in tokenizer.tokenize(text))


expected = {"さくら": "桜", "りんご": "林檎", "そら": "其れ", "それ": "其れ", "たろう": "だ", "だ": "だ"}
seen = {word: normalised(word) for word in expected}
print("   ".join(f"{word} -> {form}" for word, form in seen.items()))
name, pronoun = "妹の名前はそらです", "妹の名前はそれです"
print(name, "->", normalised(name))
print(pronoun, "->", normalised(pronoun))
assert seen == expected and normalised(name) == normalised(pronoun), "the behaviour has changed"
PY
