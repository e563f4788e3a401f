"""A plugin of a single file and the modules beside it."""

import dataclasses

import pytest

from ganzoo.errors import PluginError
from ganzoo.settings.sections import Choice
from ganzoo.zoo.plugins import load_zoo
from support.runs import TINY, spawn

PLUGIN = '''
from dataclasses import dataclass
import ganzoo
import json
import my_layers
from my_package.sums import total
from my_package import sums

@dataclass(frozen=True)
class Shifted(ganzoo.AdversarialLoss):
    """Shift every logit. doi:10.0/none."""
    by: float = my_layers.SHIFT
    def discriminator_loss(self, *, real, fake):
        return (fake - real).mean() + self.by
    def generator_loss(self, *, fake, real=None):
        import later
        return -fake.mean() * later.SIGN + total([sums.ZERO, len(json.loads("[]"))])

@ganzoo.hookimpl
def register_losses():
    return {NAME: Shifted}
'''


def write(folder, name, shift):
    """Write a plugin with a module and a package beside it, which import each other."""
    (folder / "my_package").mkdir(parents=True)
    (folder / "my_layers.py").write_text(f"from other import SHIFT\nassert SHIFT == {shift}")
    (folder / "other.py").write_text(f"SHIFT = {shift}")
    (folder / "later.py").write_text("SIGN = 1")
    (folder / "json.py").write_text("raise ImportError('not the one of Python')")
    (folder / "my_package" / "__init__.py").write_text("")
    (folder / "my_package" / "sums.py").write_text("import other\nfrom .zero import ZERO\ntotal = sum")
    (folder / "my_package" / "zero.py").write_text("ZERO = 0")
    (folder / "plugin.py").write_text(PLUGIN.replace("NAME", repr(name)))
    return folder / "plugin.py"


def test_modules_of_one_name_in_two_folders_do_not_mix(tmp_path):
    one, two = write(tmp_path / "one", "one", 1.0), write(tmp_path / "two", "two", 2.0)
    (tmp_path / "two" / "plugin.py").rename(two := tmp_path / "two" / "second.py")
    zoo = load_zoo(files=[one, two])
    losses = [zoo.create("loss", Choice(name)) for name in ("one", "two")]
    assert [dataclasses.asdict(loss) for loss in losses] == [{"by": 1.0}, {"by": 2.0}]


def test_two_files_of_one_name_keep_their_own_modules(tmp_path):
    for name, shift in ("three", 3.0), ("four", 4.0):
        zoo = load_zoo(files=[write(tmp_path / name, name, shift)])
        assert zoo.create("loss", Choice(name)).by == shift


def test_nothing_beside_one_file_can_be_imported_by_others(tmp_path):
    load_zoo(files=[write(tmp_path / "five", "five", 5.0)])
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "plain.py").write_text("import my_layers")
    with pytest.raises(PluginError, match="No module named 'my_layers'"):
        load_zoo(files=[tmp_path / "elsewhere" / "plain.py"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_plugin_with_a_byte_order_mark_is_read_or_refused_in_words(tmp_path, encoding):
    path = write(tmp_path / "six", "six", 6.0)
    path.write_text(path.read_text(), encoding=encoding)
    if encoding == "utf-8-sig":
        assert "six" in [entry.name for entry in load_zoo(files=[path]).entries("loss")]
        return
    with pytest.raises(PluginError, match="the plugin does not import"):
        load_zoo(files=[path])


@pytest.mark.full
def test_a_run_its_resume_and_a_grid_find_the_modules_beside_a_plugin(tmp_path):
    path = write(tmp_path / "seven", "seven", 7.0)
    plugin, words = ["--plugin", path], [*TINY, "--loss=seven", "--no-scores", "--steps=2"]
    commands = [["run", *words, "--out", tmp_path / "run"], ["resume", tmp_path / "run", "--steps=3"]]
    commands.append(["compare", *words, "--seeds=0", "--jobs=1", "--out", tmp_path / "grid"])
    for command in commands:
        process = spawn(*plugin, *command, cwd=tmp_path)  # python -m puts the present folder first
        said = process.communicate(timeout=120)
        assert process.returncode == 0, said
