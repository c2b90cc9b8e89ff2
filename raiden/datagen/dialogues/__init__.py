"""Dialogues of other data sets and of one's own chats -> samples, where what a reply must tell can be verified.

formats/     which data set or program a file is of; one file a format
turns        a history in any shape -> who said what
facts        the facts that a profile states and a conversation tells, and the one that a question asks for
samples      a question in a dialogue -> a sample that passes the checks, or why there is none
memories     facts told in a chat -> samples that ask for them later
importing    files -> samples, and what was left out and why
"""

from raiden.datagen.dialogues.importing import Outcome, import_samples
