"""What a run is asked to be. Nothing here imports torch or knows a component."""
