"""Columns of numbers: the carrier that computes everyone at once, exactly, on NumPy int64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One number per person, in row order. ``present`` is None when nobody's is missing.

    Where ``present`` is False the value means nothing (it is 0 in what we return).
    """

    values: NDArray[np.int64]
    present: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Count the people."""
        return len(self.values)
