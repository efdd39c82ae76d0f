"""Addresses: one number for whom a message is sent to, a user's device where the design tells devices apart.

    registry = device    device · 2³¹ + user     each device has an entry of its own
    registry = user      user                    one entry: the device that connected last has it

The address of a first device is its user's number.
"""

from __future__ import annotations

MOST_DEVICES = 2
_DEVICE_BIT = 31
_USER = (1 << _DEVICE_BIT) - 1


def address_of(registry: str, user: int, device: int) -> int:
    """The address of a user's device."""
    return device << _DEVICE_BIT | user if registry == "device" else user


def addresses_of(registry: str, user: int) -> tuple[int, ...]:
    """Every address that a user may have."""
    devices = range(MOST_DEVICES if registry == "device" else 1)
    return tuple(address_of(registry, user, device) for device in devices)


def user_of(address: int) -> int:
    """Whose address it is."""
    return address & _USER


def device_of(address: int) -> int:
    """The number of the device that it is."""
    return address >> _DEVICE_BIT
