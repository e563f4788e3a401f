"""Plugins as packages that pip installs, made on the spot: a wheel is an archive, four files beside its module."""

import subprocess
import sys
import zipfile
from pathlib import Path


def make_wheel(
    folder: Path, name: str, source: str, points: dict[str, str] | None = None, version: str = "0.3"
) -> Path:
    """Write the wheel of a distribution whose one module has this source; `points` are entry points, name -> module."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    entries = "\n".join(f"{point} = {value}" for point, value in (points or {module: module}).items())
    files = {
        f"{module}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[ganzoo]\n{entries}\n",
    }
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"]))
    return path


def pip_install(target: Path, *wheels: Path) -> None:
    """Install wheels into a folder, as `pip install` does into an environment."""
    words = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", "--quiet", "--upgrade"]
    command = [sys.executable, "-m", "pip", "install", *words, "--target", str(target), *map(str, wheels)]
    subprocess.run(command, check=True, capture_output=True, text=True)
