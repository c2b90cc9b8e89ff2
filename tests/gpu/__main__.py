"""Runs the checks and prints one line of JSON: each figure, each failure, the device and the versions.

    python -m tests.gpu [--seconds 480] [check ...]

Exit code: 0 where all passed, 1 where one failed. Models are made from configs: no network, no files. A check that
would begin after the time is up, or that asks for what is not here, is named under `skipped` with the reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from tests.gpu.checks import CHECKS, Setting, Skipped


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", choices=[[], *CHECKS], default=[], help="all by default")
    parser.add_argument("--seconds", type=float, default=480.0, help="no check begins later")
    arguments = parser.parse_args(argv)
    setting = Setting.here()
    report: dict[str, Any] = {"device": setting.name, **_versions(), "checks": {}, "skipped": {}, "failed": {}}
    started = time.perf_counter()
    for name in arguments.checks or CHECKS:
        begun = time.perf_counter()
        try:
            if begun - started > arguments.seconds:
                raise Skipped("the time was up")
            figures = CHECKS[name](setting)
        except Skipped as reason:
            report["skipped"][name] = str(reason)
        except Exception as error:  # of whatever kind: the other checks are worth their minutes
            traceback.print_exc()
            report["failed"][name] = f"{type(error).__name__}: {error}"
        else:
            report["checks"][name] = figures | {"seconds": round(time.perf_counter() - begun, 2)}
    report["seconds"] = round(time.perf_counter() - started, 1)
    print(json.dumps(report))
    return int(bool(report["failed"]))


def _versions() -> dict[str, str]:
    found = {"torch": torch.__version__}
    for package in ("transformers", "vllm", "trl"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


if __name__ == "__main__":
    sys.exit(main())
