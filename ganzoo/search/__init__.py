"""A search over settings: Optuna chooses the settings of each trial, and cells of a grid train them."""
