"""What a server and the process of a device say to each other."""

from typing import Any, NamedTuple

from roadside_server.computation.tiles import Tile
from roadside_server.service.stages import Stage
from roadside_server.service.tile_slots import Placed


class Question(NamedTuple):
    """A call by number; word (cancel, asked) about one that is being answered; or the end."""

    number: int
    method: str
    given: tuple[Any, ...]
    forgotten: tuple[int, ...]  # prepared scenarios that nobody holds any more


class Answer(NamedTuple):
    """To a call: what it returns, its error, or one of many tiles."""

    number: int
    content: Any = None
    error: Exception | None = None
    last: bool = True


class HandedTile(NamedTuple):
    """A tile whose arrays lie in a slot."""

    tile: Tile
    slot: int
    placed: tuple[Placed, ...]
    pairs: int
    unchanged: bool
    seconds: dict[Stage, float]  # by stage, since the tile before


class UnforeseenError(Exception):
    """An error of another process, whose own class may not be known here; holds its traceback."""
