"""Attention, the gated feed-forward, and the transformer block of both."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention


class Attention(nn.Module):
    """Multi-head attention of `x` [n, q, width] on `context` [n, k, context_width], or on `x` itself."""

    def __init__(self, width: int, context_width: int, *, head_width: int) -> None:
        super().__init__()
        self.head_width = head_width
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context_width, width, bias=False)
        self.to_v = nn.Linear(context_width, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """[n, q, width]."""
        context = x if context is None else context
        out: Tensor = self.to_out(attend(self.to_q(x), self.to_k(context), self.to_v(context), self.head_width))
        return out


class TextAndImageAttention(Attention):
    """Attention on text tokens and, apart from it, on picture tokens (DynamiCrafter, arXiv:2310.12190, eq. 2).

    The same queries meet two sets of keys and values with a softmax each; the results add up before `to_out`.
    """

    def __init__(self, width: int, context_width: int, *, head_width: int, text_tokens: int, learned: bool) -> None:
        super().__init__(width, context_width, head_width=head_width)
        self.text_tokens = text_tokens
        self.to_k_ip = nn.Linear(context_width, width, bias=False)
        self.to_v_ip = nn.Linear(context_width, width, bias=False)
        self.alpha = nn.Parameter(torch.tensor(0.0)) if learned else None

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """[n, q, width]; the first `text_tokens` of `context` [n, k, context_width] are text, the rest picture."""
        if context is None:
            raise ValueError("attention on text and picture needs a context")
        text, image = context[:, : self.text_tokens], context[:, self.text_tokens :]
        # Two softmaxes, so that text and picture do not compete for one sum of weights.
        q = self.to_q(x)
        shown = attend(q, self.to_k_ip(image), self.to_v_ip(image), self.head_width)
        if self.alpha is not None:
            shown = shown * (self.alpha.tanh() + 1)
        out: Tensor = self.to_out(attend(q, self.to_k(text), self.to_v(text), self.head_width) + shown)
        return out


class TextAttention(Attention):
    """Attention on the text tokens of a context; picture tokens after them are not looked at."""

    def __init__(self, width: int, context_width: int, *, head_width: int, text_tokens: int) -> None:
        super().__init__(width, context_width, head_width=head_width)
        self.text_tokens = text_tokens

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """[n, q, width]."""
        return super().forward(x, None if context is None else context[:, : self.text_tokens])


def attend(q: Tensor, k: Tensor, v: Tensor, head_width: int) -> Tensor:
    """softmax(q kᵀ / √head_width) v by head: q [n, i, heads·head_width], k and v [n, j, …] to [n, i, …]."""
    # No mask: every token may look at every other one, also back and forth in time.
    q, k, v = (part.reshape(*part.shape[:2], -1, head_width).transpose(1, 2) for part in (q, k, v))
    return scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


class GatedGelu(nn.Module):
    """GEGLU (arXiv:2002.05202): one half of a projection, times the exact GELU of the other half."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, out * 2)

    def forward(self, x: Tensor) -> Tensor:
        """[…, width] to […, out]; the value is the first half, the gate the second."""
        value, gate = self.proj(x).chunk(2, dim=-1)
        gated: Tensor = value * gelu(gate)
        return gated


class FeedForward(nn.Module):
    """Two layers, four times as wide between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # The middle one was a dropout; it keeps the place of the third, `net.2`.
        self.net = nn.Sequential(GatedGelu(width, width * 4), nn.Identity(), nn.Linear(width * 4, width))

    def forward(self, x: Tensor) -> Tensor:
        """[…, width]."""
        out: Tensor = self.net(x)
        return out


class TransformerBlock(nn.Module):
    """Self-attention, a second attention and a feed-forward, each behind a layer norm and added to its input."""

    def __init__(self, width: int, *, head_width: int, second: Attention | None = None) -> None:
        super().__init__()
        self.attn1 = Attention(width, width, head_width=head_width)
        self.ff = FeedForward(width)
        # Without a context, which is the case over time, the second attention is one on itself as well.
        self.attn2 = second or Attention(width, width, head_width=head_width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """[n, tokens, width]."""
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x), context)
        last: Tensor = self.ff(self.norm3(x))
        return x + last
