"""From a prompt to text tokens: the text half of OpenCLIP ViT-H/14, which transformers has."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from vmevalkit_crafter.config import TextConfig


def text_model(config: TextConfig) -> CLIPTextModel:
    """A model of that size, less the last layer: what it ends on is then the hidden state that the crafters take."""
    return CLIPTextModel(
        CLIPTextConfig(
            hidden_size=config.width,
            intermediate_size=config.width * 4,
            num_hidden_layers=config.layers - 1,
            num_attention_heads=config.heads,
            max_position_embeddings=config.positions,
            vocab_size=config.vocabulary,
            hidden_act="gelu",
            bos_token_id=config.vocabulary - 2,
            eos_token_id=config.vocabulary - 1,
        )
    )


@torch.inference_mode()
def encoded(model: CLIPTextModel, prompt: str) -> Tensor:
    """[1, 77, width] for a prompt."""
    # Here, since whoever has tokens already needs no tokenizer, nor what it is made of.
    from vmevalkit_crafter.tokenizer import token_ids

    ids = token_ids([prompt], model.config.max_position_embeddings)
    return text_tokens(model, ids.to(next(model.parameters()).device))


def text_tokens(model: CLIPTextModel, ids: Tensor) -> Tensor:
    """[b, 77, width] for ids [b, 77]: the hidden state before the file's last layer, behind the final norm.

    The padding is attended to like any other token; the models were trained so.
    """
    tokens: Tensor = model(input_ids=ids).last_hidden_state
    return tokens
