"""Sends notifications over HTTP/2: one connection a service, many requests on it at once.

200                       sent
404, 410                  unregistered: the app is gone from that phone, nobody tries again
429, 5xx, no connection   busy: again, with back-off, and not before `Retry-After` is over; then given up
any other                 refused: our mistake, which no repetition mends
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Literal

import httpx
import tenacity

from realstack.chat.push_shapes import Notification, PushRequest, to_apns, to_fcm

Outcome = Literal["sent", "unregistered", "refused", "given-up"]
_ATTEMPTS = 6
_BACK_OFF_S = (0.1, 10.0)
_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


class _BusyError(Exception):
    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"busy for {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class PushSender:
    """The phones of even users are Apple's, of odd ones Google's; `bearer` authorises us at both."""

    def __init__(self, apns_url: str, fcm_url: str, bearer: str) -> None:
        self._urls = (apns_url, fcm_url)
        # Both services speak HTTP/2; without HTTP/1 to fall back to it is spoken without TLS, too.
        self._client = httpx.AsyncClient(
            http1=False, http2=True, timeout=_TIMEOUT_S, headers={"authorization": f"Bearer {bearer}"}
        )

    async def send(self, told: Notification) -> Outcome:
        """Send one, and say what became of it."""
        google = told.user % 2
        url, request = self._urls[google], to_fcm(told) if google else to_apns(told)
        try:
            return await _again(self._post, url, request)
        except (httpx.TransportError, _BusyError) as error:
            log.warning("a notification of user %d is given up: %r", told.user, error)
            return "given-up"

    async def _post(self, url: str, request: PushRequest) -> Outcome:
        response = await self._client.post(url + request.path, headers=request.headers, json=request.body)
        match response.status_code:
            case 200:
                return "sent"
            case 404 | 410:
                return "unregistered"
            case 429 | 500 | 502 | 503 | 504:
                raise _BusyError(_retry_after_s(response))
            case status:
                log.error("a notification was refused with %d: %s", status, response.text[:200])
                return "refused"

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


_back_off = tenacity.wait_random_exponential(multiplier=_BACK_OFF_S[0], max=_BACK_OFF_S[1])
_again = tenacity.AsyncRetrying(
    retry=tenacity.retry_if_exception_type((httpx.TransportError, _BusyError)),
    wait=lambda state: max(_back_off(state), _asked_s(state)),
    stop=tenacity.stop_after_attempt(_ATTEMPTS),
    reraise=True,
)


def _asked_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after_s if isinstance(error, _BusyError) else 0.0


def _retry_after_s(response: httpx.Response) -> float:
    with suppress(ValueError):
        return min(float(response.headers.get("retry-after", "0")), _BACK_OFF_S[1])
    return 0.0
