"""Options of components that another section names: [metric.kid] are those of kid in eval.metrics."""

import json

import pytest

from ganzoo.builtin.metrics.kernel import KernelDistance
from ganzoo.errors import ConfigError
from ganzoo.runs.changes import Changes
from ganzoo.settings.keywords import read_keywords
from ganzoo.settings.kinds import KIND_INFO, NAMED_KINDS
from ganzoo.settings.sections import SECTIONS
from ganzoo.settings.toml import flatten, from_tables, to_tables
from ganzoo.zoo.choices import check, choose_metrics, complete
from ganzoo.zoo.recipes import Recipe, settle
from support.runs import ganzoo
from support.zoo import ZOO

SUBSETS = "metric.kid.subsets"


def test_each_kind_that_is_named_elsewhere_has_its_setting_there():
    for kind in NAMED_KINDS:
        section, _, option = KIND_INFO[kind].setting.partition(".")
        assert hasattr(SECTIONS[section](), option)
        assert kind not in SECTIONS


def test_the_metric_of_a_run_has_the_options_of_its_table_and_others_their_defaults():
    run = settle(sets={SUBSETS: 50}).run
    assert choose_metrics(run, ZOO)["kid"] == KernelDistance(subsets=50)
    assert choose_metrics(settle().run, ZOO)["kid"] == KernelDistance(subsets=100)


def test_options_come_back_from_a_recipe_which_has_no_table_without_them():
    run = complete(settle(sets={SUBSETS: 50.0}), ZOO).run
    assert to_tables(run)["metric"] == {"kid": {"subsets": 50}}
    assert from_tables(to_tables(run)) == run
    assert "metric" not in to_tables(settle().run)


def test_names_are_spelt_as_those_of_other_components():
    assert flatten(to_tables(settle(sets={"metric.KID.subsets": 50}).run))[SUBSETS] == 50
    assert flatten(to_tables(settle(sets={"metric.kernel-inception-distance.subsets": 50}).run))[SUBSETS] == 50


def test_another_list_of_metrics_drops_the_options_of_those_that_are_gone_and_keeps_the_others():
    recipe = Recipe("mine", "", {SUBSETS: 50, "metric.prc.neighbours": 5}, None)
    run = settle(recipe=recipe, flags={"eval.metrics": "fid,prc"}).run
    assert run.options == {"metric": {"prc": {"neighbours": 5}}}
    assert settle(recipe=recipe, sets={SUBSETS: 20}).run.options["metric"]["kid"] == {"subsets": 20}


def test_a_run_that_goes_on_may_change_them():
    run = Changes(settings={SUBSETS: 20}).apply(settle(sets={SUBSETS: 50}).run, ZOO)
    assert run.options == {"metric": {"kid": {"subsets": 20}}}


@pytest.mark.parametrize(
    "sets, what, hint",
    [
        ({SUBSETS: 5, "eval.metrics": "fid"}, f"{SUBSETS} changes nothing", "--set eval.metrics=fid,kid"),
        ({"metric.kidd.subsets": 5}, "Did you mean 'kid'?", f"--set {SUBSETS}=5"),
        ({"metric.subsets": 5}, "metric.subsets = 5 does not say", "ganzoo explain metric.subsets"),
        ({"metric.kid.subset": 5}, "no such option. Did you mean 'subsets'?", f"--set {SUBSETS}=5"),
        ({SUBSETS: 0}, f"{SUBSETS}: 0 is refused: must be at least 2", f"--set {SUBSETS}=100"),
    ],
)
def test_what_would_change_nothing_is_refused_with_the_way_out(sets, what, hint):
    with pytest.raises(ConfigError) as caught:
        check(settle(sets=sets).run, ZOO)
    assert what in caught.value.what and caught.value.hint.startswith(hint)


def test_python_takes_names_and_options_as_keywords():
    assert read_keywords({"metric": {"kid": {"subsets": 50}}}) == {SUBSETS: 50}
    assert read_keywords({"metric": "fid,kid"}) == {"eval.metrics": "fid,kid"}
    with pytest.raises(ConfigError, match="takes a name, or options by the names"):
        read_keywords({"metric": {"subsets": 50}})


def test_the_options_of_the_parts_of_a_sum_are_refused_by_their_own_keys():
    with pytest.raises(ConfigError, match=r"lipschitz\.gp\.weight: -1 is refused"):
        check(settle(flags={"lipschitz.name": "sn+gp"}, sets={"lipschitz.gp.weight": -1}).run, ZOO)


def test_show_and_explain_say_how_an_option_is_typed():
    shown = ganzoo("show", "metric", "kid").output
    assert SUBSETS in shown and f"--set {SUBSETS}=100" in shown and "--set eval.metrics=kid" in shown
    assert f"--set {SUBSETS}=100" in ganzoo("explain", SUBSETS).output


def test_config_shows_compares_and_describes_them(tmp_path):
    rows = json.loads(ganzoo("config", "show", "--set", f"{SUBSETS}=50", "--json").output)
    assert [(row["value"], row["origin"]) for row in rows if row["setting"] == SUBSETS] == [(50, "--set")]
    recipe = tmp_path / "mine.toml"
    recipe.write_text("[metric.kid]\nsubsets = 50\n")
    differs = json.loads(ganzoo("config", "diff", str(recipe), "wgan", "--json").output)
    assert [(row["a"], row["b"]) for row in differs if row["setting"] == SUBSETS] == [(50, 100)]
    schema = json.loads(ganzoo("config", "schema").output)
    assert schema["properties"]["metric"]["properties"]["kid"]["properties"]["subsets"]["maximum"] == 100_000


def test_they_are_no_axis_of_a_grid():
    result = ganzoo("compare", "--set", f"{SUBSETS}=50,100", code=2)
    assert "scores could not be compared" in " ".join(result.output.split())
