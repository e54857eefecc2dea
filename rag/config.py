"""Which settings does asking have? One frozen object, built once in the face and passed down."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from index.config import IndexConfig
from index.schema import Kind

__all__ = ["Legs", "RagConfig", "Within"]

Legs = Literal["fused", "ranks", "dense", "lexical"]
"""Which searches rank the passages."""


class Within(BaseModel):
    """Which articles are searched; all when nothing is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date | None = Field(default=None, description="Only articles of this day or later.")
    until: date | None = Field(default=None, description="Only articles of this day or earlier.")
    files: tuple[str, ...] = Field(default=(), max_length=1000, description="Only articles of these pages.")
    kinds: tuple[Kind, ...] = Field(default=(), max_length=len(Kind), description="Only articles of these kinds.")


class RagConfig(Within):
    """Settings of the asking half; frozen, unknown names are an error."""

    store: Path | str = Field(default=Path("store"), description="Folder of the store, or its address in Milvus.")
    index: IndexConfig = Field(default=IndexConfig(), description="How the store is built.")
    legs: Legs = Field(default="fused", description="Which searches rank the passages; one alone is for comparisons.")
    passages_read: int = Field(default=10, ge=1, le=100, description="Passages that the reader is given.")
    nearest_shown: int = Field(default=3, ge=0, le=20, description="Passages shown beside a refusal.")
    trace: bool = Field(default=False, description="Tell what spoke for each passage, feature by feature.")
    min_confidence: float = Field(default=0.25, ge=0, le=1, description="Below it, the answer is a refusal.")
    llm: str | None = Field(
        default=None,
        description="Chat model that writes the answer, as PROVIDER:MODEL; without one, answers are quotes.",
    )
    llm_base_url: str | None = Field(default=None, description="Address of an OpenAI-compatible server for it.")
    llm_timeout: float = Field(default=60.0, gt=0, le=3600, description="Seconds that its whole reply may take.")
