"""What the models need on the disk. Sizes are counted from the numbers of weights in bfloat16."""

from __future__ import annotations

from vmevalkit_core import Weights

LICENCE = "LTX-Video open weights licence, see the model card: companies above a revenue limit need another one"
_PARTS = ("scheduler/*", "text_encoder/*", "tokenizer/*", "transformer/*", "vae/*")
CHECKPOINT_FILE = "ltxv-2b-0.9.8-distilled.safetensors"

LTX_VIDEO = Weights(
    repo="Lightricks/LTX-Video",
    gigabytes=15,
    licence=LICENCE,
    # The repository also holds every single-file release, some 200 GB that are not needed.
    include=("model_index.json", *_PARTS),
)
LTX_13B_DISTILLED = Weights(
    repo="Lightricks/LTX-Video-0.9.8-13B-distilled",
    gigabytes=38,
    licence=LICENCE,
    include=("model_index.json", *_PARTS),
)
LTX_2B_BASE = Weights(
    repo="Lightricks/LTX-Video-0.9.5",
    gigabytes=10,
    licence=LICENCE,
    # Of the transformer and the VAE only the shape: their weights are in the checkpoint.
    include=(
        *("model_index.json", "scheduler/*", "text_encoder/*", "tokenizer/*"),
        *("transformer/config.json", "vae/config.json"),
    ),
)
LTX_2B_DISTILLED = Weights(
    repo="Lightricks/LTX-Video",
    gigabytes=6.3,
    licence=LICENCE,
    files=(CHECKPOINT_FILE,),
    include=(CHECKPOINT_FILE,),
)
