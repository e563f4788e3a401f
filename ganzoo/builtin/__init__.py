"""Components that ship with ganzoo, registered through the same hooks as those of any plugin."""
