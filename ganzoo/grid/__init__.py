"""Grids: every combination of some axes over some seeds, each cell a run of its own.

plan      axes -> cells, with their settings or the reason why not
ledger    the files of a grid, and which of its cells have ended how
conduct   what is missing, handed to an engine
"""
