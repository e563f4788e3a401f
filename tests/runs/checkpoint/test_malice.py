"""Files that ganzoo did not write are refused, and nothing in them is run."""

import pickle

import pytest
import torch

from ganzoo.errors import CheckpointError, ResourceError
from ganzoo.runs.checkpoint import available_steps, load
from support.checkpoints import names, plant, save_steps, state_file

TORCH_ADVICE = ("weights_only", "set to False", "legacy")


class Malice:
    """Unpickling it creates a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def zipped(path, content):
    torch.save(content, path)
    return path.read_bytes()


@pytest.mark.fault(
    "a checkpoint is a pickle that runs code", "it is refused, nothing runs, and no other one is taken", "F08"
)
@pytest.mark.parametrize("container", [zipped, lambda path, content: pickle.dumps(content)], ids=["zip", "pickle"])
def test_object_that_would_run_code_is_refused_and_not_run(tmp_path, container):
    folder, pwned = tmp_path / "checkpoints", tmp_path / "pwned"
    save_steps(folder, 50)
    plant(folder, 60, container(tmp_path / "evil.pt", {"G": Malice(pwned)}))
    (folder / "latest.json").unlink()
    before = names(folder)
    for step in (None, 60):
        with pytest.raises(CheckpointError, match=r"refusing to load .* unsafe object") as caught:
            load(folder, step)
        assert not any(advice in str(caught.value) for advice in TORCH_ADVICE)
    assert not pwned.exists()
    assert names(folder) == before


@pytest.mark.fault(
    "a page of HTML, a picture or nothing lies where a checkpoint is vouched for",
    "exit 5, in ganzoo's words and not in torch's",
    "F07",
)
@pytest.mark.parametrize("content", [b"<html>404</html>", b"\x89PNG\r\n\x1a\n", bytes(64), b""])
def test_other_kind_of_file_is_not_a_ganzoo_checkpoint(tmp_path, content):
    plant(tmp_path, 60, content)
    with pytest.raises(CheckpointError, match="is not a ganzoo checkpoint") as caught:
        load(tmp_path)
    assert not any(advice in str(caught.value) for advice in TORCH_ADVICE)


@pytest.mark.fault("a file is given where a folder of checkpoints is expected", "exit 5 with its name", "F07")
def test_file_in_place_of_the_folder_is_not_a_ganzoo_checkpoint(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<html>404</html>")
    with pytest.raises(CheckpointError, match=r"page\.html is not a ganzoo checkpoint"):
        load(page)


def test_tensor_alone_is_not_a_ganzoo_checkpoint(tmp_path):
    plant(tmp_path, 60, zipped(tmp_path / "other.pt", torch.ones(3)))
    with pytest.raises(CheckpointError, match="is not a ganzoo checkpoint"):
        load(tmp_path)


@pytest.mark.fault("a checkpoint with the right hash is a zip that torch cannot read", "the one before is used")
def test_zip_file_that_torch_cannot_read_is_passed_over_in_our_words(tmp_path):
    save_steps(tmp_path, 50)
    plant(tmp_path, 60, state_file(tmp_path, 50).read_bytes()[:-900])
    (tmp_path / "latest.json").unlink()
    assert load(tmp_path).warnings == ("checkpoint step 60 is corrupt (unreadable); using step 50",)


@pytest.mark.fault(
    "memory runs out while a checkpoint is loaded", "exit 9, and the checkpoint is not set aside as damaged"
)
def test_lack_of_memory_is_not_taken_for_damage(tmp_path, monkeypatch):
    save_steps(tmp_path, 60)
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")):

        def fail(*arguments, error=error, **options):
            raise error

        monkeypatch.setattr(torch, "load", fail)
        with pytest.raises(ResourceError, match=r"not enough memory to load step-00000060\.pt"):
            load(tmp_path)
    assert available_steps(tmp_path) == [60]


@pytest.mark.fault("a checkpoint is of a newer schema", "exit 5 with both schemas, and the file is left alone", "F09")
def test_checkpoint_of_a_newer_ganzoo_is_refused_and_left_alone(tmp_path):
    save_steps(tmp_path, 50)
    plant(tmp_path, 60, b"in a format of the future", schema=999)
    (tmp_path / "latest.json").unlink()
    before = names(tmp_path)
    with pytest.raises(CheckpointError, match=r"written by a newer ganzoo \(schema 999 > 1\)"):
        load(tmp_path)
    assert names(tmp_path) == before
