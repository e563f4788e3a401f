"""The kinds stand in one table; whatever else speaks of all of them says the same."""

import importlib
import typing

import pytest

from ganzoo import contracts, hookspecs
from ganzoo.cli.kind_names import KINDS_AND_RECIPE
from ganzoo.cli.new_plugin import PARTS
from ganzoo.settings.kinds import ALL_KINDS, KIND_INFO, KINDS, Kind
from ganzoo.settings.sections import RunConfig
from ganzoo.testing.cases import CHECKS
from ganzoo.zoo.plugins import HOOKS, find_hooks


def test_every_kind_has_its_row():
    assert typing.get_args(Kind) == ALL_KINDS


def test_the_hook_specifications_are_those_of_the_table():
    specified = [name for name in vars(hookspecs) if name.startswith("register_")]
    assert specified == [info.hook for info in KIND_INFO.values()] == list(HOOKS)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_hook_specification_returns_classes_of_the_contract_of_its_kind(kind):
    info = KIND_INFO[kind]
    returned = typing.get_type_hints(getattr(hookspecs, info.hook), localns=vars(contracts))["return"]
    assert typing.get_args(typing.get_args(returned)[1]) == (getattr(contracts, info.contract),)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_built_in_module_of_a_kind_implements_its_hook_alone(kind):
    info = KIND_INFO[kind]
    module = importlib.import_module(f"ganzoo.builtin.{info.builtin}")
    assert [hook for hook, _ in find_hooks(module)] == [info.hook]


def test_a_run_has_a_field_for_each_kind_of_which_it_chooses_one():
    assert {name for name in RunConfig.__dataclass_fields__ if name in ALL_KINDS} == set(KINDS)


def test_checks_templates_and_lists_know_every_kind():
    assert set(CHECKS) == set(PARTS) == set(KINDS_AND_RECIPE) - {"recipe"} == set(ALL_KINDS)
