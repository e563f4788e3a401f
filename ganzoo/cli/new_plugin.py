"""A new plugin package that works as it is written: a small component per kind, tests, a recipe, a README."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from string import Template
from typing import NamedTuple

from ganzoo import __version__
from ganzoo.cli.new_recipe import RECIPE_KINDS, try_it, write_recipe
from ganzoo.errors import ConfigError, FolderError
from ganzoo.hookspecs import API_VERSION
from ganzoo.settings.kinds import ALL_KINDS, KIND_INFO, Kind
from ganzoo.zoo.names import NAMES
from ganzoo.zoo.recipes import folder as recipe_folder

PREFIX = "ganzoo-"
"""Prefix by which packages for ganzoo are found."""


class Part(NamedTuple):
    """One kind: its hook, its contract, and the last word of a class name."""

    hook: str
    contract: str
    suffix: str


def _last_word(contract: str) -> str:
    """Return the last word of a class name: Enforcer for LipschitzEnforcer."""
    return contract[max(place for place, letter in enumerate(contract) if letter.isupper()) :]


PARTS: dict[Kind, Part] = {
    kind: Part(info.hook, info.contract, _last_word(info.contract)) for kind, info in KIND_INFO.items()
}


@dataclass(frozen=True)
class NewPlugin:
    """A package to write, ganzoo-foo: its module ganzoo_foo adds a component foo of each kind."""

    name: str
    kinds: tuple[Kind, ...]

    @property
    def module(self) -> str:
        """Module that Python imports."""
        return self.name.replace("-", "_")

    @property
    def component(self) -> str:
        """Name of its components in flags and recipes."""
        return self.name.removeprefix(PREFIX)

    @property
    def has_recipe(self) -> bool:
        """True if the package has a recipe, so that `ganzoo run foo` works."""
        return any(kind in RECIPE_KINDS for kind in self.kinds)

    def class_name(self, kind: Kind) -> str:
        """Return FooLoss for ganzoo-foo, and for ganzoo-foo-loss too."""
        return self._prefix.removesuffix(PARTS[kind].suffix) + PARTS[kind].suffix

    @property
    def _prefix(self) -> str:
        return "".join(word.capitalize() for word in self.component.split("-"))

    def render(self) -> dict[str, str]:
        """Return the text of every file, by its path inside the package's folder."""
        stem = self.component.replace("-", "_")
        pages = {f"{self.module}/{kind}.py": self._fill(f"components/{kind}.py", kind) for kind in self.kinds}
        pages |= {f"tests/test_{stem}_{kind}.py": self._fill(f"tests/{kind}.py", kind) for kind in self.kinds}
        if self.has_recipe:
            pages[f"{self.module}/recipes/{self.component}.toml"] = write_recipe(self.component, self.kinds)
        return pages | {
            "pyproject.toml": self._fill("pyproject.toml"),
            "README.md": self._fill("README.md"),
            f"{self.module}/__init__.py": self._fill("init.py"),
            f"tests/test_{self.module}.py": self._fill("contracts.py"),
        }

    def _fill(self, template: str, kind: Kind | None = None) -> str:
        text = (files("ganzoo.cli") / "templates" / f"{template}.tmpl").read_text(encoding="utf-8")
        names = {"name": self.name, "module": self.module, "component": self.component, "prefix": self._prefix}
        return Template(text).substitute(names | (self._of_all() if kind is None else self._of(kind)))

    def _of(self, kind: Kind) -> dict[str, str]:
        """Return the words of a template for one kind."""
        return {"kind": kind, "cls": self.class_name(kind), **PARTS[kind]._asdict()}

    def _of_all(self) -> dict[str, str]:
        """Return the words of a template for the whole package."""
        imports = [f"from {self.module}.{kind} import {self.class_name(kind)}" for kind in sorted(self.kinds)]
        return {
            "listed": f"{_enumerate(self.kinds)} {self.component}",
            "host": f"ganzoo-torch>={__version__}",
            "api": str(API_VERSION),
            "try_it": "\n".join(try_it(self.component, self.kinds)),
            "imports": "\n".join(imports),
            "hooks": "".join(self._fill("hook.py", kind) for kind in self.kinds).rstrip("\n"),
        }


def _enumerate(words: Sequence[str]) -> str:
    """Return "a, b and c" for ("a", "b", "c")."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def plan_plugin(name: str, kinds: Iterable[Kind]) -> NewPlugin:
    """Return the package of this name. Raises ConfigError, with a name that works, if this one does not."""
    plugin = NewPlugin(name, tuple(kind for kind in ALL_KINDS if kind in set(kinds)))
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", plugin.component):
        what = f"{name!r}: a package is named in lower-case letters, digits and single hyphens, a letter first"
        raise ConfigError(what, hint=_command(_normal(name), plugin.kinds))
    if fault := _clash(plugin):
        raise ConfigError(f"{name!r}: {fault}", hint=_command(f"{PREFIX}my-{plugin.component}", plugin.kinds))
    return plugin


def _command(name: str, kinds: Iterable[Kind]) -> str:
    return " ".join(["ganzoo new plugin", name, *(f"--kind {kind}" for kind in kinds)])


def _normal(name: str) -> str:
    """Return a valid name: ganzoo-foo-bar for Foo_Bar, which pip takes for the same (PEP 503)."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower().removeprefix(PREFIX)).strip("-")
    return PREFIX + (words if words[:1].isalpha() else f"my-{words or 'gan'}")


def _clash(plugin: NewPlugin) -> str:
    """Return what this name means already; empty if nothing."""
    if plugin.name == "ganzoo-torch":
        return "this is the package of ganzoo itself"
    if keyword.iskeyword(plugin.module):
        return "this is a keyword of Python, which cannot be imported"
    spec = find_spec(plugin.module)
    if spec is not None and spec.origin is not None:
        return f"a module {plugin.module} can be imported already, from {spec.origin}"
    for kind in plugin.kinds:
        if plugin.component in NAMES[kind]:
            return f"a {kind} {plugin.component!r} ships with ganzoo"
    if plugin.has_recipe and (recipe_folder() / f"{plugin.component}.toml").is_file():
        return f"a recipe {plugin.component!r} ships with ganzoo"
    return ""


def first_commands(plugin: NewPlugin, path: Path) -> list[str]:
    """Return what to type once the package is written: install, test, use."""
    install = quote(
        f"{path if path.is_absolute() else f'./{path}'}[test]"
    )  # without a slash pip may think of the index
    return [f"pip install -e {install}", f"pytest {quote(str(path))}", *try_it(plugin.component, plugin.kinds)]


def write_plugin(plugin: NewPlugin, path: Path) -> list[Path]:
    """Write the package to a folder that does not exist yet; return its files. Raises FolderError."""
    pages = {path / name: text for name, text in plugin.render().items()}
    try:
        path.mkdir(parents=True)
        for page, text in pages.items():
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise FolderError("this file or folder exists already", where=str(path), hint="--out DIR") from error
    except OSError as error:
        raise FolderError(f"cannot write the package: {error}", where=str(path), hint="--out DIR") from error
    return sorted(pages)
