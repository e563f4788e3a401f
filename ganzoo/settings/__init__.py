"""Settings of a run, checked and merged. Nothing here imports torch; a component is only a name."""
