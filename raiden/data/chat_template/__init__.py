"""Conversations -> prompts, by chat templates that may be anybody's; see worker.py for what keeps them in bounds."""

from raiden.data.chat_template.rendering import ChatRenderer, Conversation, encode_conversations, make_prompts

__all__ = ["ChatRenderer", "Conversation", "encode_conversations", "make_prompts"]
