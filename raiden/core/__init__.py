"""What everything else stands on: records, errors, limits, files and signals; without torch, but for `processes`."""
