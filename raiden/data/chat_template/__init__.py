"""Conversations -> prompts, by chat templates that may be anybody's; see worker.py for what keeps them in bounds."""

from raiden.data.chat_template.chat import ChatTemplate, end_of_turn_ids, make_prompts
from raiden.data.chat_template.decoding import decode
from raiden.data.chat_template.shaping import shaped
