"""A file stands on a floor and imports only from lower ones; see the table in README.md."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "raiden"
FLOORS = [
    {"core"},
    {"facts"},
    {"rewards"},
    {"data", "packing"},
    {"policy", "scoring"},
    {"rollout"},
    {"endpoints"},
    {"datagen", "chat"},
    {"evaluation"},
    {"train"},
    {"planning"},
    {"commands"},
    {"__main__"},
]
TRAIN_FLOORS = {"grpo": 1, "sft": 1, "trl": 1, "replaying": 2}
"""Inside `train`: the ways of training never see each other, and stand on what they share."""
TORCH_FREE = {"core", "facts", "rewards", "data", "scoring", "endpoints", "chat", "datagen", "evaluation"}
WITH_TORCH = ("core/processes.py", "data/chat_template/", "endpoints/local.py")
"""In the rooms without torch, what is imported by those alone who have it."""
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


@pytest.mark.parametrize("path", sorted((PACKAGE / "train").rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_ways_of_training_never_see_each_other(path):
    room = path.relative_to(PACKAGE / "train").parts[0].removesuffix(".py")
    floor = TRAIN_FLOORS.get(room, 0)
    for name in imports(path):
        if name.startswith("raiden.train."):
            other = name.split(".")[2]
            below = TRAIN_FLOORS.get(other, 0)
            assert other == room or below < floor or below == floor == 0, f"{room} must not import {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_lower_floors_know_no_torch(path):
    name = path.relative_to(PACKAGE).as_posix()
    if name.split("/")[0].removesuffix(".py") in TORCH_FREE and not name.startswith(WITH_TORCH):
        assert not {name.split(".")[0] for name in imports(path)} & HEAVY


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_is_longer_than_300_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300
