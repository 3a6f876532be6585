"""Keeps the process of a device alive: starts it again when it is lost, but not for ever."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from subprocess import Popen, TimeoutExpired

from roadside_server.errors import DeviceLostError
from roadside_server.service.process_calls import Calls
from roadside_server.service.process_start import Start, started

#: A process that was lost so many times within some seconds is not started again.
LOSSES, WITHIN = 3, 600.0
#: Seconds for a process to end when it is told to.
ENDING = 5.0

logger = logging.getLogger(__name__)


class ProcessLife:
    """One process after another.

    Parameters
    ----------
    prepare : callable
        Asks of every new process what must be done before it answers others.
    """

    def __init__(self, how: Start, prepare: Callable[[Calls], None]) -> None:
        self._how = how
        self._prepare = prepare
        self._changed = threading.Condition()
        self._answering: Calls | None = None
        self._closed = False
        self._losses = deque[float](maxlen=LOSSES)  # s, monotonic
        self._tell: Callable[[], None] = _nobody
        self._process, self._newest = self._begun()

    @property
    def up(self) -> bool:
        """Whether a process answers now."""
        return self._answering is not None

    @property
    def process_id(self) -> int:
        """Of the process that was started last."""
        return self._process.pid

    def listen(self, changed: Callable[[], None]) -> None:
        """Call somebody, on any thread, whenever it begins or ceases to answer."""
        self._tell = changed

    def open(self) -> None:
        """Wait until the first process answers; its error if it does not."""
        self._open(self._newest)

    def calls(self) -> Calls:
        """Calls of the process that answers; waits for one that is being started."""
        with self._changed:
            self._changed.wait_for(lambda: self._answering is not None or self._closed)
            if self._answering is None:
                raise DeviceLostError(f"nothing computes on {self._how.device} any more")
            return self._answering

    def close(self) -> None:
        """End the process, and start no other."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        with suppress(DeviceLostError):
            self._newest.end()
        try:
            self._process.wait(ENDING)
        except TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _begun(self) -> tuple[Popen[bytes], Calls]:
        """A process, and a thread that reads its answers until it ends."""
        process, connection = started(self._how)
        calls = Calls(connection, str(self._how.device))
        name = f"roadside-process-{self._how.device}"
        threading.Thread(target=self._live, args=(process, calls), name=name, daemon=True).start()
        return process, calls

    def _live(self, process: Popen[bytes], calls: Calls) -> None:
        """The life of one process, and what comes after it."""
        calls.read()
        status = process.wait()
        with self._changed:
            self._answering = None
            if self._closed:
                return
        logger.error("the process of %s ended with status %d", self._how.device, status)
        self._tell()
        self._replace()

    def _replace(self) -> None:
        self._losses.append(time.monotonic())
        with self._changed:
            often = len(self._losses) == LOSSES and self._losses[-1] - self._losses[0] < WITHIN
            self._closed = self._closed or often
            self._changed.notify_all()
            if self._closed:
                logger.error("%s is given up", self._how.device)
                return
            self._process, self._newest = self._begun()
        try:
            self._open(self._newest)
        except DeviceLostError:
            logger.warning("%s was lost before it answered", self._how.device)
        except Exception:
            logger.exception("%s does not answer", self._how.device)
            self._process.kill()

    def _open(self, calls: Calls) -> None:
        self._prepare(calls)
        with self._changed:
            if not calls.ended:
                self._answering = calls
                self._changed.notify_all()
        self._tell()


def _nobody() -> None:
    """Nobody listens."""
