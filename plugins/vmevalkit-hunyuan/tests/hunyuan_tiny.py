"""Tiny HunyuanVideo models with random weights, made of the real classes: a folder of one megabyte in half a second.

The tokenizers are trained in memory on the templates, so that these count as many tokens as with the released ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vmevalkit_core.testing.tiny import WORDS, settled, t5_encoder, torch

LATENT = 4
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The chat template of Qwen2.5, without what it has for pictures and tools."""


def tiny_13b(folder: Path, *, condition: str = "token_replace", more_words: str = "", seed: int = 0) -> Path:
    """The 13B model in either mode; `more_words` before its text make the template longer than the model expects."""
    import diffusers
    from transformers import CLIPImageProcessor

    torch().manual_seed(seed)
    replaces = condition == "token_replace"
    tokenizer, clip_tokenizer = _llama_tokenizer(more_words), _clip_tokenizer()
    transformer = diffusers.HunyuanVideoTransformer3DModel(
        in_channels=LATENT if replaces else 2 * LATENT + 1,
        out_channels=LATENT,
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        patch_size=2,
        guidance_embeds=replaces,
        text_embed_dim=16,
        pooled_projection_dim=16,
        rope_axes_dim=(4, 6, 6),
        image_condition_type=condition,
    )
    vae = diffusers.AutoencoderKLHunyuanVideo(
        latent_channels=LATENT, block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4
    )
    pipe = diffusers.HunyuanVideoImageToVideoPipeline(
        text_encoder=settled(_llava(tokenizer), seed + 1),
        tokenizer=tokenizer,
        transformer=settled(transformer, seed + 2),
        vae=settled(vae, seed + 3),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0),
        text_encoder_2=settled(_clip(clip_tokenizer), seed + 4),
        tokenizer_2=clip_tokenizer,
        image_processor=CLIPImageProcessor(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}),
    )
    pipe.save_pretrained(folder)
    return folder


def tiny_15(folder: Path, *, more_words: str = "", target: int = 640, seed: int = 0) -> Path:
    """Version 1.5, with its true compression; `target`: what it says of the size of its training."""
    import diffusers
    from transformers import ByT5Tokenizer, SiglipImageProcessor

    torch().manual_seed(seed)
    transformer = diffusers.HunyuanVideo15Transformer3DModel(
        in_channels=2 * LATENT + 1,
        out_channels=LATENT,
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=1,
        num_refiner_layers=1,
        mlp_ratio=2.0,
        text_embed_dim=16,
        text_embed_2_dim=16,
        image_embed_dim=16,
        rope_axes_dim=(4, 6, 6),
        target_size=target,
    )
    vae = diffusers.AutoencoderKLHunyuanVideo15(
        latent_channels=LATENT, block_out_channels=(32, 32, 32, 32, 32), layers_per_block=1
    )
    tokenizer = _qwen_tokenizer(more_words)
    pipe = diffusers.HunyuanVideo15ImageToVideoPipeline(
        text_encoder=settled(_qwen(len(tokenizer)), seed + 1),
        tokenizer=tokenizer,
        transformer=settled(transformer, seed + 2),
        vae=settled(vae, seed + 3),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=5.0),
        text_encoder_2=settled(t5_encoder(384), seed + 4),
        tokenizer_2=ByT5Tokenizer(),
        guider=diffusers.ClassifierFreeGuidance(guidance_scale=6.0),
        image_encoder=settled(_siglip(), seed + 5),
        feature_extractor=SiglipImageProcessor(size={"height": 28, "width": 28}),
    )
    pipe.save_pretrained(folder)
    return folder


def _llava(tokenizer: Any) -> Any:
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    pad, image = (tokenizer.convert_tokens_to_ids(token) for token in ("<pad>", "<image>"))
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=2048,
        pad_token_id=pad,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    # 24 x 24 patches, as the released vision tower: 576 tokens of the picture.
    shape = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = CLIPVisionConfig(image_size=336, patch_size=14, projection_dim=8, **shape)
    return LlavaForConditionalGeneration(
        LlavaConfig(text_config=text, vision_config=vision, image_token_index=image, pad_token_id=pad)
    )


def _clip(tokenizer: Any) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    return CLIPTextModel(CLIPTextConfig(vocab_size=len(tokenizer), projection_dim=16, **shape, **ids))


def _qwen(vocabulary: int) -> Any:
    from transformers import Qwen2_5_VLTextModel
    from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLTextConfig

    return Qwen2_5_VLTextModel(
        Qwen2_5_VLTextConfig(
            vocab_size=vocabulary,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=3,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=2048,
            rope_parameters={"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0},
        )
    )


def _siglip() -> Any:
    from transformers import SiglipVisionConfig, SiglipVisionModel

    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    return SiglipVisionModel(SiglipVisionConfig(image_size=28, patch_size=14, **shape))


def _llama_tokenizer(more_words: str) -> Any:
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video_image2video import DEFAULT_PROMPT_TEMPLATE
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    units = r"[ ]?\p{L}+|\p{N}|[ ]?[^\s\p{L}\p{N}]+|\s*\n+|\s+(?!\S)|\s"
    made = _bpe([DEFAULT_PROMPT_TEMPLATE["template"]], [*special, "<image>", "<pad>"], units)
    begin = f"<|begin_of_text|> {more_words}".strip()
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A",
        pair=f"{begin} $A $B",
        special_tokens=[(token, made.token_to_id(token)) for token in begin.split()],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<|begin_of_text|>",
        eos_token="<|end_of_text|>",
        pad_token="<pad>",
        padding_side="right",
    )


def _qwen_tokenizer(more_words: str) -> Any:
    from transformers import PreTrainedTokenizerFast
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    made = _bpe([system_message(), "system", "user", "assistant"], special, PRETOKENIZE_REGEX)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="right"
    )
    tokenizer.chat_template = more_words + CHAT
    return tokenizer


def system_message() -> str:
    """What version 1.5 tells its language model, as the pipeline has it."""
    import inspect

    from diffusers import HunyuanVideo15ImageToVideoPipeline

    asked = inspect.signature(HunyuanVideo15ImageToVideoPipeline._get_mllm_prompt_embeds).parameters
    return str(asked["system_message"].default)


def _bpe(corpus: Iterable[str], special: list[str], units: str) -> Any:
    """Bytes, and each unit of the corpus as one token."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(units), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=4000, min_frequency=1, special_tokens=special, show_progress=False, initial_alphabet=alphabet
    )
    made.train_from_iterator([*corpus, " ".join((*WORDS, "move"))], trainer)
    return made


def _clip_tokenizer() -> Any:
    from tokenizers import pre_tokenizers
    from transformers import CLIPTokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(letter + "</w>" for letter in alphabet), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: at for at, token in enumerate(tokens)}, merges=[], model_max_length=77)
