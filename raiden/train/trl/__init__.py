"""The same data, prompts and reward in TRL's GRPOTrainer, the library that Open-R1 runs on.

rewards     the reward in the signature of TRL's reward functions; without torch, for anyone's recipe
options     the command line: TRL's own options, and raiden's
datasets    samples -> the rows that TRL trains on
train       the run
"""
