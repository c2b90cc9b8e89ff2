#!/usr/bin/env bash
# lightning 2.6.6 (newest) with torch 2.13.0: training on from a finished run leaves an epoch out once `max_steps` is set.
#
# What a good engineer would guess: `trainer.fit(...); trainer.save_checkpoint(path)`, then the same with a higher limit
#                                   and `ckpt_path=path`, trains what is missing up to that limit.
# Seen: it does with `max_epochs` alone. With `max_steps` beside it (a limit that is not reached, or the one that counts)
#       the loops believe that they begin amid an epoch, whatever the checkpoint says: one batch of the new epoch is
#       trained, the epoch counts as finished, and `max_epochs` is reached early. It ends as a good run does.
# Why it matters to role play: a policy is trained for a while, talked to, and trained on; the second run ends at once
# with weights that are all but those of the first, and its report compares the two.
#
# Output seen:
#   lightning 2.6.6
#   max_epochs=2 after 1: trained 4 more batches
#   max_epochs=2, max_steps=8 after 1: trained 1 more batches
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile torch==2.13.0 lightning==2.6.6
cd "$work"
"$work/venv/bin/python" - <<'PY' 2>/dev/null
import lightning
import torch
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DataLoader


class Model(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.num_batches = 0

    def training_step(self, batch, index):
        self.num_batches += 1
        return self.layer(batch).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(checkpoint=None, **limits):
    model = Model()
    trainer = Trainer(
        **limits, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(model, DataLoader(torch.ones(4, 1)), ckpt_path=checkpoint)
    return trainer, model


trainer, _ = fit(max_epochs=1)
trainer.save_checkpoint("finished.ckpt")
print(f"lightning {lightning.__version__}")
epochs = fit("finished.ckpt", max_epochs=2)[1].num_batches
print(f"max_epochs=2 after 1: trained {epochs} more batches")
steps = fit("finished.ckpt", max_epochs=2, max_steps=8)[1].num_batches
print(f"max_epochs=2, max_steps=8 after 1: trained {steps} more batches")
assert (epochs, steps) == (4, 1), "the behaviour has changed"
PY
