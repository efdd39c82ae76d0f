from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Delivery(_message.Message):
    __slots__ = ("frame", "users", "stamped", "conv")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    STAMPED_FIELD_NUMBER: _ClassVar[int]
    CONV_FIELD_NUMBER: _ClassVar[int]
    frame: bytes
    users: _containers.RepeatedScalarFieldContainer[int]
    stamped: bool
    conv: int
    def __init__(self, frame: _Optional[bytes] = ..., users: _Optional[_Iterable[int]] = ..., stamped: _Optional[bool] = ..., conv: _Optional[int] = ...) -> None: ...

class DeliverRequest(_message.Message):
    __slots__ = ("deliveries",)
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    deliveries: _containers.RepeatedCompositeFieldContainer[Delivery]
    def __init__(self, deliveries: _Optional[_Iterable[_Union[Delivery, _Mapping]]] = ...) -> None: ...

class Absent(_message.Message):
    __slots__ = ("delivery", "user")
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    delivery: int
    user: int
    def __init__(self, delivery: _Optional[int] = ..., user: _Optional[int] = ...) -> None: ...

class DeliverReply(_message.Message):
    __slots__ = ("absent",)
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    absent: _containers.RepeatedCompositeFieldContainer[Absent]
    def __init__(self, absent: _Optional[_Iterable[_Union[Absent, _Mapping]]] = ...) -> None: ...
