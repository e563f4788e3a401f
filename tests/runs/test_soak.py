"""Hours of kills and of steps, and minutes of them: the processes are real, and so are the signals."""

import pytest

from support.lives import chosen, random_seed, run_program

HOUR = 3600


@pytest.mark.soak
@pytest.mark.timeout(10 * HOUR)
@pytest.mark.fault(
    "a run and commands that read it are killed at 300 random moments: start-up, training, saving, scoring, report",
    "tensors, log, pictures, evaluations, scores and TensorBoard's scalars are those of the run that was never killed",
    "F01",
)
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_was(tmp_path):
    print(run_program("support.kills", tmp_path, chosen("GANZOO_SOAK_KILLS", 300), random_seed(), timeout=10 * HOUR))


@pytest.mark.full
@pytest.mark.fault("a run is killed at ten random moments", "it ends as the run that was never killed", "F01")
def test_a_run_that_is_killed_ten_times_ends_as_if_it_never_was(tmp_path):
    assert "  10 killed, " in run_program("support.kills", tmp_path, 10, random_seed(), timeout=280)


@pytest.mark.soak
@pytest.mark.timeout(10 * HOUR)
@pytest.mark.fault("a run takes 20,000 steps", "its memory stays flat: less than 10 bytes a step")
def test_the_memory_of_a_long_run_is_flat(tmp_path):
    said = run_program("support.endurance", tmp_path, chosen("GANZOO_SOAK_STEPS", 20_000), timeout=10 * HOUR)
    print(said)
    assert float(said.split(" bytes/step")[0].rpartition(" ")[2]) < 10
