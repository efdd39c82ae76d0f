"""What is said of an engine that cannot be used."""

from itertools import pairwise

from docker.errors import APIError, DockerException
from requests.exceptions import ConnectionError as LostConnection

from realstack.servers.engine import reason


def wrapped(*errors: Exception) -> BaseException:
    """The last of them, each raised while the one before it was handled."""
    for inner, outer in pairwise(errors):
        outer.__context__ = inner
    return errors[-1]


def test_the_systems_word_is_found_below_what_clients_wrap_around_it() -> None:
    gone = FileNotFoundError(2, "No such file or directory")
    assert reason(gone) == "No such file or directory"
    assert reason(wrapped(gone, RuntimeError("aborted"), LostConnection("aborted"))) == "No such file or directory"


def test_the_engines_own_explanation_comes_first() -> None:
    told = APIError("500 Server Error", explanation="no space left\n  on device")
    assert reason(wrapped(OSError(1, "below"), told)) == "no space left on device"


def test_an_error_without_a_cause_speaks_for_itself() -> None:
    assert reason(DockerException("odd")) == "odd"
