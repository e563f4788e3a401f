"""What ships with ganzoo, loaded once."""

from ganzoo.zoo.catalogue import load_zoo

ZOO = load_zoo()
