"""Where networks and noise are, on a device whose memory may be short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Places:
    """One device, and whether networks wait on the CPU until they compute."""

    def __init__(self, device: str, *, offload: bool = False) -> None:
        self.device = torch.device(device)
        self._offload = offload

    @contextmanager
    def awake(self, *networks: nn.Module) -> Iterator[None]:
        """Those networks on the device, for as long as they compute."""
        if not self._offload:
            yield
            return
        try:
            for network in networks:
                network.to(self.device)
            yield
        finally:
            for network in networks:
                network.to("cpu")


class Noise:
    """Normal numbers in float32 from one seed, the same on every device."""

    def __init__(self, seed: int, places: Places) -> None:
        # Drawn on the CPU and then moved: every kind of device has a generator of its own.
        self._generator = torch.Generator().manual_seed(seed)
        self._device = places.device

    def __call__(self, *shape: int) -> Tensor:
        """The next ones."""
        return torch.randn(shape, generator=self._generator).to(self._device)
