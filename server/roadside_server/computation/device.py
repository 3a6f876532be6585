"""The device that a command names."""

from typing import cast

from roadside_kernels.launch import Device, gpu_available

from roadside_server.errors import InvalidInputError, require


def checked_device(device: str) -> Device:
    """The device, if there is one of that kind.

    Raises
    ------
    InvalidInputError
        It is neither cpu nor gpu, or there is none here.
    """
    require(device in ("cpu", "gpu"), "device", f"{device!r}, must be cpu or gpu")
    if device == "gpu" and not gpu_available():
        raise InvalidInputError("device", "gpu, but no CUDA device is found")
    return cast("Device", device)
