"""What a draft must pass to become a sample.

questions      in the slot's language, of the asked type
keywords       one distinct term, found where it must be and nowhere else
subjects       whose fact answers the question
memory         the conversation of a CM sample
dodges         replies that deny or dodge, which no rule may accept
duplicates     nothing asked twice about one character
passing        all of them in order, and the reward's own word on the reference answer
"""

from raiden.datagen.checks.passing import check, near_duplicate
