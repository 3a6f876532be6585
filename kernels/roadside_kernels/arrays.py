"""What the kernels read and write: plain arrays, grouped by what they describe.

Places are metres from the corner of the tile, so that single precision suffices.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

#: Consecutive receptors that are computed together; callers order neighbours side by side.
BLOCK = 256


class Receptors(NamedTuple):
    """Where to compute: N points (m); neighbours in place are neighbours in the arrays."""

    x: Float32
    y: Float32


class Segments(NamedTuple):
    """Straight stretches of road, M of them: both ends (m) and the row of the road they are of."""

    x0: Float32
    y0: Float32
    x1: Float32
    y1: Float32
    road: Int32


class StreetLinks(NamedTuple):
    """Which street canyons act on each receptor: links of receptor i are start[i]:start[i + 1]."""

    start: Int64  # N + 1
    road: Int32  # row of the road
    dilution: Float32  # s/m2: concentration (ug/m3) per emission (ug/(m s))
