from __future__ import annotations

import numpy as np
import pytest

from training.__main__ import main


def test_one_command_goes_from_the_data_to_a_model_with_figures_on_its_card(data, work, tmp_path, capsys):
    out = tmp_path / "model"
    small = "--vocabulary 3000 --candidates 3000 --dim 8 --steps 4 --rough-sentences 10 --news-batch 8"
    main(["all", "--data", str(data.news.parent), "--work", str(work), "--out", str(out), *small.split()])
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "| cmrc | held out |" in card
    assert "passages of 300 characters a second" in card
    main(["neighbours", "--out", str(out), "--picture", str(tmp_path / "near.svg"), "医院"])
    assert "医院:" in capsys.readouterr().err
    assert "医院</text>" in (tmp_path / "near.svg").read_text(encoding="utf-8")


def test_the_sizes_of_a_folder_are_a_table(data, work, tmp_path, capsys):
    arguments = ["--data", str(data.news.parent), "--work", str(work), "--out", str(tmp_path / "m"), "--steps", "1"]
    arguments += ["--vocabulary", "3000", "--candidates", "3000", "--dim", "8", "--rough-sentences", "10"]
    main(["train", *arguments])
    main(["export", *arguments])
    main(["sizes", *arguments, "--dims", "4", "--words", "500"])
    assert "x 4, 8 bits |" in capsys.readouterr().err
    assert len(next(work.glob("sizes-*.md")).read_text(encoding="utf-8").splitlines()) == 2 + 5


def test_a_command_is_needed():
    with pytest.raises(SystemExit):
        main([])


def test_the_table_on_disk_is_the_table_that_is_exported(data, work, tmp_path):
    arguments = ["--data", str(data.news.parent), "--work", str(work), "--out", str(tmp_path / "m"), "--steps", "2"]
    arguments += ["--vocabulary", "3000", "--candidates", "3000", "--dim", "8", "--rough-sentences", "10"]
    main(["train", *arguments])
    main(["export", *arguments])
    from training.export import load_folder

    table, shipped = np.load(next(work.glob("table-*.npy"))), load_folder(tmp_path / "m")[1]
    scale = np.linalg.norm(shipped[2:]) / np.linalg.norm(table[2:])
    assert np.allclose(table[2:] * scale, shipped[2:], atol=5e-3)
