"""How many wrong premises are marked when the right sentence is read, and how many right ones by mistake?

Run: python -m benchmarks.premises training/questions.jsonl
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rag.answerers.premises import find_mismatches
from rag.question import understand


def main(argv: Sequence[str] | None = None) -> None:
    """Hold each question against its gold quotes and count the marks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, help="questions with quotes, .jsonl")
    args = parser.parse_args(argv)
    asked, marked = {True: 0, False: 0}, {True: 0, False: 0}  # by whether the premise is wrong
    for line in args.questions.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        if item["quotes"]:
            wrong = item["type"] == "false_premise"
            asked[wrong] += 1
            marked[wrong] += bool(find_mismatches(understand(item["question"]), item["quotes"]))
    for wrong, name in ((True, "wrong premises"), (False, "other questions")):
        print(f"{name}: {marked[wrong]} of {asked[wrong]} marked ({marked[wrong] / asked[wrong]:.1%})")


if __name__ == "__main__":
    main()
