"""`raiden generate` as users start it: another process, real files, a server behind a real socket."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from raiden.data.profiles import load_profiles
from tests.processes import Before, Started

PROFILES = Path(__file__).parent.parent.parent / "data" / "online_profiles.jsonl"


def arguments(output: Path, *more: str, profiles: Path = PROFILES) -> list[str]:
    return ["generate", "--profiles_file", str(profiles), "--output_file", str(output), *more]


def asking(base_url: str, *more: str) -> list[str]:
    """Options for 24 samples, SBK and CM, about twelve characters of four languages, by a server's model."""
    options = ["--backend", "openai", "--base_url", base_url, "--num_samples_per_profile", "1", "--include_cm"]
    return [*options, "--concurrency", "4", *more]


def start(*command: str, before: Before | None = None) -> Started:
    return Started(*command, cwd=Path.cwd(), before=before)


def run(*command: str, code: int = 0) -> str:
    """What the command says; it must end with this code."""
    return start(*command).finish(code)


def stats(base_url: str) -> dict[str, Any]:
    """What the server has been asked, by processes that have ended included."""
    _stats(base_url)  # what these have sent was there before, and is counted when the second question is
    return _stats(base_url)


def _stats(base_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats") as reply:
        return dict(json.load(reply))


def made(output: Path) -> dict[str, bytes]:
    """The bytes of everything that a run leaves for its user."""
    files = [output, output.with_name(output.name + ".rejections.jsonl")]
    return {path.name: path.read_bytes() for path in [*files, *sorted(output.with_suffix("").glob("*.json"))]}


def lines(path: Path) -> int:
    """Whole lines of a file that may not be there yet."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def write_profiles(path: Path, num_per_language: int) -> Path:
    """Some of the shipped characters, of each language as many."""
    by_language: dict[str, list[str]] = {}
    lines = PROFILES.read_text(encoding="utf-8").splitlines(keepends=True)
    for profile, line in zip(load_profiles(PROFILES), lines, strict=True):
        by_language.setdefault(profile.language, []).append(line)
    path.write_text("".join(line for own in by_language.values() for line in own[:num_per_language]), encoding="utf-8")
    return path
