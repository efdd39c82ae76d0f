"""One connection of a device with its gateway: frames in order, both ways, at a random delay each.

device ─ up ─► inbox ─► gateway, one frame after the other
       ◄─ down ─ driver's event loop ◄─ gateway
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.engine.context import Context, Inbox, Wire
from sim.engine.frames import Lost, ToDevice, ToGateway
from sim.trace import device_name


class Session:
    """Session `epoch` of a device. `open`, `welcome` and `ready` are the device's; the gateway learns by frames.

    It is ready when what was left from earlier sessions has been sent: new messages may follow.
    """

    def __init__(
        self,
        context: Context,
        user: int,
        device: int,
        epoch: int,
        receive: Callable[[Session, ToDevice], None],
    ) -> None:
        self.user = user
        self.address = context.design.address(user, device)
        self.device_name = device_name(user, device)
        self.epoch = epoch
        self.open = True
        self.welcome = False
        self.ready = False
        self.inbox: Inbox[ToGateway] = Inbox(context.env)
        self._receive = receive
        self._driver = context.processes["driver"]
        self._frame_s = context.profile.cpu_s("driver.frame")
        self._up = Wire(context, "uplink", self.inbox.put)
        self._down = Wire(context, "downlink", self._arrive)

    @property
    def name(self) -> str:
        """Such as `u17.2`."""
        return f"{self.device_name}.{self.epoch}"

    def to_gateway(self, frame: ToGateway) -> None:
        """Send a frame up."""
        self._up.send(frame)

    def to_device(self, frame: ToDevice) -> None:
        """Send a frame down; one that finds the socket closed is lost."""
        self._down.send(frame)

    def break_off(self) -> None:
        """The gateway's end of the socket is gone; what it had sent arrives first."""
        self._down.send(Lost())

    def _arrive(self, frame: ToDevice) -> None:
        if self.open:
            self._driver.run(self._frame_s).callbacks.append(lambda _: self._hand_over(frame))

    def _hand_over(self, frame: Any) -> None:
        if self.open:
            self._receive(self, frame)
