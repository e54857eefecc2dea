"""How do settings become flags of a command? Every field of a frozen object is one, with its default."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any, TypeVar

__all__ = ["add_flags", "read_flags"]

T = TypeVar("T")


def add_flags(command: argparse.ArgumentParser, settings: type[Any]) -> None:
    """Give a command a flag for each field of a dataclass whose fields all have defaults."""
    for field in fields(settings):
        flag = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            command.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            command.add_argument(flag, type=type(field.default), default=field.default)


def read_flags(args: argparse.Namespace, settings: type[T]) -> T:
    """The object that the flags tell."""
    return settings(**{field.name: getattr(args, field.name) for field in fields(settings)})  # type: ignore[arg-type]
