"""Sums over the rows of a transfer: against double precision, and what storage costs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadside_kernels.launch import gpu_available
from roadside_kernels.noise.indicators import levels
from roadside_kernels.noise.transfer_sum import (
    ALIKE,
    BY_CONDITION,
    BY_PERIOD,
    TransferRows,
    power_of_rows,
    rounded,
    transfer_sum,
    widened,
)

#: Probability of favourable conditions by day, evening and night.
PROBABILITY = np.array([0.5, 0.75, 1.0], np.float32)
LINES = 40
DEVICES = [
    "cpu",
    pytest.param(
        "gpu",
        marks=pytest.mark.skipif(not gpu_available(), reason="no CUDA device"),
    ),
]


def scene(bands, receptors=70, rows=30, seed=5):
    """Rows of receptors and power of lines, over eight orders of magnitude."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, rows, receptors)
    counts[3] = 0
    last = np.cumsum(counts).astype(np.int64)
    line = rng.integers(0, LINES, last[-1]).astype(np.int32)
    exact = 10.0 ** rng.uniform(-10, -2, (last[-1], bands))
    power = 10.0 ** rng.uniform(6, 9, (3, 8, LINES))
    energy = rounded(exact.astype(np.float32))
    return TransferRows(last - counts, last, line, energy), exact, power.astype(np.float32)


def expected(transfer, energy, power, sounds):
    """Energies (3, N) in double precision, row by row and band by band."""
    bands = energy.shape[1] // 8
    by_part = energy.reshape(-1, bands, 8)
    shares = {1: np.ones((3, 1)), 2: np.stack([1 - PROBABILITY, PROBABILITY], 1), 3: np.eye(3)}
    found = np.einsum("pc,rcb,pbr->pr", shares[bands], by_part, power[:, :, transfer.line])
    found *= sounds[transfer.line]
    return np.array([
        found[:, first:last].sum(axis=1)
        for first, last in zip(transfer.first, transfer.last, strict=True)
    ]).T  # fmt: skip


def decibels(energy):
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(energy)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("bands", [ALIKE, BY_CONDITION, BY_PERIOD])
def test_sums_are_those_of_double_precision(bands, device):
    transfer, _, power = scene(bands, receptors=5)
    sounds = np.arange(LINES) % 3 > 0
    rows = power_of_rows(power, bands, PROBABILITY)
    heard = transfer_sum(transfer, rows, sounds, device=device)
    exact = expected(transfer, widened(transfer.energy).astype(np.float64), power, sounds)
    assert (heard.energy[:, 3] == 0.0).all()
    # Single precision: far below the 0.01 dB that a fast path may differ.
    np.testing.assert_allclose(decibels(heard.energy), decibels(exact), atol=1e-4)
    assert heard.rows == transfer.line.size


@pytest.mark.parametrize("bands", [ALIKE, BY_CONDITION, BY_PERIOD])
def test_storage_costs_less_than_a_twentieth_of_a_decibel(bands):
    transfer, exact, power = scene(bands, receptors=400)
    sounds = np.ones(LINES, np.bool_)
    heard = transfer_sum(transfer, power_of_rows(power, bands, PROBABILITY), sounds)
    unrounded = expected(transfer, exact, power, sounds)
    error = levels(heard.energy).lden - levels(unrounded.astype(np.float32)).lden
    assert np.nanmax(np.abs(error)) < 0.05
    assert abs(np.nanmean(error)) < 0.001


@settings(max_examples=50)
@given(st.floats(2.0**-100, 2.0**100, width=32))
def test_bfloat16_is_within_a_256th_and_keeps_what_it_holds(value):
    energy = np.array([value], np.float32)
    kept = widened(rounded(energy))
    assert abs(kept[0] / energy[0] - 1.0) <= 2.0**-8
    assert (rounded(kept) == rounded(energy)).all()


def test_the_energy_of_lines_is_the_sum_of_each():
    transfer, _, power = scene(BY_CONDITION)
    rows = power_of_rows(power, BY_CONDITION, PROBABILITY)
    half = np.arange(LINES) < LINES // 2
    parts = [transfer_sum(transfer, rows, some).energy for some in (half, ~half)]
    whole = transfer_sum(transfer, rows, np.ones(LINES, np.bool_)).energy
    np.testing.assert_allclose(parts[0] + parts[1], whole, rtol=1e-6)


def test_rows_that_are_left_out_need_not_follow_one_another():
    transfer, _, power = scene(ALIKE)
    rows, sounds = power_of_rows(power, ALIKE), np.ones(LINES, np.bool_)
    some = np.array([60, 2, 31])
    few = transfer._replace(first=transfer.first[some], last=transfer.last[some])
    whole = transfer_sum(transfer, rows, sounds).energy
    assert (transfer_sum(few, rows, sounds).energy == whole[:, some]).all()


def test_what_does_not_fit_is_refused():
    transfer, _, power = scene(ALIKE)
    rows = power_of_rows(power, BY_PERIOD)
    with pytest.raises(ValueError, match="24 bands, rows have 8"):
        transfer_sum(transfer, rows, np.ones(LINES, np.bool_))
    with pytest.raises(ValueError, match="probability"):
        power_of_rows(power, BY_CONDITION)
