"""What network reads question and passage together? A BERT encoder with three small heads.

Verdicts and token scores are what ``rag.retrieval.crossencoder`` expects of the exported model; the names of both
stand there.

References:
    Devlin et al.: BERT (2019). Nogueira, Cho: Passage Re-ranking with BERT (2019).
    Rajpurkar et al.: Know What You Don't Know: Unanswerable Questions for SQuAD (2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from rag.retrieval.crossencoder import TOKEN_SCORES, VERDICTS

__all__ = ["ReadingNet"]


class ReadingNet(nn.Module):
    """Question and passage in, relevance, verdict and token scores out.

    Args:
        words: Size of the vocabulary.
        layers: Layers of the encoder.
        width: Numbers per token.
        inner: Width of the feed-forward part.
        heads: Of the attention.
        places: Longest input in tokens.
    """

    def __init__(
        self, words: int, layers: int, width: int = 384, inner: int = 1536, heads: int = 12, places: int = 512
    ) -> None:
        super().__init__()
        self.heads = heads
        self.words = nn.Embedding(words, width)
        self.places = nn.Embedding(places, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(_Layer(width, inner, heads) for _ in range(layers))
        self.pooled = nn.Linear(2 * width, width)
        self.relevance = nn.Linear(width, 1)
        self.verdict = nn.Linear(width, len(VERDICTS))
        self.tokens = nn.Linear(width, len(TOKEN_SCORES))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read a batch.

        Args:
            ids: (batch, length) int64.
            mask: (batch, length) int64, 1 where there is a token.

        Returns:
            relevance (batch,), verdict (batch, len(VERDICTS)) and tokens (batch, length, len(TOKEN_SCORES)), logits.
        """
        hidden = self.embed(ids)
        seen = mask[:, None, None, :].bool()
        for layer in self.layers:
            hidden = layer(hidden, seen)
        return self.read(hidden, mask)

    def embed(self, ids: Tensor) -> Tensor:
        """(batch, length, width), what the first layer sees."""
        places = torch.arange(ids.shape[1], device=ids.device)
        embedded: Tensor = self.norm(self.words(ids) + self.places(places)[None])
        return embedded

    def read(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The heads over what the last layer gives."""
        there = mask[:, :, None].to(hidden.dtype)
        mean = (hidden * there).sum(1) / there.sum(1)
        pooled = torch.tanh(self.pooled(torch.cat([hidden[:, 0], mean], dim=1)))
        return self.relevance(pooled).squeeze(-1), self.verdict(pooled), self.tokens(hidden)


class _Layer(nn.Module):
    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.projections = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-12)
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.output_norm = nn.LayerNorm(width, eps=1e-12)
        self.dropped = nn.Dropout(0.0)

    def forward(self, hidden: Tensor, seen: Tensor) -> Tensor:
        batch, length, width = hidden.shape
        split = self.projections(hidden).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=seen)
        mixed = mixed.transpose(1, 2).reshape(batch, length, width)
        hidden = self.attention_norm(hidden + self.dropped(self.attended(mixed)))
        output: Tensor = self.output_norm(hidden + self.dropped(self.narrow(gelu(self.widen(hidden)))))
        return output
