"""Times in words."""

from __future__ import annotations


def show_duration(seconds: float) -> str:
    """Return a time in words: "97 s", "4 min 05 s", "12 min", "3 h 24 min", "1 d 22 h"."""
    seconds = max(round(seconds), 0)
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{hours // 24} d {hours % 24} h"
