"""Plugins that pip installed, most of them broken."""

import sys
from importlib.metadata import Distribution

import pytest

from ganzoo.zoo.installed import find_plugins, tolerate_damage
from ganzoo.zoo.plugins import load_zoo
from support.broken_plugins import BROKEN, ODD_POINTS, SOUND, source
from support.packages import make_wheel, pip_install


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder with everything above installed, and then partly damaged, as disks and hands do it."""
    wheels, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    broken = [
        make_wheel(wheels, f"ganzoo-{case}", text, {f"point-{case}": f"ganzoo_{case}"})
        for case, (text, _) in BROKEN.items()
    ]
    sound = [make_wheel(wheels, name, text) for name, text in SOUND.items()]
    several = make_wheel(wheels, "ganzoo-two", source("two"), {"one": "ganzoo_two", "other": "ganzoo_nope"})
    pip_install(site, *broken, *sound, several)
    (site / "ganzoo_stale.py").unlink()
    (site / "ganzoo_empty-0.3.dist-info" / "METADATA").write_text("")
    (site / "ganzoo_malformed-0.3.dist-info" / "entry_points.txt").write_text("[ganzoo]\nnonsense\n")
    for case, value in ODD_POINTS.items():
        (site / f"ganzoo_{case}-0.3.dist-info" / "entry_points.txt").write_text(f"[ganzoo]\npoint-{case} = {value}\n")
    return site


@pytest.fixture
def installed(site, monkeypatch):
    """All of it is on the path of this process, as if that had begun with the command line."""
    monkeypatch.delenv("GANZOO_DISABLE_PLUGINS")
    monkeypatch.setattr(Distribution, "entry_points", Distribution.entry_points)  # put back in the end
    tolerate_damage()
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.fixture
def loaded(installed, monkeypatch):
    """Load the zoo with the installed plugins of these names alone, in this process."""

    def load(*names, **choice):
        everything = {plugin.name for plugin in find_plugins()}
        for module in [name for name in sys.modules if name.startswith("ganzoo_")]:
            monkeypatch.delitem(sys.modules, module)
        return load_zoo(disabled=everything - set(names), **choice)

    return load
