"""What a profile says, and of whom: the one model of facts, for questions, checks and whoever else needs it.

names       when two spellings are one name, and whether a text names the character
sections    what a heading says of the lines below it: the character's own, somebody else's, the family's
markup      HTML, XML, tables, JSON -> lines
lines       one line -> a field, a heading, prose
pieces      a text -> its fields and sections, nesting kept
notations   W++, PList and other lists in brackets
statements  the fields of a profile -> statements with their subjects
speech      what people tell of themselves in a conversation, and which fact a question asks for
"""

from raiden.facts.names import is_called, same_name
from raiden.facts.pieces import Piece, split_text, stated_name
from raiden.facts.speech import AskedFact, ToldFact, fact_asked, facts_told
from raiden.facts.statements import Statement, statements_of
