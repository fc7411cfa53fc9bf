"""A turn that threads take one after the other, in the order in which they came."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class FirstCome:
    """One thread has the turn, the others wait for it in order, each for at most so many seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._gates: deque[threading.Lock] = deque()  # a closed gate for each thread; only the first one is open
        self._change = threading.Lock()

    def __len__(self) -> int:
        return len(self._gates)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn and have it for the block; go on without it where the wait takes too long."""
        gate = threading.Lock()
        gate.acquire()
        with self._change:
            self._gates.append(gate)
            if self._gates[0] is gate:
                gate.release()
        try:
            gate.acquire(timeout=self._patience)
            yield
        finally:
            self._leave(gate)

    def _leave(self, gate: threading.Lock) -> None:
        with self._change:
            was_first = self._gates[0] is gate
            self._gates.remove(gate)
            if was_first and self._gates:
                self._gates[0].release()
