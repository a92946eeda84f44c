"""LTX-Video with random weights of full size: our worker beside the plain loop `for task: pipe(...)` and an export.

Self-contained: it builds its own weights, of the shape of the 2B model in bfloat16 (`--tiny`: of a toy, on the CPU),
draws its own questions and needs no network. Each way runs in a process of its own, so that memory is counted apart.
`busy` is the share of the time after loading in which the device drew; `smi` is the mean utilization that nvidia-smi
saw in that time. All ways encode with the same encoder.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from vmevalkit_core import WITH_LAYERS, ModelSpec, encode_clip
from vmevalkit_ltx.generator import LtxVideo

MODEL = f"{Path(__file__).resolve()}:RandomLtx"
PROMPTS = ("the red ball moves to the right", "the blue box moves slowly", "solve the maze")
FULL = {
    "transformer": {},
    # The autoencoder of 0.9.1: the first that is told the time step, which the plugin's defaults rely on.
    "vae": {
        **{"block_out_channels": (128, 256, 512, 512), "decoder_block_out_channels": (256, 512, 1024)},
        **{"layers_per_block": (4, 3, 3, 3, 4), "decoder_layers_per_block": (5, 6, 7, 8)},
        **{"spatio_temporal_scaling": (True, True, True, False), "decoder_spatio_temporal_scaling": (True,) * 3},
        **{"decoder_inject_noise": (True, True, True, False), "upsample_residual": (True,) * 3},
        **{"upsample_factor": (2, 2, 2)},
    },
    "text": {"d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 4, "num_heads": 64},
}
TINY = {
    "transformer": {
        **{"in_channels": 8, "out_channels": 8, "num_attention_heads": 2, "attention_head_dim": 8},
        **{"cross_attention_dim": 16, "num_layers": 2, "caption_channels": 16},
    },
    "vae": {
        **{"latent_channels": 8, "block_out_channels": (8, 8, 8, 8), "decoder_block_out_channels": (8, 8, 8, 8)},
        **{"layers_per_block": (1, 1, 1, 1, 1), "decoder_layers_per_block": (1, 1, 1, 1, 1)},
    },
    "text": {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2},
}


class RandomLtx(LtxVideo):
    """The plugin's own generator, under a name that needs no installed plugin."""

    spec = ModelSpec(
        name="ltx-video-random",
        factory=f"{__file__}:RandomLtx",
        options="vmevalkit_ltx.options:LtxVideoOptions",
        runs_in="process",
        seeds=(0, 2**31),
    )


def build(folder: Path, *, tiny: bool) -> float:
    """A model folder with random weights; the number of weights that compute a clip, in billions."""
    import diffusers
    import torch
    from transformers import T5Config, T5EncoderModel

    shapes: dict[str, Any] = TINY if tiny else FULL
    device, dtype = ("cpu", torch.float32) if tiny else ("cuda", torch.bfloat16)
    torch.set_default_dtype(dtype)
    with torch.device(device):
        transformer = settled(diffusers.LTXVideoTransformer3DModel(**shapes["transformer"]))
        vae = settled(diffusers.AutoencoderKLLTXVideo(timestep_conditioning=True, **shapes["vae"]))
        config = T5Config(vocab_size=256, feed_forward_proj="gated-gelu", **shapes["text"])
        encoder = settled(T5EncoderModel(config))
    torch.set_default_dtype(torch.float32)
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, base_shift=0.95, max_shift=2.05, shift_terminal=0.1
    )
    pipe = diffusers.LTXImageToVideoPipeline(
        scheduler=scheduler, vae=vae, text_encoder=encoder, tokenizer=tokenizer(), transformer=transformer
    )
    pipe.save_pretrained(folder, max_shard_size="20GB")
    return sum(weight.numel() for part in (transformer, vae) for weight in part.parameters()) / 1e9


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
    """Single letters; enough for a prompt of the real length."""
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(chr(code), -6.0) for code in range(33, 127)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=128)


def questions(root: Path, number: int) -> Path:
    """Task pairs with flat-coloured drawings."""
    for at in range(number):
        folder = root / "ball_task" / f"ball_{at:04}"
        folder.mkdir(parents=True)
        picture = Image.new("RGB", (704, 480), (235, 235, 225))
        ImageDraw.Draw(picture).ellipse((40 + 9 * at, 140, 240 + 9 * at, 340), fill=(200, 40, 40))
        picture.save(folder / "first_frame.png")
        (folder / "prompt.txt").write_text(PROMPTS[at % len(PROMPTS)])
    return root


@dataclass
class Utilization:
    """What nvidia-smi says, about five times a second."""

    samples: list[tuple[float, float]] = field(default_factory=list)

    @contextlib.contextmanager
    def watched(self) -> Iterator[Utilization]:
        """Sample while this is open; nothing where there is no nvidia-smi."""
        line = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "200"]
        try:
            process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            yield self
            return
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        try:
            yield self
        finally:
            process.kill()
            process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                self.samples.append((time.time(), float(line)))

    def mean(self, begin: float, end: float) -> str:
        """Per cent between two instants."""
        inside = [value for at, value in self.samples if begin <= at <= end]
        return f"{sum(inside) / len(inside):.0f} %" if inside else "-"


def ours(args: argparse.Namespace, memory: str) -> dict[str, Any]:
    """The plan through our runner and worker."""
    from vmevalkit_core.attempts import find_attempts
    from vmevalkit_core.registry import Registry
    from vmevalkit_core.runner import Runner
    from vmevalkit_core.scan import scan

    registry = Registry.load([])
    # Each way encodes its texts itself.
    env = os.environ | {"VMEVAL_CACHE": str(args.folder / f"cache_{memory}")}
    runner = Runner(registry, output=args.folder / f"out_{memory}", experiment="bench", env=env)
    options = options_of(args) | {"weights": str(args.folder / "weights"), "memory": memory, "dtype": args.dtype}
    ask = runner.ask(registry.add_file(MODEL), options)
    plan = runner.plan(scan(args.folder / "questions"), [ask])
    first: list[float] = []
    ends: list[float] = []
    begun = time.time()
    report = asyncio.run(
        runner.execute(
            plan,
            display=lambda event: first.append(time.time()) if event.stage == "drawing" else None,
            ended=lambda _: ends.append(time.time()),
        )
    )
    found = [attempt.data for attempt in find_attempts(runner.store.root)]
    facts = [one["provenance"]["extras"].get("local", {}) for one in found]
    for one in found:
        if one["inference"]["error"]:
            print(one["inference"]["error"], file=sys.stderr)
    draw = sum(one["seconds"]["draw"] for one in facts)
    last = max(facts, key=lambda one: one["texts_encoded"])
    return {
        "way": f"vmevalkit, memory={memory}",
        "runs": f"{report.good}/{len(found)}",
        "until first": first[0] - begun,
        "after": ends[-1] - first[0],
        "draw": draw,
        "encode": sum(one["seconds"]["encode"] for one in facts),
        "peak": max(one.get("peak_gib", 0.0) for one in facts),
        "counts": f"{last['loads']} load, {last['encoder_loads']} encoder, {last['texts_encoded']} texts",
        "window": (first[0], ends[-1]),
    }


def plain(args: argparse.Namespace, *, reload: bool) -> dict[str, Any]:
    """The loop that people write: everything on the device, prompts encoded each time, PIL frames, then an export."""
    import torch

    begun, first, draw, encode, loads = time.time(), 0.0, 0.0, 0.0, 0
    pipe: Any = None
    tasks = sorted((args.folder / "questions" / "ball_task").iterdir())
    for task in tasks[: args.reloads] if reload else tasks:
        if pipe is None or reload:
            pipe, loads = None, loads + 1
            pipe = loaded(args)
            first = first or time.time()
        start = time.time()
        frames = pipe(
            image=Image.open(task / "first_frame.png").resize(args.size),
            prompt=(task / "prompt.txt").read_text(),
            negative_prompt="worst quality, inconsistent motion, blurry, jittery, distorted",
            width=args.size[0],
            height=args.size[1],
            num_frames=args.frames,
            frame_rate=24,
            num_inference_steps=args.steps,
            guidance_scale=3.0,
            decode_timestep=0.05,
            decode_noise_scale=0.025,
            max_sequence_length=256,
            generator=torch.Generator("cpu" if args.tiny else "cuda").manual_seed(0),
        ).frames[0]
        drawn = time.time()
        encode_clip(frames, args.folder / "plain.mp4", fps=24)
        draw, encode = draw + drawn - start, encode + time.time() - drawn
    peak = 0.0 if args.tiny else torch.cuda.max_memory_allocated() / 2**30
    runs = args.reloads if reload else len(tasks)
    return {
        "way": "plain loop, loading each time" if reload else "plain loop",
        "runs": f"{runs}/{runs}",
        "until first": first - begun,
        "after": time.time() - first,
        "draw": draw,
        "encode": encode,
        "peak": peak,
        "counts": f"{loads} load, {loads} encoder, {2 * runs} texts",
        "window": (first, time.time()),
    }


def loaded(args: argparse.Namespace) -> Any:
    """The pipeline, all of it on the device."""
    import diffusers
    import torch

    dtype = torch.float32 if args.tiny else torch.bfloat16
    pipe = diffusers.LTXImageToVideoPipeline.from_pretrained(
        args.folder / "weights", dtype=dtype, local_files_only=True
    ).to("cpu" if args.tiny else "cuda")
    pipe.set_progress_bar_config(disable=True)
    return pipe


def options_of(args: argparse.Namespace) -> dict[str, Any]:
    """What both ways are asked."""
    return {"size": f"{args.size[0]}x{args.size[1]}", "frames": args.frames, "steps": args.steps}


WAYS = {
    "full": lambda args: ours(args, "full"),
    "offload": lambda args: ours(args, "offload"),
    "layers": lambda args: ours(args, "layers"),
    "plain": lambda args: plain(args, reload=False),
    "reload": lambda args: plain(args, reload=True),
}


def row_of(name: str, args: argparse.Namespace) -> tuple[str, ...]:
    """One way in a process of its own, as a row."""
    line = [sys.executable, __file__, *args.given, "--folder", str(args.folder), "--way", name]
    with Utilization().watched() as seen:
        done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return (name, f"ended with {done.returncode}", *["-"] * 9)
    facts = json.loads(done.stdout.splitlines()[-1])
    each = facts["after"] / int(facts["runs"].partition("/")[0])
    busy = f"{100 * facts['draw'] / facts['after']:.0f} %"
    numbers = [f"{facts[key]:.2f}" for key in ("until first", "after")]
    more = [f"{facts[key]:.2f}" for key in ("draw", "encode")]
    smi = seen.mean(*facts["window"])
    return (
        facts["way"],
        facts["runs"],
        *numbers,
        f"{each:.2f}",
        *more,
        busy,
        smi,
        f"{facts['peak']:.1f}",
        facts["counts"],
    )


def memory(text: str) -> list[str]:
    """Steps of memory with commas between them."""
    if unknown := {*text.split(",")} - {*WITH_LAYERS}:
        raise argparse.ArgumentTypeError(f"{unknown.pop()} is none of {', '.join(WITH_LAYERS)}")
    return text.split(",")


def main() -> None:
    """Build, run each way, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a toy on the CPU")
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--reloads", type=int, default=2, help="runs of the loop that loads each time")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--frames", type=int, default=0)
    parser.add_argument("--ways", nargs="+", default=["plain", "full", "offload", "reload"], choices=WAYS)
    parser.add_argument("--memory", type=memory, help="only these steps, in this order, such as offload,layers,full")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.ways = args.memory or args.ways
    args.size = (96, 64) if args.tiny else (704, 480)
    args.dtype = "float32" if args.tiny else "bfloat16"
    args.steps = args.steps or (2 if args.tiny else 20)
    args.frames = args.frames or (17 if args.tiny else 161)
    args.given = [*(["--tiny"] if args.tiny else []), "--steps", str(args.steps), "--frames", str(args.frames)]
    args.given += ["--runs", str(args.runs), "--reloads", str(args.reloads)]
    if args.way:
        print(json.dumps(WAYS[args.way](args)))
        return
    with tempfile.TemporaryDirectory() as place:
        args.folder = Path(place)
        begun = time.time()
        weights = in_child(lambda: build(args.folder / "weights", tiny=args.tiny))
        questions(args.folder / "questions", args.runs)
        print(f"{weights:.2f} billion weights built in {time.time() - begun:.0f} s; {args.frames} frames of", end=" ")
        print(f"{args.size[0]} x {args.size[1]}, {args.steps} steps, {args.dtype}\n")
        head = ["way", "runs", "s until first", "s after", "s each", "s drawing", "s encoding", "busy", "smi"]
        head += ["peak GiB", "counts"]
        print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for name in args.ways:
            print("| " + " | ".join(row_of(name, args)) + " |", flush=True)
        print(f"\n{time.time() - begun:.0f} s in all")


def in_child(work: Any) -> float:
    """The number that a function returns in a forked child, so that no memory of the device stays taken."""
    ours_, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(theirs, repr(float(work())).encode())
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    os.close(theirs)
    with os.fdopen(ours_, "rb") as pipe:
        text = pipe.read().decode()
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("the weights could not be built")
    return float(text)


if __name__ == "__main__":
    main()
