"""What models are told, in each language."""

from raiden.core.types import Language
from raiden.datagen.questions.wording.base import Wording
from raiden.datagen.questions.wording.en import ENGLISH
from raiden.datagen.questions.wording.ja import JAPANESE
from raiden.datagen.questions.wording.ko import KOREAN
from raiden.datagen.questions.wording.zh import CHINESE

WORDINGS: dict[Language, Wording] = {"zh": CHINESE, "ja": JAPANESE, "en": ENGLISH, "ko": KOREAN}
