"""Every table by language has every language, so that a new one is told where its words are missing."""

import ast
from typing import get_args

from raiden.core.types import Language
from tests.test_floors import FILES, PACKAGE

LANGUAGES = set(get_args(Language))
FIRST_FOUR = {"zh", "ja", "en", "ko"}


def tables(languages):
    """Where a dictionary stands that knows the first four languages, and which of `languages` it lacks."""
    found = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                if keys >= FIRST_FOUR:
                    found[f"{path.relative_to(PACKAGE)}:{node.lineno}"] = languages - keys
    return found


def test_each_table_has_each_language():
    places = [f"raiden/{place} lacks {', '.join(lacking)}" for place, lacking in tables(LANGUAGES).items() if lacking]
    assert not places, "\n".join(places)


def test_a_fifth_language_would_be_missed_in_each_of_them():
    places = tables({*LANGUAGES, "one more"})
    assert len(places) > 25
    assert all("one more" in lacking for lacking in places.values())
