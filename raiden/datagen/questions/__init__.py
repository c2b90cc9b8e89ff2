"""Drafts of samples, written by a language model.

plans          what a slot asks for: type, difficulty, passage, conversation; a function of the slot alone
wording/       how that is said to a model in zh, ja, en, ko
prompts        plan -> messages and the schema of the reply
author         reply -> a record in the sample format
"""

from raiden.datagen.questions.author import EndpointAuthor
