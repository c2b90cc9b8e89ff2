"""When two spellings are one name, and whether a text names a character."""

import re
import unicodedata
from functools import lru_cache

from raiden.core.languages import word_set

_REMARK = re.compile(r"\s*[(\uff08\[【{<|,\uff0c/].*$", re.DOTALL)
_VERSION = re.compile(r"(?:\s+|[-_])v(?:er(?:sion)?)?\.? ?\d+(?:\.\d+)*$", re.IGNORECASE)
_PARTS = re.compile(r"[\s·・•‧∙⋅᛫ㆍ=\uff1d_]+")
_TITLES = word_set(
    "the of de von van der lady lord sir dr doctor mr mrs ms miss king queen captain prince princess father sister "
    "brother mother saint madam madame master mistress uncle aunt professor prof commander agent detective officer "
    "inspector sergeant lieutenant colonel major general admiral emperor empress duke duchess count countess baron "
    "baroness old young little big"
)
_HAN = re.compile(r"[\u3400-\u9fff々]+|[가-힣]+")


@lru_cache(maxsize=4096)
def name_key(name: str) -> str:
    """What all spellings of a name share: letters and digits, in one width and case.

    >>> name_key("艾莲·罗伊") == name_key("艾莲罗伊"), name_key("Nora  PELL") == name_key("nora_pell")
    (True, True)
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    decomposed = unicodedata.normalize("NFD", folded) if folded and folded[0] < "\u0250" else folded
    return "".join(char for char in decomposed if char.isalnum())


def plain_name(name: str) -> str:
    """A name without remarks, versions and quotation marks.

    >>> plain_name("Ada (the keeper)"), plain_name('Nora: "The Baker" | v2.1')
    ('Ada', 'Nora')
    """
    text = _VERSION.sub("", _REMARK.sub("", re.sub(r"^\s*[\[【(\uff08].*?[\]】)\uff09]\s*", "", name)))
    if quoted := re.search(r"\s*[:\uff1a\"“「『].*$", text):
        text = text[: quoted.start()]
    return text.strip(" \t\"'“”‘’「」『』*_-") or name.strip()


def name_parts(name: str) -> tuple[str, ...]:
    """The words of a name that may stand for it: no titles, no single letters.

    >>> name_parts("Captain Mirela Voss"), name_parts("艾莲·罗伊")
    (('Mirela', 'Voss'), ('艾莲', '罗伊'))
    """
    parts = [part for part in _PARTS.split(plain_name(name)) if part]
    return tuple(part for part in parts if _is_part(part) and len(part.strip(".")) > 1)


def same_name(one: str, other: str) -> bool:
    """Whether two texts are one name, however it is spaced, dotted and written large or small.

    >>> same_name("蒙奇・D・路飞", "蒙奇·D·路飞"), same_name("Nora Pell", "Nora")
    (True, False)
    """
    return bool(name_key(one)) and name_key(plain_name(one)) == name_key(plain_name(other))


def is_called(text: str, name: str) -> bool:
    """Whether a text is a name or a part of it that stands for it, or the name with more to it.

    >>> [is_called(text, "Nora Pell") for text in ("Nora", "nora_pell", "Nora Anne Pell", "Milo", "Nor")]
    [True, True, True, False, False]
    >>> is_called("青禾", "沈青禾"), is_called("沈青", "沈青禾"), is_called("유나", "김유나")
    (True, False, True)
    >>> is_called("哈利波特", "哈利·詹姆斯·波特")
    True
    """
    return stands_for(text, name) or stands_for(name, text)


def stands_for(text: str, name: str) -> bool:
    """Whether a text is a name or a part of it; with more to it, it may be a relative's.

    >>> [stands_for(text, "Nora Pell") for text in ("Nora", "nora_pell", "Nora Anne Pell", "Jonas Pell")]
    [True, True, False, False]
    >>> stands_for("青禾", "沈青禾"), stands_for("篠宮 徹", "篠宮")
    (True, False)
    """
    if same_name(text, name):
        return True
    said, known = (
        {name_key(part) for part in _PARTS.split(plain_name(one)) if _is_part(part)} for one in (text, name)
    )
    short, long = name_key(plain_name(text)), name_key(plain_name(name))
    if (said and said <= known) or _is_joined(short, name_parts(name)):
        return True
    # A given name without its surname; a surname alone is that of the whole family.
    return bool(_HAN.fullmatch(long)) and 2 <= len(short) < len(long) <= len(short) + 2 and long.endswith(short)


def _is_part(text: str) -> bool:
    """Whether a word of a name says more than an initial or a title does."""
    word = text.casefold().strip(".")
    return len(word) > word.isascii() and word not in _TITLES


def _is_joined(key: str, parts: tuple[str, ...]) -> bool:
    """Whether a name is several parts of another one, in order and without what stands between them."""
    rest, num = key, 0
    for part in map(name_key, parts):
        if rest.startswith(part):
            rest, num = rest[len(part) :], num + 1
    return num > 1 and not rest


def may_be_called(text: str, name: str) -> bool:
    """Whether a text that stands for a name may be the character's: one of the two holds the other.

    >>> may_be_called("黑崎真", "黑崎"), may_be_called("Milo", "Nora")
    (True, False)
    """
    short, long = sorted((name_key(plain_name(text)), name_key(plain_name(name))), key=len)
    return len(short) > 1 and short in long
