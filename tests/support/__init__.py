"""Code that several test modules share; pytest finds no tests here."""
