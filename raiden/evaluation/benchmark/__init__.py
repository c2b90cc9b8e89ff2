"""The RAIDEN benchmark (COLING 2025): its files, its dimensions, its pairwise judge.

dimensions     what a turn tests, by the codes of the public files
dialogues      npc.json and dialogue.json -> turns
asking         turns -> replies of the model
keywords       what a right reply must say, where the rule-based reward can tell
judge          two replies, one criterion, both orders -> verdicts
verdicts       verdicts -> scores; agreement: does the judge say what the rules say
summary        all figures of a run
"""
