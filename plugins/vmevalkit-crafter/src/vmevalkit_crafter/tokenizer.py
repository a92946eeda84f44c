"""From a prompt to token ids, as open_clip gives them: with its cleaning, and padded with zeros."""

from __future__ import annotations

import gzip
import html
from functools import cache
from importlib.resources import files
from typing import Any

import ftfy
import torch
from torch import Tensor
from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
PAD = 0
"""open_clip pads with 0 and transformers with the end token; all 77 places are attended to, so it matters."""


def token_ids(prompts: list[str], length: int = 77) -> Tensor:
    """[b, length]: start token, text, end token, zeros; what is too long is cut before an end token."""
    rows = [_row(prompt, length) for prompt in prompts]
    return torch.tensor([row + [PAD] * (length - len(row)) for row in rows])


def token_count(prompt: str) -> int:
    """How many tokens a prompt has, start and end included; beyond 77 the rest is not seen by a model."""
    return len(clip_tokenizer()(clean(prompt), split_special_tokens=True)["input_ids"])


def _row(prompt: str, length: int) -> list[int]:
    # A prompt that spells a special token means its letters: it must not be able to end itself.
    ids: list[int] = clip_tokenizer()(clean(prompt), split_special_tokens=True)["input_ids"]
    return ids if len(ids) <= length else [*ids[: length - 1], ids[-1]]


def clean(prompt: str) -> str:
    """The prompt as open_clip reads it: mended letters, no HTML entities, single spaces, lower case."""
    # Twice: some of the training captions had been escaped twice.
    plain = html.unescape(html.unescape(ftfy.fix_text(prompt)))
    return " ".join(plain.split()).lower()


@cache
def clip_tokenizer() -> CLIPTokenizer:
    """The tokenizer of CLIP: 256 bytes, the same as ends of words, 48,894 merges, two special tokens."""
    merges: list[Any] = [tuple(line.split()) for line in _merges()]  # pairs, whatever the annotation there says
    letters = list(_byte_letters())
    words = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges), START, END]
    return CLIPTokenizer(vocab={word: number for number, word in enumerate(words)}, merges=merges)


def _merges() -> list[str]:
    """The merges in order of rank, "a b" each (openai/CLIP, `bpe_simple_vocab_16e6.txt.gz`, its first 48,894)."""
    packed = (files("vmevalkit_crafter") / "merges.txt.gz").read_bytes()
    return gzip.decompress(packed).decode().splitlines()


def _byte_letters() -> str:
    """A letter for each byte, in CLIP's order: those that can be printed stand for themselves, and come first."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return "".join(map(chr, printable)) + "".join(chr(256 + number) for number in range(256 - len(printable)))
