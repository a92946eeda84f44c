"""What the crafters cost on a GPU: full-size random weights, memory, time for each step, decoding, number types.

Needs torch and transformers, and diffusers for the decoder; of this repository only the networks of the crafter plugin,
by their place: `python benchmarks/crafter_gpu.py`. With `--tiny` it runs on a CPU, to be tried out.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "plugins" / "vmevalkit-crafter" / "src"))

import torch

from vmevalkit_crafter.autoencoder import autoencoder, decode
from vmevalkit_crafter.config import RELEASED, AutoencoderConfig, ModelConfig, ResamplerConfig, TextConfig, VisionConfig
from vmevalkit_crafter.guidance import Conditioning, Guidance, GuidedModel
from vmevalkit_crafter.parts import Parts
from vmevalkit_crafter.pipeline import CrafterPipeline, Settings
from vmevalkit_crafter.resampler import Resampler
from vmevalkit_crafter.sampler import ddim
from vmevalkit_crafter.schedule import ddim_steps
from vmevalkit_crafter.text import text_model
from vmevalkit_crafter.unet import UNet
from vmevalkit_crafter.vision import vision_model

SIZES = {"dynamicrafter-512": (320, 512), "dynamicrafter-1024": (576, 1024)}
DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16}
PARTS: dict[str, Callable[[ModelConfig], Any]] = {
    "unet": lambda config: UNet(config.unet),
    "resampler": lambda config: Resampler(config.resampler or ResamplerConfig(queries=16)),
    "text": lambda config: text_model(config.text),
    "vision": lambda config: vision_model(config.vision or VisionConfig()),
    "autoencoder": lambda config: autoencoder(config.autoencoder),
}


def main() -> None:
    """Every measurement in turn; one that fails says why, and the next one goes on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="small networks and pictures on the CPU")
    parser.add_argument("--steps", type=int, default=4, help="steps that are timed, after one that is not")
    args = parser.parse_args()
    device = "cpu" if args.tiny else "cuda"
    begun = time.monotonic()
    name = "CPU, tiny" if args.tiny else torch.cuda.get_device_name()
    print(f"{name}; torch {torch.__version__}; {args.steps} steps timed; random weights\n")
    table(("check", "result"), agreement(device))
    for model, size in SIZES.items():
        config, pixels = (tiny(RELEASED[model]), (64, 128)) if args.tiny else (RELEASED[model], size)
        for kind in ("bf16",) if args.tiny else DTYPES:  # a CPU takes minutes for halves
            bench = Bench(config, pixels, kind, device, args.steps)
            print(f"\n**{model}, {pixels[1]} x {pixels[0]}, {kind}**: {bench.sizes()}\n")
            table(("work", "seconds", "peak GiB", "note"), bench.rows(), after=bench.close)
    print(f"\n{time.monotonic() - begun:.0f} s in all")


class Bench:
    """One model of one number type on the device."""

    def __init__(self, config: ModelConfig, pixels: tuple[int, int], kind: str, device: str, steps: int) -> None:
        self.config, self.pixels, self.device, self.steps = config, pixels, device, steps
        self.dtype = DTYPES[kind]
        self.latent = (pixels[0] // 8, pixels[1] // 8)
        self.parts: dict[str, Any] = {}
        self.missing = ""
        for part, make in PARTS.items():
            try:
                self.parts[part] = on(device, self.dtype, make, config)
            except ImportError as error:
                self.missing = f"no {part}: {error}"

    def sizes(self) -> str:
        """Parameters of each part."""
        counts = {part: sum(value.numel() for value in one.parameters()) / 1e9 for part, one in self.parts.items()}
        listed = ", ".join(f"{part} {count:.3f}" for part, count in counts.items())
        return f"{sum(counts.values()):.3f} billion parameters ({listed}) {self.missing}"

    def close(self) -> None:
        """Let go of everything."""
        self.parts.clear()
        settle(self.device)

    @torch.inference_mode()
    def rows(self) -> Iterator[tuple[str, ...]]:
        """What each kind of work takes."""
        yield ("weights alone", "", f"{held(self.device):.2f}", "")
        for batched in (False, True):
            yield self.step(batched)
        if "autoencoder" in self.parts:
            yield self.decoding(frame_by_frame=True)
            yield self.decoding(frame_by_frame=False)
            yield self.whole()

    def step(self, batched: bool) -> tuple[str, ...]:
        """A step of guided sampling, which asks the network twice."""
        given = self.conditioning()
        model = GuidedModel(self.parts["unet"], given, Guidance(scale=7.5, rescale=0.7, batched=batched), self.dtype)
        steps = ddim_steps(self.config.diffusion, 50, "uniform_trailing", 1.0)
        x = torch.randn(1, 4, self.config.frames, *self.latent, device=self.device)
        walk = ddim(model, x, steps, prediction=self.config.diffusion.prediction, noise=lambda: torch.randn_like(x))

        def some() -> bool:
            return bool(torch.stack([next(walk).x.isfinite().all() for _ in range(self.steps)]).all())

        def run() -> tuple[float, float, bool]:
            next(walk)
            return measured(some, self.device)

        label = "step, two questions " + ("at once" if batched else "in turn")
        return row(label, run, lambda total: total / self.steps, "50 steps: {:.1f} s", 50)

    def conditioning(self) -> Conditioning:
        """Any tokens and latents."""
        queries = self.config.resampler.queries if self.config.resampler else 0
        contexts = [torch.randn(1, 77 + queries, self.config.unet.context_width, device=self.device) for _ in range(2)]
        latents = torch.randn(1, 4, self.config.frames, *self.latent, device=self.device)
        fps = torch.tensor([24], device=self.device)
        return Conditioning(prompt=contexts[0], nothing=contexts[1], fps=fps, latents=latents)

    def decoding(self, frame_by_frame: bool) -> tuple[str, ...]:
        """All frames of a clip."""
        latents = torch.randn(self.config.frames, 4, *self.latent, device=self.device)

        def some() -> bool:
            return all(
                bool(frame.isfinite().all())
                for frame in decode(self.parts["autoencoder"], latents, frame_by_frame=frame_by_frame)
            )

        label = "decoding, " + ("frame by frame" if frame_by_frame else "all frames at once")
        return row(label, lambda: measured(some, self.device), float, "", 1)

    def whole(self) -> tuple[str, ...]:
        """A short clip from picture to bytes, with the parts where the pipeline puts them."""
        named = {part: one for part, one in self.parts.items() if part != "text"}
        pipeline = CrafterPipeline(Parts(**named), self.config, device=self.device, dtype=self.dtype)
        settings = Settings(guidance=Guidance(scale=7.5, rescale=0.7), fps=24, steps=8, spacing="uniform_trailing")
        texts = {text: torch.randn(1, 77, self.config.unet.context_width) for text in ("a ball", "")}
        picture = torch.zeros(3, *self.pixels)

        def some() -> bool:
            drawn = pipeline("a ball", settings, seed=1, size=self.pixels, first=picture, texts=texts)
            return drawn.shape == (self.config.frames, *self.pixels, 3)

        return row("whole clip of 8 steps", lambda: measured(some, self.device), float, "", 1)


def row(
    label: str, run: Callable[[], tuple[float, float, bool]], unit: Callable[[float], float], note: str, times: int
) -> tuple[str, ...]:
    """A line of the table; the reason where the work could not be done."""
    try:
        seconds, peak, finite = run()
    except (RuntimeError, ArithmeticError) as error:
        return label, "", "", str(error).splitlines()[0][:90]
    each = unit(seconds)
    said = note.format(each * times) + ("" if finite else " NOT FINITE")
    return label, f"{each:.3f}", f"{peak:.2f}", said


def measured(work: Callable[[], bool], device: str) -> tuple[float, float, bool]:
    """Seconds, the most memory meanwhile in GiB, and what the work returned."""
    settle(device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    begun = time.perf_counter()
    answer = work()
    if device == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - begun
    return seconds, torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else 0.0, answer


def settle(device: str) -> None:
    """Give back what nobody uses, and wait until the device has done all its work."""
    gc.collect()
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.empty_cache()


def held(device: str) -> float:
    """GiB in use now."""
    return torch.cuda.memory_allocated() / 2**30 if device == "cuda" else 0.0


def on(device: str, dtype: torch.dtype, make: Callable[[ModelConfig], Any], config: ModelConfig) -> Any:
    """A part with random weights, made where and how it is wanted: on the way it is never larger."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return make(config).eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(before)


@torch.inference_mode()
def agreement(device: str) -> Iterator[tuple[str, str]]:
    """Whether a small network gives on the device what it gives on a CPU, in float32 without its shortcuts."""
    torch.backends.cudnn.allow_tf32 = False
    config = tiny(RELEASED["dynamicrafter-512"])
    torch.manual_seed(0)
    unet = UNet(config.unet).eval()
    x = torch.randn(1, 8, config.frames, 8, 16)
    context = torch.randn(1, 77 + 16 * config.frames, config.unet.context_width)
    put = (x, torch.tensor([601]), context, torch.tensor([24]))
    reference = unet(*put)
    there = unet.to(device)(*(one.to(device) for one in put)).cpu()
    error = float((there - reference).abs().max() / reference.abs().max())
    yield f"small network in fp32, CPU against {device}: largest difference, relative", f"{error:.1e}"
    torch.backends.cudnn.allow_tf32 = True


def tiny(config: ModelConfig) -> ModelConfig:
    """The same model in small."""
    unet = replace(config.unet, channels=32, level_factors=(1, 2), res_blocks=1, head_width=8, context_width=32)
    resampler = ResamplerConfig(
        queries=256, width=32, depth=1, heads=2, head_width=16, image_width=32, context_width=32
    )
    return replace(
        config,
        unet=unet,
        resampler=resampler,
        vision=VisionConfig(width=32, layers=1, heads=2, patch=56),
        text=TextConfig(width=32, layers=2, heads=2),
        autoencoder=AutoencoderConfig(channels=(32, 32, 32, 32), res_blocks=1),
    )


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]], after: Callable[[], None] = lambda: None) -> None:
    """A Markdown table, line by line as the figures come."""
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for cells in rows:
        print(f"| {' | '.join(cells)} |", flush=True)
    after()


if __name__ == "__main__":
    main()
