"""Says so when a run goes on without learning, or learns the wrong thing.

lasting       counts for how many steps a fault has been there, and tells it once
faults        the faults: which figure of a step shows them, and what helps
replies       how alike the replies to different questions have grown
held_out      whether the reward rises while held-out accuracy falls
callback      the options and the warnings
"""

from raiden.train.watching.callback import LearningWatch
