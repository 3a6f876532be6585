"""Start a server: ``python -m roadside_server --region DIR``."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from roadside_server.errors import RoadsideError
from roadside_server.serve import serve
from roadside_server.service.catalogue import region_folders
from roadside_server.settings import GIBIBYTE, Limits, Settings, memory_budget_of


def settings_of(arguments: list[str]) -> Settings:
    """Settings from the command line."""
    parser = argparse.ArgumentParser("roadside_server", description="Serve regions over gRPC.")
    parser.add_argument(
        "--region",
        type=Path,
        action="append",
        required=True,
        help="folder of a region, or of several; may be repeated",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=50051)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--results-budget", type=float, default=10.0, help="GiB")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--memory-budget", type=float, help="GiB for regions and their sums")
    parser.add_argument("--preload", type=float, help="tolerance to sum up all regions for")
    parser.add_argument("--queue", type=int, default=Limits().queued, help="requests that may wait")
    parser.add_argument("--reflection", action="store_true")
    asked = parser.parse_args(arguments)
    return Settings(
        regions=tuple(folder for given in asked.region for folder in region_folders(given)),
        results=asked.results,
        address=f"{asked.host}:{asked.port}",
        results_budget=int(asked.results_budget * GIBIBYTE),
        memory_budget=memory_budget_of(asked.memory_budget),
        preload=asked.preload,
        device=asked.device,
        limits=Limits(queued=asked.queue),
        reflection=asked.reflection,
    )


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 1 if the server cannot start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(serve(settings_of(sys.argv[1:] if arguments is None else arguments)))
    except RoadsideError as error:
        logging.getLogger(__name__).error("cannot start: %s", error)  # noqa: TRY400
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
