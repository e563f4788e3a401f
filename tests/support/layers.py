"""The entries of the package, lowest first."""

LOW_TO_HIGH = """
errors files machine cells settings data contracts hookspecs layers builtin zoo training evaluation audit runs diagnosis
grid results search export api testing cli __main__
"""
LAYERS = LOW_TO_HIGH.split()
