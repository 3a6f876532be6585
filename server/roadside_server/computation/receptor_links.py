"""The SRM1 links of some receptors, as the kernels take them."""

import numpy as np
from roadside_kernels.air.street import street_dilution
from roadside_kernels.arrays import Int64, StreetLinks
from roadside_kernels.physics import f32

from roadside_server.region.schema import Region


def links_of(region: Region, receptor: Int64) -> StreetLinks:
    """Links of receptors by their number in the region."""
    table = region.street_links
    first, last = table.start[receptor], table.start[receptor + 1]
    count = last - first
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    rows = np.arange(start[-1]) + np.repeat(first - start[:-1], count)
    dilution = street_dilution(
        table.distance[rows],
        table.street_type[rows],
        table.tree_factor[rows],
        f32(region.weather.annual_speed),
    )
    return StreetLinks(start, np.ascontiguousarray(table.road[rows]), dilution)
