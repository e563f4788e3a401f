"""Settings: precedence, what is refused and in which words, and the round trip through TOML."""

import tomllib
from pathlib import Path

import pytest
import tomli_w

from ganzoo.errors import ConfigError
from ganzoo.settings.toml import flatten, from_tables, parse_assignment, parse_component, to_tables, unflatten
from ganzoo.zoo.choices import check, explain
from ganzoo.zoo.recipes import find_recipe, list_recipes, read_recipe, settle
from support.checkout import ROOT
from support.zoo import ZOO


def flags(**names):
    return {f"{kind}.name": name for kind, name in names.items()}


def test_wgan_with_gp_brings_the_papers_optimiser_without_being_asked():
    run = settle(flags=flags(loss="wgan", lipschitz="gp", dataset="cifar10")).run
    optim = run.optim
    assert (optim.name, optim.beta1, optim.beta2, optim.n_critic) == ("adam", 0.0, 0.9, 5)
    assert (optim.lr_g, optim.lr_d, optim.lr_decay) == (2e-4, 2e-4, "linear")
    assert run.lipschitz.options == {"weight": 10.0}
    assert run.model.name == "dcgan" and run.train.steps == 20_000  # the method comes along, its schedule does not


@pytest.mark.parametrize("dataset", ["gaussians8", "gaussians25", "swissroll"])
def test_points_have_values_of_their_own_for_wgan_with_gp(dataset):
    run = settle(flags=flags(loss="wgan", lipschitz="gp", dataset=dataset)).run
    assert (run.optim.n_critic, run.optim.beta1, run.optim.beta2) == (3, 0.5, 0.9)
    assert run.lipschitz.options == {"weight": 0.1}
    said = " ".join((ROOT / "docs" / "combinations.md").read_text(encoding="utf-8").split())
    assert "three updates, betas 0.5 and 0.9, and a weight of 0.1" in said


def test_wgan_with_clipping_brings_rmsprop():
    run = settle(flags=flags(loss="wgan", lipschitz="clip", dataset="mnist")).run
    assert (run.optim.name, run.optim.lr_d, run.optim.n_critic) == ("rmsprop", 5e-5, 5)
    assert run.lipschitz.options == {"limit": 0.01}


def test_a_conditioner_chooses_among_recipes_of_one_method():
    assert settle(flags=flags(loss="hinge", lipschitz="sn", conditioner="projection")).run.conditioner.options == {
        "embedding_dim": 128
    }
    plain = settle(flags=flags(loss="hinge", lipschitz="sn"))
    assert plain.origins["optim.n_critic"].name == "recipe sngan"


def test_each_layer_has_the_last_word_over_those_below_it():
    said = {"loss.name": "wgan", "lipschitz.name": "gp", "dataset.name": "digits"}
    assert settle(flags=said).run.optim.lr_d == 1e-3  # digits suggests more than the method's recipe
    named = find_recipe("wgan_gp")
    digits = {"dataset.name": "digits"}
    assert settle(recipe=named, flags=digits).run.optim.lr_d == 2e-4  # a named recipe goes before suggestions
    assert settle(recipe=named, flags={"optim.lr_d": 3e-4}).run.optim.lr_d == 3e-4
    assert settle(recipe=named, flags={"optim.lr_d": 3e-4}, sets={"optim.lr_d": 4e-4}).run.optim.lr_d == 4e-4


def test_another_component_drops_the_options_of_the_recipes_one():
    run = settle(recipe=find_recipe("sngan"), flags=flags(model="mlp")).run
    assert run.model.options == {}
    check(run, ZOO)


def test_origins_name_the_layer_of_each_value():
    settings = settle(recipe=find_recipe("sngan"), flags={"train.seed": 3}, sets={"optim.lr_g": 1e-3})
    origins = {key: settings.origins[key].name for key in ("optim.lr_d", "train.seed", "optim.lr_g")}
    assert origins == {"optim.lr_d": "recipe sngan", "train.seed": "flag", "optim.lr_g": "--set"}


@pytest.mark.parametrize("recipe", list_recipes(), ids=lambda recipe: recipe.name)
def test_every_recipe_is_valid_cites_a_paper_and_is_found_by_its_own_method(recipe):
    run = settle(recipe=recipe).run
    check(run, ZOO)
    assert "arXiv:" in recipe.source
    method = {
        key: value for key, value in recipe.values.items() if key in ("loss.name", "lipschitz.name", "conditioner.name")
    }
    assert settle(flags={**method, "dataset.name": "cifar10"}).run.optim == run.optim


def test_the_recipes_of_the_papers_are_all_here():
    expected = {"dcgan", "wgan", "wgan_gp", "lsgan", "sngan", "dragan", "r1", "cgan", "acgan", "cgan_pd", "wgan_lp"}
    assert {recipe.name for recipe in list_recipes()} == expected


@pytest.mark.fault(
    "a setting is infinite, nan, negative, of another type or misspelt",
    "exit 2 with key, value and what is allowed",
    "F49",
    "F50",
)
@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("optim.lr_g", float("inf"), "optim.lr_g: inf is refused"),
        ("optim.lr_g", float("nan"), "optim.lr_g: nan is refused"),
        ("optim.lr_g", -1e-4, "must be above 0"),
        ("optim.lr_g", "fast", "optim.lr_g: 'fast' is refused"),
        ("optim.n_critic", True, "optim.n_critic: True is refused"),
        ("optim.n_critic", "5", "optim.n_critic: '5' is refused"),
        ("optim.n_critic", 2.5, "optim.n_critic: 2.5 is refused"),
        ("optim.beta1", 1.0, "below 1"),
        ("optim.n_critics", 5, "Did you mean 'n_critic'"),
        ("train.seed", -1, "train.seed: -1 is refused"),
        ("train.seed", 2**64, "train.seed: 18446744073709551616 is refused"),
        ("train.device", "gpu", "'auto', 'cpu' or 'cuda'"),
        ("optimm.lr", 1, "Did you mean 'optim'"),
        ("loss.name", 3, "loss.name: 3 is not a name"),
    ],
)
def test_a_bad_setting_is_refused_with_key_value_and_what_is_allowed(key, value, words):
    with pytest.raises(ConfigError) as caught:
        settle(sets={key: value})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ({"lipschitz.name": "gp", "lipschitz.wieght": 1.0}, "Did you mean 'weight'"),
        ({"lipschitz.name": "gp", "lipschitz.weight": -1.0}, "must be at least 0"),
        ({"lipschitz.name": "gpp"}, "Did you mean 'gp'"),
        ({"lipschitz.name": "gp+gp"}, "names a part twice"),
        ({"lipschitz.name": "sn+gp", "lipschitz.weight": 1.0}, "does not say which part"),
        ({"model.name": "dcgan", "model.norm_d": "batchnorm"}, "'auto', 'batch', 'layer' or 'none'"),
        ({"model.name": "dcgan", "model.width": True}, "model.width: True is refused"),
    ],
)
def test_a_bad_option_of_a_component_is_refused(sets, words):
    with pytest.raises(ConfigError) as caught:
        check(settle(sets=sets).run, ZOO)
    assert words in str(caught.value)


def test_all_faults_of_a_section_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        settle(sets={"optim.lr_g": -1, "optim.beta1": 2, "optim.nonsense": 0})
    assert all(key in str(caught.value) for key in ("optim.lr_g", "optim.beta1", "optim.nonsense"))


def test_options_of_a_sum_stand_under_the_name_of_their_part():
    run = settle(sets={"lipschitz.name": "sn+gp", "lipschitz.gp.weight": 5.0}).run
    sn, gp = ZOO.create_parts("lipschitz", run.lipschitz)
    assert (gp.weight, sn.power_iterations) == (5.0, 1)


def test_a_configuration_survives_the_trip_through_toml():
    run = settle(recipe=find_recipe("cgan_pd"), sets={"lipschitz.name": "sn+gp", "lipschitz.gp.weight": 5.0}).run
    assert from_tables(tomllib.loads(tomli_w.dumps(to_tables(run)))) == run


def test_flatten_and_unflatten_are_inverse():
    tables = {"a": {"b": {"c": 1}, "d": "x"}, "e": {"f": 2.5}}
    assert unflatten(flatten(tables)) == tables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optim.lr_g=1e-4", ("optim.lr_g", 1e-4)),
        ("optim.n_critic=5", ("optim.n_critic", 5)),
        ("dataset.download=true", ("dataset.download", True)),
        ("model.norm_d=none", ("model.norm_d", "none")),
        ("dataset.path=a=b c", ("dataset.path", "a=b c")),
        ('dataset.path="5"', ("dataset.path", "5")),
    ],
)
def test_assignments_are_typed_as_toml(text, expected):
    assert parse_assignment(text) == expected


@pytest.mark.parametrize("text", ["optim.lr_g", "lr=1", "=1", ".=1"])
def test_an_assignment_without_section_or_value_is_refused(text):
    with pytest.raises(ConfigError):
        parse_assignment(text)


def test_an_assignment_cannot_smuggle_in_a_second_one():
    assert parse_assignment("optim.name=1\nother = 2") == ("optim.name", "1\nother = 2")


def test_a_dataset_may_carry_its_path():
    assert parse_component("dataset", "folder:/a:b") == {"dataset.name": "folder", "dataset.path": "/a:b"}
    assert parse_component("dataset", "zip:a")["dataset.path"] == str(Path.cwd() / "a")  # from anywhere, later


@pytest.mark.fault("a recipe is no TOML", "exit 2 with its file")
@pytest.mark.parametrize("content", ["steps = = 3", "[train]\nsteps = 3\nsteps = 4", "\ufffe"])
def test_a_broken_recipe_is_refused_by_file_name(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        settle(recipe=read_recipe(path))
    assert "broken.toml" in str(caught.value) or "section" in str(caught.value)


RECIPE = 'source = "mine"\r\n[model]\r\nname = "mlp"\r\n'


def test_a_recipe_of_an_editor_that_adds_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "windows.toml"
    path.write_bytes(RECIPE.encode("utf-8-sig"))
    assert settle(recipe=read_recipe(path)).run.model.name == "mlp"


@pytest.mark.fault("a recipe is saved as UTF-16 or cp1252", "exit 2 with what to save it as")
@pytest.mark.parametrize(("encoding", "what"), [("utf-16", "saved as UTF-16"), ("cp1252", "byte 10 is not UTF-8")])
def test_a_recipe_in_another_encoding_is_refused_in_words(tmp_path, encoding, what):
    path = tmp_path / "windows.toml"
    path.write_bytes(RECIPE.replace("mine", "é").encode(encoding))
    with pytest.raises(ConfigError, match=f"{what}.*save it as UTF-8"):
        read_recipe(path)


@pytest.mark.fault("a recipe has more than a megabyte", "exit 2, unread")
def test_a_huge_recipe_is_refused(tmp_path):
    path = tmp_path / "huge.toml"
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="it has 1,000,001 bytes, more than 1,000,000"):
        read_recipe(path)


def test_an_unknown_recipe_suggests_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'sngan'"):
        find_recipe("snagn")


def test_explain_gives_every_option_its_origin_and_paper():
    rows = {row["setting"]: row for row in explain(settle(flags=flags(loss="wgan", lipschitz="gp")), ZOO)}
    assert rows["lipschitz.weight"] == {
        "setting": "lipschitz.weight", "value": 10.0, "origin": "recipe wgan_gp", "paper": "arXiv:1704.00028",
    }  # fmt: skip
    assert rows["model.name"]["paper"] == "arXiv:1511.06434"
    assert rows["train.seed"]["origin"] == "default"
    assert rows["loss.name"]["origin"] == "flag"


def test_another_batch_size_takes_the_generators_along():
    said = {"loss.name": "wgan", "lipschitz.name": "gp", "dataset.name": "cifar10"}
    assert settle(flags=said).run.optim.batch_size_g == 128
    assert settle(flags={**said, "optim.batch_size": 16}).run.optim.batch_size_g == 0  # the same as D's
    assert settle(flags={**said, "optim.batch_size": 16}, sets={"optim.batch_size_g": 8}).run.optim.batch_size_g == 8


def test_another_optimiser_forgets_the_betas_of_the_recipes_one():
    said = {"loss.name": "wgan", "lipschitz.name": "clip", "dataset.name": "cifar10"}
    optim = settle(flags=said, sets={"optim.name": "adam"}).run.optim
    assert (optim.beta1, optim.beta2) == (0.5, 0.999)


def test_the_order_of_assignments_does_not_matter():
    one = {"dataset.image_size": 64, "dataset.name": "mnist"}
    two = dict(reversed(one.items()))
    sngan = find_recipe("sngan")
    assert settle(recipe=sngan, sets=one).run == settle(recipe=sngan, sets=two).run
    assert settle(recipe=sngan, sets=one).run.dataset.options == {"image_size": 64}


def test_a_sum_of_enforcers_follows_the_recipe_of_its_part():
    run = settle(flags=flags(loss="wgan", lipschitz="sn+gp", dataset="cifar10")).run
    assert (run.optim.n_critic, run.optim.beta1, run.lipschitz.options) == (5, 0.0, {})


def test_only_enforcers_add_up():
    with pytest.raises(ConfigError, match=r"no loss is named 'bce\+wgan'"):
        check(settle(flags=flags(loss="bce+wgan")).run, ZOO)


FOREIGN = """
source = "Nobody, nowhere, arXiv:0000.00000"
[model]
name = "mine"
[loss]
name = "hinge"
[lipschitz]
name = "sn"
[optim]
lr_g = 0.123
"""


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A plugin that is a package with two recipes, of which one is no TOML; it does not import."""
    monkeypatch.delenv("GANZOO_DISABLE_PLUGINS", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    (package := tmp_path / "ganzoo_mine" / "recipes").mkdir(parents=True)
    (package.parent / "__init__.py").write_text("import nope_nope")
    (package / "mine.toml").write_text(FOREIGN)
    (package / "torn.toml").write_text("[loss")
    (package / "theirs.toml").write_text('[model]\nname = "dcgan"\n[loss]\nname = "wgan"\n[lipschitz]\nname = "gp"\n')
    (info := tmp_path / "ganzoo_mine-0.3.dist-info").mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ganzoo-mine\nVersion: 0.3\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nmine = ganzoo_mine\n")


def test_a_recipe_of_a_plugin_is_known_by_name_without_importing_it(foreign):
    recipe = find_recipe("mine")
    assert (recipe.plugin, recipe.values["optim.lr_g"]) == ("ganzoo-mine", 0.123)
    assert "mine" in {recipe.name for recipe in list_recipes()}


def test_a_recipe_of_a_plugin_is_implied_for_its_own_model_alone(foreign):
    method = {"loss.name": "hinge", "lipschitz.name": "sn", "dataset.name": "cifar10"}
    assert settle(flags=method).origins["optim.lr_g"].name == "recipe sngan"
    assert settle(flags=method | {"model.name": "mine"}).origins["optim.lr_g"].name == "recipe mine"


@pytest.mark.fault("a plugin brings a recipe that is no TOML", "it is refused by name and harms no other")
def test_an_unreadable_recipe_of_a_plugin_is_refused_by_name_and_harms_nobody_else(foreign):
    with pytest.raises(ConfigError, match="cannot read the recipe"):
        find_recipe("torn")
    assert find_recipe("sngan").plugin == ""


def test_a_plugin_whose_recipe_has_shipped_components_alone_changes_no_run(foreign):
    for method in ({}, {"loss.name": "wgan", "lipschitz.name": "gp"}):
        settings = settle(flags=method | {"dataset.name": "cifar10"})
        name = "wgan_gp" if method else "dcgan"
        assert settings.run.optim == settle(recipe=find_recipe(name)).run.optim


@pytest.mark.parametrize("method", [("wgan@ganzoo", "gp"), ("wgan", "gp@ganzoo")])
def test_a_shipped_component_by_its_full_name_brings_the_same_settings(method):
    whole = {"loss.name": "wgan", "lipschitz.name": "gp"}
    said = dict(zip(whole, method, strict=True))
    assert settle(flags=said).run.optim == settle(flags=whole).run.optim


def test_a_path_alone_is_the_dataset_that_reads_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "digits").mkdir()
    for name in ("a.zip", "a.tar", "a.TGZ", "a.tar.gz", "a.txt"):
        (tmp_path / name).touch()

    def parse(text):
        parsed = parse_component("dataset", text)
        return parsed["dataset.name"], parsed.get("dataset.path")

    for text in ("./photos", "photos/", str(tmp_path / "photos")):
        assert parse(text) == ("folder", str(tmp_path / "photos"))
    assert parse("./digits") == ("folder", str(tmp_path / "digits"))
    assert parse("digits") == ("digits", None)  # the dataset
    assert parse("a.zip") == ("zip", str(tmp_path / "a.zip"))
    for name in ("a.tar", "a.TGZ", "a.tar.gz"):
        assert parse(name) == ("tar", str(tmp_path / name))
    assert parse("a.txt") == ("a.txt", None)
    assert parse("./missing") == ("./missing", None)
    assert parse_component("model", "./photos") == {"model.name": "./photos"}
