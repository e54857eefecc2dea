"""How is the reading model trained? Groups of passages per question, one loss per head, resumable, on a CPU or a GPU.

References:
    Devlin et al.: BERT (2019). Nogueira et al.: Multi-Stage Document Ranking with BERT (2019).
    Hinton et al.: Distilling the Knowledge in a Neural Network (2015), for a smaller model.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from rag.retrieval.crossencoder import VERDICTS, Judgement, encode_pairs, judge
from training.reader.net import ReadingNet
from training.reader.rows import IGNORED, Row, bare_row, collate, crop
from training.report import report

__all__ = ["ReaderSettings", "net_reader", "new_net", "train_reader"]

_SAVED_EVERY = 200  # steps
_TOLD_EVERY = 50
_PARTS = 4  # of a batch, by length
_TURNS = (4, 4, 2, 1, 1, 1, 1, 0)  # verdicts of the right passages of eight groups; 2 stands for yes or no


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """How to train; the defaults are the recipe of the shipped model.

    Attributes:
        seed: Decides every draw.
        vocabulary: Pieces that are kept.
        layers: Of the encoder; with fewer than the base has, they are taken evenly from it.
        frozen: Of those, how many at the bottom keep the base's weights.
        epochs: Times that each group is seen.
        groups: Per step.
        passages: Per group and step: the right one, and others drawn anew each time.
        rate: Greatest learning rate of the encoder; ``head_rate`` of the heads. Both rise over the first twentieth of
            the steps and fall to a fiftieth along a straight line.
        dropout: Share of numbers that are dropped in each layer.
        soft: Weight of the teacher's outputs beside the labels, where there is a teacher.
        longest: Tokens; longer inputs are left out of training.
        cropped: Share of the passages that are cut down to a few sentences.
        balanced: Whether groups are drawn by what their right passage says, in the proportions of ``_TURNS``, instead
            of each once in an epoch.
    """

    seed: int = 0
    vocabulary: int = 32_000
    layers: int = 12
    frozen: int = 0
    epochs: float = 4.0
    groups: int = 24
    passages: int = 7
    rate: float = 1.5e-4
    head_rate: float = 6e-4
    dropout: float = 0.1
    soft: float = 1.0
    longest: int = 384
    cropped: float = 0.5
    balanced: bool = False


def new_net(weights: Mapping[str, NDArray[np.float32]], settings: ReaderSettings) -> ReadingNet:
    """A network that begins with the base's weights, or with those of a trained network of more layers."""
    there = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    chosen = [round(layer * (there - 1) / max(1, settings.layers - 1)) for layer in range(settings.layers)]
    torch.manual_seed(settings.seed)
    net = ReadingNet(len(weights["words.weight"]), settings.layers)
    state = {name: torch.tensor(value) for name, value in weights.items() if not name.startswith("layers.")}
    for layer, source in enumerate(chosen):
        prefix = f"layers.{source}."
        state |= {
            f"layers.{layer}.{name.removeprefix(prefix)}": torch.tensor(value)
            for name, value in weights.items()
            if name.startswith(prefix)
        }
    net.load_state_dict(state, strict=False)
    return net


def train_reader(
    net: ReadingNet,
    data: Sequence[list[Row]],
    settings: ReaderSettings,
    checkpoint: Path,
    device: str = "cpu",
    teacher: ReadingNet | None = None,
    minutes: float = 0.0,
    ends: frozenset[int] = frozenset(),
) -> ReadingNet:
    """Train a network in place.

    A run that was cut off goes on from its checkpoint, with the same draws.

    Args:
        net: The network.
        data: Groups of rows; the first row of a group is the right one, where one is.
        settings: How to train.
        checkpoint: File to write every so many steps, and to go on from.
        device: ``cpu`` or ``cuda``.
        teacher: A trained network whose outputs are learnt beside the labels.
        minutes: Stop after so long, learning rates falling in time; no limit when 0.
        ends: Tokens that end a sentence, for cropping.
    """
    net.to(device).train()
    _set_dropout(net, settings.dropout)
    for name, parameter in net.named_parameters():
        below = name.startswith(("words", "places", "norm."))
        layer = int(name.split(".")[1]) if name.startswith("layers.") else settings.layers
        parameter.requires_grad = not (
            name.startswith("words") or ((below or layer < settings.frozen) and settings.frozen)
        )
    optimizer = _optimizer(net, settings)
    steps = max(1, round(settings.epochs * len(data) / settings.groups))
    begun = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        net.load_state_dict(saved["net"])
        optimizer.load_state_dict(saved["optimizer"])
        begun = int(saved["step"])
        report(f"reader: goes on from step {begun}")
    start, losses = time.monotonic(), []
    for step, groups in _steps(data, settings, steps, ends):
        if step < begun:
            continue
        spent = (time.monotonic() - start) / (60 * minutes) if minutes else 0.0
        if spent >= 1.0:
            break
        _set_rate(optimizer, settings, max(step / steps, spent))
        batch = collate(groups, device)
        loss = _loss(net, batch, teacher, settings.soft, device)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.detach())
        if step % _TOLD_EVERY == _TOLD_EVERY - 1:
            mean = float(torch.stack(losses[-_TOLD_EVERY:]).mean())
            report(f"reader: step {step + 1} of {steps}, loss {mean:.3f}, {time.monotonic() - start:.0f} s")
        if step % _SAVED_EVERY == _SAVED_EVERY - 1 and device == "cpu":
            state: dict[str, Any] = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    return net.eval()


def _steps(
    data: Sequence[list[Row]], settings: ReaderSettings, steps: int, ends: frozenset[int]
) -> Iterator[tuple[int, list[list[Row]]]]:
    """Per step its number and its groups, each with passages drawn anew."""
    draw = random.Random(settings.seed)  # noqa: S311  # not a secret
    order = _balanced(data, draw) if settings.balanced else _shuffled(data, draw)
    for step in range(steps):
        groups = [_drawn(data[next(order)], settings.passages, draw) for _ in range(settings.groups)]
        cropped = [[crop(row, ends, draw) if draw.random() < settings.cropped else row for row in g] for g in groups]
        yield step, cropped if ends else groups


def _shuffled(data: Sequence[list[Row]], draw: random.Random) -> Iterator[int]:
    """Every group once, in an order of its own in each epoch, without end."""
    while True:
        order = list(range(len(data)))
        draw.shuffle(order)
        yield from order


def _balanced(data: Sequence[list[Row]], draw: random.Random) -> Iterator[int]:
    """Groups by what their right passage says, in turns, without end; what there is none of is passed over."""
    of: dict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(data):
        of[2 if group[0].verdict == 3 else group[0].verdict].append(number)
    while True:
        yield from (draw.choice(of[verdict]) for verdict in _TURNS if of[verdict])


def _drawn(group: list[Row], count: int, draw: random.Random) -> list[Row]:
    right = group[:1] if group[0].verdict else []
    others = group[len(right) :]
    wanted = count - len(right)
    return [*right, *(draw.sample(others, wanted) if len(others) > wanted else others)]


def _loss(
    net: ReadingNet,
    batch: Mapping[str, Tensor],
    teacher: ReadingNet | None,
    soft: float,
    device: str,
) -> Tensor:
    with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
        outputs = _outputs(net, batch)
    relevance, verdict, tokens = (output.float() for output in outputs)
    loss = _hard_loss(relevance, verdict, tokens, batch)
    if teacher is None:
        return loss
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
        told = _outputs(teacher, batch)
    return loss + soft * _soft_loss((relevance, verdict, tokens), [output.float() for output in told], batch)


def _outputs(net: ReadingNet, batch: Mapping[str, Tensor]) -> list[Tensor]:
    """What a network gives for a batch, read in parts of about one length, as padding costs as much as text."""
    length = batch["ids"].shape[1]
    parts = batch["order"].chunk(_PARTS)
    sizes = [int(part[-1]) for part in batch["lengths"].chunk(_PARTS)]
    read = [net(batch["ids"][rows, :size], batch["mask"][rows, :size]) for rows, size in zip(parts, sizes, strict=True)]
    back = batch["order"].argsort()
    relevance, verdict = (torch.cat([outputs[n] for outputs in read])[back] for n in (0, 1))
    tokens = [functional.pad(outputs[2], (0, 0, 0, length - outputs[2].shape[1])) for outputs in read]
    return [relevance, verdict, torch.cat(tokens)[back]]


def _hard_loss(relevance: Tensor, verdict: Tensor, tokens: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    right = (batch["verdict"] > 0).float()
    weight = torch.where(torch.arange(len(VERDICTS), device=verdict.device) == 0, 0.5, 1.0)  # most do not answer
    loss = functional.cross_entropy(verdict, batch["verdict"], weight=weight)
    loss = loss + 0.5 * functional.binary_cross_entropy_with_logits(relevance, right)
    ranked = relevance[batch["slots"].clamp(min=0)].masked_fill(batch["slots"] < 0, -1e4)
    first = -ranked.log_softmax(1)[:, 0]
    loss = loss + (first * batch["answered"]).sum() / batch["answered"].sum().clamp(min=1)
    outside = ~batch["text"]
    for column, name in enumerate(("start", "end")):
        scores = tokens[..., column].masked_fill(outside, -1e4)
        missed = functional.cross_entropy(scores, batch[name], ignore_index=IGNORED, reduction="sum")
        loss = loss + 0.5 * missed / (batch[name] >= 0).sum().clamp(min=1)
    for kind, column, where in ((0, 2, "text"), (1, 3, "passage"), (2, 4, "question")):
        known = batch["known"][kind][:, None] * batch[where].float()
        each = functional.binary_cross_entropy_with_logits(tokens[..., column], batch["marks"][kind], reduction="none")
        loss = loss + 4.0 * (each * known).sum() / known.sum().clamp(min=1)
    return loss


def _soft_loss(ours: Sequence[Tensor], theirs: Sequence[Tensor], batch: Mapping[str, Tensor]) -> Tensor:
    """How far the outputs are from a teacher's."""
    loss = functional.kl_div(ours[1].log_softmax(1), theirs[1].log_softmax(1), log_target=True, reduction="batchmean")
    loss = loss + 0.1 * functional.mse_loss(ours[0], theirs[0])
    outside = ~batch["text"]
    likely = (1 - theirs[1].softmax(1)[:, 0]).detach()  # where nothing answers, no place is worth learning
    for column in (0, 1):
        mine, taught = (
            scores[..., column].masked_fill(outside, -1e4).log_softmax(1) for scores in (ours[2], theirs[2])
        )
        each = (taught.exp() * (taught - mine)).sum(1)
        loss = loss + 0.5 * (each * likely).sum() / likely.sum().clamp(min=1e-6)
    for column, where in ((2, "text"), (3, "passage"), (4, "question")):
        weight = likely[:, None] * batch[where].float()
        each = functional.binary_cross_entropy_with_logits(
            ours[2][..., column], theirs[2][..., column].sigmoid(), reduction="none"
        )
        loss = loss + 4.0 * (each * weight).sum() / weight.sum().clamp(min=1e-6)
    return loss


def _optimizer(net: ReadingNet, settings: ReaderSettings) -> torch.optim.Optimizer:
    plain, normed, heads = [], [], []
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith(("pooled", "relevance", "verdict", "tokens")):
            heads.append(parameter)
        elif parameter.ndim < 2:
            normed.append(parameter)
        else:
            plain.append(parameter)
    return torch.optim.AdamW(
        [
            {"params": plain, "lr": settings.rate, "top": settings.rate, "weight_decay": 0.01},
            {"params": normed, "lr": settings.rate, "top": settings.rate, "weight_decay": 0.0},
            {"params": heads, "lr": settings.head_rate, "top": settings.head_rate, "weight_decay": 0.01},
        ],
        fused=heads[0].is_cuda,
    )


def _set_rate(optimizer: torch.optim.Optimizer, settings: ReaderSettings, progress: float) -> None:
    share = min(1.0, 20 * progress + 1e-3) * max(0.02, 1.0 - progress)
    for group in optimizer.param_groups:
        group["lr"] = group["top"] * share


def _set_dropout(net: ReadingNet, share: float) -> None:
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share


def net_reader(net: ReadingNet, tokenizer: Tokenizer, device: str = "cpu") -> Callable[..., list[Judgement]]:
    """A trained network as something that reads, see :class:`training.reader.score.Read`."""

    def read(question: str, passages: Sequence[tuple[str, str]]) -> list[Judgement]:
        pairs = encode_pairs(tokenizer, question, passages)
        batch = collate([[bare_row(pair) for pair in pairs]], device)
        with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            outputs = [output.float().cpu().numpy() for output in _outputs(net, batch)]
        return [judge(*row) for row in zip(pairs, *outputs, strict=True)]

    return read
