"""The streets that act on each receptor of a CIMLK export, and what they add up to."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from roadside_kernels.air.street import MAX_DISTANCE, PARABOLA, canyon_dilution, street_sums
from roadside_kernels.arrays import StreetLinks
from roadside_kernels.physics import in_double

from roadside_server.errors import InvalidInputError
from roadside_server.region.build import RegionInput
from roadside_server.region.schema import Float64


class Links(NamedTuple):
    """Links of receptor i are start[i]:start[i + 1]."""

    start: NDArray[np.int64]  # receptors + 1
    road: NDArray[np.int32]  # row
    distance: Float64  # m, receptor to the line of the road
    street_type: NDArray[np.int64]  # 1 to 4
    tree_factor: Float64

    @property
    def receptor(self) -> NDArray[np.int64]:
        """The receptor of each link."""
        receptors: NDArray[np.int64] = np.repeat(
            np.arange(self.start.size - 1), np.diff(self.start)
        )
        return receptors


def find_links(region: RegionInput, roads: gpd.GeoDataFrame) -> Links:
    """The links that the export names, with distances from the geometry."""
    if region.receptors is None or region.links is None:
        raise InvalidInputError("path", "the export holds no Receptoren.csv or Receptoren.csv.gz")
    links = region.links.sort_values("receptor", kind="stable")
    receptor = links["receptor"].to_numpy(np.int64)
    road = roads.set_index("road_id").index.get_indexer(links["road_id"])
    points = shapely.points(region.receptors.x[receptor], region.receptors.y[receptor])
    counts = np.bincount(receptor, minlength=region.receptors.size)
    return Links(
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        road=road.astype(np.int32),
        distance=shapely.distance(points, roads.geometry.to_numpy()[road]),
        street_type=links["street_type"].to_numpy(np.int64),
        tree_factor=links["tree_factor"].to_numpy(np.float64),
    )


def link_dilution(links: Links, wind_speed: float) -> Float64:
    """Dilution (s/m2) of each link by the legal formula; NaN beyond its reach."""
    formula = in_double(canyon_dilution)
    columns = zip(links.distance, links.street_type, links.tree_factor, strict=True)
    return np.array([formula(*link, wind_speed) for link in columns], dtype=np.float64)


def within_reach(links: Links, *, far_branch: bool) -> Links:
    """The links with distances cut off at the end of a branch, so that none is beyond its reach."""
    longest = np.array(MAX_DISTANCE)[links.street_type - 1]
    reach = longest if far_branch else PARABOLA
    return links._replace(distance=np.minimum(links.distance, reach))


def street_contributions(links: Links, wind_speed: float, emission: Float64) -> Float64:
    """Contribution (ug/m3) of streets to every receptor, by the kernel; (pollutants, receptors)."""
    dilution = link_dilution(links, wind_speed).astype(np.float32)
    sums = street_sums(StreetLinks(links.start, links.road, dilution), emission.astype(np.float32))
    return sums.astype(np.float64)
