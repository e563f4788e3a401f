"""Scores by unlike protocols are refused, with the commands that make them alike."""

import pytest

from ganzoo.errors import ConfigError, EvaluationError
from ganzoo.results.comparison import make_table
from support.made_runs import FD, KD, make_report, make_result


def run(loss, *reports, **fields):
    return make_result(0, reports=reports, axes={"loss.name": loss}, **fields)


def test_unlike_protocols_name_runs_difference_and_commands():
    runs = [
        run("bce", make_report(1.0)),
        run("wgan", make_report(2.0)),
        run("hinge", make_report(3.0, count=5000), make_report(2.5, "best", count=5000)),
    ]
    with pytest.raises(EvaluationError, match="bce-s0 and hinge-s0") as caught:
        make_table(runs)
    assert "generated.count: 2000 / 5000" in caught.value.what
    assert caught.value.hint.split("\n         ") == [
        "ganzoo evaluate runs/hinge/s0 --samples 2000",
        "ganzoo evaluate runs/hinge/s0 --best --samples 2000",
    ]


def test_the_command_says_what_the_run_would_do_otherwise_without_it():
    other = run("wgan", make_report(2.0, features="photos-cnn"), settings={"eval.samples": 500})
    runs = [run("bce", make_report(1.0)), run("hinge", make_report(1.0)), other]
    with pytest.raises(EvaluationError) as caught:
        make_table(runs)
    assert caught.value.hint == "ganzoo evaluate runs/wgan/s0 --samples 2000 --features digits-cnn"


def test_many_commands_are_cut():
    runs = [run(f"a{i}", make_report(1.0)) for i in range(9)] + [
        run(f"b{i}", make_report(1.0, count=500)) for i in range(6)
    ]
    with pytest.raises(EvaluationError) as caught:
        make_table(runs)
    assert caught.value.hint.count("ganzoo evaluate") == 4
    assert "2 more" in caught.value.hint


def test_a_quick_look_does_not_replace_the_score_of_the_settings():
    runs = [
        run("bce", make_report(1.0), make_report(9.0, count=500)),
        run("wgan", make_report(2.0), make_report(8.0, count=500)),
    ]
    table = make_table(runs)
    assert table.protocol["generated"]["count"] == 2000
    assert [row.last[FD].mean for row in table.rows] == [1.0, 2.0]
    (note,) = [note for note in table.notes if "left out" in note]
    assert "--samples" in note
    asked = make_table(runs, protocol={"samples": "500"})
    assert [row.last[FD].mean for row in asked.rows] == [8.0, 9.0]


def test_a_look_against_other_data_or_by_another_extractor_is_not_the_run_s_own():
    reports = [
        make_report(1.0, labels="each class in turn"),
        make_report(2.0, labels="each class in turn", dataset="mnist"),
        make_report(3.0, labels="each class in turn", features="photos-cnn"),
        make_report(4.0, labels="training frequency"),
    ]
    data = {"data": {"sha256": "d", "count": 1797, "class_counts": [9, 9]}}
    result = run("bce", *reports, manifest=data, settings={"dataset.name": "digits", "eval.labels": "training"})
    (row,) = make_table([result]).rows
    assert row.last[FD].mean == 1.0
    unequal = {"data": data["data"] | {"class_counts": [9, 1]}}
    (row,) = make_table([run("bce", *reports[::-1], manifest=unequal, settings=dict(result.settings))]).rows
    assert row.last[FD].mean == 4.0


def test_the_protocol_can_be_chosen_by_any_of_its_fields():
    runs = [run("bce", make_report(1.0), make_report(7.0, features="photos-cnn"))]
    for asked in ({"features": "photos-cnn"}, {"features": "Photos-CNN"}):
        assert make_table(runs, protocol=asked).rows[0].last[FD].mean == 7.0
    weights = {"features.weights": "aaaaaaaa"}
    assert make_table(runs, protocol=weights).rows[0].last[FD].mean == 1.0


def test_a_protocol_that_no_run_has_names_those_that_exist():
    runs = [run("bce", make_report(1.0), make_report(9.0, count=500))]
    with pytest.raises(EvaluationError, match="no run has a score by a protocol with samples=100") as caught:
        make_table(runs, protocol={"samples": "100"})
    assert caught.value.hint == "--protocol samples=2000, or --protocol samples=500"
    with pytest.raises(ConfigError, match="no field 'sample'"):
        make_table(runs, protocol={"sample": "100"})


def test_a_protocol_that_one_run_lacks_is_refused_with_its_command():
    runs = [run("bce", make_report(1.0), make_report(9.0, count=500)), run("wgan", make_report(2.0))]
    with pytest.raises(EvaluationError, match="bce-s0 and wgan-s0") as caught:
        make_table(runs, protocol={"samples": "500"})
    assert caught.value.hint == "ganzoo evaluate runs/wgan/s0 --samples 500"
    assert [row.last[FD].mean for row in make_table(runs).rows] == [1.0, 2.0]  # the grid keeps its own


def test_the_newest_protocol_that_all_share_is_taken_if_it_is_not_the_runs_own():
    other = {"settings": {"eval.samples": 300}}
    runs = [
        run("bce", make_report(1.0), make_report(9.0, count=5000), make_report(7.0, features="photos-cnn"), **other),
        run("wgan", make_report(8.0, count=5000), make_report(2.0), **other),
    ]
    table = make_table(runs)
    assert table.protocol["generated"]["count"] == 5000
    assert [row.last[FD].mean for row in table.rows] == [8.0, 9.0]


def test_best_scores_by_another_protocol_are_left_out_with_a_remark():
    runs = [
        run("bce", make_report(1.0), make_report(0.5, "best")),
        run("wgan", make_report(2.0), make_report(1.5, "best", count=5000)),
    ]
    table = make_table(runs)
    assert [dict(row.best).keys() for row in table.rows] == [{FD}, set()]
    assert any("by another protocol only" in note for note in table.notes)


def test_runs_that_failed_forbid_nothing():
    runs = [run("bce", make_report(1.0)), run("wgan", make_report(2.0, count=5000), state="diverged")]
    assert [row.last.keys() for row in make_table(runs).rows] == [{FD}, set()]


def test_a_generator_without_classes_may_stand_beside_one_with():
    table = make_table([run("bce", make_report(1.0)), run("wgan", make_report(2.0, labels="each class in turn"))])
    assert [row.rank for row in table.rows] == ["best", "untested"]
    assert any("each class in turn" in note for note in table.notes)


def test_scores_of_labels_by_frequency_and_in_turn_are_never_ranked_together():
    runs = [
        run("bce", make_report(1.0)),  # knows no classes
        run("hinge", make_report(1.0, labels="training frequency")),
        run("wgan", make_report(2.0, labels="training frequency")),
        run("lsgan", make_report(2.0, labels="each class in turn")),
    ]
    with pytest.raises(EvaluationError, match="labels: training frequency / each class in turn") as caught:
        make_table(runs)
    assert caught.value.hint == "ganzoo evaluate runs/lsgan/s0 --labels training"
    assert len(make_table(runs[:3]).rows) == 3


def test_runs_on_different_data_are_refused():
    runs = [
        run("bce", make_report(1.0), settings={"dataset.name": "digits"}),
        run("wgan", make_report(2.0), settings={"dataset.name": "mnist"}, manifest={"data": {"sha256": "e"}}),
    ]
    with pytest.raises(EvaluationError, match="trained on different data") as caught:
        make_table(runs)
    assert "digits / mnist" in caught.value.what
    assert "--only dataset=NAME" in caught.value.hint


def test_another_reference_is_refused_with_the_command():
    runs = [run("bce", make_report(1.0)), run("wgan", make_report(2.0, dataset="mnist"))]
    with pytest.raises(EvaluationError, match=r"reference\.dataset: digits / mnist") as caught:
        make_table(runs)
    assert caught.value.hint == "ganzoo evaluate runs/wgan/s0 --dataset digits --split train"


def test_one_score_that_was_made_in_two_ways_is_refused_and_other_scores_are_ranked():
    """Names tell options apart; features of one label but of other weights have one name."""

    def scored(loss, metrics, scores):
        report = make_report(scores)
        return run(loss, report | {"protocol": report["protocol"] | {"metrics": metrics}})

    made = {KD: {"features": "inception", "fingerprint": {"weights": "a"}}}
    other = {KD: {"features": "inception", "fingerprint": {"weights": "b"}}}
    both = {FD: 1.0, KD: 0.5}
    assert make_table([scored("bce", made, both), scored("wgan", made, both)]).rows[0].last[KD].mean == 0.5
    assert make_table([scored("bce", made, both), run("wgan", make_report(2.0))]).rows[0].last[FD].mean == 1.0
    with pytest.raises(EvaluationError, match="of bce-s0 and wgan-s0 was made in two ways"):
        make_table([scored("bce", made, both), scored("wgan", other, both)])
