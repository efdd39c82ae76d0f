"""`assert_holds`: guarantees as assertions of any test, whose message is the counter-example.

assert_holds(history, "ordered", "no_loss")

AssertionError: no_loss does not hold
lost: 1 lost among 1,771 deliveries owed
  c236 is u12, u24
▸ #42 t=0.059 conn.open u24 session=u24.1 gateway=gateway-1
▸ #1570 t=2.920 send.invoke u12 c236 cseq=1 uuid=…f6b0
▸ #1573 t=2.923 send.ok u12 c236 uuid=…f6b0 id=…0384  ← never shown on u24: stored-not-pushed
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reports.checks import CHECKS, check_history
from reports.counterexamples import evidence
from sim.errors import UsageError
from sim.history import History
from sim.verdict import Outcome, Verdict

GUARANTEES: Mapping[str, tuple[str, ...]] = {
    "ordered": ("reordered_sender", "order_divergence"),
    "causal": ("causality",),
    "no_loss": ("lost", "skipped", "sender_gap"),
    "no_resume_loss": ("resume_gap",),
    "no_duplicates": ("duplicated",),
    "no_phantoms": ("phantom", "misrouted", "content_mismatch"),
    "durable_acks": ("early_ack",),
    "true_presence": ("stale_online", "false_offline", "presence_flap"),
    "true_receipts": ("receipt_regress", "receipt_lost"),
}


def assert_holds(
    history: History | Path | str | Iterable[Mapping[str, Any]],
    *guarantees: str,
    allowed: Collection[str] | Mapping[str, str] = (),
) -> None:
    """Raise AssertionError with the counter-example unless every guarantee holds; what is unknown does not hold.

    A history is ours, a file's, or event dictionaries. A guarantee is one of GUARANTEES or the name of a check, and
    without any, all checks must hold. Anomalies that are `allowed`, maybe with reasons, break nothing. Raises
    UsageError for an unknown name and HistoryError for what is no history.
    """
    judged = _history(history)
    wanted = {name: GUARANTEES.get(name, (name,)) for name in guarantees} or {"chatscale": tuple(CHECKS)}
    _must_be_known(wanted)
    # A history that contradicts itself proves nothing, whatever was asked.
    names = {"bad_input", *(check for checks in wanted.values() for check in checks)}
    verdicts = {verdict.check: verdict for verdict in check_history(judged, names, allowed=allowed)}
    broken = [name for name, checks in wanted.items() if any(_breaks(verdicts[check]) for check in checks)]
    if broken or _breaks(verdicts["bad_input"]):
        raise AssertionError("\n".join(_message(judged, broken, verdicts.values())))


def _history(history: History | Path | str | Iterable[Mapping[str, Any]]) -> History:
    if isinstance(history, History):
        return history
    return History.load(Path(history)) if isinstance(history, str | Path) else History.of(history)


def _must_be_known(wanted: Mapping[str, tuple[str, ...]]) -> None:
    for name, checks in wanted.items():
        if name not in GUARANTEES and not CHECKS.keys() >= set(checks):
            raise UsageError(f"no guarantee or check is called {name!r}; guarantees: {', '.join(GUARANTEES)}")


def _breaks(verdict: Verdict) -> bool:
    return verdict.outcome.counts_against


def _message(history: History, broken: Collection[str], verdicts: Iterable[Verdict]) -> Iterator[str]:
    yield f"{' and '.join(broken) or 'the history'} {'do' if len(broken) > 1 else 'does'} not hold"
    # What failed convicts; what is unknown only says so.
    for verdict in sorted(filter(_breaks, verdicts), key=lambda verdict: verdict.outcome is not Outcome.FAIL):
        unknown = "unknown: " if verdict.outcome is Outcome.UNKNOWN else ""
        yield f"{verdict.check}: {unknown}{verdict.summary}"
        _, told = evidence(history, verdict, 1)
        yield from (line for lines in told for line in lines)
