"""Prompts -> completions with their rewards."""
