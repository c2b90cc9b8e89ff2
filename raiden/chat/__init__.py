"""Talking with a character in a terminal; the prompts are those of training.

cast           profiles -> the character that a name means
conversation   the turns so far, and what the model reads of them
history        conversations kept in a file
why            a reply scored against the sample that its question is nearest to
talk           questions in, replies out: conversation, model, history
commands       what a line beginning with / does
session        the lines of a talk, from the first to the last
screen         the terminal, or the pipe in its place
"""

from raiden.chat.cast import Cast
from raiden.chat.commands import Session
from raiden.chat.history import History
from raiden.chat.screen import Screen
from raiden.chat.talk import SAMPLING, Talk
from raiden.chat.why import SampleBook
