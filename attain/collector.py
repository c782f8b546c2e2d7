"""The collector of garbage in a process that serves: it shall not walk over what stays."""

from __future__ import annotations

import gc

# A request makes some thousands of objects and leaves hardly a cycle behind. By the usual threshold
# of 700 the whole heap was walked over every few dozen requests, which then waited 0.1 s for it.
YOUNG = 10_000


def settle() -> None:
    """Take everything that has been loaded so far for lasting, and collect more rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 3, 10)
