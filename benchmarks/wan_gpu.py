"""Wan 2.2 TI2V 5B with random weights of full size: seconds for each step, and memory, by where the weights are.

Self-contained: it builds its own weights, of the released shape in bfloat16 (`--tiny`: of a toy, on the CPU), and needs
no network. Each way is the plugin's own generator in a process of its own, so that memory is counted apart, and draws
one clip of few steps. The first of them also encodes the picture, and compiles; a step is timed over the others. The
text encoder is small, one layer of the real width: what is measured comes after it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from vmevalkit_core import WITH_LAYERS, Context, ModelSpec
from vmevalkit_core.generator.free_job import FreeJob
from vmevalkit_core.limits import Limiter
from vmevalkit_core.media.fitting import fit_frame
from vmevalkit_core.records import GenerationRequest, ImageRef
from vmevalkit_wan.generator import Ti2v5B
from vmevalkit_wan.options import Ti2v5BOptions

SPEC = ModelSpec(name="wan-2.2-ti2v-5b", factory="vmevalkit_wan.generator:Ti2v5B", runs_in="process", seeds=(0, 2**31))
WAYS: dict[str, dict[str, Any]] = {
    "full": {"memory": "full"},
    "full, compiled": {"memory": "full", "compile": True},
    "offload": {"memory": "offload"},
    "layers": {"memory": "layers"},
    "full, tiled": {"memory": "full", "tiling": True},
}
USUAL = ["full", "full, compiled", "offload", "layers"]
# As the configuration files of Wan2.2-TI2V-5B-Diffusers have them.
FULL: dict[str, Any] = {
    "transformer": {"num_attention_heads": 24, "attention_head_dim": 128, "ffn_dim": 14336, "num_layers": 30},
    "vae": {"base_dim": 160, "decoder_base_dim": 256, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2},
    "text": {"d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 1, "num_heads": 64},
}
TINY: dict[str, Any] = {
    "transformer": {"num_attention_heads": 2, "attention_head_dim": 12, "ffn_dim": 32, "num_layers": 2, "text_dim": 16},
    "vae": {"base_dim": 8, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1},
    "text": {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2},
}


def build(folder: Path, *, tiny: bool) -> float:
    """A model folder with random weights; the number of weights of the transformer, in billions."""
    import diffusers
    import torch
    from transformers import UMT5Config, UMT5EncoderModel

    shapes = TINY if tiny else FULL
    words = tokenizer()
    with torch.device("cpu" if tiny else "cuda"):
        torch.set_default_dtype(torch.float32 if tiny else torch.bfloat16)
        transformer = settled(diffusers.WanTransformer3DModel(in_channels=48, out_channels=48, **shapes["transformer"]))
        config = UMT5Config(vocab_size=len(words), feed_forward_proj="gated-gelu", **shapes["text"])
        encoder = settled(UMT5EncoderModel(config))
        torch.set_default_dtype(torch.float32)
        vae = settled(diffusers.AutoencoderKLWan(**VAE, **shapes["vae"]))
    pipe = diffusers.WanImageToVideoPipeline(
        tokenizer=words,
        text_encoder=encoder,
        vae=vae,
        transformer=transformer,
        scheduler=diffusers.UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True),
        expand_timesteps=True,
    )
    pipe.save_pretrained(folder, max_shard_size="20GB")
    return float(sum(weight.numel() for weight in transformer.parameters())) / 1e9


VAE: dict[str, Any] = {
    "z_dim": 48,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 16,
    "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}


def settled(module: Any) -> Any:
    """Random weights that keep a signal alive and no number infinite."""
    import torch

    chance = torch.Generator(next(module.parameters()).device).manual_seed(0)
    with torch.no_grad():
        for weight in module.parameters():
            if weight.ndim >= 2:
                weight.normal_(0.0, weight[0].numel() ** -0.5, generator=chance)
    return module.eval()


def tokenizer() -> Any:
    """Single letters."""
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(chr(code), -6.0) for code in range(33, 127)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


class TimedJob(FreeJob):
    """A job that notes when each step ended."""

    def __init__(self, folder: Path) -> None:
        self.clip_path = folder / "clip.mp4"
        self.log = logging.getLogger("wan_gpu")
        self.steps: list[float] = []

    def progress(self, fraction: float | None = None, stage: str = "") -> None:
        """Noted, once the device has done what it was told."""
        if fraction is not None and stage.startswith("step"):
            synchronize()
            self.steps.append(time.monotonic())


def synchronize() -> None:
    """Wait for the device."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def request(folder: Path, options: dict[str, Any], size: tuple[int, int]) -> GenerationRequest:
    """A flat-coloured drawing and a prompt."""
    known = Ti2v5BOptions(**options, size=f"{size[0]}x{size[1]}")
    picture = Image.new("RGB", size, (235, 235, 225))
    ImageDraw.Draw(picture).ellipse((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill=(200, 40, 40))
    geometry = known.image_rule().geometry(size)
    path = folder / "first_frame.png"
    fit_frame(picture, geometry).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    frame = ImageRef(path=path, sha256=digest, media_type="image/png", size=geometry.sent, geometry=geometry)
    values = known.model_dump(mode="json")
    return GenerationRequest(model=SPEC.name, prompt="solve the maze", first_frame=frame, options=values, seed=1)


async def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Seconds and memory of one clip."""
    options = {**WAYS[args.way], "weights": str(args.folder / "weights"), "steps": args.steps, "frames": args.frames}
    generator = Ti2v5B(SPEC, Context(env={}, limiter=Limiter(1), device="cpu" if args.tiny else "cuda"))
    job, begun = TimedJob(args.folder), time.monotonic()
    clip = await generator.generate(request(args.folder, options, args.size), job)
    facts, steps = clip.extras["local"], job.steps
    loaded = begun + facts["seconds"]["load"]
    return {
        "load": facts["seconds"]["load"],
        "first step": steps[0] - loaded,
        "step": (steps[-1] - steps[0]) / (len(steps) - 1),
        "decode": loaded + facts["seconds"]["draw"] - steps[-1],
        "peak": facts.get("peak_gib", 0.0),
        "device": facts["device"],
    }


def row_of(name: str, args: argparse.Namespace) -> str:
    """One way in a process of its own, as a row."""
    line = [sys.executable, __file__, *args.given, "--folder", str(args.folder), "--way", name]
    left = args.begun + args.seconds - time.time()
    try:
        done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False, timeout=max(0.1, left))
    except subprocess.TimeoutExpired:
        return f"| {name} | no time left |" + " - |" * 5
    if done.returncode:
        return f"| {name} | ended with {done.returncode} |" + " - |" * 5
    facts = json.loads(done.stdout.splitlines()[-1])
    numbers = [f"{facts[key]:.3g}" for key in ("load", "first step", "step", "decode", "peak")]
    return "| " + " | ".join([name, *numbers, facts["device"]]) + " |"


def memory(text: str) -> list[str]:
    """Steps of memory with commas between them."""
    if unknown := {*text.split(",")} - {*WITH_LAYERS}:
        raise argparse.ArgumentTypeError(f"{unknown.pop()} is none of {', '.join(WITH_LAYERS)}")
    return text.split(",")


def main() -> None:
    """Build, run each way, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a toy on the CPU")
    parser.add_argument("--steps", type=int, default=4, help="two at least")
    parser.add_argument("--frames", type=int, default=0, help="121, the authors' own, where none")
    parser.add_argument("--ways", nargs="+", default=USUAL, choices=WAYS)
    parser.add_argument("--memory", type=memory, help="only these steps, in this order, such as offload,layers,full")
    parser.add_argument("--seconds", type=float, default=175, help="of all; a way that does not end in time is cut off")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.ways = args.memory or args.ways
    args.size = (96, 64) if args.tiny else (1280, 704)
    args.frames = args.frames or (5 if args.tiny else 121)
    if args.way:
        print(json.dumps(asyncio.run(measure(args))))
        return
    args.given = [*(["--tiny"] if args.tiny else []), "--steps", str(args.steps), "--frames", str(args.frames)]
    with tempfile.TemporaryDirectory() as place:
        args.folder, args.begun = Path(place), time.time()
        weights = built(args)
        print(
            f"{weights:.2f} billion weights built in {time.time() - args.begun:.0f} s; {args.frames} frames of", end=" "
        )
        print(f"{args.size[0]} x {args.size[1]}, guidance on: two calls for each step\n")
        head = ["way", "s to load", "s first step", "s each other", "s decoding", "peak GiB", "device"]
        print("| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)
        for name in args.ways:
            print(row_of(name, args), flush=True)
        print(f"\n{time.time() - args.begun:.0f} s in all")


def built(args: argparse.Namespace) -> float:
    """The weights, made in a process of its own, so that no memory of the device stays taken."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import wan_gpu; from pathlib import Path; "
    code += f"print(wan_gpu.build(Path({str(args.folder / 'weights')!r}), tiny={args.tiny}))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
