"""The packed prefix tree: tokens that several sequences share are computed once.

Role-play prompts share long beginnings (the instructions, then one character's profile), each prompt is answered by
a group of completions, and completions of a group begin alike. Packed into one row, a shared token stands there once.

layout         sequences (prompts, prompts with completions) -> one row and its segments
attention      what each token of the row may see; cascade, masks, scoring: how that is computed
cached_prefix  tokens of an earlier pass, which a row goes on from
batching       groups -> micro-batches of packed rows, or of separate ones
passes         the micro-batches of all processes, as many on each
logps          the model's log-probabilities of a micro-batch, from its logits in blocks
"""

from raiden.packing.attention import ATTENTION, FLEX_ATTENTION, Attention, TreeAttention, shares_prefixes
from raiden.packing.batching import Group, MicroBatch, Packing, micro_batches
from raiden.packing.cascade import attend, merge
from raiden.packing.layout import Layout, Segment, pack
from raiden.packing.logps import scored_logits, token_logps
from raiden.packing.passes import Passes
from raiden.packing.scoring import Scoring
