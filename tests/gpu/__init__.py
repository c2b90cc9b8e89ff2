"""What can only be shown on a GPU, in one command: `python -m tests.gpu`; small on a CPU, so that it stays whole."""
