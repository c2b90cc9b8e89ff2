"""The trained policy as a Hugging Face folder that plain transformers loads."""

from __future__ import annotations

import shutil
import tempfile
from copy import deepcopy
from pathlib import Path

from raiden.policy.loading import Policy


def export_policy(policy: Policy, folder: str | Path) -> Path:
    """Writes weights (LoRA merged), config, tokenizer and chat template; the folder appears whole or not at all.

    Raises:
        FileExistsError: the folder is there already.
    """
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; nothing was written.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        model = policy.model
        if hasattr(model, "merge_and_unload"):
            # On a copy: the policy's own weights stay as they were trained.
            model = deepcopy(model).merge_and_unload()
        model.save_pretrained(part)
        policy.tokenizer.save_pretrained(part)
        part.chmod(0o755)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder
