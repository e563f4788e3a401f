"""What a user may do wrong: each mistake has its exit code, is named with a way out, and leaves nothing behind."""

import json
import re
import subprocess
import sys

import pytest
from PIL import Image

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run
from support.runs import ENVIRONMENT, TINY, contents, ganzoo, log, state, train
from support.states import same

MISTAKES = [
    # components and recipes
    (["--loss", "wgna"], 2, "no loss is named 'wgna'. Did you mean 'wgan'?", "ganzoo list loss"),
    (["--model", "dcgna"], 2, "no model is named 'dcgna'. Did you mean 'dcgan'?", "ganzoo list model"),
    (
        ["--lipschitz", "sn+dragn"],
        2,
        "no Lipschitz enforcer is named 'dragn'. Did you mean 'dragan'?",
        "ganzoo list lipschitz",
    ),
    (["--lipschitz", "sn+sn"], 2, "'sn+sn' names a part twice", "--lipschitz sn"),
    (["--conditioner", "cgn"], 2, "no conditioner is named 'cgn'. Did you mean 'cgan'?", ""),
    (["--dataset", "digit"], 2, "no dataset is named 'digit'. Did you mean 'digits'?", ""),
    (["sngna"], 2, "no recipe is named 'sngna'. Did you mean 'sngan'?", "sngan"),
    (["nowhere.toml"], 2, "cannot read the recipe", "nowhere.toml"),
    # options
    (["--set", "optim.beta3=0"], 2, "optim.beta3: no such option. Did you mean 'beta2'?", "n_critic"),
    (["--set", "model.widht=8"], 2, "model.widht: no such option. Did you mean 'width'?", "depth"),
    (["--set", "loss.weight=1"], 2, "loss.weight: no such option. It takes no options.", ""),
    (["--set", "optm.lr_g=1"], 2, "unknown section [optm]. Did you mean 'optim'?", ""),
    (["--set", "lr_g=1"], 2, "is not section.option=value", "--set optim.lr_g=1\n"),
    (["--set", "optim.lr_g"], 2, "is not section.option=value", ""),
    (["--modle", "mlp"], 2, "there is no option", "--model"),
    (["--batch_size", "8"], 2, "there is no option", "--batch-size"),
    # values
    (["--set", "optim.lr_g=inf"], 2, "optim.lr_g: inf is refused", ""),
    (["--set", "optim.lr_g=nan"], 2, "optim.lr_g: nan is refused", ""),
    (["--set", "optim.lr_g=-1e-4"], 2, "optim.lr_g: -0.0001 is refused", "above 0"),
    (["--set", "optim.lr_g=true"], 2, "optim.lr_g: True is refused", ""),
    (["--set", "train.steps=true"], 2, "train.steps: True is refused", "integer"),
    (["--set", "train.steps=10.5"], 2, "train.steps: 10.5 is refused", "integer"),
    (["--set", "optim.beta1=1.0"], 2, "optim.beta1: 1.0 is refused", "below 1"),
    (["--set", "optim.name=adamx"], 2, "no optimizer is named 'adamx'", "ganzoo list optimizer"),
    (["--steps", "0"], 2, "train.steps: 0 is refused", "at least 1"),
    (["--steps", "ten"], 2, "'ten' is not a whole number", "--steps"),
    (["--batch-size", "-8"], 2, "optim.batch_size: -8 is refused", ""),
    (["--seed", "-1"], 2, "train.seed: -1 is refused", ""),
    (["--seed", str(2**64)], 2, f"train.seed: {2**64} is refused", "at most"),
    (["--device", "gpu"], 2, "train.device: 'gpu' is refused", "cuda"),
    (["--image-size", "0"], 2, "dataset.image_size: 0 is refused", ""),
    (["--loss", "wgan", "--lipschitz", "clip", "--set", "lipschitz.limit=0"], 2, "lipschitz.limit: 0", ""),
    # data
    (["--dataset", "folder:nowhere"], 3, "nowhere", ""),
    (["--dataset", "zip:nowhere.zip"], 3, "nowhere.zip", ""),
]


@pytest.mark.fault(
    "flags and settings are misspelt or out of range",
    "exit 2 or 3 with the nearest that exists, and nothing is written",
    "F49",
    "F50",
)
@pytest.mark.parametrize(("words", "code", "what", "way_out"), MISTAKES, ids=[" ".join(case[0]) for case in MISTAKES])
def test_a_mistake_is_refused_in_words_and_leaves_nothing(tmp_path, monkeypatch, words, code, what, way_out):
    monkeypatch.chdir(tmp_path)
    result = train(tmp_path / "run", *words, code=code)
    assert what in result.stderr and way_out in result.stderr
    assert (result.stdout, contents(tmp_path), (tmp_path / "run").exists()) == ("", {}, False)


def test_several_mistakes_of_a_section_are_told_at_once(tmp_path):
    said = train(tmp_path / "run", "--steps", 0, "--seed", -1, "--set", "train.sede=1", code=2).stderr
    assert [line.split(":")[0] for line in said.removeprefix("ganzoo: ").splitlines()[:3]] == [
        "train.steps", "train.seed", "train.sede",
    ]  # fmt: skip


@pytest.mark.parametrize("lipschitz", ["gp", "sn+r1"])
def test_batch_norm_asked_for_under_a_per_sample_enforcer_is_refused(tmp_path, lipschitz):
    words = ["--model", "dcgan", "--image-size", 16, "--device", "cpu", "--set", "model.norm_d=batch"]
    result = ganzoo("run", *words, "--lipschitz", lipschitz, "--out", tmp_path / "run", code=2)
    assert "batch norm in D" in result.stderr and "--set model.norm_d=none" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.fault(
    "a flat folder of images, or a single class, and a conditioner",
    "exit 3 with the number of classes that are needed",
    "F67",
    "F68",
)
@pytest.mark.parametrize(("conditioner", "folder"), [("cgan", "."), ("projection", "cats"), ("acgan", ".")])
def test_a_conditioner_on_images_of_one_class_is_refused(tmp_path, conditioner, folder):
    (tmp_path / "images" / folder).mkdir(parents=True)
    for shade in range(3):
        Image.new("L", (8, 8), 50 * shade).save(tmp_path / "images" / folder / f"{shade}.png")
    words = ["--dataset", f"folder:{tmp_path / 'images'}", "--conditioner", conditioner]
    result = train(tmp_path / "run", *words, code=3)
    assert f"conditioner '{conditioner}' needs at least 2 classes" in result.stderr
    assert "--conditioner none" in result.stderr and not (tmp_path / "run").exists()


def test_remarks_on_the_data_come_before_a_refusal_that_they_explain(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    Image.new("L", (8, 8)).save(images / "a.png")
    (images / "attributes.txt").write_text("a.png 1")
    words = ["--dataset", f"folder:{images}", "--image-size=8", "--model=mlp", "--conditioner=cgan"]
    result = ganzoo("run", *words, "--out", tmp_path / "run", code=3)
    remark, refusal = "ignored, no images: attributes.txt", "conditioner 'cgan' needs at least 2 classes"
    assert -1 < result.stderr.find(remark) < result.stderr.find(refusal)


@pytest.mark.fault("--device cuda where there is no GPU", "exit 9, and never another device in silence", "F93")
def test_cuda_where_there_is_none_is_refused_and_never_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    result = train(tmp_path / "run", "--device", "cuda", code=9)
    assert "no CUDA device" in result.stderr and "--device cpu" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", [["show", "loss", "wgna"], ["config", "show", "--loss", "wgna"]], ids=" ".join)
def test_the_nearest_name_is_suggested_everywhere(command):
    assert "Did you mean 'wgan'?" in ganzoo(*command, code=2).stderr


@pytest.mark.fault("a --plugin file is broken, exits or is not there", "exit 4 with the reason, and nothing is written")
@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import nope", "ModuleNotFoundError: No module named 'nope'"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import ganzoo\n@ganzoo.hookimpl\ndef register_losses():\n    return {'x': X}", "NameError"),
        ("import ganzoo\n@ganzoo.hookimpl\ndef register_losses():\n    raise SystemExit(3)", "SystemExit: 3"),
        ("import ganzoo\n@ganzoo.hookimpl\ndef register_losses():\n    return {'x': int}", "does not subclass"),
        ("import ganzoo\n@ganzoo.hookimpl\ndef register_loses():\n    return {}", "register_loses"),
        (None, "--plugin takes a Python file"),
    ],
)
def test_a_broken_plugin_of_one_file_is_refused_whatever_it_does(tmp_path, source, what):
    if source is not None:
        (tmp_path / "broken.py").write_text(source)
    result = ganzoo("--plugin", tmp_path / "broken.py", "run", *TINY, "--out", tmp_path / "run", code=4)
    assert what in result.stderr and not (tmp_path / "run").exists()


# Folders


@pytest.mark.fault(
    "--out exists already", "exit 10 with its step and the command that resumes it, and it is left as it was", "F86"
)
def test_an_existing_folder_is_refused_and_left_as_it_was(tmp_path):
    train(tmp_path / "a run", steps=2)
    before = contents(tmp_path)
    result = train(tmp_path / "a run", code=10)
    assert "the folder exists (step 2, complete)" in result.stderr
    assert f"ganzoo resume '{tmp_path / 'a run'}'" in result.stderr
    assert contents(tmp_path) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary").touch()
    assert "the path exists and is not a run folder" in train(tmp_path / "mine", code=10).stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["diary"]


def test_an_empty_folder_is_taken_as_a_run_killed_while_reading_its_data_leaves_it(tmp_path):
    (tmp_path / "run").mkdir()
    train(tmp_path / "run", steps=1)
    assert Run(tmp_path / "run").status["state"] == "complete"


@pytest.mark.fault("the parent of --out is a file", "exit 10 with the reason, before anything is built", "F85")
def test_a_place_where_no_folder_can_be_is_refused(tmp_path):
    (tmp_path / "file").touch()
    assert "cannot make the run folder" in train(tmp_path / "file" / "run", code=10).stderr
    assert "the path exists and is not a run folder" in train(tmp_path / "file", code=10).stderr


def test_a_run_in_use_by_another_process_is_refused_until_that_is_gone(tmp_path):
    train(tmp_path / "run", steps=2)
    code = "import filelock, sys; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print(1); sys.stdin.read()"
    words = [sys.executable, "-u", "-c", code, tmp_path / "run" / "run.lock"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "1\n"
        before = contents(tmp_path)
        result = ganzoo("resume", tmp_path / "run", "--steps", 4, code=10)
        assert re.search(r"the run is in use by pid \d+ on \S+", result.stderr)
        assert contents(tmp_path) == before
        ganzoo("sample", tmp_path / "run", "-o", tmp_path / "grid.png")  # reading is free
        holder.kill()
    ganzoo("resume", tmp_path / "run", "--steps", 4)
    assert Run(tmp_path / "run").status["step"] == 4


def test_what_is_no_run_cannot_be_resumed(tmp_path):
    result = ganzoo("resume", tmp_path / "nowhere", code=5)
    assert "there is no such folder" in result.stderr and str(tmp_path / "nowhere") in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("Ctrl-C while the data are loaded", "exit 130, and no folder is left")
def test_an_interrupt_before_the_first_step_leaves_no_folder(tmp_path, monkeypatch):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Digits, "load", interrupt)
    assert "Traceback" not in train(tmp_path / "run", code=130).output
    assert list(tmp_path.iterdir()) == []


# Divergence and exhaustion

FAILING = '''
from dataclasses import dataclass

from ganzoo import hookimpl
from ganzoo.builtin.losses import NonSaturating

calls = []


@dataclass(frozen=True)
class Failing(NonSaturating):
    """bce whose loss of D is nan from its seventh update on."""

    def discriminator_loss(self, *, real, fake):
        if len(real) > 2:  # two samples are the trial by which operations are counted
            calls.append(1)
        loss = super().discriminator_loss(real=real, fake=fake)
        return loss * float("nan") if len(calls) >= 7 else loss


@hookimpl
def register_losses():
    return {"failing": Failing}
'''


def strict(folder):
    """The log as a strict JSON reader takes it: NaN is a ValueError."""
    for line in (folder / "log.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda constant: pytest.fail(f"{constant} in the log"))
    return log(folder)


@pytest.mark.fault(
    "a loss becomes nan at step 7",
    "exit 6 with step and term, and the last good checkpoint is that of the steps before",
    "F40",
)
@pytest.mark.parametrize(
    ("log_every", "save_every", "last_good", "what"),
    [
        (1, 5, 5, "diverged by step 7: d/adversarial is nan"),
        (100, 1, 6, "is not finite: checkpoint of step 7 not saved"),
    ],
)
def test_divergence_is_named_and_the_last_good_checkpoint_kept(tmp_path, log_every, save_every, last_good, what):
    (tmp_path / "failing.py").write_text(FAILING)
    every = [f"--set=train.log_every={log_every}", f"--set=train.save_every={save_every}"]
    words = ["--plugin", tmp_path / "failing.py", "run", *TINY, "--loss", "failing", *every, "--steps", 12]
    result = ganzoo(*words, "--json", "--out", tmp_path / "run", code=6)
    assert what in result.stderr and f"last good checkpoint: step {last_good}" in result.stderr
    assert result.stdout == ""
    assert Run(tmp_path / "run").status["state"] == "diverged"
    assert checkpoint.available_steps(tmp_path / "run" / "checkpoints")[-1] == last_good
    assert [record["step"] for record in strict(tmp_path / "run")] == [*range(1, 7)][: 6 if log_every == 1 else 0]
    train(tmp_path / "good", "--loss", "bce", steps=last_good)
    assert same(state(tmp_path / "run"), state(tmp_path / "good"))


@pytest.mark.fault("a learning rate of 1e20", "exit 6 with the rate, and no nan in the log", "F41")
def test_an_absurd_learning_rate_diverges_in_words(tmp_path):
    words = ["--set", "optim.lr_d=1e20", "--set", "train.log_every=1", "--set", "train.save_every=1"]
    result = train(tmp_path / "run", *words, steps=50, code=6)
    assert re.search(r"diverged by step \d+: \S+ is (nan|inf|-inf)|of step \d+ not saved", result.stderr)
    assert "optim.lr_d" in result.stderr
    strict(tmp_path / "run")


@pytest.mark.fault("memory runs out for a batch", "exit 9 with a smaller batch to type", "F92")
def test_too_large_a_batch_is_out_of_memory_with_a_smaller_one_to_try(tmp_path):
    code = (
        "import resource, sys; from pathlib import Path; import ganzoo.runs.start, ganzoo.cli\n"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**29, resource.RLIM_INFINITY))\n"
        "ganzoo.cli.main()"
    )
    words = ["run", *TINY, "--dry-run", "--batch-size", "5000000"]
    result = subprocess.run([sys.executable, "-c", code, *words], env=ENVIRONMENT, capture_output=True, text=True)
    assert result.returncode == 9, result.stderr
    assert "out of memory" in result.stderr and "--set optim.batch_size=1024" in result.stderr
    assert "Traceback" not in result.stderr
