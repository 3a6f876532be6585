"""Streets, measures and buildings of a picture, from the server or the region that was asked."""

from typing import Any

import numpy as np
from roadside.v1.scenario_pb2 import Scenario

from roadside_cli.extras import server_library
from roadside_cli.map_features import Line, MapFeatures, Projection, map_features
from roadside_cli.servers import Asked


def drawn_features(asked: Asked, scenario: Scenario) -> MapFeatures:
    """Streets and measures of a scenario; buildings where the region itself is at hand."""
    crs = asked.client.region(scenario.region).crs
    roads = asked.client.roads(scenario.region)
    return map_features(roads, scenario, projection_to(crs), _buildings(asked.region))


def projection_to(target: str) -> Projection:
    """Projects corners to a CRS; needs pyproj only for corners in another one."""

    def projection(corners: Line, crs: str) -> Line:
        if crs == target:
            return corners
        transformer = server_library("pyproj").Transformer.from_crs(crs, target, always_xy=True)
        return np.column_stack(transformer.transform(*corners.T))

    return projection


def _buildings(region: Any) -> list[Line]:
    """Outlines of the buildings of a region; none without one."""
    if region is None:
        return []
    return [np.asarray(polygon.exterior.coords)[:, :2] for polygon in region.buildings.geometry]
