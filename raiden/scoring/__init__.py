"""What completions earn: the verifiable reward, and rewards of the user's own.

base                     what such a reward is: `CompletionReward` or `GroupReward`, and its `Score`
loading -> asking        from an entry of `model.rewards.extra` to scores
verifier                 a model that decides where the rule finds nothing
scorer                   all of them together, for `fit`, `validate`, `score` and TRL's trainer
length, hints            two that come along; a third asks a server: `raiden.endpoints.style.StyleJudge`
"""

from raiden.scoring.base import CompletionReward, GroupReward, Score, answer_of
from raiden.scoring.hints import HintReward
from raiden.scoring.length import LengthTarget
from raiden.scoring.scorer import Scorer
