"""How does the table of token vectors learn? Softmax over the batch, Adagrad on the rows that a step touches.

A text is the mean of its tokens' vectors at unit length. Gradients are written out: a step reaches some tens of
thousands of rows, and gathering theirs by one grouped sum is many times faster than autograd through a lookup.

References:
    van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding (2018), the loss.
    Duchi, Hazan, Singer: Adaptive Subgradient Methods (2011), the optimiser.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)

from training.prepare import Material
from training.ragged import stack
from training.report import report
from training.settings import Settings
from training.signals import Batch, Signals

__all__ = ["contrastive", "imitation", "initial_table", "train"]

_CHECKPOINT_EVERY = 250
_EPSILON = 1e-8
_TINY = 1e-12
_FIRST_SQUARE = 1e-10  # about that of a first gradient: much more would stifle the steps, less would undo the start
_WARM_UP = 50
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of the settings in malloc.h
_TEACHER_TEMPERATURE = 0.05


def train(
    material: Material,
    settings: Settings,
    size: int,
    checkpoint: Path,
    after: Callable[[int, torch.Tensor], None] | None = None,
) -> torch.Tensor:
    """Train a table and return it, (size, dim) float32.

    A checkpoint is kept; a run with the same settings goes on from it and ends in the same table.

    Args:
        material: The tokenised data.
        settings: How to train.
        size: Rows of the table.
        checkpoint: Its file.
        after: Told the step and the table at every checkpoint.
    """
    _keep_memory()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    signals = Signals(material, settings, size)
    table = initial_table(material, settings, size).to(device)
    squares = torch.full_like(table, _FIRST_SQUARE)
    first = _resume(checkpoint, settings, table, squares)
    losses: list[list[float]] = []
    for step in range(first, settings.steps):
        # Each step has its own generator, so that a run taken up again draws what it would have drawn.
        batches = signals.draw(np.random.default_rng([settings.seed, step]))
        losses.append(_step(table, squares, batches, _rate(step, settings), settings))
        if (step + 1) % 50 == 0:
            means = " ".join(f"{value:.3f}" for value in np.mean(losses[-50:], axis=0))
            report(f"train: step {step + 1}/{settings.steps} losses {means}")
        if (step + 1) % _CHECKPOINT_EVERY == 0 or step + 1 == settings.steps:
            _save(checkpoint, settings, step + 1, table, squares)
            if after:
                after(step + 1, table)
    return table.cpu()


def initial_table(material: Material, settings: Settings, size: int) -> torch.Tensor:
    """Random directions; where the teacher knows a word, its direction first, frequent words shorter."""
    generator = torch.Generator().manual_seed(settings.seed)
    table = torch.randn((size, settings.dim), generator=generator) * 0.3
    counts = np.bincount(material.news.ids, minlength=size).astype(np.float32)
    scale = torch.from_numpy(1e-4 / (1e-4 + counts / max(1.0, counts.sum())))
    if settings.from_teacher:
        for texts, targets in ((material.heads, material.head_targets), (material.words, material.word_targets)):
            single = np.flatnonzero(texts.lengths == 1)
            rows = torch.from_numpy(texts.ids[texts.offsets[single]].astype(np.int64))
            vectors = torch.from_numpy(targets[single].astype(np.float32))
            vectors = F.normalize(vectors - vectors.mean(0), dim=1)
            width = min(settings.dim, vectors.shape[1])
            table[rows, :width] += vectors[:, :width] * settings.dim**0.5 * 0.5
    return (table * (0.2 + scale[:, None])).contiguous()


def _step(
    table: torch.Tensor, squares: torch.Tensor, batches: Sequence[Batch], rate: float, settings: Settings
) -> list[float]:
    """One update of the table, in place; returns the losses of the batches."""
    texts = stack([batch.texts for batch in batches])
    rows, columns = np.unique(texts.ids, return_inverse=True)
    touched = torch.from_numpy(rows.astype(np.int64)).to(table.device)
    offsets = torch.from_numpy(texts.offsets).to(table.device)
    lookup = torch.from_numpy(columns.astype(np.int64)).to(table.device)
    weights = table[touched]
    sums = F.embedding_bag(lookup, weights, offsets, mode="sum", include_last_offset=True)
    lengths = sums.norm(dim=1, keepdim=True).clamp_min_(_EPSILON)
    vectors = sums.div_(lengths)
    gradient = torch.zeros_like(vectors)
    losses: list[torch.Tensor] = []
    start = 0
    for batch in batches:
        part = slice(start, start + len(batch.texts))
        losses += _losses(vectors[part], gradient[part], batch, settings)
        start = part.stop
    # Through the division by the length: what points along the vector itself changes nothing.
    along = (gradient * vectors).sum(1, keepdim=True)
    gradient.addcmul_(vectors, along, value=-1).div_(lengths)
    step = _row_gradients(gradient, lookup, offsets, len(rows))
    history = squares[touched].addcmul_(step, step)
    squares[touched] = history
    table[touched] = weights.addcdiv_(step, history.sqrt_().add_(_EPSILON), value=-rate)
    return [float(loss) for loss in losses]


def _row_gradients(gradient: torch.Tensor, lookup: torch.Tensor, offsets: torch.Tensor, rows: int) -> torch.Tensor:
    """Gradient of each row: the sum over the texts that hold it, grouped by row so that a bag sums them."""
    order = torch.argsort(lookup, stable=True)
    texts = torch.repeat_interleave(torch.arange(len(offsets) - 1, device=offsets.device), offsets.diff())
    bounds = torch.searchsorted(lookup[order], torch.arange(rows + 1, device=lookup.device))
    return F.embedding_bag(texts[order], gradient, bounds, mode="sum", include_last_offset=True)


def _losses(
    vectors: torch.Tensor, gradient: torch.Tensor, batch: Batch, settings: Settings
) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch's two losses; their gradient is added to ``gradient``, weighted."""
    pairs = batch.pairs
    contrast = teaching = vectors.new_zeros(())
    if pairs:
        contrast = contrastive(
            vectors[:pairs], vectors[pairs:], gradient[:pairs], gradient[pairs:], batch.weight, settings.temperature
        )
    if batch.targets is not None:
        targets = F.normalize(torch.from_numpy(batch.targets.astype(np.float32)).to(vectors.device), dim=1)
        sides = ((0, pairs), (pairs, 2 * pairs)) if pairs else ((0, len(vectors)),)
        weight = settings.teacher_weight / len(sides)
        wanted = _neighbourhood(targets)
        for start, end in sides:
            teaching = teaching + imitation(vectors[start:end], wanted, gradient[start:end], weight) / len(sides)
    return contrast, teaching


def contrastive(
    left: torch.Tensor,
    right: torch.Tensor,
    left_gradient: torch.Tensor,
    right_gradient: torch.Tensor,
    weight: float,
    temperature: float,
) -> torch.Tensor:
    """Cross entropy of finding each row's partner, both ways; adds the weighted gradients to those given.

    Rows on the right beyond the left's number are nobody's partner: they only stand beside the others.
    Written out rather than left to autograd: one exponential serves both directions, and half the time is saved.
    """
    count = len(left)
    similar = left @ right.T / temperature
    partners = similar.diagonal().clone()
    odds = similar.exp_()  # unit vectors: at most exp(1 / temperature), far from overflow
    rows, columns = odds.sum(1), odds[:, :count].sum(0)
    loss = ((rows.log() + columns.log()) / 2 - partners).mean()
    share = torch.zeros_like(odds[0])
    share[:count] = 0.5 / columns
    pull = odds.mul_((0.5 / rows)[:, None] + share[None, :])
    pull.diagonal().sub_(1.0)
    scale = weight / (count * temperature)
    left_gradient.addmm_(pull, right, alpha=scale)
    right_gradient.addmm_(pull.T, left, alpha=scale)
    return loss


def imitation(vectors: torch.Tensor, wanted: torch.Tensor, gradient: torch.Tensor, weight: float) -> torch.Tensor:
    """KL divergence of a batch's similarities from those wanted; adds the weighted gradient to the one given."""
    found = _neighbourhood(vectors)
    loss = (wanted * ((wanted + _TINY).log() - (found + _TINY).log())).sum(1).mean()
    pull = found.sub_(wanted)
    scale = weight / (len(vectors) * _TEACHER_TEMPERATURE)
    gradient.addmm_(pull, vectors, alpha=scale).addmm_(pull.T, vectors, alpha=scale)
    return loss


def _neighbourhood(vectors: torch.Tensor) -> torch.Tensor:
    """Softmax over the similarities of unit vectors, a text's likeness to itself left out."""
    odds = (vectors @ vectors.T / _TEACHER_TEMPERATURE).exp_()
    odds.fill_diagonal_(0.0)
    return odds.div_(odds.sum(1, keepdim=True))


def _rate(step: int, settings: Settings) -> float:
    warm = min(1.0, (step + 1) / _WARM_UP)
    return settings.rate * warm * max(0.02, 1 - step / settings.steps)


def _keep_memory() -> None:
    """Have the C library keep large blocks for the next step: handing them back each time costs a third of a step."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, 1 << 30)
        library.mallopt(_TRIM_THRESHOLD, 1 << 30)


def _resume(file: Path, settings: Settings, table: torch.Tensor, squares: torch.Tensor) -> int:
    if not file.exists():
        return 0
    saved = torch.load(file, weights_only=True)
    if saved["settings"] != asdict(settings):
        return 0
    table.copy_(saved["table"])
    squares.copy_(saved["squares"])
    report(f"train: going on from step {saved['step']}")
    return int(saved["step"])


def _save(file: Path, settings: Settings, step: int, table: torch.Tensor, squares: torch.Tensor) -> None:
    partial = file.with_suffix(".part")
    torch.save({"settings": asdict(settings), "step": step, "table": table, "squares": squares}, partial)
    partial.replace(file)
