"""Fewer bits in the mantissa, so that chunks compress."""

import numpy as np
from roadside_kernels.arrays import Float32

MANTISSA_BITS = 23


def keep_bits(values: Float32, bits: int) -> Float32:
    """Values rounded to the nearest with so many mantissa bits, half to even; 0 keeps all.

    Kouznetsov (2021), doi:10.5194/gmd-14-377-2021, "round half to even".  NaN stays as it is.
    """
    dropped = MANTISSA_BITS - bits
    if bits == 0 or dropped <= 0:
        return values
    words = np.ascontiguousarray(values).view(np.uint32)
    half = np.uint32((1 << (dropped - 1)) - 1)
    odd = (words >> np.uint32(dropped)) & np.uint32(1)
    mask = np.uint32((0xFFFFFFFF << dropped) & 0xFFFFFFFF)
    rounded = ((words + half + odd) & mask).view(np.float32)
    return np.where(np.isfinite(values), rounded, values)
