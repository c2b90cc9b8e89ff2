"""README and docs/: their links lead somewhere, their paths are there, their commands have these options."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from functools import cache

import pytest

from raiden.__main__ import main
from raiden.commands.table import COMMANDS
from tests.runs import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
MAX_README = 130
_OF_A_CLASS = ("--model.engine.", "--trainer.strategy.", "--trainer.logger.", "--trainer.callbacks")
"""Options of a class that another option names: its `init_args`, which no help lists."""
_CODE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.M | re.S)


def slug(heading: str) -> str:
    """A heading's anchor, as forges make it."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_each_link_leads_to_a_file_and_to_a_heading_in_it(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", _CODE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
            assert anchor in map(slug, headings), target


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_each_path_that_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:raiden|tests|docs|examples|configs)/[\w./-]*)`", text))
    named |= set(re.findall(r"(?<![\w/.])((?:configs|data/training|data/examples|examples)/[\w/-]+\.\w+)", text))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_is_read_in_one_sitting(name):
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= MAX_README


def test_both_languages_have_the_same_pages_and_commands():
    english = {page.name for page in (ROOT / "docs").glob("*.md")} - {"a-step.md", "mechanisms.md", "recipes.md"}
    assert english == {page.name for page in (ROOT / "docs" / "zh").glob("*.md")}
    pairs = [(ROOT / "docs" / name, ROOT / "docs" / "zh" / name) for name in sorted(english)]
    for ours, theirs in [(ROOT / "README.md", ROOT / "README.zh.md"), *pairs]:
        assert commands(ours) == commands(theirs), ours.name


def commands(page) -> list[list[str]]:
    """The words of each command of raiden that a page shows, without what a shell does with them."""
    found = []
    for kind, code in _CODE.findall(page.read_text(encoding="utf-8")):
        if kind == "bash":
            for line in re.sub(r"\\\n\s*", " ", code).splitlines():
                for part in re.split(r"&&|\|", re.sub(r"(^|\s)#.*", "", line)):
                    words = shlex.split(part)
                    if "raiden" in words and words[0] != "pip" and words[-1] != "raiden":
                        found.append(words[words.index("raiden") + 1 :])
    return found


def test_where_the_readme_stands_alone_no_link_of_it_leads_to_nothing():
    """As on the page of a wheel: what pyproject.toml has made of it there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for rule in project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    assert "| Training (`docs/train.md`) |" in text
    assert "(Reward, SBK and CM by step: `docs/pictures/learning-curve.svg`)" in text
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert targets
    assert all(target.startswith("https://") for target in targets)


@cache
def help_of(*arguments: str) -> str:
    """What a command prints of its options."""
    out, quiet = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(quiet), contextlib.suppress(SystemExit):
        main(arguments)
    return out.getvalue()


def options_of(command: str) -> set[str]:
    """All that a command takes; `validate` has a second parser, for models that no configuration describes."""
    texts = help_of(command, "--help_all")
    if command == "validate":
        texts += help_of(command, "--model_path", "M", "--help")
    return set(re.findall(r"--[\w.-]+", texts))


SHOWN = sorted({(words[0], word.split("=")[0]) for page in PAGES for words in commands(page) for word in words[1:]})


@pytest.mark.parametrize(("command", "option"), [pair for pair in SHOWN if pair[1].startswith("--")])
def test_each_option_that_a_page_shows_is_one(command, option):
    assert option.startswith(_OF_A_CLASS) or option in options_of(command)


def test_each_command_that_a_page_shows_is_one():
    shown = {command for command, _ in SHOWN}
    assert {"fit", "validate", "generate", "chat", "score"} <= shown
    assert shown <= COMMANDS.keys() | {"--help", "COMMAND"}
