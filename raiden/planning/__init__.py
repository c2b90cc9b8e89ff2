"""Does a run fit, and what will it do? From its options, the model's config and the samples; no GPU, no weights."""

from raiden.planning.plan import GIB, WIDTHS, Plan, Processes, make_plan
from raiden.planning.workload import Limits
