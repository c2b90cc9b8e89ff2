"""Who is what to a character, in a field about family and friends."""

import re
from collections.abc import Iterator

from raiden.datagen.template.labels import RELATIONS, kind_of
from raiden.datagen.template.names import is_kana_name, is_person_name, may_be_chinese_name
from raiden.datagen.template.readings import without_remarks
from raiden.datagen.template.tables import table

PERSON_LABEL = re.compile(table("labels")["patterns"]["person"], re.IGNORECASE)
"""Labels that a person stands under, known or not."""
_MAX_LABEL = 24
_GROUP = re.compile(r"(?:[^;；\n。(（]|[(（][^()（）]*[)）]?)+")
_PIECE = re.compile(r"(?:[^,，、(（]|[(（][^()（）]*[)）]?)+")
"""What stands between commas; a remark in brackets may hold some of its own."""
_LIST_MARK = re.compile(r"^[\s\-*•·・●○■◆]+|^(?:人物|角色)?\s*\d{1,2}\s*[)）、.:：]\s*")
_PARTED = re.compile(r"([^\s\-:：—–=・·]{1,12}(?: [^\s\-:：—–=]{1,12})?)\s*[-:：—–=・·]+\s*(.+)$")
_SAYS_MORE = re.compile(r"(?<![A-Za-z])[-—–]+|[-—–]+(?![A-Za-z])|[:：]")
"""Where a name ends and a remark begins: 林依兰-非亲生."""
_SAYS_WHO = re.compile(r"^[\s:：\-—–=]*(?:是|叫做?|名叫|名为|は|은|는|is )?[\s\"“「]*")
_COUNT = re.compile(r"^(?:有|还有)?(?:[一两二三四五六七八九十几\d]+[个名位对只]|a|an|one|two|three)\s*")
_SOMEBODY = re.compile(
    r"[哥弟姐妹兄父母爷奶姑叔舅姨侄孙妻夫儿女友徒师]|\b(?:brother|sister|father|mother|son|daughter|wife|husband|friend)|"
    r"동생|형|누나|언니|오빠|아들|딸|아내|남편"
)
_AND_OTHERS = re.compile(r"(?<=.)等人?$")


def relatives(text: str) -> Iterator[tuple[str, str]]:
    """Each relation with the names of all who are it: 父亲张三, "Mother: Ada", 健二（父）, 儿子-甲、乙.

    Where one of several may be a name and is not surely one, or others go unnamed, nobody of that relation is given.

    >>> list(relatives("朋友-周野（邻居，木匠）、林可；母亲-丁岚-医生；弟弟-陆明川等；师父: 一位老人"))
    [('朋友', '周野、林可'), ('母亲', '丁岚')]
    """
    found: dict[str, list[str]] = {}
    for group in _GROUP.findall(text):
        last = ""
        for is_listed, piece in _pieces(group):
            relation, name = _relative(_COUNT.sub("", _LIST_MARK.sub("", piece.strip()).strip()))
            if name is None or (not name and not relation and _SOMEBODY.search(without_remarks(piece))):
                last = ""  # somebody of a relation that is not known
                continue
            last = relation or last
            if last and (name or relation or is_listed or _may_be_name(piece)):
                found.setdefault(last, []).append(name)
    yield from ((relation, "、".join(names)) for relation, names in found.items() if all(names))


def _may_be_name(piece: str) -> bool:
    plain = without_remarks(piece).strip()
    return may_be_chinese_name(plain) or bool(_AND_OTHERS.search(plain))


def _pieces(group: str) -> Iterator[tuple[bool, str]]:
    """What stands between commas, and whether 、 or "and" is before it: then it is no remark."""
    for found in _PIECE.finditer(group):
        for number, piece in enumerate(re.split(r"\s+and\s+", found[0])):
            yield number > 0 or group[: found.start()].endswith("、"), piece


def _relative(piece: str) -> tuple[str, str | None]:
    """The relation and the name in a piece of such a field.

    Without a relation it goes on with the one before; without a name it is a remark, or a name that is not sure; None
    for the name where the piece is about a relation that is not known.
    """
    remark = re.search(r"[(（]([^()（）]{1,14})[)）]", piece)
    plain = without_remarks(piece).strip()
    if remark and kind_of(remark[1]) in RELATIONS and is_person_name(plain):
        return remark[1], plain
    parted = _PARTED.match(plain)
    if parted and _is_relation(parted[1].strip()):
        return parted[1].strip(), _name(parted[2])
    if (is_person_name(plain) or may_be_chinese_name(plain)) and not _is_relation(plain):
        return "", "" if _AND_OTHERS.search(plain) else plain
    head = _SAYS_MORE.split(plain)[0]
    for length in range(min(len(head) - 1, _MAX_LABEL), 0, -1):
        if kind_of(head[:length]) in RELATIONS:
            name = _SAYS_WHO.sub("", head[length:]).strip()
            return (head[:length].strip(), name) if is_person_name(name) else ("", None)
    return "", None if parted else ""


def _is_relation(label: str) -> bool:
    return kind_of(label) in RELATIONS or bool(PERSON_LABEL.fullmatch(label))


def _name(text: str) -> str:
    """The name that stands behind a relation, where surely one does; remarks behind it go."""
    name = _SAYS_MORE.split(text.strip())[0].strip()
    is_name = is_person_name(name) or is_kana_name(name) or may_be_chinese_name(name)
    return name if is_name and not _AND_OTHERS.search(name) else ""
