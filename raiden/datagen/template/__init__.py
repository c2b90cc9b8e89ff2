"""Samples from a profile's own structured facts, without any model.

data/        labels of facts, sentences, things a user can mention: one table a language
labels       what a field is called -> what kind of fact it holds
values       what a field says -> what a reply must say: readings, figures, places; names knows people's names
facts        a profile -> the facts that can be asked for
wordings     a fact -> question and answer; korean picks particles
talks        things mentioned in passing -> conversations and questions about them
records      both -> records in the sample format
author       the records of a slot, each of which passes the checks
"""

from raiden.datagen.template.author import TemplateAuthor, samples_from_profiles
