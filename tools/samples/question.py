"""One sample question: what is asked, both of its pictures, and the facts that let a judge check an answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image


@dataclass(frozen=True)
class Question:
    """A puzzle whose first frame and prompt a model sees, and whose final frame and data a judge sees."""

    domain: str
    index: int
    seed: int
    difficulty: str
    prompt: str
    data: Mapping[str, object]
    first_frame: Image.Image
    final_frame: Image.Image

    @property
    def identifier(self) -> str:
        """The question's name, unique among all samples, such as "maze_sample_1"."""
        return f"{self.domain}_sample_{self.index}"

    @property
    def folder(self) -> str:
        """Where the question lies below the samples folder, such as "maze_task/maze_sample_1"."""
        return f"{self.domain}_task/{self.identifier}"

    def metadata(self) -> dict[str, object]:
        """What question_metadata.json holds, in its order."""
        return {
            "id": self.identifier,
            "prompt": self.prompt,
            "first_image_path": f"{self.folder}/first_frame.png",
            "final_image_path": f"{self.folder}/final_frame.png",
            "task_category": self.domain.capitalize(),
            "domain": self.domain,
            "difficulty": self.difficulty,
            "seed": self.seed,
            f"{self.domain}_data": self.data,
        }

    def write(self, out: Path) -> Path:
        """Write the question's four files below `out` and return the folder that holds them."""
        folder = out / self.folder
        folder.mkdir(parents=True, exist_ok=True)
        self.first_frame.save(folder / "first_frame.png", optimize=True)
        self.final_frame.save(folder / "final_frame.png", optimize=True)
        _write_text(folder / "prompt.txt", self.prompt)
        _write_text(folder / "question_metadata.json", json.dumps(self.metadata(), indent=2))
        return folder


def _write_text(path: Path, text: str) -> None:
    # A fixed line ending keeps the files the same, byte for byte, on every system.
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
