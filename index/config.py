"""Which settings shape a store, and which of them must match between building and asking?"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["BUILTIN_MODEL", "IndexConfig"]

BUILTIN_MODEL = Path(__file__).parent / "models" / "wenju-static"


class IndexConfig(BaseModel):
    """Settings of the indexing half; frozen, unknown names are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(
        default="builtin",
        description="'builtin', the folder of a sentence-transformers model, or its name on a model hub.",
    )
    passage_size: int = Field(
        default=240, ge=20, le=4000, description="Aim for the length of a passage, in characters."
    )

    passage_overlap: int = Field(
        default=0, ge=0, le=1000, description="Most characters a passage repeats of the sentences before it."
    )

    def fingerprint(self) -> str:
        """Hex digest (16 characters) over every setting that shapes the store.

        Two configs with equal fingerprints build interchangeable stores from the same pages and model files.
        """
        settings = json.dumps(self.model_dump(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(settings.encode()).hexdigest()[:16]
