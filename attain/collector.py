"""The collector of garbage in a process that serves: it shall not walk over what stays."""

from __future__ import annotations

import gc

# A request makes some thousands of objects and leaves hardly a cycle behind. By the usual
# threshold of 700 the whole heap was walked over every few dozen requests, which then waited 0.1 s
# for it; by one of 50,000 one in thirty waited 0.03 s. So the young are looked at often, for some
# milliseconds, and those that have stayed five times more rarely than usual: that takes 0.05 s.
YOUNG, OLD = 10_000, 50


def settle() -> None:
    """Take everything that has been loaded so far for lasting, and collect more rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 3, OLD)
