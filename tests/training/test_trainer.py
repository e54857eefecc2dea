from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from training import trainer
from training.evaluation import embed
from training.prepare import make_tokenizer, prepare
from training.ragged import encode, stack
from training.signals import Signals
from training.trainer import train


@pytest.fixture
def tokenizer(data, work, settings):
    return make_tokenizer(data, work, settings)


@pytest.fixture
def material(data, work, settings):
    return prepare(data, work, settings)


def test_the_same_seed_gives_the_same_table_and_another_does_not(tmp_path, material, settings, tokenizer):
    size = tokenizer.get_vocab_size()
    first = train(material, settings, size, tmp_path / "a")
    again = train(material, settings, size, tmp_path / "b")
    other = train(material, replace(settings, seed=1), size, tmp_path / "c")
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_run_that_was_cut_off_ends_in_the_same_table(tmp_path, monkeypatch, material, settings, tokenizer):
    size = tokenizer.get_vocab_size()
    whole = train(material, settings, size, tmp_path / "whole")
    monkeypatch.setattr(trainer, "_CHECKPOINT_EVERY", 5)

    def cut(step, table):
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(material, settings, size, tmp_path / "cut", cut)
    assert torch.equal(train(material, settings, size, tmp_path / "cut"), whole)


def test_training_brings_words_near_their_glosses(tmp_path, material, settings, tokenizer):
    table = train(
        material, replace(settings, steps=150, from_teacher=False), tokenizer.get_vocab_size(), tmp_path / "c"
    )
    doctor, near, far = embed(encode(tokenizer, ["医生", "doctor", "subway"]), table.numpy())
    assert doctor @ near > doctor @ far + 0.2


def test_the_gathered_gradient_is_the_one_autograd_finds(material, settings, tokenizer):
    batches = Signals(material, settings, tokenizer.get_vocab_size()).draw(np.random.default_rng(0))
    table = torch.randn((tokenizer.get_vocab_size(), 8), generator=torch.Generator().manual_seed(0))
    texts = stack([batch.texts for batch in batches])
    ids, offsets = torch.from_numpy(texts.ids.astype(np.int64)), torch.from_numpy(texts.offsets)
    weights = table.clone().requires_grad_()
    sums = F.embedding_bag(ids, weights, offsets, mode="sum", include_last_offset=True)
    direction = torch.randn(sums.shape, generator=torch.Generator().manual_seed(1))
    (expected,) = torch.autograd.grad((sums * direction).sum(), weights)
    rows, columns = np.unique(texts.ids, return_inverse=True)
    found = trainer._row_gradients(direction, torch.from_numpy(columns), offsets, len(rows))
    assert torch.allclose(found, expected[torch.from_numpy(rows.astype(np.int64))], atol=1e-3)


@pytest.mark.parametrize("others", [0, 4])
def test_the_written_out_losses_are_those_of_autograd(others):
    generator = torch.Generator().manual_seed(0)
    left, right = (
        F.normalize(torch.randn((rows, 5), generator=generator), dim=1).requires_grad_() for rows in (6, 6 + others)
    )
    labels = torch.arange(6)
    similar = left @ right.T / 0.1
    expected = (F.cross_entropy(similar, labels) + F.cross_entropy(similar[:, :6].T, labels)) / 2
    gradients = [torch.zeros(6, 5), torch.zeros(6 + others, 5)]
    with torch.no_grad():
        found = trainer.contrastive(left, right, *gradients, weight=2.0, temperature=0.1)
    assert torch.allclose(found, expected, atol=1e-5)
    for gradient, wanted in zip(gradients, torch.autograd.grad(2 * expected, (left, right)), strict=True):
        assert torch.allclose(gradient, wanted, atol=1e-4)


def test_the_written_out_imitation_is_that_of_autograd():
    generator = torch.Generator().manual_seed(0)
    vectors, targets = (F.normalize(torch.randn((6, 5), generator=generator), dim=1) for _ in range(2))
    vectors.requires_grad_()
    mask = torch.eye(6, dtype=torch.bool)
    wanted = (targets @ targets.T / 0.05).masked_fill(mask, -1e4).log_softmax(1)
    student = (vectors @ vectors.T / 0.05).masked_fill(mask, -1e4).log_softmax(1)
    expected = F.kl_div(student, wanted, log_target=True, reduction="batchmean")
    gradient = torch.zeros(6, 5)
    with torch.no_grad():
        found = trainer.imitation(vectors, wanted.exp(), gradient, weight=0.5)
    assert torch.allclose(found, expected, rtol=2e-3)
    assert torch.allclose(gradient, torch.autograd.grad(0.5 * expected, vectors)[0], atol=2e-2)
