"""A tiny network learns what it is shown, goes on where it was cut off, and is exported as it is."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from rag.retrieval.crossencoder import CrossEncoder, Verdict
from training.reader import fit
from training.reader.export import export_reader
from training.reader.fit import ReaderSettings, net_reader, new_net, train_reader
from training.reader.net import ReadingNet
from training.reader.rows import Row

SETTINGS = ReaderSettings(layers=1, epochs=60, groups=4, passages=2, rate=3e-3, head_rate=3e-3, dropout=0.0)


def row(*text: int, verdict: int = 0, answer: int = -1) -> Row:
    """``<s> 4 </s></s> </s> text </s>``: the question is token 4."""
    ids = (0, 4, 2, 2, 2, *text, 2)
    span = (5 + answer, 5 + answer) if answer >= 0 else (-100, -100)
    return Row(ids, (1, 1), (4, 0), (5, len(text)), verdict, span, (5 + answer,) if answer >= 0 else ())


DATA = [[row(5, 6, 7, verdict=1, answer=1), row(8, 9)], [row(9, 6, verdict=1, answer=1), row(7, 8, 5)]] * 4
"""Token 6 is the answer wherever it stands; a text without it is none."""


@pytest.fixture
def net():
    torch.manual_seed(0)
    return ReadingNet(12, 1, width=24, inner=32, heads=2, places=32)


def test_it_learns_which_passage_answers_and_where(net, tmp_path):
    train_reader(net, DATA, SETTINGS, tmp_path / "c.pt")
    batch = fit.collate([DATA[0], DATA[1]], "cpu")
    relevance, verdict, tokens = net(batch["ids"], batch["mask"])
    assert verdict.argmax(1).tolist() == [1, 0, 1, 0]
    assert relevance[0] > relevance[1]
    assert (tokens[0, :, 0].argmax(), tokens[2, :, 0].argmax()) == (6, 6)


def test_a_run_that_was_cut_off_ends_as_one_that_was_not(net, tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "_SAVED_EVERY", 5)
    whole = train_reader(net, DATA, SETTINGS, tmp_path / "whole.pt").state_dict()
    checkpoint = tmp_path / "cut.pt"

    def fresh():
        torch.manual_seed(0)
        return ReadingNet(12, 1, width=24, inner=32, heads=2, places=32)

    steps = fit._steps

    def cut_off(*args):
        for step, groups in steps(*args):
            if step == 57:
                raise KeyboardInterrupt
            yield step, groups

    monkeypatch.setattr(fit, "_steps", cut_off)
    with pytest.raises(KeyboardInterrupt):
        train_reader(fresh(), DATA, SETTINGS, checkpoint)
    monkeypatch.setattr(fit, "_steps", steps)
    resumed = train_reader(fresh(), DATA, SETTINGS, checkpoint).state_dict()
    for name, value in whole.items():
        assert torch.allclose(resumed[name], value, atol=1e-6), name


def test_balanced_groups_come_in_turns():
    data = [[row(5, verdict=verdict)] for verdict in (0, 0, 0, 1, 1, 3, 4)]
    drawn = fit._balanced(data, random.Random(0))
    verdicts = [data[next(drawn)][0].verdict for _ in range(16)]
    assert verdicts == [4, 4, 3, 1, 1, 1, 1, 0] * 2
    shuffled = fit._shuffled(data, random.Random(0))
    assert sorted(next(shuffled) for _ in range(7)) == sorted(next(shuffled) for _ in range(7)) == list(range(7))


def test_words_and_frozen_layers_stay_as_they_were(net, tmp_path):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    train_reader(net, DATA, replace(SETTINGS, frozen=1, epochs=2), tmp_path / "c.pt")
    after = net.state_dict()
    assert torch.equal(after["words.weight"], before["words.weight"])
    assert torch.equal(after["layers.0.widen.weight"], before["layers.0.widen.weight"])
    assert not torch.equal(after["verdict.weight"], before["verdict.weight"])


def test_a_student_begins_with_layers_taken_evenly_from_its_teacher():
    teacher = ReadingNet(12, 5)
    weights = {name: value.numpy() for name, value in teacher.state_dict().items()}
    student = new_net(weights, ReaderSettings(layers=3))
    for layer, source in enumerate((0, 2, 4)):
        mine, theirs = student.layers[layer].state_dict(), teacher.layers[source].state_dict()
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_batches_of_parts_give_what_one_pass_gives(net):
    net.eval()
    batch = fit.collate([DATA[0], DATA[1]], "cpu")
    whole = net(batch["ids"], batch["mask"])
    parts = fit._outputs(net, batch)
    assert torch.allclose(parts[0], whole[0], atol=1e-5)
    assert torch.allclose(parts[1], whole[1], atol=1e-5)
    there = batch["mask"].bool()
    assert torch.allclose(parts[2][there], whole[2][there], atol=1e-5)


def test_the_exported_model_reads_as_the_network_does(tmp_path):
    torch.manual_seed(1)
    shipped = CrossEncoder().tokenizer
    net = ReadingNet(shipped.get_vocab_size(), 2).eval()
    shipped.save(str(tmp_path / "tokenizer.json"))
    size = export_reader(net, tmp_path / "tokenizer.json", tmp_path / "out", {"calibration": {"constant": 0.0}})
    assert size == sum(file.stat().st_size for file in (tmp_path / "out").iterdir())
    passages = [("丰台区", "全区有44个工作室。"), ("", "鹿鸣大桥昨天通车，全长860米，双向四车道。")]
    theirs = net_reader(net, shipped)("多少个？", passages)
    ours = CrossEncoder(tmp_path / "out").read("多少个？", passages)
    for one, other in zip(ours, theirs, strict=True):
        assert one.relevance == pytest.approx(other.relevance, abs=0.05)
        assert np.allclose(one.verdicts, other.verdicts, atol=0.05)
    assert {str(verdict) for verdict in Verdict} == set(CrossEncoder(tmp_path / "out").settings["verdicts"])
