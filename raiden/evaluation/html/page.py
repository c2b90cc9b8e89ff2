"""The page's file: templates, style, script and content put together."""

import base64
import html
import json
import re
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

_SCRIPTS = ("dom.js", "result.js", "curves.js", "samples.js", "why.js", "filters.js", "page.js")
"""In the order of their use."""


def build_page(content: Mapping[str, Any], title: str) -> str:
    """One HTML file with everything in it.

    Args:
        content: what `page_content` gives.
        title: of the page and of the browser's tab.
    """
    script = "\n".join(_template(name) for name in _SCRIPTS)
    parts = {
        "title": html.escape(title),
        "policy": _policy(script),
        "style": _template("page.css"),
        "content": _as_script_data(content),
        "script": script,
    }
    # In one pass: what is filled in may itself look like a place to fill in.
    return re.sub(r"{{(\w+)}}", lambda place: parts[place[1]], _template("page.html"))


def _template(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """The page's Content-Security-Policy: only this script runs, and nothing is loaded from anywhere."""
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    allowed = f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _as_script_data(content: Mapping[str, Any]) -> str:
    """JSON for a `<script>` element: without `<`, nothing in it can end the element or open a comment."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    # Half a character, which a file may hold as an escape, cannot be written as UTF-8.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
