"""What a command prints at its end can be understood, and typed as it stands."""

import re
import shlex

import pytest
from click.testing import CliRunner

from ganzoo.cli import cli
from ganzoo.cli.next_steps import after_scores, after_training, show_events
from ganzoo.cli.outcome import print_reports
from ganzoo.cli.topics import find_topic
from ganzoo.runs.finding_words import describe_number
from ganzoo.runs.run import Run
from ganzoo.settings.dataset_paths import name_data
from ganzoo.zoo.recipes import find_recipe
from support.runs import ganzoo, train


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The words that a run of two steps ends with, and its folder."""
    folder = tmp_path_factory.mktemp("my runs") / "run"
    return train(folder, "--set", "eval.at_end=true", "--set", "eval.samples=64", steps=2), folder


def commands(text):
    """The lines below "next"."""
    return [line.strip() for line in text.partition("next\n")[2].splitlines() if line.startswith("  ")]


def test_a_run_ends_with_what_can_be_done_with_it(finished):
    result, folder = finished
    words = [shlex.split(line)[1] for line in commands(result.stdout)]
    assert words == ["sample", "diagnose", "report", "resume", "compare", "--logdir"]
    assert all(shlex.split(line)[2].startswith(str(folder.parent)) for line in commands(result.stdout))


@pytest.mark.parametrize("name", ["report", "compare", pytest.param("diagnose", marks=pytest.mark.full)])
def test_each_of_these_works_as_it_is_typed(finished, tmp_path, monkeypatch, name):
    (line,) = [line for line in commands(finished[0].stdout) if line.startswith(f"ganzoo {name} ")]
    monkeypatch.chdir(tmp_path)
    if name == "compare":
        assert find_recipe(shlex.split(line)[2]).values["model.name"] == "mlp"
    else:
        ganzoo(*shlex.split(line)[1:])


@pytest.mark.parametrize("name", ["evaluate", "report", pytest.param("diagnose", marks=pytest.mark.full)])
def test_other_commands_end_so_too(finished, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    result = ganzoo(name, finished[1])
    lines = commands(result.stdout) or commands(result.stderr)
    assert lines
    for line in lines:
        assert line.startswith("python -m webbrowser") or shlex.split(line)[1] in cli.commands


def test_quiet_leaves_them_out(finished):
    assert "next" not in ganzoo("-q", "evaluate", finished[1], "--metrics", "fid").stdout


def test_flags_of_plugins_are_kept(finished):
    said = after_training(Run(finished[1]), "ganzoo --plugin own.py")
    assert [line.startswith("ganzoo --plugin own.py ") for line in said] == [True, True, False, True, True, False]
    assert after_scores(finished[1], "ganzoo --plugin own.py")[0].startswith("ganzoo --plugin own.py diagnose")


def test_events_are_shown_under_the_name_of_the_run(tmp_path, monkeypatch):
    assert show_events(tmp_path / "runs" / "one") == f"tensorboard --logdir {tmp_path / 'runs'}"
    monkeypatch.chdir(tmp_path)
    one = (tmp_path / "one").relative_to(tmp_path)
    assert show_events(one) == "tensorboard --logdir_spec one:one/tb"


def test_every_term_of_the_scores_is_explained(finished):
    text = finished[0].stdout
    assert "nearest other training image" in " ".join(text.split())
    topics = set(re.findall(r"ganzoo explain ([a-z-]+)", " ".join(text.split())))
    assert {"fid", "memorisation"} <= topics
    assert all(find_topic(topic) for topic in topics)
    assert all(len(line) <= 80 for line in text.splitlines() if "explain" in line)


@pytest.mark.parametrize(
    "word", ["logit", "penalty", "D(x)", "D(G(z))", "memorised", "latent", "truncation", "checkpoint", "best", "G_ema"]
)
def test_words_of_the_output_have_a_page(word):
    assert find_topic(word)


def test_the_words_of_the_field_stand_for_numbers_of_a_diagnosis():
    assert describe_number("slope/between") == "mean slope of D between real and generated samples"
    assert describe_number("of a plugin") == "of a plugin"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/photos", "photos"), ("photos/", "photos"), ("a/faces.tar.gz", "faces"), ("x.npz", "x"), ("", ""),
        ("shards/train-{000..099}.tar", "shards"),
    ],
)  # fmt: skip
def test_data_have_the_name_of_their_folder_or_file(path, name):
    assert name_data(path) == name


def test_scores_without_an_interval_do_not_explain_one():
    protocol = {"generated": {"step": None, "count": 5}, "features": "digits-cnn"}
    score = {"value": 0.5, "low": None, "high": None, "better": "higher"}
    report = {"checkpoint": "scores", "scores": {"precision(digits-cnn)-5": score}, "protocol": protocol}
    runner = CliRunner()
    with runner.isolation() as (out, *_):
        print_reports([report | {"memorisation": None, "warnings": []}])
        text = out.getvalue().decode()
    assert "interval" not in text and "ganzoo explain prc" in text
