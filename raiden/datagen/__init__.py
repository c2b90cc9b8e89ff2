"""Character profiles -> samples whose own reference answer earns the full accuracy reward."""
