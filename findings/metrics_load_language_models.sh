#!/usr/bin/env bash
# torchmetrics 1.9.0: where transformers 5.19.0 is installed too, `import torchmetrics` loads its model classes, and with
# them torch's compiler. lightning 2.6.6 imports torchmetrics, so `import lightning` does so as well.
#
# What a good engineer would guess: a mean or an accuracy costs the same to import whatever else stands in the
#                                   environment; both packages import their parts when they are asked for.
# Seen: BERTScore's module, which is imported with all others, has `from transformers import AutoModel` at its top, and so
#       torchmetrics takes six times the modules and ten times the processor time.
# Why it matters: each command of a program that only reports a metric, and each worker process, starts seconds later once
# somebody installs transformers beside it; a profile of the program's own imports does not show why.
#
# Output seen (seconds of processor time, which vary):
#   torchmetrics 1.9.0: 293 modules in 0.2 s, with neither
#   torchmetrics 1.9.0: 1676 modules in 2.2 s, with ['transformers.models.auto.auto_factory', 'torch._dynamo']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
cd "$work"
cat >look.py <<'PY'
import sys
import time

import torch

began, before = time.process_time(), len(sys.modules)
import torchmetrics

seconds, modules = time.process_time() - began, len(sys.modules) - before
loaded = [name for name in ("transformers.models.auto.auto_factory", "torch._dynamo") if name in sys.modules]
print(f"torchmetrics {torchmetrics.__version__}: {modules} modules in {seconds:.1f} s, with {loaded or 'neither'}")
sys.exit(loaded != ([] if sys.argv[1] == "alone" else ["transformers.models.auto.auto_factory", "torch._dynamo"]))
PY
pip() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$@"; }
pip torch==2.13.0 torchmetrics==1.9.0
"$work/venv/bin/python" look.py alone
pip transformers==5.19.0
"$work/venv/bin/python" look.py beside
