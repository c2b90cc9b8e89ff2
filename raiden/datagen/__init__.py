"""Character profiles -> samples whose own reference answer earns the full accuracy reward.

base                   slots, authors, rejections
template/  questions/  who writes drafts: templates, or a language model
checks/                what a draft must pass; verification: what models say about it
pipeline               drafts of many slots at once, always with the same outcome
ledger -> store        accepted samples on disk
       -> tally        counts, and every rejection
run_state              which command an output file belongs to
"""
