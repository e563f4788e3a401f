"""Samples of a dataset, image files and pictures."""
