"""The names of `import ganzoo` are a promise to notebooks and plugins: none goes, and each is what it says."""

import inspect

import pytest

import ganzoo

PUBLIC = [
    "API_VERSION",
    "AdversarialLoss",
    "Augmentation",
    "Cell",
    "CheckpointError",
    "ConditionalBatchNorm",
    "Coefficients",
    "Conditioner",
    "ConfigError",
    "ConvPool",
    "Critic",
    "DataError",
    "DataSpec",
    "Dataset",
    "Depth",
    "Diagnosis",
    "DivergedError",
    "Ending",
    "Engine",
    "EvaluationError",
    "Extractor",
    "FeatureExtractor",
    "FeatureSet",
    "Features",
    "Finding",
    "FolderError",
    "Game",
    "GanzooError",
    "Grid",
    "GridError",
    "LazySamples",
    "LipschitzEnforcer",
    "Metric",
    "Model",
    "NonNegativeFloat",
    "NonNegativeInt",
    "Observer",
    "PluginError",
    "PositiveFloat",
    "PositiveInt",
    "Protocol",
    "Rectifier",
    "Regularizer",
    "Report",
    "ResourceError",
    "Result",
    "Run",
    "RunInterrupted",
    "Sampler",
    "Samples",
    "Schedule",
    "Score",
    "Study",
    "Table",
    "UpConv",
    "UpdateRule",
    "Verdict",
    "Width",
    "Zoo",
    "compare",
    "diagnose",
    "evaluate",
    "execute",
    "gradient_norm",
    "hookimpl",
    "load",
    "load_zoo",
    "make_table",
    "push",
    "read_results",
    "run",
    "tune",
    "write_report",
]
PARAMETERS = {
    "run": (
        "recipe model loss lipschitz conditioner augment regularizer dataset features steps seed device batch_size "
        "image_size data_root download cache precision init_from eval_every samples metrics scores options out "
        "auto_resume progress observer zoo train"
    ),
    "compare": (
        "recipe model loss lipschitz conditioner augment regularizer dataset features seeds steps budget device "
        "batch_size image_size data_root samples metrics evals options out engine jobs retry cell_timeout progress "
        "zoo train"
    ),
    "tune": (
        "recipe space trials metric seeds sampler sampler_seed pruner budget evals options out engine jobs "
        "cell_timeout progress zoo settings"
    ),
    "evaluate": (
        "target dataset features samples metrics seed device batch_size image_size data_root options dataset_path step "
        "best ema closest write_reference zoo"
    ),
    "diagnose": "target step held_out dataset_path",
    "make_table": "results group_by metric checkpoint sort protocol",
    "load": "source zoo device step",
    "push": "folder name private",
    "load_zoo": "files disabled override",
    "write_report": "results path title metric protocol",
    "read_results": "paths",
}


def test_no_public_name_is_lost_and_none_appears_unnoticed():
    assert sorted(ganzoo.__all__) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_leads_to_the_object_of_that_name(name):
    found = getattr(ganzoo, name)
    if inspect.isclass(found) or inspect.isfunction(found):
        assert found.__name__ == name


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS.items())
def test_the_parameters_of_a_public_function_stay(name, parameters):
    assert list(inspect.signature(getattr(ganzoo, name)).parameters) == parameters.split()
