"""Evaluation on questions with gold answers. Run: python -m rag.evaluation QUESTIONS --out runs/dev"""

from __future__ import annotations

import sys

from rag.cli.evaluation import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
