"""TensorBoard's page HPARAMS compares runs, read through TensorBoard's own backend."""

import pytest
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
from torch.utils.tensorboard import SummaryWriter

from ganzoo.runs.folder import RunFolder
from ganzoo.runs.hparams import describe_settings, write_hparams
from ganzoo.settings.sections import Choice, OptimConfig, RunConfig, TrainConfig


def make_run(loss="bce", **optim):
    names = ("mlp", loss, "none", "none", "digits")
    return RunConfig(*map(Choice, names), optim=OptimConfig(**optim), train=TrainConfig(steps=5, save_every=2))


def report(value, checkpoint="last", step=5):
    return {"checkpoint": checkpoint, "scores": {"FD(digits-cnn)-2k": {"value": value}},
            "protocol": {"generated": {"step": step}}}  # fmt: skip


def write(path, run, *reports):
    write_hparams(RunFolder(path), run, pytest.fail, reports)


def read_page(logdir):
    """Return what the page shows: run -> its parameters and its metrics by name."""
    events = plugin_event_multiplexer.EventMultiplexer(purge_orphaned_data=True)
    events.AddRunsFromDirectory(str(logdir))
    events.Reload()
    context = backend_context.Context(_TB(data_provider.MultiplexerDataProvider(events, str(logdir))))
    asked = api_pb2.ListSessionGroupsRequest(slice_size=100, aggregation_type=api_pb2.AGGREGATION_AVG)
    asked.allowed_statuses.extend([api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS])
    groups = list_session_groups.Handler(
        request_context=RequestContext(), backend_context=context, experiment_id="", request=asked
    ).run()
    shown = {}
    for group in groups.session_groups:
        parameters = {name: value.string_value or value.number_value for name, value in group.hparams.items()}
        metrics = {value.name.tag: value.value for value in group.metric_values}
        shown[group.sessions[0].name] = (parameters, metrics)
    return shown


class _TB:
    """The part of TensorBoard's context that the page uses."""

    def __init__(self, provider):
        self.data_provider = provider


def test_the_page_shows_axes_rates_and_final_scores_of_each_run_and_no_number_of_training(tmp_path):
    for loss, value in (("bce", 30.5), ("wgan", 21.0)):
        folder = tmp_path / loss
        with SummaryWriter(str(folder / "tb")) as training:
            training.add_scalar("d/adversarial", 1.0, 1)
        write(folder, make_run(loss, lr_d=1e-3), report(value), report(value - 1, "best", 4))
    page = read_page(tmp_path)
    assert set(page) == {"bce/tb/scores", "wgan/tb/scores"}
    parameters, metrics = page["wgan/tb/scores"]
    assert (parameters["loss.name"], parameters["optim.lr_d"], parameters["train.seed"]) == ("wgan", 1e-3, 0.0)
    assert metrics == {"FD_digits-cnn-2k": 21.0, "best/FD_digits-cnn-2k": 20.0}


def test_a_new_score_takes_the_place_of_the_one_before(tmp_path):
    for value in (30.5, 12.25):
        write(tmp_path / "run", make_run(), report(value))
    assert len(list((tmp_path / "run" / "tb" / "scores").iterdir())) == 1
    assert read_page(tmp_path)["run/tb/scores"][1] == {"FD_digits-cnn-2k": 12.25}


def test_defaults_cadences_and_what_changes_no_weight_are_no_parameters():
    shown = describe_settings(make_run(beta1=0.0))
    assert shown["optim.beta1"] == 0.0
    assert {"optim.beta2", "train.save_every", "eval.samples"}.isdisjoint(shown)


@pytest.mark.fault("the folder of TensorBoard's scores is a file", "a remark says so, and the scores are kept")
def test_a_page_that_cannot_be_written_is_a_remark(tmp_path):
    (tmp_path / "tb").mkdir()
    (tmp_path / "tb" / "scores").write_text("")
    notes = []
    write_hparams(RunFolder(tmp_path), make_run(), notes.append)
    assert notes == [f"no settings and scores for TensorBoard in {tmp_path}/tb/scores: File exists"]
