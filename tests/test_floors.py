"""A file stands on a floor and imports only from lower ones; see the table in README.md."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "raiden"
FLOORS = [
    {"types", "errors"},
    {"languages", "limits", "signals", "writing"},
    {"out_of_memory", "records"},
    {"facts"},
    {"rewards"},
    {"profiles", "samples", "prompts"},
    {
        "chat_template",
        "conversion",
        "endpoints",
        "generators",
        "launcher",
        "nonfinite",
        "prefix_tree",
        "processes",
    },
    {"disk_need", "run_folder", "saved_state"},
    {"grpo", "engines", "policy", "metrics", "chat", "datagen", "optimization"},
    {
        "rollouts",
        "resampling",
        "canary",
        "loaders",
        "evaluation",
        "guard",
        "local_endpoint",
        "recording",
        "suspect",
        "watching",
    },
    {"sampler"},
    {"policy_module"},
    {"datamodule", "module", "sft", "checkpoints", "strategy", "report", "run_options"},
    {"callbacks", "complaints", "planning", "replaying"},
    {"cli", "trl_route"},
    {"commands"},
    {"__main__"},
]
TORCH_FREE = set().union(*FLOORS[:6]) | {"conversion", "endpoints", "chat", "datagen", "evaluation"}
HEAVY = {"torch", "lightning", "transformers", "torchmetrics", "vllm", "peft"}


def floor_of(room: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


FILES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_from_lower_floors(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imports(path):
        package, _, rest = name.partition(".")
        if package != "raiden" or not rest:
            continue
        other = rest.split(".")[0]
        assert other == room or floor_of(other) < floor_of(room), f"{room} must not import {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_lower_floors_know_no_torch(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in TORCH_FREE:
        assert not {name.split(".")[0] for name in imports(path)} & HEAVY


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_is_longer_than_300_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300
