"""What ships with ganzoo, loaded once."""

from ganzoo.zoo.plugins import load_zoo

ZOO = load_zoo()
