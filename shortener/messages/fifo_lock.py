"""A lock that threads get in the order in which they asked for it."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class FifoLock:
    """A lock that serves threads in order. A thread that has waited for `patience` seconds continues without it."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        # Only the first gate is open.
        self._gates: deque[threading.Lock] = deque()  # for each thread that holds or awaits the lock
        self._change = threading.Lock()

    def __len__(self) -> int:
        return len(self._gates)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock within the block, or enter the block without it after too long a wait."""
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
