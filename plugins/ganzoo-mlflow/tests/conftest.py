"""One store of MLflow for all tests but those of the default: to make its tables takes seconds."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def store(tmp_path_factory):
    uri = f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        yield uri
