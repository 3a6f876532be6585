"""The sum over rows of a transfer on the GPU: a block of threads for each receptor.

The rows of a receptor lie behind one another: the threads read them as one run of words of two
bands, so that every access is coalesced, and add up what they found in shared memory.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import cuda, float32, int32
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.device_memory import copy_back, lies_on_gpu, on_device, room_on_device
from roadside_kernels.elementary import u32
from roadside_kernels.launch import Launch, kernel

#: Threads of a block: a hundred rows of eight words are a dozen turns.
THREADS = 64
#: Blocks of a multiprocessor, as many as it takes.
LAUNCH = Launch(THREADS, 16)
#: Two bfloat16 in a word: the first is the lower half.
SHIFT, UPPER = np.uint32(16), np.uint32(0xFFFF0000)


class Given(NamedTuple):
    """What the loop reads."""

    first: Int64  # (N)
    last: Int64
    line: Int32  # (P)
    words: NDArray[np.uint32]  # (P * bands / 2)
    power: Float32  # (lines * 3 * bands)
    sounds: NDArray[np.bool_]  # (lines)


class Found(NamedTuple):
    """What the loop fills."""

    energy: Float32  # (3, N)


@cache
def row_kernel(bands: int) -> Any:
    """Compile the loop for rows of so many bands."""
    half, width, wide = bands // 2, u32(bands), u32(3 * bands)

    def loop(given: Given, found: Found) -> None:
        sums = cuda.shared.array((3, THREADS), float32)
        thread, i = int32(cuda.threadIdx.x), cuda.blockIdx.x
        day = evening = night = float32(0.0)
        begin, end = given.first[i], given.last[i]
        for word in range(thread, int32(end - begin) * half, THREADS):
            line = u32(given.line[begin + word // half])
            if given.sounds[line]:
                bits = given.words[begin * half + word]
                low = np.uint32(bits << SHIFT).view(np.float32)
                high = np.uint32(bits & UPPER).view(np.float32)
                at = u32(line * wide + u32(2 * (word % half)))
                day += low * given.power[at] + high * given.power[at + 1]
                at = u32(at + width)
                evening += low * given.power[at] + high * given.power[at + 1]
                at = u32(at + width)
                night += low * given.power[at] + high * given.power[at + 1]
        sums[0, thread], sums[1, thread], sums[2, thread] = day, evening, night
        step = THREADS // 2
        while step > 0:
            cuda.syncthreads()
            if thread < step:
                for period in range(3):
                    sums[period, thread] += sums[period, thread + step]
            step //= 2
        cuda.syncthreads()
        if thread < 3:
            found.energy[thread, i] = sums[thread, 0]

    return kernel(loop, LAUNCH)


def sum_rows_on_gpu(transfer: Any, power: Float32, sounds: Any, energy: Float32) -> None:
    """Energy (3, N) at all receptors."""
    count = transfer.first.size
    if count == 0:
        return
    found = Found(energy)
    computed = room_on_device(found)
    words = transfer.energy.reshape(-1).view(np.uint32)
    given = Given(transfer.first, transfer.last, transfer.line, words, power.reshape(-1), sounds)
    row_kernel(power.shape[2])[count, THREADS](on_device(given), computed)
    if not lies_on_gpu(energy):
        copy_back(computed, found)
