"""The port gives the numbers of the authors' own code, part by part and over whole sampling runs."""

import pytest

pytest.importorskip("torch")

from crafter_measure import CHAIN_LIMIT, MODULE_LIMIT, chain_errors, part_errors
from crafter_own import DATA, KINDS, OwnSet
from crafter_sets import ReferenceSet, reference_folder

AUTHORS = ("dynamicrafter_256", "dynamicrafter_512", "videocrafter1_i2v_512", "videocrafter2_t2v_512")


@pytest.fixture(scope="module", params=AUTHORS)
def authors_set(request: pytest.FixtureRequest) -> ReferenceSet:
    """A set made by the authors' code, where this machine has it."""
    folder = reference_folder() / "parity" / request.param
    if not folder.is_dir():
        pytest.skip(f"{folder} is not on this machine")
    return ReferenceSet(folder)


@pytest.fixture(scope="module", params=KINDS)
def own_set(request: pytest.FixtureRequest) -> OwnSet:
    """A set made by this code when it agreed with the authors'."""
    return OwnSet(DATA / request.param)


def test_each_part_agrees_with_the_authors(authors_set: ReferenceSet) -> None:
    """Every output of every part, probes inside the network and the tables of the noise included."""
    errors = part_errors(authors_set)
    assert {name for name in authors_set.outputs if not name.startswith("ddim") and name != "video"} - set(errors) <= {
        "schedule.betas"
    }
    assert {name: error for name, error in errors.items() if error > MODULE_LIMIT} == {}


def test_each_sampling_run_agrees_with_the_authors(authors_set: ReferenceSet) -> None:
    """Each step of each run: guidance, its rescale, two scales, both spacings, interpolation, the decoded video."""
    errors = chain_errors(authors_set)
    assert len(errors) == len(authors_set.data["sampling"]["runs"]) + 1
    assert {name: error for name, error in errors.items() if error > CHAIN_LIMIT} == {}


def test_each_part_is_as_it_was(own_set: OwnSet) -> None:
    """Our own record of every part, on any machine."""
    errors = part_errors(own_set)
    assert len(errors) > 20
    assert {name: error for name, error in errors.items() if error > MODULE_LIMIT} == {}


def test_each_sampling_run_is_as_it_was(own_set: OwnSet) -> None:
    """Our own record of every step of every run, on any machine."""
    errors = chain_errors(own_set)
    assert errors.keys() == {"video", *(f"ddim.{name}" for name in own_set.data["sampling"]["runs"])}
    assert {name: error for name, error in errors.items() if error > CHAIN_LIMIT} == {}


def test_own_sets_are_small() -> None:
    """They travel with the package."""
    assert sum(file.stat().st_size for file in DATA.iterdir()) < 2_000_000
