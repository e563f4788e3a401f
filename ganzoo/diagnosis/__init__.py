"""Find what is wrong with a run, and advise what to try."""
