"""Language models behind a network."""
