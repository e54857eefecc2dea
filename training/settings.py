"""What can be set about a training run? Two frozen objects: where the data lies, and how to train."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["DataPaths", "Settings"]

_WRITTEN = Path(__file__).with_name("questions.jsonl")


@dataclass(frozen=True, slots=True)
class DataPaths:
    """The public data sets, none of them part of the repo, and the written questions, which are."""

    news: Path
    news_questions: Path
    cmrc: Path
    drcd: Path
    tatoeba: Path
    cedict: Path
    written: Path

    @classmethod
    def from_folder(cls, folder: Path, written: Path = _WRITTEN) -> DataPaths:
        """The files under their usual names in one folder; the written questions lie beside this module."""
        return cls(
            news=folder / "news.jsonl.xz",
            news_questions=folder / "news_questions.jsonl",
            cmrc=folder / "cmrc2018_trial.json",
            drcd=folder / "drcd_dev.json",
            tatoeba=folder / "tatoeba_en_zh.tsv",
            cedict=folder / "cedict.txt.gz",
            written=written,
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
        news_batch, dictionary_batch, sentence_batch, rough_batch, question_batch, written_batch: Rows of each signal
            in a step.
        plain_share: Of the news spans, those left as they are; ``synonym_share`` of them have words replaced by
            synonyms, and the rest are put into rough English.
        dropped_share: Of the plain spans, those whose sentence is taken out of the passage.
        dictionary_weight, sentence_weight, teacher_weight, question_weight, written_weight: Of each loss; the news
            weighs 1.
        written_negatives: Of the written questions, passages of other articles that stand beside the right ones.
        written_thinned: Of the words of a written question and its answer, those left out at random: the questions are
            few and come up often, and would be learnt by heart.
        from_teacher: Whether words that the teacher knows start in its directions.
    """

    seed: int = 0
    vocabulary: int = 58_000
    candidates: int = 70_000
    dim: int = 512
    steps: int = 1_600
    rate: float = 0.15
    temperature: float = 0.07
    rough_sentences: int = 16_000
    news_batch: int = 1_536
    dictionary_batch: int = 512
    sentence_batch: int = 384
    rough_batch: int = 384
    question_batch: int = 128
    written_batch: int = 384
    written_negatives: int = 1_024
    written_thinned: float = 0.3
    plain_share: float = 0.5
    synonym_share: float = 0.25
    dropped_share: float = 0.7
    dictionary_weight: float = 0.5
    sentence_weight: float = 0.5
    teacher_weight: float = 0.5
    question_weight: float = 0.3
    written_weight: float = 0.5
    from_teacher: bool = True
