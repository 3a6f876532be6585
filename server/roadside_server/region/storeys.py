"""Heights of buildings from their storeys, and storeys from heights."""

import numpy as np

from roadside_server.region.schema import Float64

#: Height of a storey (m), assumed; storeys of the roof count alike.
STOREY_HEIGHT = 3.0
#: Height (m) that a plinth and a roof without storeys add, assumed; sheds have neither.
ROOF_HEIGHT = 2.0


def height_of(storeys: float, roof_storeys: float = 0.0) -> float:
    """Height (m) of a building with so many storeys, and storeys in its roof."""
    return STOREY_HEIGHT * storeys + (STOREY_HEIGHT * roof_storeys or ROOF_HEIGHT)


def storeys_of(height: Float64, known: Float64) -> Float64:
    """Storeys of buildings: the known number, else (NaN) what fits below the roof; at least one."""
    fitting = np.rint((height - ROOF_HEIGHT) / STOREY_HEIGHT)
    storeys: Float64 = np.maximum(np.where(np.isnan(known), fitting, np.rint(known)), 1.0)
    return storeys
