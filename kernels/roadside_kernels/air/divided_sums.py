"""The sums of one GPU thread over what its block sees on both sides of a border, or of the rim."""

import math
from typing import NamedTuple

from roadside_kernels.air.hierarchy_lanes import dilution_at_rim, share_beyond
from roadside_kernels.air.plume import Curve, fitted_dilution
from roadside_kernels.air.staging import Site, Staged, curve_of_key, key_of, place_of_key
from roadside_kernels.air.thread_sums import Given, Mine, add_at_border, add_sector, curve_at
from roadside_kernels.arrays import Float32
from roadside_kernels.elementary import ONE, i32, u32
from roadside_kernels.geometry import sector_of
from roadside_kernels.physics import physics

# Rows of waiting sources, in order: a wind sector each; the border before a sector each; then:
#: sources on the rim of the range, pieces that each receptor sees in a sector of its own, and
#: pieces out of range.
AT_RIM, APART, BEYOND = 0, 1, 2


class Right(NamedTuple):
    """Sums (ug/m3) of a thread's receptors in the sector after a border, in registers."""

    nox: Float32
    no2: Float32


@physics
def row_after_borders(row: int, sectors: int) -> int:
    """Number of a row that comes after the sectors and the borders."""
    return i32(2 * sectors + row)


@physics
def add_divided(
    at: int, staged: Staged, curve: Curve, right: int, site: Site, mine: Mine, beyond: Right
) -> None:
    """Add a source, divided between the sectors left and right of a border."""
    numbers = staged.numbers
    px, py, per_width = numbers[at, 0], numbers[at, 1], numbers[at, 7]
    nox, no2 = numbers[at, 2], numbers[at, 3]
    pm10, pm25, ec = numbers[at, 4], numbers[at, 5], numbers[at, 6]
    border_x, border_y = site.borders[right, 0], site.borders[right, 1]
    before = site.annual[right - 1 if right > 0 else site.annual.size - 1]
    after = site.annual[right]
    for j in range(mine.x.size):
        dx, dy = px - mine.x[j], py - mine.y[j]
        g = fitted_dilution(dx * dx + dy * dy, curve)
        h = g * share_beyond(border_y * dx - border_x * dy, per_width)
        g -= h
        mine.nox[j] += nox * g
        mine.no2[j] += no2 * g
        beyond.nox[j] += nox * h
        beyond.no2[j] += no2 * h
        g = before * g + after * h
        mine.pm10[j] += pm10 * g
        mine.pm25[j] += pm25 * g
        mine.ec[j] += ec * g


@physics
def add_border(
    place: int, right: int, staged: Staged, site: Site, mine: Mine, beyond: Right, total: Float32
) -> int:
    """Add all waiting sources on the border before a sector; the place after them."""
    curves, sectors = i32(site.coefficients.shape[0]), i32(site.annual.size)
    for j in range(mine.x.size):
        mine.nox[j] = 0.0
        mine.no2[j] = 0.0
        beyond.nox[j] = 0.0
        beyond.no2[j] = 0.0
    end = key_of(i32(sectors + right + 1), i32(0), curves, i32(0))
    while staged.ordered[place] < end:
        at, k = place_of_key(staged.ordered[place]), curve_of_key(staged.ordered[place], curves)
        add_divided(at, staged, curve_at(site.coefficients, k), right, site, mine, beyond)
        place = u32(place + ONE)
    left = u32(right - 1 if right > 0 else sectors - 1)
    for j in range(mine.x.size):
        if mine.i[j] < total.shape[2]:
            total[0, left, mine.i[j]] += mine.nox[j]
            total[1, left, mine.i[j]] += mine.no2[j]
            total[0, u32(right), mine.i[j]] += beyond.nox[j]
            total[1, u32(right), mine.i[j]] += beyond.no2[j]
    return place


@physics
def add_on_rim(
    at: int, staged: Staged, curve: Curve, reach: float, site: Site, mine: Mine, total: Float32
) -> None:
    """Add a source that lies partly within the range (m)."""
    numbers = staged.numbers
    for j in range(mine.x.size):
        i = mine.i[j]
        if i < total.shape[2]:
            dx, dy = numbers[at, 0] - mine.x[j], numbers[at, 1] - mine.y[j]
            g = dilution_at_rim(dx, dy, numbers[at, 7], reach, curve)
            s = u32(sector_of(dx, dy, i32(site.annual.size)))
            total[0, s, i] += numbers[at, 2] * g
            total[1, s, i] += numbers[at, 3] * g
            g *= site.annual[s]
            mine.pm10[j] += numbers[at, 4] * g
            mine.pm25[j] += numbers[at, 5] * g
            mine.ec[j] += numbers[at, 6] * g


@physics
def add_sources(
    staged: Staged, limit: float, given: Given, mine: Mine, beyond: Right, total: Float32
) -> int:
    """Add all waiting sources; how many were in range."""
    site, reach, place = given.site, math.sqrt(limit), u32(0)
    curves, sectors = i32(site.coefficients.shape[0]), i32(site.annual.size)
    for sector in range(sectors):
        if staged.ordered[place] < key_of(i32(sector + 1), i32(0), curves, i32(0)):
            place = add_sector(place, i32(sector), staged, site, limit, mine, total)
    for right in range(sectors):
        if staged.ordered[place] < key_of(i32(sectors + right + 1), i32(0), curves, i32(0)):
            place = add_border(place, i32(right), staged, site, mine, beyond, total)
    apart = key_of(row_after_borders(APART, sectors), i32(0), curves, i32(0))
    end = key_of(row_after_borders(BEYOND, sectors), i32(0), curves, i32(0))
    while staged.ordered[place] < end:
        key = staged.ordered[place]
        at, curve = place_of_key(key), curve_at(site.coefficients, curve_of_key(key, curves))
        if key < apart:
            add_on_rim(at, staged, curve, reach, site, mine, total)
        else:
            add_at_border(at, curve, staged, limit, given, mine, total)
        place = u32(place + ONE)
    return place
