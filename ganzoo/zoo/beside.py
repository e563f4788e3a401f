"""Modules that lie beside a plugin of a single file: it imports them by name, and no other plugin sees them."""

from __future__ import annotations

import builtins
import errno
import hashlib
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

MOST_SOURCE = 10_000_000
"""Bytes of a module: over ten times as many as the largest of torch has."""
_PREFIX = "ganzoo_beside_"
"""Beginning of the package that stands for a folder; the rest follows from its path."""


def import_file(path: Path) -> ModuleType:
    """Import a plugin file, in whose code `import my_layers` means the file my_layers.py beside it.

    Such a module goes before an installed one, but not before ganzoo and Python's own. Raises FileNotFoundError if
    there is no such Python file, and whatever its code raises.
    """
    path = path.expanduser().absolute()
    name = _choose_name(path)
    spec = spec_from_file_location(name, path, loader=_Loader(name, str(path)))
    if spec is None or path.suffix not in SOURCE_SUFFIXES or not path.is_file():
        raise FileNotFoundError(str(path))
    module = module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and type hints look their module up
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]  # we gave it one
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _choose_name(path: Path) -> str:
    """Return a name for the module of a file, with a mark of its folder if another file has the plain one."""
    name = f"ganzoo_file_{path.stem}"  # the prefix keeps a plugin json.py from standing in for the library's
    other = sys.modules.get(name)
    return name if other is None or other.__file__ == str(path) else f"{name}_{_mark(path.parent)}"


def _mark(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode()).hexdigest()[:12]


class _Loader(SourceFileLoader):
    """Loader of a file whose `import` statements look into its folder, or that of the plugin that imports it."""

    def __init__(self, fullname: str, path: str, folder: str = "") -> None:
        super().__init__(fullname, path)
        self._folder = Path(folder or Path(path).parent)

    def get_data(self, path: str) -> bytes:
        """Return the source, or the bytecode beside it. Raises OSError if it is larger than source is."""
        if (size := Path(path).stat().st_size) > MOST_SOURCE:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than {MOST_SOURCE:,}", path)
        return super().get_data(path)

    def exec_module(self, module: ModuleType) -> None:
        """Run the code of the module with an `import` of its own."""
        module.__dict__["__builtins__"] = vars(builtins) | {"__import__": _Import(self._folder, Path(self.path).stem)}
        super().exec_module(module)


class _Import:
    """The `import` statement of the modules of one folder."""

    def __init__(self, folder: Path, own: str) -> None:
        self._folder = folder
        self._others = {*sys.stdlib_module_names, "ganzoo", own}  # a plugin torch.py means the installed one too

    def __call__(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # the interpreter calls it so
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        top = name.partition(".")[0]
        if level or top in self._others or not self._has(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        package = _open_folder(self._folder)
        module = import_module(f"{package}.{name}")
        if not fromlist:
            return sys.modules[f"{package}.{top}"]
        for part in fromlist:
            if part != "*" and not hasattr(module, part) and hasattr(module, "__path__"):
                import_module(f"{module.__name__}.{part}")
        return module

    def _has(self, top: str) -> bool:
        return (self._folder / f"{top}.py").is_file() or (self._folder / top / "__init__.py").is_file()


def _open_folder(folder: Path) -> str:
    """Return the name of the package that stands for a folder, and make it known."""
    name = _PREFIX + _mark(folder)
    if name not in sys.modules:
        package = ModuleType(name, f"Modules of {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    return name


class _Finder(MetaPathFinder):
    """Finder of the modules in such a package, whose own imports look into the same folder."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module lies; None for all that lies in no such folder."""
        if not fullname.startswith(_PREFIX) or not path:
            return None
        folder = sys.modules[fullname.partition(".")[0]].__path__[0]
        return FileFinder(path[0], (_loader_of(folder), SOURCE_SUFFIXES)).find_spec(fullname)


def _loader_of(folder: str) -> type[_Loader]:
    class Loader(_Loader):
        def __init__(self, fullname: str, path: str) -> None:
            super().__init__(fullname, path, folder)

    return Loader
