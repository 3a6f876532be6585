"""Calls of the process of a device: questions by number, answers in any order."""

import itertools
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from roadside_server.computation.evaluation import Cancelled, never
from roadside_server.errors import DeviceLostError
from roadside_server.service.process_messages import Answer, Question

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: Seconds between two questions whether a caller is still interested.
PATIENCE = 0.05


class Calls:
    """Calls of one process, until it ends; safe to share by threads."""

    def __init__(self, connection: "Connection[Any, Any]", name: str) -> None:
        self._connection = connection
        self._name = name
        self._numbers = itertools.count()
        self._sending = threading.Lock()
        self._open: dict[int, SimpleQueue[Answer]] = {}
        self.ended = False  # the process has gone
        #: Numbers of prepared scenarios that nobody holds any more; told with the next question.
        self.forgotten = deque[int]()

    def read(self) -> None:
        """Hand out answers until the process ends; then all calls fail."""
        with suppress(EOFError, OSError):
            while True:
                answer: Answer = self._connection.recv()
                self._open[answer.number].put(answer)
        with self._sending:
            self.ended = True
            self._connection.close()
        for number, answers in list(self._open.items()):
            answers.put(Answer(number, error=self._lost()))

    def ask(self, method: str, *given: Any, cancelled: Cancelled = never) -> Any:
        """What a method returns."""
        with self.begun(method, *given) as call:
            return call.answer(cancelled)

    @contextmanager
    def begun(self, method: str, *given: Any) -> Iterator["Call"]:
        """A call; cancelled on leaving, unless it has ended."""
        number = next(self._numbers)
        answers = self._open[number] = SimpleQueue()
        call = Call(self, number, answers)
        try:
            self.send(number, method, *given)
            try:
                yield call
            finally:
                call.end()
        finally:
            del self._open[number]

    def end(self) -> None:
        """Tell the process to end."""
        self.send(next(self._numbers), "end")

    def send(self, number: int, method: str, *given: Any) -> None:
        """Ask, or tell of a call; DeviceLostError if the process has ended."""
        forgotten = [self.forgotten.popleft() for _ in range(len(self.forgotten))]
        try:
            with self._sending:
                if self.ended:
                    raise self._lost()
                self._connection.send(Question(number, method, given, tuple(forgotten)))
        except OSError as error:
            raise self._lost() from error

    def _lost(self) -> DeviceLostError:
        return DeviceLostError(f"what computes on {self._name} ended unexpectedly; try again")


class Call:
    """A question, and the answers to it."""

    def __init__(self, calls: Calls, number: int, answers: SimpleQueue[Answer]) -> None:
        self.number = number
        self._calls = calls
        self._answers = answers
        self._ended = False
        self._cancelled = False

    def answer(self, cancelled: Cancelled = never) -> Any:
        """The next answer; raises the error if it is one."""
        answer = None
        while answer is None:
            if cancelled():
                self.cancel()
            with suppress(Empty):
                answer = self._answers.get(timeout=PATIENCE)
        self._ended = answer.last
        if answer.error is not None:
            raise answer.error
        return answer.content

    def tell(self, word: str, *given: Any) -> None:
        """Tell the process something about this call."""
        self._calls.send(self.number, word, *given)

    def cancel(self) -> None:
        """Nobody wants an answer any more; the last one is an error."""
        if not self._cancelled:
            self._cancelled = True
            self.tell("cancel")

    def end(self) -> None:
        """Return once the process is done with this call."""
        while not self._ended:
            with suppress(Exception):
                self.cancel()
                self.answer()
