"""Line elements of a noise scene from polygons, lines and rasters.

    scene = make_scene(joined([
        building_sides(polygons, roofs, corner),
        screen_walls(lines, tops, corner),
        ground_boundaries(areas, factors, elsewhere, corner),
        terrain_edges(terrain, corner),
    ]), ground_factor=elsewhere)

``corner`` (m, the CRS of the geometries) becomes the origin: take one nearby, since elements are
float32.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from roadside_kernels.noise.scene import (
    BUILDING,
    GROUND_BOUNDARY,
    SCREEN,
    TERRAIN_EDGE,
    Elements,
    joined,
    make_elements,
    no_elements,
)

from roadside_server.region.schema import Float64

Geometries = NDArray[np.object_]
Corner = tuple[float, float]

#: Share of the energy that walls of buildings absorb; practice of national guidance.
FACADE_ABSORPTION = 0.1
#: How far (m) beside a boundary its ground factors are looked up.
ASIDE = 1e-3
#: Triangles of the terrain that bend less than this (m) over a node's distance are one.
PLANE = 1e-4


def building_sides(
    polygons: Geometries,
    roof: ArrayLike,
    corner: Corner,
    *,
    absorption: Any = FACADE_ABSORPTION,
    base: ArrayLike = 0.0,
) -> Elements:
    """Sides of buildings, with courtyards; a MultiPolygon is as many buildings as it has parts.

    Parameters
    ----------
    polygons
        Polygons or MultiPolygons; rings may run either way.
    roof
        Of each, m above ``base``.
    absorption
        Share of the energy that walls absorb: a number, or (buildings, 8) by band.
    base
        Altitude (m) of the ground that heights count from.
    """
    parts, row = shapely.get_parts(polygons, return_index=True)
    oriented = shapely.orient_polygons(parts, exterior_cw=False)
    rings, part = shapely.get_rings(oriented, return_index=True)
    ends, ring = _sides(rings, corner)
    owner = part[ring]
    altitude = np.broadcast_to(np.asarray(roof, float) + np.asarray(base, float), len(polygons))
    absorbed = np.asarray(absorption, np.float32)
    return make_elements(
        ends,
        kind=BUILDING,
        owner=owner,
        low=altitude[row[owner]],
        high=altitude[row[owner]],
        absorption=absorbed[row[owner]] if absorbed.ndim == 2 else absorbed,  # noqa: PLR2004
    )


def screen_walls(
    lines: Geometries, top: ArrayLike, corner: Corner, *, absorption: Any = 0.0
) -> Elements:
    """Screens along lines, with their top at one altitude (m) each.

    ``absorption`` is a number, or one for each line.
    """
    parts, row = shapely.get_parts(lines, return_index=True)
    ends, part = _sides(parts, corner)
    of = row[part]
    altitude = np.broadcast_to(np.asarray(top, float), len(lines))[of]
    absorbed = np.broadcast_to(np.asarray(absorption, np.float32), len(lines))[of]
    return make_elements(ends, kind=SCREEN, low=altitude, high=altitude, absorption=absorbed)


def ground_boundaries(
    areas: Geometries, factor: ArrayLike, elsewhere: float, corner: Corner
) -> Elements:
    """Where the ground factor changes; the first area counts where several overlap."""
    if len(areas) == 0:
        return no_elements()
    line = shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.boundary(areas))))
    ends, _ = _sides(line, (0.0, 0.0))
    step = ends[:, 2:] - ends[:, :2]
    middle = 0.5 * (ends[:, :2] + ends[:, 2:])
    aside = np.stack([-step[:, 1], step[:, 0]], axis=1)
    aside *= ASIDE / np.linalg.norm(aside, axis=1, keepdims=True)
    tree = shapely.STRtree(areas)
    left, right = (_factors(tree, areas, factor, elsewhere, middle + s * aside) for s in (1, -1))
    differs = left != right
    return make_elements(
        (ends - np.tile(corner, 2))[differs],
        kind=GROUND_BOUNDARY,
        low=left[differs],
        high=right[differs],
    )


def terrain_edges(altitude: ArrayLike, west: float, south: float, spacing: float) -> Elements:
    """Edges of the triangles over a raster of altitudes (rows, columns; m), south-west first.

    Squares are halved from south-west to north-east.  Edges that do not bend the surface are left
    out, but for the border.
    """
    z = np.asarray(altitude, float)
    x, y = west + spacing * np.arange(z.shape[1]), south + spacing * np.arange(z.shape[0])
    x, y = np.meshgrid(x, y)
    up, right = np.diff(z, axis=0), np.diff(z, axis=1)
    along_rows = np.full((z.shape[0], z.shape[1] - 1), np.inf)
    along_rows[1:-1] = up[1:, 1:] - up[:-1, :-1]
    along_columns = np.full((z.shape[0] - 1, z.shape[1]), np.inf)
    along_columns[:, 1:-1] = right[1:, 1:] - right[:-1, :-1]
    diagonal = z[:-1, :-1] + z[1:, 1:] - z[:-1, 1:] - z[1:, :-1]
    nodes = np.stack([x, y, z], axis=-1)
    return joined(
        [
            _bent(nodes[:, :-1], nodes[:, 1:], along_rows),
            _bent(nodes[:-1], nodes[1:], along_columns),
            _bent(nodes[:-1, :-1], nodes[1:, 1:], diagonal),
        ]
    )


def _bent(start: Float64, end: Float64, bend: Float64) -> Elements:
    """The edges from start to end, nodes (x, y, z), at which the surface bends."""
    keep = np.abs(bend) > PLANE
    start, end = start[keep], end[keep]
    ends = np.concatenate([start[:, :2], end[:, :2]], axis=1)
    return make_elements(ends, kind=TERRAIN_EDGE, low=start[:, 2], high=end[:, 2])


def _sides(lines: Geometries, corner: Corner) -> tuple[Float64, NDArray[np.int64]]:
    """Ends (K, 4) of the straight stretches of lines, and the line of each; none without length."""
    places, line = shapely.get_coordinates(lines, return_index=True)
    places = places - corner
    ends = np.concatenate([places[:-1], places[1:]], axis=1)
    same = (line[1:] == line[:-1]) & (places[1:] != places[:-1]).any(axis=1)
    return ends[same], line[:-1][same]


def _factors(
    tree: shapely.STRtree, areas: Geometries, factor: ArrayLike, elsewhere: float, at: Float64
) -> Float64:
    """Ground factor at places (K, 2): of the first area that holds them."""
    place, area = tree.query(shapely.points(at), predicate="intersects")
    first = np.full(len(at), len(areas))
    np.minimum.at(first, place, area)
    factors: Float64 = np.append(np.asarray(factor, float), elsewhere)[first]
    return factors
