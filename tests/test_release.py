"""Files beside the package: its version has one place, and what they name is there."""

import os
import re
import tomllib

import yaml

import ganzoo
from support.checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def read_yaml(name):
    return yaml.safe_load((ROOT / name).read_text())


def test_the_version_has_one_place():
    assert PROJECT["project"]["dynamic"] == ["version"] and "version" not in PROJECT["project"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "ganzoo/__init__.py"
    (version,) = re.findall(r'^__version__ = "(.+)"', (ROOT / "ganzoo" / "__init__.py").read_text(), re.MULTILINE)
    assert version == ganzoo.__version__ and "version" not in read_yaml("CITATION.cff")


def test_the_citation_has_the_authors_title_and_licence_of_the_package():
    citation = read_yaml("CITATION.cff")
    assert citation["authors"] == PROJECT["project"]["authors"]
    assert (citation["cff-version"], citation["type"], citation["license"]) == ("1.2.0", "software", "MIT")
    assert not {"doi", "identifiers", "orcid"} & citation.keys()


def commands(workflow):
    return [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def test_the_workflows_call_the_scripts_of_the_repository():
    assert commands(read_yaml(".github/workflows/ci.yml")) == [".ci/run"]
    release = read_yaml(".github/workflows/release.yml")
    assert ".ci/build dist" in commands(release)
    assert release["jobs"]["publish"]["permissions"] == {"id-token": "write"}  # trusted publishing: no token
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()
    assert all(os.access(ROOT / script, os.X_OK) for script in (".ci/run", ".ci/build"))


def test_the_image_copies_what_is_there():
    lines = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY")]
    copied = [name for words in lines for name in words[1:-1]]
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines()}
    assert all((ROOT / name).exists() for name in copied) and {*copied} <= allowed


def test_the_hooks_before_a_commit_are_commands_of_the_project():
    hooks = [
        hook["entry"].split()[0] for repo in read_yaml(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]
    ]
    assert hooks == ["ruff", "ruff", "mypy"]


def test_the_templates_of_issues_ask_for_what_is_needed():
    bug = read_yaml(".github/ISSUE_TEMPLATE/bug.yml")
    assert [part["id"] for part in bug["body"]] == ["command", "expected", "doctor"]
