"""Lists in pages, as AIP-158 asks."""

import base64
import binascii
import zlib
from collections.abc import Sequence
from typing import Protocol, TypeVar

from roadside_server.errors import InvalidInputError, require

Item = TypeVar("Item")


class PageRequest(Protocol):
    """What every request for a list has."""

    page_size: int
    page_token: str


def page_of(
    items: Sequence[Item], request: PageRequest, asked: str = "", largest: int = 1000
) -> tuple[Sequence[Item], str]:
    """The asked page and the token of the next one; the token is empty after the last.

    Parameters
    ----------
    asked : str
        The other fields of the request: a token holds for the same list only.
    largest : int
        Items of a page; more may be asked for but are not given.
    """
    size = request.page_size
    require(size >= 0, "page_size", f"{size}, must not be negative")
    start = _start(request.page_token, asked) if request.page_token else 0
    end = start + min(size or largest, largest)
    return items[start:end], _token(end, asked) if end < len(items) else ""


def _token(start: int, asked: str) -> str:
    return base64.urlsafe_b64encode(f"{start}.{_fingerprint(asked)}".encode()).decode()


def _start(token: str, asked: str) -> int:
    """Where a page begins; InvalidInputError if the token is not from such a list."""
    try:
        start, _, fingerprint = base64.urlsafe_b64decode(token.encode()).decode().partition(".")
        if int(fingerprint) == _fingerprint(asked) and start.isdecimal():
            return int(start)
    except (binascii.Error, ValueError):
        pass
    raise InvalidInputError("page_token", f"{token[:80]!r} is not from a page of this list")


def _fingerprint(asked: str) -> int:
    return zlib.crc32(asked.encode())
