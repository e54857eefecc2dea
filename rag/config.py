"""Which settings does asking have? One frozen object, built once in the face and passed down."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from index.config import IndexConfig

__all__ = ["Legs", "RagConfig"]

Legs = Literal["fused", "ranks", "dense", "lexical"]
"""Which searches rank the passages."""


class RagConfig(BaseModel):
    """Settings of the asking half; frozen, unknown names are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Path = Field(default=Path("store"), description="Folder of the store.")
    index: IndexConfig = Field(default=IndexConfig(), description="How the store is built.")
    legs: Legs = Field(default="fused", description="Which searches rank the passages; one alone is for comparisons.")
    since: date | None = Field(default=None, description="Search only articles of this day or later.")
    until: date | None = Field(default=None, description="Search only articles of this day or earlier.")
    passages_read: int = Field(default=10, ge=1, le=100, description="Passages that the reader is given.")
    nearest_shown: int = Field(default=3, ge=0, le=20, description="Passages shown beside a refusal.")
    trace: bool = Field(default=False, description="Tell what spoke for each passage, feature by feature.")
    min_confidence: float = Field(default=0.2, ge=0, le=1, description="Below it, the answer is a refusal.")
    llm: str | None = Field(
        default=None,
        description="Chat model that writes the answer, as PROVIDER:MODEL; without one, answers are quotes.",
    )
    llm_base_url: str | None = Field(default=None, description="Address of an OpenAI-compatible server for it.")
    llm_timeout: float = Field(default=60.0, gt=0, le=3600, description="Seconds that its whole reply may take.")
