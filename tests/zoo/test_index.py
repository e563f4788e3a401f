"""The zoo without torch: what ships from its index, plugins from a cache that is never older than they are."""

import json
import os
import sys

import pytest

from ganzoo.cli import plugin_cache
from ganzoo.errors import ConfigError
from ganzoo.settings.sections import Choice
from ganzoo.zoo import plugins
from ganzoo.zoo.choices import explain
from ganzoo.zoo.description import describe
from ganzoo.zoo.index import INDEX, load_index
from ganzoo.zoo.plugins import BUILTIN, load_builtin
from ganzoo.zoo.recipes import list_recipes, settle
from support.checkout import ROOT
from support.imports import AT_END, SLOW, run_watched
from support.runs import HELD, ganzoo
from support.zoo import ZOO

INDEXED = load_index(disabled=["all"])


def test_the_index_describes_what_ships():
    now = [describe(load_builtin(name)) for name in BUILTIN]
    assert json.loads(INDEX.read_text()) == json.loads(json.dumps(now)), "python -m ganzoo.zoo.index"


@pytest.mark.parametrize("entry", ZOO.all_entries(), ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_a_component_is_the_same_by_the_index(entry):
    known = INDEXED.entry(entry.kind, entry.name)
    assert (known.summary, known.help, known.plugin) == (entry.summary, entry.help, entry.plugin)
    assert known.descriptions == entry.descriptions
    assert by_name(known.options) == by_name(entry.options)


def by_name(options):
    """Options sorted: those of STL-10, of which one is the name of a class attribute too, have another order."""
    return sorted(options, key=lambda option: option.name)


@pytest.mark.parametrize("recipe", [each for each in list_recipes() if not each.plugin], ids=lambda each: each.name)
def test_settings_are_explained_the_same_by_the_index(recipe):
    settings = settle(recipe=recipe)
    assert explain(settings, INDEXED) == explain(settings, ZOO)


@pytest.mark.parametrize(
    ("kind", "choice"),
    [
        ("lipschitz", Choice("gp", {"weight": -1.0})),
        ("dataset", Choice("folder", {"path": ""})),
        ("model", Choice("dcgan", {"nonsense": 1})),
        ("augment", Choice("diffaug", {"policy": "colour"})),  # by a check of its own
        ("loss", Choice("wgna")),
    ],
)
def test_what_a_component_refuses_the_index_refuses_with_the_same_words(kind, choice):
    said = []
    for zoo in (ZOO, INDEXED):
        with pytest.raises(ConfigError) as refusal:
            zoo.create(kind, choice)
        said.append(str(refusal.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("words", ["list", "config show sngan --set loss.name=wgan"])
def test_the_index_is_read_without_torch(words):
    _, imported = run_watched(AT_END, SLOW - {"rich"}, *words.split())
    assert imported["IMPORTED"] == set()


# Plugins


@pytest.fixture
def held(tmp_path, monkeypatch):
    """The plugin of the loss `held`, as pip would leave it on the path, and a cache of its own; returns its file."""
    (tmp_path / "held_plugin.py").write_text(HELD)
    info = tmp_path / "held_plugin-0.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: held_plugin\nVersion: 0.3\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nheld_plugin = held_plugin\n")
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", ",".join(path.name for path in (ROOT / "plugins").iterdir()))
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "held_plugin", raising=False)
    plugin_cache._packages.cache_clear()
    yield tmp_path / "held_plugin.py"
    sys.modules.pop("held_plugin", None)
    plugin_cache._packages.cache_clear()


@pytest.fixture
def loads(monkeypatch):
    """The number of times that the whole zoo was loaded, as the length of a list."""
    counted, load = [], plugins.load_zoo
    monkeypatch.setattr(plugins, "load_zoo", lambda **choice: counted.append(choice) or load(**choice))
    return counted


SHOW = ("show", "loss", "held")


def test_a_plugin_is_loaded_once_and_then_known_by_the_cache(held, loads):
    shown = [ganzoo(*SHOW).stdout for _ in range(3)]
    assert len(loads) == 1
    assert shown[0] == shown[1] == shown[2]
    assert "loss.scale" in shown[0] and "held_plugin" in ganzoo("plugins").stdout
    rows = json.loads(ganzoo("config", "show", "--loss", "held", "--json").stdout)
    assert {row["setting"]: row["value"] for row in rows}["loss.scale"] == 2.0
    assert len(loads) == 1


def test_a_plugin_that_changed_is_loaded_again(held, loads):
    ganzoo(*SHOW)
    held.write_text(HELD.replace("scale: float = 2.0", "scale: float = 25.0"))
    os.utime(held, ns=(10**18, 10**18))
    sys.modules.pop("held_plugin")
    assert "25.0" in ganzoo(*SHOW).stdout
    assert len(loads) == 2


@pytest.mark.full
def test_other_packages_beside_a_plugin_let_it_be_loaded_again(held, loads):
    ganzoo(*SHOW)
    (held.parent / "other-1.0.dist-info").mkdir()
    plugin_cache._packages.cache_clear()
    ganzoo(*SHOW)
    assert len(loads) == 2


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe"])
def test_a_damaged_cache_is_made_again(held, loads, damage):
    ganzoo(*SHOW)
    (entry,) = (held.parent / "cache" / "plugins").iterdir()
    whole = json.loads(entry.read_bytes())
    entry.write_bytes(damage)
    ganzoo(*SHOW)
    assert len(loads) == 2
    assert json.loads(entry.read_bytes())["files"] == whole["files"]


@pytest.mark.full
def test_a_cache_that_cannot_be_written_is_no_error(held, loads, monkeypatch):
    blocked = held.parent / "blocked"
    blocked.write_text("a file where the folder would be")
    monkeypatch.setenv("GANZOO_CACHE", str(blocked))
    for _ in range(2):
        assert "loss.scale" in ganzoo(*SHOW).stdout
    assert len(loads) == 2


def test_a_broken_plugin_is_reported_each_time_and_hides_nothing(held, loads):
    held.write_text("import a_package_that_is_not_there")
    for _ in range(2):
        result = ganzoo("list", "loss")
        assert "held_plugin 0.3 is broken" in result.stderr
        assert "wgan" in result.stdout
    assert len(loads) == 2
    assert "held_plugin" not in ganzoo("--no-plugin", "held_plugin", "list", "loss").stderr
    assert len(loads) == 2  # disabled, it need not be loaded


@pytest.mark.full
def test_a_plugin_of_one_file_is_known_by_the_cache_until_it_changes(held, loads, tmp_path):
    single = tmp_path / "alone" / "mine.py"
    single.parent.mkdir()
    single.write_text(HELD.replace('"held"', '"mine"'))
    words = ("--no-plugin", "held_plugin", "--plugin", single, "show", "loss", "mine")
    shown = [ganzoo(*words).stdout for _ in range(2)]
    assert shown[0] == shown[1] and len(loads) == 1
    single.write_text(single.read_text().replace("scale: float = 2.0", "scale: float = 31.0"))
    assert "31.0" in ganzoo(*words).stdout and len(loads) == 2
