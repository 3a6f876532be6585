"""The process of one device: answers the questions of its server until that ends.

A server starts it with a fresh interpreter (`process_computer.py`): no state is shared but a
socket and the slots for tiles.  It ends with its server, however that ends.
"""

import faulthandler
import logging
import os
import sys
import threading
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from roadside_server.computation.job import TileResult
from roadside_server.computation.tiles import View
from roadside_server.errors import ComputationCancelledError, RoadsideError
from roadside_server.results.summary import Summary
from roadside_server.service.computer import TILES_AHEAD, Facts
from roadside_server.service.local_computer import LocalComputer, LocalPrepared
from roadside_server.service.overlap import Following
from roadside_server.service.process_messages import Answer, HandedTile, Question, UnforeseenError
from roadside_server.service.stages import StageTimes
from roadside_server.service.tile_slots import SLOTS, TileSlots

#: Questions that are answered at the same time, beside what is computed.
ASKING = 4
#: Methods that compute, one at a time, and words about a question that is being answered.
COMPUTE, WORDS = {"run", "sum_up", "warm_up"}, {"cancel", "asked"}


class Answering:
    """A question that is being answered."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._changed = threading.Condition()
        self._asked = 0  # tiles, beyond the first
        self._cancelled = False

    def cancelled(self) -> bool:
        """Whether nobody wants the answer any more."""
        return self._cancelled

    def cancel(self) -> None:
        """Nobody wants the answer any more."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def asked(self, tiles: int) -> None:
        """So many tiles beyond the first were asked for."""
        with self._changed:
            self._asked = tiles
            self._changed.notify_all()

    def wait_for_slot(self, number: int) -> int:
        """The slot of a tile by number, once nobody uses what lies there."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._cancelled or number < self._asked + SLOTS - TILES_AHEAD
            )
        if self._cancelled:
            raise ComputationCancelledError("cancelled by the caller")
        return number % SLOTS


class DeviceProcess:
    """Answers questions with a computer of its own."""

    def __init__(self, connection: "Connection[Any, Any]", slots: TileSlots) -> None:
        self._connection = connection
        self._slots = slots
        self._sending = threading.Lock()
        self._answering: dict[int, Answering] = {}
        self._prepared: dict[int, LocalPrepared] = {}  # by number of the question
        self._computing = ThreadPoolExecutor(1, "roadside-compute")
        self._handing = ThreadPoolExecutor(1, "roadside-hand")
        self._asking = ThreadPoolExecutor(ASKING, "roadside-ask")
        self._computer: Future[LocalComputer] = Future()

    def run(self) -> NoReturn:
        """Answer until the server says so, or ends."""
        with suppress(EOFError, OSError):
            while (question := self._connection.recv()).method != "end":
                self._hear(question)
        # Nothing here is worth an orderly end, and what computes would delay it.
        os._exit(0)

    def _hear(self, question: Question) -> None:
        for number in question.forgotten:
            self._prepared.pop(number, None)
        if question.method in WORDS:
            self._tell(question)
            return
        answering = self._answering[question.number] = Answering(question.number)
        threads = self._computing if question.method in COMPUTE else self._asking
        threads.submit(self._answer, answering, question)

    def _tell(self, question: Question) -> None:
        """Word about a question; without effect if it was answered meanwhile."""
        answering = self._answering.get(question.number)
        if answering is not None:
            getattr(answering, question.method)(*question.given)

    def _answer(self, answering: Answering, question: Question) -> None:
        try:
            answer = Answer(question.number, self._content(answering, question))
        except RoadsideError as error:
            answer = Answer(question.number, error=error)
        except Exception as error:
            found = UnforeseenError("".join(traceback.format_exception(error)))
            answer = Answer(question.number, error=found)
        del self._answering[question.number]
        self._send(answer)
        self._end_if_broken(answer.error)

    def _content(self, answering: Answering, question: Question) -> Any:
        """What a method returns."""
        given = question.given
        match question.method:
            case "open":
                return self._open(*given)
            case "prepare":
                return self._prepare(question.number, *given)
            case "run":
                return self._run(answering, *given)
            case "sum_up" | "warm_up":
                given = (*given, answering.cancelled)
        return getattr(self._computer.result(), question.method)(*given)

    def _end_if_broken(self, error: Exception | None) -> None:
        """Errors of CUDA stick to a process: the next one has a device that works."""
        unforeseen = isinstance(error, UnforeseenError) and self._computer.done()
        if unforeseen and self._computer.result().device.kind == "gpu":
            os._exit(1)

    def _open(self, *given: Any) -> tuple[str, ...]:
        """Read the regions; their names."""
        computer = LocalComputer(*given)
        self._computer.set_result(computer)
        return tuple(computer.names)

    def _prepare(self, number: int, *given: Any) -> Facts:
        prepared = self._computer.result().prepare(*given)
        self._prepared[number] = prepared
        return prepared.facts

    def _run(self, answering: Answering, number: int, view: View | None) -> Summary:
        """Hand over the tiles of a prepared scenario, each while the next one is computed."""
        prepared, stages = self._prepared[number], StageTimes()
        results = prepared.results(view, answering.cancelled, stages)
        with Following(self._handing, 1) as handing:
            for tile, result in enumerate(results):
                handing.add(self._hand, answering, tile, result, stages)
        return prepared.summary()

    def _hand(
        self, answering: Answering, number: int, result: TileResult, stages: StageTimes
    ) -> None:
        slot = answering.wait_for_slot(number)
        with stages.during("copy"):
            placed = self._slots.write(slot, result.values)
        handed = HandedTile(
            result.tile, slot, placed, result.pairs, result.unchanged, stages.taken()
        )
        self._send(Answer(answering.number, handed, last=False))

    def _send(self, answer: Answer) -> None:
        with self._sending:
            self._connection.send(answer)


def main() -> None:
    """Answer on the socket, with the slots, whose numbers are the arguments."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    socket, slots = (int(number) for number in sys.argv[1:])
    DeviceProcess(Connection(socket), TileSlots(slots)).run()


if __name__ == "__main__":
    main()
