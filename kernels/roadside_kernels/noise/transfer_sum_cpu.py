"""The sum over rows of a transfer on the CPU: receptors share the cores, bands the SIMD lanes.

The work is bound by memory: 20 to 52 bytes a row, and what is multiplied with them stays in the
caches.  Arrays are read flat and by unsigned numbers, which spares a test of each for being
negative; without that, the loop takes twice as long.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import prange

from roadside_kernels.arrays import BLOCK, Float32, Int64
from roadside_kernels.launch import on_all_cores

#: A whole number without a sign in the width of addresses.
u64: Any = np.uint64
SHIFT = np.uint32(16)


@cache
def row_loop(bands: int) -> Any:
    """Compile the loop for rows of so many bands."""
    width, evening, night = u64(bands), u64(bands), u64(2 * bands)
    wide = u64(3 * bands)

    def loop(
        first: Int64, last: Int64, line: Any, energy: Any, power: Any, sounds: Any,
        sums: Float32,
    ) -> None:  # fmt: skip
        for block in prange(-(-first.size // BLOCK)):
            lanes = np.empty(3 * bands, np.float32)
            for i in range(block * BLOCK, min(block * BLOCK + BLOCK, first.size)):
                lanes[:] = 0.0
                for row in range(u64(first[i]), u64(last[i])):
                    of = u64(line[row])
                    if sounds[of]:
                        start, at = u64(row * width), u64(of * wide)
                        for k in range(width):
                            bits = np.uint32(np.uint32(energy[start + k]) << SHIFT)
                            arrives = bits.view(np.float32)
                            lanes[k] += arrives * power[at + k]
                            lanes[k + evening] += arrives * power[at + k + evening]
                            lanes[k + night] += arrives * power[at + k + night]
                for period in range(3):
                    sums[period, i] = lanes[period * bands : (period + 1) * bands].sum()

    return on_all_cores(loop)


def sum_rows(transfer: Any, power: Float32, sounds: Any, energy: Float32) -> None:
    """Energy (3, N) at all receptors."""
    flat = transfer.energy.reshape(-1), power.reshape(-1)
    loop = row_loop(power.shape[2])
    loop(transfer.first, transfer.last, transfer.line, *flat, sounds, energy)
