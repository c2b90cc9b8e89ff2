"""`raiden trl --config FILE`: GRPO with TRL's trainer, on the data, the prompts and the reward of raiden."""

import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from raiden.commands.stopping import STOPPED
from raiden.core.errors import ConfigError


def main(argv: Sequence[str]) -> int:
    """Trains and says where the model is.

    Returns:
        The exit code: 0, or 130 where it was stopped by Ctrl-C.
    """
    if find_spec("trl") is None:
        raise ConfigError('TRL is not installed; run: pip install "raiden-r1[trl]"')
    try:
        _run(argv)
    except KeyboardInterrupt:
        print("stopped; --resume_from_checkpoint last goes on from the newest checkpoint.", file=sys.stderr)
        return STOPPED
    return 0


def _run(argv: Sequence[str]) -> None:
    from raiden.train.trl.options import parse_options
    from raiden.train.trl.train import train

    options = parse_options(argv)
    started = time.monotonic()
    trainer = train(options)
    if trainer.is_world_process_zero():
        _print_end(trainer, time.monotonic() - started)


def _print_end(trainer: Any, seconds: float) -> None:
    from raiden.evaluation.run_page import end_with_page
    from raiden.train.trl.held_out import print_held_out

    folder = Path(trainer.args.output_dir)
    print_held_out(f"{trainer.state.global_step} steps, {seconds:.0f} s", folder)
    rewards = [entry["reward"] for entry in trainer.state.log_history if "reward" in entry]
    if rewards:
        print(f"sampled reward: {rewards[0]:.3f} at first, {rewards[-1]:.3f} at the end")
    for what, path in {"model": folder, **end_with_page(folder)}.items():
        print(f"{what}: {path}")
