"""Ask a server for a scenario, read its tiles, open its results."""

from roadside_client.async_client import AsyncClient, connect_async
from roadside_client.client import Client, connect
from roadside_client.connection import Connection
from roadside_client.errors import DamagedChunkError, RoadsideClientError, Violation
from roadside_client.results import ResultFolder, open_result, save_result
from roadside_client.run import AsyncRun, Event, Run
from roadside_client.scenario_file import (
    ScenarioFileError,
    read_scenario_file,
    read_scenario_text,
    scenario_text,
)
from roadside_client.store import ResultStoreOverGrpc
from roadside_client.tiles import TileData

__all__ = [
    "AsyncClient",
    "AsyncRun",
    "Client",
    "Connection",
    "DamagedChunkError",
    "Event",
    "ResultFolder",
    "ResultStoreOverGrpc",
    "RoadsideClientError",
    "Run",
    "ScenarioFileError",
    "TileData",
    "Violation",
    "connect",
    "connect_async",
    "open_result",
    "read_scenario_file",
    "read_scenario_text",
    "save_result",
    "scenario_text",
]
