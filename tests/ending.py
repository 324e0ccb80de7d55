"""End a run of tests at SIGTERM as at Ctrl-C, so that every fixture is torn down."""

import signal
import threading
from queue import SimpleQueue
from typing import Final

AGAIN_S: Final = 10.0
"""What a signal raises is lost where Python ignores exceptions, such as in a finalizer: then the signal is repeated."""

_told: SimpleQueue[None] = SimpleQueue()
_ending = threading.Event()


def end_at_sigterm() -> None:
    """SIGTERM may come twice, as `timeout` sends it; the second does not cut short what the first began."""
    # A queue, because a signal may interrupt its own handler, and a lock would wait for itself.
    signal.signal(signal.SIGTERM, lambda _number, _frame: _told.put(None))
    threading.Thread(target=_interrupt_when_told, daemon=True).start()


def the_run_ends() -> None:
    """It was interrupted, and need not be again."""
    _ending.set()


def _interrupt_when_told() -> None:
    _told.get()
    main = threading.main_thread().ident
    while main is not None and not _ending.is_set():
        signal.pthread_kill(main, signal.SIGINT)
        _ending.wait(AGAIN_S)
