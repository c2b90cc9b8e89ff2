"""Whether one model is a better role-player than another; no torch in here."""
