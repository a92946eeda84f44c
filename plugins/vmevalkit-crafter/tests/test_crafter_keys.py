"""Every name of a released file has a place in our networks, with the right shape, and none of ours lacks one."""

import pytest

torch = pytest.importorskip("torch")

from crafter_files import TABLES, key_table
from crafter_sets import reference_folder

from vmevalkit_crafter.config import RELEASED
from vmevalkit_crafter.names import PREFIXES, targets
from vmevalkit_crafter.parts import build, shapes


@pytest.mark.parametrize("name", TABLES)
def test_every_name_and_shape_is_accounted_for(name: str) -> None:
    """The full-size model on the meta device takes exactly what the file has."""
    wanted = {
        (part, key): shape for part, module in build(RELEASED[name]).items() for key, shape in shapes(module).items()
    }
    given = {}
    for key, shape in key_table(name).items():
        whole = torch.empty(shape, device="meta")
        found = targets(key, RELEASED[name])
        assert found is not None, key
        for target in found:
            assert (target.part, target.name) not in given
            given[target.part, target.name] = tuple((target.piece(whole) if target.piece else whole).shape)
    assert given == wanted


@pytest.mark.parametrize("name", TABLES)
def test_what_is_left_out_is_known_by_name(name: str) -> None:
    """Tables of the noise, CLIP's common space, its text half a second time, and the last text layer."""
    unused = {key for key in key_table(name) if targets(key, RELEASED[name]) == ()}
    in_parts = {key for key in unused if key.startswith(tuple(PREFIXES))}
    assert all(".resblocks.23." in key or key.endswith(("logit_scale", "text_projection", "proj")) for key in in_parts)
    assert all(key.startswith("embedder.model.") or key.count(".") == 0 for key in unused - in_parts)


@pytest.mark.parametrize(
    ("name", "billions"),
    [("dynamicrafter-512", 1.4389), ("videocrafter2-512", 1.4133), ("videocrafter1-i2v-512", 1.4388)],
)
def test_network_has_the_size_of_the_papers(name: str, billions: float) -> None:
    """Parameters of the denoising network."""
    unet = build(RELEASED[name])["unet"]
    assert sum(value.numel() for value in unet.parameters()) / 1e9 == pytest.approx(billions, abs=5e-5)


@pytest.mark.parametrize("name", ["dynamicrafter-256", "videocrafter2-512"])
def test_tables_are_the_surveyed_ones(name: str) -> None:
    """The packed copies hold what the survey holds, where this machine has it."""
    file = {"dynamicrafter-256": "dynamicrafter_256", "videocrafter2-512": "videocrafter2_t2v_512"}[name]
    path = reference_folder() / "keys" / f"{file}.tsv"
    if not path.is_file():
        pytest.skip(f"{path} is not on this machine")
    assert [line.split("\t")[0] for line in path.read_text().splitlines()] == list(key_table(name))
