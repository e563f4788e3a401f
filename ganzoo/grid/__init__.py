"""Grids: every combination of some axes over some seeds, each cell a run of its own.

axes      words of the command line -> axes and seeds
config    a grid as it was asked for, and its budget
plan      axes -> cells, with their settings or the reason why they are refused
folder    the files of a grid, and how each of its cells ended
run       the missing cells, run on an engine
"""
