"""Dialogues as other data sets and programs write them; one file a format, each told by what is in it."""

from raiden.datagen.dialogues.formats.registry import NAMES, read_file
