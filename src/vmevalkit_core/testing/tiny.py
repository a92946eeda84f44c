"""Parts of tiny models for tests of local models: real classes, random weights. Torch and transformers come on use."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

WORDS = ("solve", "the", "maze", "red", "blue", "ball", "moves", "a", "to", "right", "slowly")


def torch() -> Any:
    """The module torch, with one thread: on shared cores more of them wait for each other."""
    known = import_module("torch")
    known.set_num_threads(1)
    return known


def settled(module: Any, seed: int) -> Any:
    """The same module with weights that keep a signal alive: fresh ones have zeros last, and nothing changes a clip."""
    chance = torch().Generator().manual_seed(seed)
    with torch().no_grad():
        for name, weight in module.named_parameters():
            if weight.ndim >= 2:
                weight.copy_(torch().randn(weight.shape, generator=chance) / weight[0].numel() ** 0.5)
            elif name.endswith("bias"):
                weight.copy_(torch().randn(weight.shape, generator=chance) * 0.01)
    return module.eval()


def t5_tokenizer(length: int, words: Iterable[str] = WORDS) -> Any:
    """A `T5Tokenizer` of a few words and all single letters, so that no prompt becomes unknown."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(f"\u2581{word}", -3.0) for word in words]
    pieces += [(chr(code), -6.0) for code in range(33, 127)]
    return import_module("transformers").T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=length)


def t5_encoder(vocabulary: int, kind: str = "T5") -> Any:
    """A `T5EncoderModel` of one layer and 16 channels; `kind`: the first part of the name of its class, as in UMT5."""
    known = import_module("transformers")
    shape = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    config = getattr(known, f"{kind}Config")(vocab_size=vocabulary, feed_forward_proj="gated-gelu", **shape)
    return getattr(known, f"{kind}EncoderModel")(config)
