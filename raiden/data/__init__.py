"""Profiles and samples -> prompts, and their tokens."""
