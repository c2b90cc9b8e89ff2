"""For the site of these pages: links into the code are names there, since the site has no code."""

import re
from typing import Any

_INTO_THE_CODE = re.compile(r"\[(`[^`]+`)\]\((?:\.\./)+(?:raiden|tests|examples)/[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """A page as the site shows it; called by MkDocs."""
    return _INTO_THE_CODE.sub(r"\1", markdown)
