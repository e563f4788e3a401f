"""`ganzoo explain`: one screen for each topic, and what it says of formulas, papers, settings and flags is so."""

import inspect
import re
from dataclasses import MISSING, fields

import click
import pytest
import torch

from ganzoo.builtin.metrics.frechet_infinity import FrechetDistanceInfinity
from ganzoo.cli import cli
from ganzoo.cli.topics import GROUPS, find_topic, has_topic, list_topics
from ganzoo.contracts import FeatureSet
from ganzoo.errors import ConfigError, EvaluationError
from ganzoo.results.comparison.statistics import quantile
from ganzoo.settings.kinds import ALL_KINDS
from ganzoo.settings.options import validate
from ganzoo.settings.sections import SECTIONS, Choice
from ganzoo.settings.toml import parse_assignment
from ganzoo.training import regularizers, steps
from ganzoo.zoo.names import NAMES
from ganzoo.zoo.recipes import find_recipe, folder, read_recipe
from support.imports import AT_END, SLOW, run_watched
from support.runs import ganzoo
from support.zoo import ZOO

TOPICS = list_topics()
EXPLAINED = ("model", "loss", "lipschitz", "conditioner", "augment", "metric")
SHIPPED = [(kind, name) for kind in EXPLAINED for name in NAMES[kind] if name != "none"]
WITHOUT_PAPER = {"mlp", "none", "observer"}
LABELS = ("for", "fails", "shows", "try", "not", "here", "paper", "aliases", "see also")

SECTION = "|".join({*SECTIONS, *ALL_KINDS})
SETTING = re.compile(rf"\b({SECTION})\.([a-z]\w*)(?:=([^\s;]+)| \(([^)]+)\))?")
FLAG = re.compile(r"(--[a-z][a-z-]*)(?: (?!--)([\w:.,=+-]*\w))?")

topics = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)


def flat(text):
    return " ".join(text.split())


def labelled(topic):
    """The labels of a text and what they say, in their order."""
    found = re.findall(r"^([a-z][a-z ]{0,8}?) {2,}(\S.*(?:\n {10}.*)*)", topic.text, flags=re.MULTILINE)
    return {label: flat(text) for label, text in found}


def components(topic):
    """The built-in classes of this name, with their kind."""
    return [(kind, ZOO.entry(kind, name).component) for kind, name in SHIPPED if name == topic.name]


# Which topics there are


@pytest.mark.parametrize(("kind", "name"), [*SHIPPED, ("lipschitz", "none")])
def test_every_component_that_ships_has_a_topic_of_its_name(kind, name):
    assert find_topic(name).name == name


@pytest.mark.parametrize("recipe", sorted(folder().glob("*.toml")), ids=lambda path: path.stem)
def test_the_name_of_a_recipe_leads_to_its_method(recipe):
    values = read_recipe(recipe).values
    chosen = {values.get(f"{kind}.name", "none") for kind in EXPLAINED[:-1]}
    assert find_topic(recipe.stem).name in chosen


@pytest.mark.parametrize(
    "name",
    [
        *("n_critic", "batch-norm", "mode-collapse", "oscillation", "saturation", "lipschitz", "ema"),
        *("two-time-scales", "gradient-clipping", "memorisation", "seeds", "budget", "protocol"),
        *("conditioner", "augment", "optimizer", "schedule", "regularizer", "observer"),
        *("relativistic", "f-gan", "contrastive", "style-based"),
    ],
)
def test_ideas_that_are_no_component_have_a_topic(name):
    assert find_topic(name).name == name


def test_no_two_topics_share_a_name():
    names = [re.sub("[-_ ]", "-", name).lower() for topic in TOPICS for name in (topic.name, *topic.aliases)]
    assert sorted(names) == sorted(set(names))


def test_every_text_lies_in_a_listed_group():
    texts = set(TOPICS[0].path.parents[1].rglob("*.txt"))
    assert texts == {topic.path for topic in TOPICS} and {topic.group for topic in TOPICS} == set(GROUPS)


# Their form


@topics
def test_a_text_fits_one_screen(topic):
    lines = topic.text.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    assert topic.text.isascii() and "\t" not in topic.text
    assert lines[0] == f"{topic.name}: {topic.title}" and len(topic.title) > 10


@topics
def test_a_text_has_a_formula_and_says_for_what_how_it_fails_and_what_it_is_not(topic):
    said = list(labelled(topic))
    assert said == [label for label in LABELS if label in said]
    assert {"not", "here", "see also"} <= set(said) and ({"for", "fails"} <= set(said) or {"shows", "try"} <= set(said))
    assert re.search(r"^ {4}\S", topic.text, flags=re.MULTILINE)


@topics
def test_see_also_leads_to_other_topics(topic):
    assert {find_topic(name).name for name in labelled(topic)["see also"].split(", ")} - {topic.name}


def test_every_topic_is_seen_from_another():
    seen = {name for topic in TOPICS for name in labelled(topic)["see also"].split(", ") if name != topic.name}
    assert {topic.name for topic in TOPICS} - seen == set()


# What they say


@topics
def test_a_text_cites_its_paper(topic):
    assert (topic.name in WITHOUT_PAPER) != bool(re.search(r"arXiv:\d{4}\.\d{4,5}", labelled(topic).get("paper", "")))


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_a_component_cites_paper_and_equation_as_its_docstring_does(kind, name):
    doc = inspect.getdoc(ZOO.entry(kind, name).component)
    cited = re.findall(r"arXiv:\d{4}\.\d{4,5}(?:, (?:Eq\.|Sec\.|Algorithm|section|Section|Tables) [^.:\n]+)?", doc)
    assert bool(cited) != (name in WITHOUT_PAPER)
    assert [one for one in cited if one not in flat(find_topic(name).text)] == []


@pytest.mark.parametrize("name", [*NAMES["loss"], "gp", "lp", "dragan", "r1", "r1r2"])
def test_the_formula_is_that_of_the_docstring(name):
    ((_, component),) = components(find_topic(name))
    formulas = re.split(r"[;,]  ", inspect.getdoc(component).split("\n\n")[1].partition("\n")[0].rstrip(","))
    assert formulas and all("E " in formula or " = " in formula or "~" in formula for formula in formulas)
    assert [formula for formula in formulas if formula not in flat(find_topic(name).text)] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gradient-clipping", ["gp", "clip", "weight clipping", "gradient penalty"]),
        ("gp", ["gradient-clipping", "clip"]),
        ("clip", ["gradient-clipping", "gp"]),
        ("cgan", ["acgan"]),
        ("acgan", ["cgan"]),
        ("fid", ["FD(digits-cnn)-2k"]),
        ("n_critic", ["batch_size"]),
        ("sn", ["batch-norm", "clip"]),
        ("batch-norm", ["sn"]),
        ("ema", ["Adam's moving averages"]),
        ("diffaug", ["Augmenting the dataset", "ada"]),
        ("bce", ["minimax"]),
        ("seeds", ["eval.seed"]),
    ],
)
def test_what_is_often_confused_is_told_apart(name, words):
    said = labelled(find_topic(name))["not"]
    assert [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", said)] == []


def schemas(section, topic):
    """Classes that may have an option of this section: the topic's own, or else all of the kind."""
    if section in SECTIONS:
        return {section: SECTIONS[section]}
    every = {entry.name: entry.component for entry in ZOO.entries(section)}
    return {topic.name: every[topic.name]} if section in dict(components(topic)) else every


def default(schema, option):
    (field,) = (each for each in fields(schema) if each.name == option)
    return field.default if field.default is not MISSING else field.default_factory()


def check_setting(topic, section, option, value, shown_default):
    """Assert that the option exists, takes the value, and has that default."""
    if option == "name":
        assert value in NAMES.get(section, ("adam", "rmsprop", "sgd"))
        return
    having = {n: s for n, s in schemas(section, topic).items() if option in {f.name for f in fields(s) if f.init}}
    assert having, f"{section}.{option}"
    if value:
        # of several components with such an option, one that takes the value is enough
        assert any(takes(section, name, option, value) for name in having), f"{section}.{option}={value}"
    if shown_default:
        wanted = parse_assignment(f"{section}.{option}={shown_default}")[1]
        assert wanted in [default(schema, option) for schema in having.values()], f"{section}.{option}"


def takes(section, name, option, value):
    values = [parse_assignment(f"{section}.{option}={one}")[1] for one in value.rstrip(".,").split(",")]
    try:
        for one in values:  # several are an axis of a grid
            if section in SECTIONS:
                validate(SECTIONS[section], {option: one}, section)
            else:
                ZOO.create(section, Choice(name, {option: one}))
    except ConfigError:
        return False
    return True


@topics
def test_every_setting_exists_and_has_the_default_and_takes_the_value_that_is_said(topic):
    for section, option, value, shown in SETTING.findall(flat(topic.text)):
        check_setting(topic, section, option, value.rstrip(".,"), shown)


@topics
def test_recipes_set_what_is_said(topic):
    text = flat(topic.text)
    said = re.findall(r"ganzoo run (\w+) sets ((?:[\w.]+=[^\s,;]+(?:, )?)+)", text)
    assert len(said) == len(re.findall(r"ganzoo run \w+ sets ", text))
    for recipe, assignments in said:
        values = find_recipe(recipe).values
        for key, value in map(parse_assignment, assignments.rstrip(".,").split(", ")):
            assert values[key] == value, key


def flags(command):
    """Every flag of a command and of those below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return {flag for each in command.params for flag in each.opts}.union(*map(flags, below))


@topics
def test_every_flag_command_and_name_exists(topic):
    text, known = flat(topic.text), flags(cli)
    assert [command for command in re.findall(r"\bganzoo ([a-z]+)", text) if command not in cli.commands] == []
    for flag, value in FLAG.findall(text):
        assert flag in known, flag
        kind = {"metrics": "metric"}.get(flag[2:], flag[2:])
        if kind in ALL_KINDS and value not in ("", "NAME"):
            assert [name for name in re.split("[,+]", value) if name not in NAMES[kind]] == [], (flag, value)


@topics
def test_numbers_of_the_log_are_called_as_it_calls_them(topic):
    source = inspect.getsource(steps) + inspect.getsource(regularizers)
    assert [key for key in re.findall(r"\b(?:d|g|score)/[a-z]{4,}", topic.text) if f'"{key}"' not in source] == []


@pytest.mark.parametrize(
    ("name", "option", "said"),
    [
        ("fid-infinity", "points", "15 sizes"),
        ("is", "splits", "10 splits"),
        ("kid", "subsets", "100 pairs of subsets"),
        ("kid", "subset_size", "1,000 images"),
        ("prc", "neighbours", "3rd nearest"),
        ("dc", "neighbours", "5th nearest"),
        ("dc", "neighbours", "divided by 5"),
        ("ada", "p_max", "Above 0.8"),
    ],
)
def test_numbers_are_the_defaults_of_the_component(name, option, said):
    ((_, component),) = components(find_topic(name))
    number = re.search(r"[\d.,]*\d", said)[0].replace(",", "")
    assert said in flat(find_topic(name).text) and float(number) == default(component, option)


def test_the_quantiles_of_three_numbers_of_seeds_are_those_of_student():
    said = ", ".join(f"{quantile(n - 1):.1f}" for n in (2, 3, 5))
    assert f"t = {said} for n = 2, 3, 5" in find_topic("seeds").text


@pytest.mark.parametrize(("features", "said"), [(2048, "16,384 for Inception"), (64, "512 for digits-cnn")])
def test_fid_infinity_refuses_fewer_images_than_is_said(features, said):
    assert said in flat(find_topic("fid-infinity").text)
    needed = int(said.split()[0].replace(",", ""))
    metric, mean = FrechetDistanceInfinity(), torch.zeros(features)

    def fake(count):
        return FeatureSet(count, mean, torch.zeros(1, 1), torch.zeros(count, 1))

    assert len(metric.sizes(fake(needed))) == metric.points
    with pytest.raises(EvaluationError, match=f"--samples {needed},"):
        metric.sizes(fake(needed // 2))


# The command


def test_without_a_topic_all_are_listed_by_group():
    lines = ganzoo("explain").stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == list(GROUPS)
    assert [line.split()[0] for line in lines if line.startswith(" ")] == [topic.name for topic in TOPICS]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["gp"], "gp"),
        (["GRADIENT_PENALTY"], "gp"),
        (["wgan-gp"], "gp"),
        (["weight", "clipping"], "clip"),
        (["Mode_Collapse"], "mode-collapse"),
        (["n-critic"], "n_critic"),
        (["spectral-norm"], "sn"),
        (["frechet"], "fid"),
    ],
)
def test_a_topic_is_shown_by_any_of_its_names(words, name):
    assert ganzoo("explain", *words).stdout == find_topic(name).path.read_text()


def test_an_unknown_topic_is_refused_with_the_nearest():
    said = ganzoo("explain", "mode", "colapse", code=2).stderr
    assert "no topic is named 'mode colapse'. Did you mean 'mode-collapse'?" in said
    assert f"ganzoo explain  (lists all {len(TOPICS)} topics)" in said


def test_a_component_of_a_package_is_refused_with_the_command_that_explains_it():
    said = ganzoo("explain", "ProjectedGAN", code=2).stderr
    assert "no topic is named 'ProjectedGAN': it is a model of the package ganzoo-projected" in said
    assert "ganzoo show model projected-gan" in said
    assert "it is an augmentation of the package" in ganzoo("explain", "simclr", code=2).stderr


@pytest.mark.parametrize(("words", "exit_code"), [([], 0), (["gp"], 0), (["gpp"], 2)])
def test_it_answers_without_torch_pydantic_or_plugins(words, exit_code):
    wanted = {*SLOW, "pydantic", "pluggy"}
    _, lines = run_watched(AT_END, wanted, "explain", *words, exit_code=exit_code)
    assert lines["IMPORTED"] == set()


def test_every_finding_of_a_diagnosis_is_explained():
    findings = [
        *("divergence", "oscillation", "uninformative-loss", "critic-overfitting", "batch-norm-in-penalised-critic"),
        *("learning-rate-too-high", "frozen-generator", "frozen-discriminator", "unused-capacity", "lipschitz"),
        *("vanishing-gradients", "exploding-gradients", "exploding-logits", "mode-collapse", "dead-units"),
        *("saturated-generator-loss", "saturated-discriminator-loss", "saturated-samples"),
    ]
    assert [name for name in findings if not has_topic(name)] == []
