"""Prompts become the ids that the models were trained on."""

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from crafter_own import DATA

from vmevalkit_crafter.tokenizer import clean, token_count, token_ids

CASES = json.loads((DATA / "tokenizer_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:20] or "nothing")
def test_ids_are_those_of_open_clip(case: dict) -> None:
    """Accents, entities, white space and a prompt that is too long; padded with zeros."""
    padded = case["ids"] + [case["pad_id"]] * (case["length"] - len(case["ids"]))
    assert token_ids([case["text"]]).tolist() == [padded]


def test_long_prompt_still_ends() -> None:
    """What is cut off makes room for the end token."""
    assert token_ids(["word " * 200])[0, -1] == 49407


def test_length_is_told_before_the_cut() -> None:
    """Start and end are counted."""
    assert token_count("word " * 200) == 202
    assert token_count("") == 2


def test_cleaning_mends_and_lowers() -> None:
    """Doubly escaped entities and broken letters, as in the training captions."""
    assert clean("  Caf\u00c3\u00a9 &amp;amp; TEA\n\n") == "caf\u00e9 & tea"


def test_special_tokens_of_a_prompt_are_text() -> None:
    """A prompt cannot end itself."""
    ids = token_ids(["a <|endoftext|> b"])[0].tolist()
    assert ids.count(49407) == 1
