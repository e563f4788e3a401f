"""A run and its folder: start, resume, evaluate, sample, measure."""
