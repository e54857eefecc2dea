"""What can be set about a training run? Two frozen objects: where the data lies, and how to train."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["DataPaths", "Settings"]


@dataclass(frozen=True, slots=True)
class DataPaths:
    """The public data sets; none of them is part of the repo."""

    news: Path
    news_questions: Path
    cmrc: Path
    drcd: Path
    tatoeba: Path
    cedict: Path

    @classmethod
    def from_folder(cls, folder: Path) -> DataPaths:
        """The files under their usual names in one folder."""
        return cls(
            news=folder / "news.jsonl.xz",
            news_questions=folder / "news_questions.jsonl",
            cmrc=folder / "cmrc2018_trial.json",
            drcd=folder / "drcd_dev.json",
            tatoeba=folder / "tatoeba_en_zh.tsv",
            cedict=folder / "cedict.txt.gz",
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train; the defaults are the recipe of the shipped model.

    Attributes:
        seed: Decides every draw.
        vocabulary: Rows of the table; ``candidates`` words are tried on the texts first.
        dim: Length of a vector.
        steps: Updates of the table.
        rate: Adagrad's learning rate, falling to 0 along a straight line after the warm-up.
        temperature: Of the softmax over cosine similarities in a batch.
        rough_sentences: News sentences whose rough English the teacher reads.
        news_batch, dictionary_batch, sentence_batch, rough_batch, question_batch: Rows of each signal in a step.
        plain_share: Of the news spans, those left as they are; ``synonym_share`` of them have words replaced by
            synonyms, and the rest are put into rough English.
        dropped_share: Of the plain spans, those whose sentence is taken out of the passage.
        dictionary_weight, sentence_weight, teacher_weight, question_weight: Of each loss; the news weighs 1.
        from_teacher: Whether words that the teacher knows start in its directions.
    """

    seed: int = 0
    vocabulary: int = 58_000
    candidates: int = 70_000
    dim: int = 512
    steps: int = 1_600
    rate: float = 0.15
    temperature: float = 0.05
    rough_sentences: int = 16_000
    news_batch: int = 1_536
    dictionary_batch: int = 512
    sentence_batch: int = 384
    rough_batch: int = 384
    question_batch: int = 128
    plain_share: float = 0.5
    synonym_share: float = 0.25
    dropped_share: float = 0.7
    dictionary_weight: float = 0.5
    sentence_weight: float = 0.5
    teacher_weight: float = 0.5
    question_weight: float = 0.3
    from_teacher: bool = True
