"""Sound at receptors from a transfer that is known: traffic changes, geometry does not.

A row of the transfer says what one line of road sends to one receptor, band by band, for each
unit of power per metre.  Energies are stored as bfloat16: the upper half of a float32, 8 bits of
precision, an error of at most 0.017 dB that has no sign on average.  Rows hold the bands once
(``ALIKE``), once for each condition of propagation (``BY_CONDITION``) or once for each period
(``BY_PERIOD``).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.device_memory import contiguous, lies_on_gpu, on_host, room_beside
from roadside_kernels.launch import Device, require_single
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.transfer_sum_cpu import sum_rows
from roadside_kernels.noise.transfer_sum_gpu import sum_rows_on_gpu

UInt16 = NDArray[np.uint16]
Bool = NDArray[np.bool_]

#: Bands in a row, by what a row tells apart.
ALIKE, BY_CONDITION, BY_PERIOD = len(BANDS), 2 * len(BANDS), 3 * len(BANDS)


class TransferRows(NamedTuple):
    """Transfer at N receptors: receptor i has the rows first[i] to last[i] of P."""

    first: Int64
    last: Int64  # one past its last row
    line: Int32  # (P), row of the power
    energy: UInt16  # (P, bands), bfloat16: what arrives (m-2) of a metre of the line, times metres


class Heard(NamedTuple):
    """What lines send to N receptors."""

    energy: Float32  # (day, evening, night; N) re (20 uPa)^2; 0: no line is heard
    rows: int  # of the transfer that were read


def rounded(energy: Float32) -> UInt16:
    """Energies as bfloat16, rounded to the nearest, to an even one where two are as near."""
    bits = np.ascontiguousarray(energy, np.float32).view(np.uint32)
    half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return ((bits + half) >> np.uint32(16)).astype(np.uint16)


def widened(energy: UInt16) -> Float32:
    """Energies of bfloat16 as float32."""
    return (energy.astype(np.uint32) << np.uint32(16)).view(np.float32)


def power_of_rows(power: Float32, bands: int, probability: Float32 | None = None) -> Float32:
    """Power per metre as rows of a transfer are multiplied with it: (lines, 3 periods, bands).

    Parameters
    ----------
    power
        Of L lines, (3 periods, 8 bands, L).
    bands
        Of a row: ``ALIKE``, ``BY_CONDITION`` or ``BY_PERIOD``.
    probability
        Of favourable conditions by period (3), for rows that tell the conditions apart:
        homogeneous first.
    """
    by_line = np.moveaxis(power, -1, 0)
    if bands == ALIKE:
        return np.ascontiguousarray(by_line, np.float32)
    rows = np.zeros((by_line.shape[0], 3, bands), np.float32)
    if bands == BY_CONDITION:
        if probability is None:
            raise ValueError("probability: rows by condition need it")
        favourable = np.asarray(probability, np.float32)[:, None]
        rows[:, :, :ALIKE] = by_line * (1.0 - favourable)
        rows[:, :, ALIKE:] = by_line * favourable
        return rows
    for period in range(3):
        rows[:, period, period * ALIKE : (period + 1) * ALIKE] = by_line[:, period]
    return rows


def transfer_sum(
    transfer: TransferRows, power: Float32, sounds: Bool, *, device: Device = "cpu"
) -> Heard:
    """Energies of the three periods at each receptor, of the lines that sound.

    Rows of other lines are skipped, undecoded.  If the transfer lies on a GPU, energies are
    summed and left there.

    Parameters
    ----------
    power
        Made by ``power_of_rows`` (L, 3, bands).
    sounds
        Which lines count (L).

    Raises
    ------
    ValueError
        The bands of power and transfer differ.
    """
    require_single(power=power)
    if power.shape[2] != transfer.energy.shape[1]:
        raise ValueError(f"power: {power.shape[2]} bands, rows have {transfer.energy.shape[1]}")
    energy = room_beside(transfer.first, (3, transfer.first.size), np.float32)
    on_cpu = device == "cpu" and not lies_on_gpu(transfer.first)
    add = sum_rows if on_cpu else sum_rows_on_gpu
    add(transfer, contiguous(power), contiguous(sounds), energy)
    return Heard(energy, int((on_host(transfer.last) - on_host(transfer.first)).sum()))
