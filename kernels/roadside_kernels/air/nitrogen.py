"""NO2 and NOx of traffic at every receptor, from the sums over its roads."""

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.air.chemistry import AnnualNo2, Exhaust, annual_no2_at
from roadside_kernels.air.chemistry_cpu import Change, form_in_blocks, nothing
from roadside_kernels.arrays import Float32
from roadside_kernels.device_memory import contiguous, lies_on_gpu, room_beside
from roadside_kernels.launch import Device, at_every_receptor, require_single
from roadside_kernels.sums import added_on_gpu


def annual_no2(
    open_nox: Float32,
    open_no2: Float32,
    street_nox: Float32,
    street_no2: Float32,
    frequency: Float32,
    ozone_sector: Float32,
    ozone: Float32,
    *,
    device: Device = "cpu",
) -> tuple[Float32, NDArray[np.bool_]]:
    """Annual mean of NO2 from traffic (ug/m3) at N receptors, and where the guard was reached.

    Parameters
    ----------
    open_nox, open_no2 : Float32
        (n, N), NOx and emitted NO2 of open roads while the wind is in each sector (ug/m3).
    street_nox, street_no2 : Float32
        (N), of street canyons, annual means (ug/m3).
    frequency : Float32
        (n), fractions of the year.
    ozone_sector, ozone : Float32
        Background (ug/m3): (n, N) or (n) by sector, and (N) as an annual mean.
    """
    by_sector = ozone_sector
    if ozone_sector.ndim == 1:
        by_sector = np.broadcast_to(ozone_sector[:, np.newaxis], open_nox.shape)
    exhaust = (open_nox, open_no2, street_nox, street_no2, frequency, by_sector, ozone)
    found = annual_nitrogen(Exhaust(*exhaust), device=device)
    return found.no2, found.guarded


def annual_nitrogen(
    exhaust: Exhaust, change: Change | None = None, *, device: Device = "cpu"
) -> AnnualNo2:
    """Annual means of NO2 and NOx from traffic (ug/m3), and where the guard was reached.

    If NOx of open roads lies on a GPU, they are formed and left there.

    Parameters
    ----------
    change : Change, optional
        What comes to the open roads of the exhaust.
    """
    given = Exhaust(*map(contiguous, exhaust))
    require_single(**given._asdict())
    receptors = given.open_nox.shape[1]
    kinds = (np.float32, np.bool_, np.float32)
    found = AnnualNo2(*(room_beside(given.open_nox, (receptors,), kind) for kind in kinds))
    if device == "cpu" and not lies_on_gpu(given.open_nox):
        form_in_blocks(given, change or nothing(given), found)
        return found
    if change is not None:
        nox, no2 = (added_on_gpu(*pair) for pair in zip(given[:2], change, strict=True))
        given = given._replace(open_nox=nox, open_no2=no2)
    at_every_receptor(annual_no2_at, receptors, given, found, device)
    return found
