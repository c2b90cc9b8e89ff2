"""The mechanisms that decide whether a word of a reply counts, each with a name under which it can be switched off.

A mechanism looks at one place and says why it does not count, or nothing. The order is that in which a reader
would object; the first objection is the one that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from raiden.rewards import affirmation
from raiden.rewards.affirmation import Surroundings
from raiden.rewards.reading import answering, contrast, elsewhere, parallel, shown, stance, topics, turned
from raiden.rewards.reading.place import Place

Check = Callable[[Place], str]


def _stance(check: Callable[[Surroundings], str]) -> Check:
    return lambda place: check(place.around)


def _only_asked(place: Place) -> str:
    objects = affirmation.only_asked(place.around)
    return "" if objects and answering.states_beside_question(place) else objects


MECHANISMS: Mapping[str, Check] = {
    "out_of_role": stance.out_of_role,
    "narrated": stance.narrated,
    "marked_up": shown.marked_up,
    "labelled": shown.labelled,
    "mixed": shown.mixed,
    "titled": shown.titled,
    "scoffed": stance.scoffed,
    "only_asked": _only_asked,
    "of_itself": stance.of_itself,
    "denied": _stance(affirmation.denied),
    "taken_back": stance.taken_back,
    "disliked": _stance(affirmation.disliked),
    "alternative": _stance(affirmation.alternative),
    "hedged": _stance(affirmation.hedged),
    "others_belief": _stance(affirmation.others_belief),
    "hearsay": stance.hearsay,
    "quoted": stance.quoted,
    "ironic": stance.ironic,
    "almost": stance.almost,
    "supposed": stance.supposed,
    "unreal": _stance(affirmation.unreal),
    "of_user": answering.of_user,
    "of_self": answering.of_self,
    "of_another": answering.of_another,
    "of_nobody": elsewhere.of_nobody,
    "turned_round": turned.turned_round,
    "swapped": turned.swapped,
    "premise_denied": elsewhere.premise_denied,
    "answered_elsewhere": elsewhere.answered_elsewhere,
    "parallel": parallel.parallel,
    "beside": elsewhere.beside,
    "other_thing": topics.other_thing,
    "other_role": contrast.other_role,
    "contrasted": contrast.contrasted,
    "other_relation": answering.other_relation,
    "wrong_time": answering.wrong_time,
    "other_sense": stance.other_sense,
    "invented": elsewhere.invented,
}
FINDERS: Mapping[str, str] = {
    "values": "times of day, ages, stretches of time and years, typed by the question (clock, measures)",
    "other_names": "mum for mother, 北大 for 北京大学, MIT for its long name, what the profile calls a person (names)",
    "split_names": "surname and given name told apart (names)",
    "phrases": "the words of a phrase apart, in another order or form (phrases)",
}
"""What else than the written form counts as saying a keyword."""
TAKEN_UP = "taken_up"
"""Lifts `OF_OTHERS` from what is said of others and then taken up by the speaker (别人都讨厌下雨,我偏偏喜欢)."""
OF_OTHERS = frozenset(
    {
        "denied",
        "disliked",
        "others_belief",
        "hearsay",
        "of_another",
        "answered_elsewhere",
        "contrasted",
        "other_relation",
    }
)
EXCUSABLE = frozenset(
    {
        "marked_up",
        "labelled",
        "mixed",
        "titled",
        "of_user",
        "of_self",
        "of_another",
        "of_itself",
        "of_nobody",
        "turned_round",
        "swapped",
        "premise_denied",
        "answered_elsewhere",
        "parallel",
        "beside",
        "other_thing",
        "other_role",
        "contrasted",
        "other_relation",
        "wrong_time",
    }
)
"""What is left out for a sample whose own reference answer it objects to: how question and answer belong together is
then another than it looks. A denial, a doubt or an echo stays one, whoever wrote it."""
ALL = frozenset((*MECHANISMS, *FINDERS, TAKEN_UP))


def objections(place: Place, mechanisms: frozenset[str] = ALL) -> dict[str, str]:
    """Every mechanism that objects to a place, with its reason."""
    found = {name: check(place) for name, check in _looking(place, mechanisms)}
    return {name: reason for name, reason in found.items() if reason}


def objection(place: Place, mechanisms: frozenset[str] = ALL) -> str:
    """Why a place does not count, in half a sentence; empty where it does."""
    return next(filter(None, (check(place) for _, check in _looking(place, mechanisms))), "")


def _looking(place: Place, mechanisms: frozenset[str]) -> Iterator[tuple[str, Check]]:
    """The mechanisms that look at a place, in their order."""
    lifted = OF_OTHERS if TAKEN_UP in mechanisms and contrast.taken_up(place) else frozenset()
    return ((name, check) for name, check in MECHANISMS.items() if name in mechanisms and name not in lifted)
