"""The process of a device with tiles that are made up: it does what the scenario's title says."""

import time

import numpy as np
from roadside_server.computation.job import Job, TileResult
from roadside_server.errors import ComputationCancelledError, InvalidInputError
from roadside_server.service import device_process


def value_of(tile):
    return 10.0 * tile.row + tile.column


def made_up(job, tile, cancelled):
    """The tile's number everywhere, or the error that is asked for."""
    match job.scenario.title:
        case "refused":
            raise InvalidInputError("scenario.tolerance", "0.1 is too much")
        case "broken":
            raise RuntimeError("secret /srv/path")
        case "endless":
            wait_for(cancelled)
        case "busy":
            spin_until(cancelled)
    values = {array.name: np.full(tile.shape, value_of(tile), array.dtype) for array in job.arrays}
    return TileResult(tile, values, pairs=7)


def wait_for(cancelled):
    while not cancelled():
        time.sleep(0.01)
    raise ComputationCancelledError("cancelled by the caller")


def spin_until(cancelled):
    while not cancelled():
        sum(range(10_000))
    raise ComputationCancelledError("cancelled by the caller")


if __name__ == "__main__":
    Job.compute = made_up
    device_process.main()
