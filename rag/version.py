"""Which version of the program is installed?"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["program_version"]


def program_version() -> str:
    """The installed version; "0" where the package is not installed."""
    try:
        return version("wenju")
    except PackageNotFoundError:
        return "0"
