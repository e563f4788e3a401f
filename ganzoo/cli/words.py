"""Words of a command line as a web page or an editor leaves them: other dashes and quotes, spaces around =."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

WORDS = "ganzoo.words"
"""Key in the metadata of click's context for the words that were typed."""
_DASH = re.compile(r"^[-\u2010-\u2015\u2212]*[\u2010-\u2015\u2212][-\u2010-\u2015\u2212]*(?=[A-Za-z])")
_FLAG_AND_VALUE = re.compile(r"--[a-z-]+ \S")
_QUOTES = {"\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c", "\u00ab": "\u00bb"}
_SPACES = re.compile("[\u00a0\u200b\u2009\ufeff]")
_KEY = re.compile(r"[a-z]+(\.[a-zA-Z_]\w*)+")


def repair(words: Sequence[str]) -> list[str]:
    """Return the words that were meant: a long dash and `loss` is --loss, and `--set optim.lr_g = 1` one setting."""
    split = [part for word in words for part in (word.split(" ", 1) if _FLAG_AND_VALUE.match(word) else [word])]
    plain = _join_quoted([_SPACES.sub("", word) for word in split])
    return _join_equals([_straighten(word) for word in plain])


def _straighten(word: str) -> str:
    """Return a word that begins with a typographic dash as a flag: of one letter after -, of several after --."""
    if not (found := _DASH.match(word)):
        return word
    name = word[found.end() :]
    return ("-" if len(name.partition("=")[0]) == 1 else "--") + name


def _join_quoted(words: Sequence[str]) -> list[str]:
    """Return the words with those in typographic quotes as one, without the quotes."""
    joined: list[str] = []
    end = ""
    for word in words:
        if end:
            joined[-1] += f" {word}"
        else:
            start = next((at for at, sign in enumerate(word) if sign in _QUOTES), None)
            if start is None or (start and word[start - 1] not in "=:,"):
                joined.append(word)
                continue
            end = _QUOTES[word[start]]
            joined.append(word[:start] + word[start + 1 :])
        if joined[-1].endswith(end):
            joined[-1], end = joined[-1].removesuffix(end), ""
    return list(words) if end else joined


def _join_equals(words: Sequence[str]) -> list[str]:
    """Return the words with `--flag = VALUE`, `--set KEY = VALUE` and `--set KEY VALUE` joined."""
    rest = list(words)
    joined: list[str] = []
    while rest:
        word = rest.pop(0)
        before = joined[-1] if joined else ""
        if word == "--":
            return [*joined, word, *rest]
        if before == "--set":
            joined.append("".join(_take_assignment(word, rest)))
        elif word == "=" and before.startswith("--") and rest:
            joined[-1] = f"{before}={rest.pop(0)}"
        else:
            joined.append(word)
    return joined


def _take_assignment(key: str, rest: list[str]) -> Iterator[str]:
    """Yield the parts of an assignment, the first of which is `key`, and take the others from the rest."""
    yield key
    if _KEY.fullmatch(key) and rest and not rest[0].startswith("-"):
        if not rest[0].startswith("="):
            yield "="
        elif rest[0] == "=" and len(rest) > 1:
            yield rest.pop(0)
        yield rest.pop(0)
    elif key.endswith("=") and _KEY.fullmatch(key[:-1]) and rest and not rest[0].startswith("--"):
        yield rest.pop(0)
