"""Extensions of Sphinx that build the site of ganzoo; docs/conf.py names them."""
