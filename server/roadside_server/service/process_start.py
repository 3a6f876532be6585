"""Starts the process of a device: a fresh interpreter, never a copy of one that has threads."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from subprocess import DEVNULL, Popen
from typing import TYPE_CHECKING, Any, NamedTuple

from roadside_server.errors import require
from roadside_server.settings import DeviceName

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: What it runs.
MODULE = "roadside_server.service.device_process"
#: Signals to a whole group (Ctrl-C, Slurm, systemd): the server hears them and ends its processes.
KEPT_FROM_IT = {signal.SIGINT, signal.SIGTERM}


class Start(NamedTuple):
    """How a process is started."""

    device: DeviceName
    threads: int  # that its loops share, on the CPU
    slots: int  # descriptor of the file where tiles lie


def started(how: Start) -> "tuple[Popen[bytes], Connection[Any, Any]]":
    """A process, and this end of the socket on which it answers."""
    near, far = Pipe()
    command = [sys.executable, "-m", MODULE, str(far.fileno()), str(how.slots)]
    with far, _kept(KEPT_FROM_IT):
        process = Popen(
            command, stdin=DEVNULL, env=_environment(how), pass_fds=(far.fileno(), how.slots)
        )
    return process, near


def _environment(how: Start) -> dict[str, str]:
    """Variables that hold before the first import: modules, threads, the only GPU it may see."""
    path = os.pathsep.join(part for part in sys.path if part)
    own = {"PYTHONPATH": path, "NUMBA_NUM_THREADS": str(how.threads)}
    if how.device.kind == "gpu" and how.device.number is not None:
        own["CUDA_VISIBLE_DEVICES"] = _visible(how.device.number)
    return os.environ | own


def _visible(number: int) -> str:
    """The GPU of a number, as the driver calls it."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return str(number)
    names = listed.split(",")
    rule = f"gpu:{number}, but CUDA_VISIBLE_DEVICES is {listed!r}"
    require(number < len(names), "device", rule)
    return names[number]


@contextmanager
def _kept(signals: set[signal.Signals]) -> Iterator[None]:
    """Block signals on this thread; a process that it starts never gets them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
