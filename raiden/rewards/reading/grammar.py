"""The form of a language's table of persons, times and relations: whose fact a clause tells, when it holds, of what.

Every pattern is for folded text (lower case, half-width, Chinese simplified). `phrases()` joins alternatives.
A new language needs a table of this form, and one of `Idioms` for its denials; the engine stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from raiden.rewards.measures import ValueKind

NEVER = re.compile(r"(?!)")


def families(table: str) -> dict[str, str]:
    """Words for persons to the first of their row: `mother mum mom; father dad`."""
    rows = (row.split() for row in table.split(";"))
    return {word.replace("_", " "): first.replace("_", " ") for first, *others in rows for word in (first, *others)}


def relation(table: str, behind: str = "") -> dict[str, re.Pattern[str]]:
    """A group of relations that exclude each other, from rows `name pattern`; `behind` follows each verb."""
    rows = (row.strip().split(" ", 1) for row in table.split(";"))
    return {name: re.compile(f"(?:{verbs}){behind}") for name, verbs in rows}


def broader(table: str) -> dict[str, frozenset[str]]:
    """A word for a person to the first words of the families that it may stand for: `child: son daughter`."""
    rows = (row.split(":") for row in table.split(";") if row.strip())
    return {word.strip(): frozenset(narrower.split()) for word, narrower in rows}


def word_of(words: Mapping[str, str], latin: bool = False) -> re.Pattern[str]:
    """A pattern that finds these words, in Latin script between borders."""
    return re.compile(rf"\b({any_of(words)})s?\b" if latin else f"({any_of(words)})")


def any_of(words: Iterable[str]) -> str:
    """An alternation of words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What tells who gives, lends or teaches, and who gets it; `@` stands for the one who is asked.

    One verb turns round by its particles (我教他, 他教我; 父に貸す, 父が貸してくれる), and two verbs may tell the same
    deed (借给我, 我向他借; くれる, もらう).
    """

    speaker: re.Pattern[str] = NEVER
    """A word for the speaker of a reply, for which `@` is put."""
    user: re.Pattern[str] = NEVER
    """A word for the one whom a question asks, likewise."""
    inward: re.Pattern[str] = NEVER
    """It comes from another, or another does it to the one who is asked."""
    outward: re.Pattern[str] = NEVER
    """It goes to another, or is done to them."""


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """How one language says who, when and in which relation; what it does not know is never found."""

    cut: re.Pattern[str]
    """What ends a clause inside a sentence; the clause takes it along."""
    subject: re.Pattern[str]
    """A clause's subject or topic, in one of the groups `self`, `user`, `kin` (a word of `kin`), `third` (a pronoun),
    `people` (anybody) and `thing`."""
    relative: re.Pattern[str] = NEVER
    """What stands between the subject of a relative clause and the word that it belongs to (奶奶|做的|饭)."""
    owns: re.Pattern[str]
    """What stands between a person and what is theirs, where nothing is said of the person (Mum|'s |dumplings)."""
    marked: re.Pattern[str] = NEVER
    """The end of a subject that a particle marks as one; without it a person before a noun may only own it."""
    copula: re.Pattern[str] = NEVER
    """All that stands between a word and what it is said to be (is|the, 就是, は)."""
    last_subject: bool
    """The last subject before a word is its own (where particles mark them), else the first of the clause."""
    turn: re.Pattern[str]
    """How a clause begins that turns to something else ("but in truth")."""
    kin: Mapping[str, str]
    """Words for persons, each to the first of its family (mum to mother)."""
    kin_word: re.Pattern[str]
    """One of them, anywhere."""
    broader: Mapping[str, frozenset[str]]
    """Families whose words stand for a person of others as well (孩子 for 儿子)."""
    synonyms: Mapping[str, str]
    """Other words that go by more than one name, each to the first of its row."""
    abbreviations: tuple[tuple[re.Pattern[str], str], ...]
    """How long names are cut short, as substitutions in a keyword."""
    split_name: tuple[re.Pattern[str], re.Pattern[str]]
    """What stands before the surname and before the given name, where they are told apart."""
    other_senses: tuple[tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]], ...]
    """Homographs: a word, what before or behind it shows another sense, and the questions that ask for that one."""
    focus: re.Pattern[str] = NEVER
    """Directly behind what a cleft clause is about: whose it is, in the groups of `subject` (会计的是我)."""
    of_self: re.Pattern[str]
    """A word for the speaker anywhere in a clause: what is told of another bears on the speaker."""
    for_my_part: re.Pattern[str] = NEVER
    """How a clause begins that sets the speaker against another ("我呢,", 僕なんか)."""
    third: re.Pattern[str]
    """A word for a third person anywhere in a clause."""
    speaks_up: re.Pattern[str] = NEVER
    """How a clause begins of what the speaker did, had or took, directly behind one about people in general."""
    nobody_asked: re.Pattern[str] = NEVER
    """A question of where or when the speaker or the user is or does something: it brings up nobody else."""
    third_person: re.Pattern[str] = NEVER
    """The pronoun of a third person in the place of a subject, at the beginning of a reply."""
    third_owner: re.Pattern[str]
    """A third person that owns what follows, searched at the end of what stands before it (her|his)."""
    self_owner: re.Pattern[str]
    """The speaker that owns what follows, likewise (my|, 我的|)."""
    mine: re.Pattern[str]
    """A thing that is the speaker's, with its owner (my coat|, 我的外套|)."""
    yours: re.Pattern[str]
    """A thing that is the other's, likewise (your coat|, 你的外套|)."""
    on_self: re.Pattern[str]
    """The speaker as the object of what is done (me, 저를)."""
    anaphor: re.Pattern[str] = NEVER
    """A word for a thing that was named before ("I chose it")."""
    asks_object: re.Pattern[str] = NEVER
    """A question for what somebody gives, takes or makes."""
    oblique: re.Pattern[str] = NEVER
    """All that stands before a word in its clause, where it is for or from the thing that the word names."""
    does_so: re.Pattern[str] = NEVER
    """Directly behind a person: they did what was asked about."""
    passive: re.Pattern[str]
    """A clause of what the speaker got, or was done to them."""
    of_user: re.Pattern[str]
    """A word for the user, likewise."""
    to_user: re.Pattern[str] = NEVER
    """The user as one to whom something is done, where the words do not change with it (给你, 君に)."""
    topic: re.Pattern[str] = NEVER
    """The thing that a clause begins with and is about, in the group `topic` (这把剑|嘛, ペンダント|は)."""
    named_thing: re.Pattern[str] = NEVER
    """Directly behind a name: the thing that bears it, likewise (Pepper| is the cat, 후추|는 고양이고)."""
    own_name: tuple[re.Pattern[str], re.Pattern[str]] = (NEVER, NEVER)
    """A clause in which the speaker gives their own name, `@` (わたしは@といいます), and the questions for that."""
    counted: re.Pattern[str] = NEVER
    """A number, or the question for one, with what it counts in the group `thing` (三个|哥哥, 几个|妹妹)."""
    named_time: re.Pattern[str] = NEVER
    """A day, month or season by its name: a clause that names the one of the question is of the time asked about."""
    topic_alone: re.Pattern[str] = NEVER
    """A person who is a question of their own ("Me?"), in the groups of `subject`, where no particle marks it."""
    until_then: re.Pattern[str] = NEVER
    """How a clause begins that makes the one before it tell of later ("until then")."""
    subordinate: re.Pattern[str] = NEVER
    """How a clause begins that is a part of the one before it ("because of")."""
    cause: re.Pattern[str] = NEVER
    """What says that a clause gives the reason of what it tells."""
    slots: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = ()
    """Questions for a place, which comes first, a means or a source, and what says one in a clause as it was written
    (in |Baltimore, 속초|에)."""
    parties: tuple[re.Pattern[str], ...] = ()
    """A verb and who does it or what it is done to, in the groups `verb` and `party`, in a clause likewise."""
    asked_verb: re.Pattern[str] = NEVER
    """A question of what one does, with its verb in the group `verb`: what its answer is the object of."""
    transfer: Transfer = Transfer()
    """Which way what is given, lent, taught or done goes between the one who is asked and another."""
    deed: re.Pattern[str] = NEVER
    """How a clause begins that says of which deed it tells, in the group `deed` (遅刻したの|は, 我迟到|是因为)."""
    opposites: tuple[Mapping[str, re.Pattern[str]], ...] = ()
    """Groups of times and sides that exclude each other: where a reply tells of two, each clause is about its own."""
    taken_up: re.Pattern[str] = NEVER
    """A clause in which the speaker takes up what was said of others, its verb in the group `verb` (我偏偏|喜欢)."""
    likewise: re.Pattern[str] = NEVER
    """A clause that says the same of another time, or adds something to what was said."""
    self_state: re.Pattern[str]
    """A clause of what the speaker is, has or where they are."""
    impersonal_you: re.Pattern[str]
    """ "You" that means anybody, or that only addresses the user."""
    drops_you: bool
    """A question without a person is about the one who is asked, unless it is about what was said before."""
    question_form: re.Pattern[str]
    """A clause that asks, by its own words."""
    question_words: re.Pattern[str] = NEVER
    """The words that say what is asked for, each a question of its own."""
    confirms: re.Pattern[str]
    """The end of a statement that only wants a nod ("didn't you?", 对吧？)."""
    asked_person: re.Pattern[str]
    """Persons of a question, in the groups of `subject`; the first is whose fact it asks for."""
    receiver: re.Pattern[str] = NEVER
    """A person of a question to whom the one who is asked does it."""
    advice: re.Pattern[str]
    """A question of what one should do: the answer may be about anybody."""
    advised_self: re.Pattern[str] = NEVER
    """A clause that answers such a question with what the speaker should do."""
    frame: re.Pattern[str]
    """What a question says before it asks ("do you remember", "did I tell you"); cut out before it is read."""
    reported: re.Pattern[str]
    """A question for what others say or print: then hearsay and quotation are the answer."""
    seeks_subject: re.Pattern[str]
    """A question whose subject is what it asks for ("who won?"): the answer may be anybody."""
    asks_who: re.Pattern[str]
    """A question for a person."""
    values: Mapping[ValueKind, re.Pattern[str]]
    """Questions for a number, by its kind; the first that is found counts."""
    asks_when: re.Pattern[str]
    """A question for a time: then words of time are the answer."""
    manner: re.Pattern[str]
    """A question for a reason or a manner: a clause about anybody may be the answer."""
    asks_before: re.Pattern[str]
    """A question for what was once so."""
    asks_event: re.Pattern[str]
    """A question for something that happened: then past tenses are the answer."""
    asks_later: re.Pattern[str]
    """A question for what will be, is wished or imagined."""
    before: re.Pattern[str]
    """A clause of what is no longer so."""
    now: re.Pattern[str]
    """A clause of what is so now, and was not always."""
    later: re.Pattern[str]
    """A clause of what is planned, wished or to come."""
    condition: re.Pattern[str] = NEVER
    """The condition that a question begins with: its words are not what is asked for."""
    supposed: tuple[re.Pattern[str], re.Pattern[str]]
    """Directly before and behind a word that the speaker only supposes to be ("if I were a | lawyer")."""
    contrary: re.Pattern[str] = NEVER
    """A condition contrary to fact, in the group `if`, and what would follow (要是有钱,我早就走了)."""
    almost: re.Pattern[str]
    """A clause of what nearly happened, or was meant to and did not."""
    relations: tuple[Mapping[str, re.Pattern[str]], ...]
    """Groups of relations that exclude each other: a clause that tells one does not answer a question for another."""
    offer: re.Pattern[str] = NEVER
    """What is offered to the speaker, or wished of them."""
    declined: re.Pattern[str] = NEVER
    """How a clause begins that turns down what the one before it tells (我没答应, 断っちゃった)."""
    said_by_user: re.Pattern[str] = NEVER
    """Behind a word: the user said it (とおっしゃってましたよね)."""
    refusal: re.Pattern[str]
    """What is turned down or given up, in a question or a clause: a clause that only says what is so answers no
    question for it, where another says what is not."""
    beside: tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]] = (NEVER, NEVER, NEVER)
    """What makes a place only the landmark of another: searched at the end of what stands before it, matched behind
    it, and the questions that it does not answer."""
    beside_it: re.Pattern[str] = NEVER
    """The speaker, or what is theirs, beside the place named before ("I'm behind it")."""
    hearsay: re.Pattern[str] = NEVER
    """What people in general say or think, before the word."""
    hearsay_behind: re.Pattern[str] = NEVER
    """The same directly behind the word, where verbs end clauses."""
    print_: re.Pattern[str]
    """What makes a quotation another's word, anywhere in its sentence."""
    work: re.Pattern[str]
    """A book, a song or a play, and what is done with it: a name in quotation marks beside it is its title."""
    bears_name: re.Pattern[str]
    """Things that say who their bearer is (a name tag, a card): what stands on them is said of oneself."""
    irony: tuple[re.Pattern[str], ...]
    """Cues of irony, looked for around the word; two together make it."""
    scoff: re.Pattern[str]
    """How a guess is thrown back: matched behind "X?"."""
    taken_back: re.Pattern[str]
    """What takes back all that was said before it, or says both at once."""
    out_of_role: re.Pattern[str]
    """The reply speaks as a language model, or about the character's description."""
    labels: tuple[re.Pattern[str], re.Pattern[str]]
    """Directly before a word: the name of a field ("occupation:"), and what calls it the answer ("the answer is")."""
    self_facts: tuple[re.Pattern[str], ...]
    """Kinds of facts about oneself (name, age, job, home ...), for the recital guard where there is no profile."""
