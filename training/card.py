"""What must someone know who finds only the model folder? Its card."""

from __future__ import annotations

from training.settings import Settings

__all__ = ["model_card"]

_CARD = """---
language: [zh, en]
license: cc-by-sa-4.0
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags: [static-embedding, retrieval, bilingual]
---

# wenju-static: a small bilingual embedding model for Chinese news

One vector of {dim} numbers for each of {vocabulary:,} Chinese and English words; a text is the mean of its words.
It needs no graphics card and no network, and finds passages that say the same in other words or in the other language.

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/this/folder")
vectors = model.encode(["丰台区公布需求清单", "Fengtai publishes a list"], normalize_embeddings=True)
```

Traditional and simplified script, full and half width, upper and lower case give the same vector: the tokenizer's
normalizer folds them. Compare by cosine.

## Data and licence
The weights are under CC BY-SA 4.0. They were made from
- CC-CEDICT, Chinese-English dictionary, MDBG and contributors, CC BY-SA 4.0, https://www.mdbg.net/chinese/dictionary?page=cc-cedict
- Tatoeba, English-Chinese sentence pairs, tatoeba.org and contributors, CC BY 2.0 FR
- 67,277 Chinese news articles of 2023 as published with CRUD-RAG, Apache-2.0
- questions and paragraphs of the CMRC 2018 trial set (CC BY-SA 4.0) and the DRCD development set (CC BY-SA 3.0), and
  questions over the news articles; three fifths of the documents, the rest is kept for the figures below
- 2,448 questions that a language model wrote for this purpose, reading 490 of those articles: Chinese ones that share
  few words with the article, and English ones (`training/questions.jsonl` in the project's repo)
- the similarities that all-MiniLM-L6-v2 (Apache-2.0) finds between English texts

## Recipe
Six signals in every step, in a softmax over the batch at temperature {temperature}, Adagrad, {steps:,} steps:
news (a span of a sentence finds its neighbours; some spans have words replaced by synonyms or put into English one by
one), dictionary (a word finds its glosses), sentence pairs, the teacher's similarities (of glosses, English sentences,
English words, and of news sentences in word-by-word English), questions with their paragraphs, and the written
questions with the sentence that answers and with those around it. Every setting:

```
{settings}
```

Made by `python -m training all --data DATA --work WORK --out OUT` in the project's repo, where `training/README.md`
tells more.

## Figures
{figures}

## Limits
Word order does not count: "A beats B" and "B beats A" are one. A rare name that is not in the vocabulary is the mean
of its characters. Exact words, numbers and names are better found by keywords: use both. The news is of 2023 and
mostly from the mainland; traditional script is folded character by character, so words that differ between regions
are only as close as the dictionary makes them. Trained on newspapers and a dictionary, it carries their views.
"""


def model_card(settings: Settings, figures: str) -> str:
    """The card's text.

    Args:
        settings: What the model was trained with.
        figures: Markdown of what was measured; may be empty.
    """
    listed = "\n".join(f"{name} = {getattr(settings, name)}" for name in settings.__slots__)
    return _CARD.format(
        dim=settings.dim,
        vocabulary=settings.vocabulary,
        temperature=settings.temperature,
        steps=settings.steps,
        settings=listed,
        figures=figures or "Not measured in this run.",
    )
