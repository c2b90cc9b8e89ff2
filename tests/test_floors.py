"""A file stands on a floor and imports only from lower ones; docs/design.md draws them."""

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
    {"verl_route"},
    {"verl_manager"},
    {"rollout"},
    {"endpoints"},
    {"datagen", "chat"},
    {"evaluation", "serve"},
    {"train"},
    {"planning"},
    {"commands"},
    {"__main__"},
]
TRAIN_FLOORS = {"grpo": 1, "sft": 1, "trl": 1, "replaying": 2}
"""Inside `train`: the ways of training never see each other, and stand on what they share."""
TORCH_FREE = {"core", "facts", "rewards", "data", "scoring", "verl_route", "endpoints", "chat", "datagen"}
TORCH_FREE |= {"evaluation", "serve"}
WITH_TORCH = ("core/private.py", "core/processes.py", "data/chat_template/", "endpoints/local.py")
"""In the rooms without torch, what is imported by those alone who have it."""
HEAVY = {"torch", "lightning", "transformers", "torchmetrics", "vllm", "peft"}

HOOKS = {
    "commands/cli.py": "_get _parser _parse_ckpt_path _set_seed",  # LightningCLI
    "train/launcher.py": "_SubprocessScriptLauncher _call_children_scripts",
    "train/strategy.py": "_configure_launcher",  # ModelParallelStrategy
    "train/trl/options.py": "_actions",  # argparse
    "train/trl/train.py": "_calculate_rewards _generate_and_score_completions",  # GRPOTrainer of TRL 1.16.0
}
"""What subclasses of a library's classes override or ask of themselves; all else that is private to a library is used
in `core/private.py`, which says the versions."""
_OF_PYTHON = {"_exit", "_replace"}


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


def of_others(tree: ast.AST, own: set[str]) -> set[str]:
    """Private names of a file that raiden does not define, and those of modules and classes of libraries."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = {name for name in names if name.startswith("_") and not name.startswith("__")} - own - _OF_PYTHON
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith(("raiden", "__future__")):
            parts = [*node.module.split("."), *(alias.name for alias in node.names)]
            found |= {part for part in parts if part.startswith("_")}
        # What a class calls of its base under the name that it has itself.
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and ast.unparse(node.value) == "super()":
            found |= set() if node.attr.startswith("__") else {node.attr}
    return found


def defined(tree: ast.AST) -> set[str]:
    """Names that a file gives to functions, classes and attributes."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def test_what_is_private_to_libraries_is_used_in_one_file():
    trees = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    listed = {(file, name) for file, names in HOOKS.items() for name in names.split()}
    ours = set().union(*map(defined, trees.values())) - {name for _, name in listed}
    found = {(file, name) for file, tree in trees.items() for name in of_others(tree, defined(tree) | ours)}
    elsewhere = {(file, name) for file, name in found if file != "core/private.py"}
    assert not elsewhere - listed, "do without what is private to a library, or move its use to core/private.py"
    assert any(file == "core/private.py" for file, _ in found)
    texts = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in FILES}
    assert [(file, name) for file, name in sorted(listed) if name not in texts[file]] == []
