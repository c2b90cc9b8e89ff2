"""English forms that no rule makes, and words with two spellings."""

from __future__ import annotations

_FORMS = """
be am is are was were been being; bear bore borne; become became; begin began begun; bend bent; bite bit bitten;
blow blew blown; break broke broken; bring brought; build built; burn burnt; buy bought; catch caught; choose
chose chosen; come came; creep crept; cut cutting; dig dug; do did done does; draw drew drawn; dream dreamt;
drink drank drunk; drive drove driven; eat ate eaten; fall fell fallen; feed fed; feel felt; fight fought; find
found; fly flew flown flies; forget forgot forgotten; forgive forgave forgiven; freeze froze frozen; get got
gotten; give gave given; go went gone goes; grow grew grown; hang hung; have had has; hear heard; hide hid
hidden; hold held; keep kept; kneel knelt; know knew known; lay laid; lead led; lean leant; leap leapt; learn
learnt; leave left; lend lent; light lit; lose lost; make made; mean meant; meet met; pay paid; ride rode
ridden; ring rang rung; rise rose risen; run ran; say said; see saw seen; seek sought; sell sold; send sent; sew
sewn; shake shook shaken; shine shone; shoot shot; show shown; shrink shrank shrunk; sing sang sung; sink sank
sunk; sit sat; sleep slept; smell smelt; speak spoke spoken; spell spelt; spend spent; spin spun; spring sprang
sprung; stand stood; steal stole stolen; stick stuck; sting stung; strike struck stricken; swear swore sworn;
sweep swept; swim swam swum; swing swung; take took taken; teach taught; tear tore torn; tell told; think
thought; throw threw thrown; understand understood; wake woke woken; wear wore worn; weave wove woven; weep
wept; win won; wind wound; write wrote written; child children; foot feet; goose geese; louse lice; man men;
mouse mice; ox oxen; person people; tooth teeth; woman women; fisherman fishermen; policeman policemen; fireman
firemen; craftsman craftsmen; cactus cacti; fungus fungi; die dice
"""
_SPELLINGS = """
grey gray; colour color; harbour harbor; neighbour neighbor; honour honor; labour labor; favour favor; flavour
flavor; humour humor; armour armor; vapour vapor; odour odor; rumour rumor; parlour parlor; theatre theater;
centre center; metre meter; litre liter; fibre fiber; sabre saber; jewellery jewelry; jeweller jeweler;
travelling traveling; traveller traveler; marvellous marvelous; woollen woolen; plough plow; tyre tire; pyjamas
pajamas; mum mom; mummy mommy; doughnut donut; whisky whiskey; yoghurt yogurt; aeroplane airplane; cheque check;
programme program; catalogue catalog; dialogue dialog; organise organize; realise realize; apologise apologize;
defence defense; licence license; practise practice; sceptic skeptic; moustache mustache; storey story; cosy
cozy; axe ax; mould mold; fulfil fulfill; skilful skillful; saint st; mount mt; doctor dr; mister mr; okay ok;
goodbye bye; television tv; telephone phone; photograph photo; bicycle bike; refrigerator fridge; aubergine
eggplant; granddad grandpa; grandad grandpa; mathematics maths math
"""


def _rows(table: str) -> list[list[str]]:
    return [row.split() for row in table.split(";")]


IRREGULAR_FORMS: dict[str, frozenset[str]] = {base: frozenset(forms) for base, *forms in _rows(_FORMS)}
"""The base of each irregular verb or noun, to its other forms."""

SPELLINGS: dict[str, tuple[str, ...]] = {
    word: tuple(other for other in row if other != word) for row in _rows(_SPELLINGS) for word in row
}
"""A word to its other spellings and its short form, both ways."""
