"""Reading a scenario file: TOML in, Scenario out, every fault at once with its place and a hint.

scenarios/peak.toml:14: unknown key traffic.daily_peek; did you mean daily_peak?
scenarios/peak.toml:12: population.users = '2bm': expected a count such as 2_000_000_000 or "2bn"
2 errors, nothing was run
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sim.errors import ScenarioError, UsageError
from sim.scenario import Scenario

SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"


def load_scenario(name_or_path: str | Path, settings: Iterable[str] = ()) -> Scenario:
    """The scenario of that name or file, with `key=value` settings laid over it.

    Raises UsageError when there is no such scenario and ScenarioError for what is wrong inside it.
    """
    path = find_scenario(name_or_path)
    origin = str(name_or_path if path.parent == SCENARIOS else path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScenarioError(
            [f"{origin}: not UTF-8 text, byte {error.start} is {error.object[error.start]:#x}"]
        ) from None
    return parse_scenario(text, origin, settings)


def find_scenario(name_or_path: str | Path) -> Path:
    """The file behind a name of the shipped scenarios or a path."""
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        if not path.is_file():
            raise UsageError(f"no scenario file at {path}; the shipped ones are: {', '.join(scenario_names())}")
        return path
    shipped = SCENARIOS / f"{name_or_path}.toml"
    if shipped.is_file():
        return shipped
    near = get_close_matches(str(name_or_path), scenario_names(), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the shipped ones are: {', '.join(scenario_names())}"
    raise UsageError(f"no scenario called {name_or_path!r}; {hint}")


def scenario_names() -> list[str]:
    """Names of the shipped scenarios."""
    return sorted(path.stem for path in SCENARIOS.glob("*.toml"))


def parse_scenario(text: str, origin: str = "scenario", settings: Iterable[str] = ()) -> Scenario:
    """A Scenario from TOML text. `origin` names the text in messages."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([_toml_problem(origin, error)]) from None
    set_paths = [_apply_setting(document, setting) for setting in settings]
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        lines = text.splitlines()
        problems = [line for detail in error.errors() for line in _problems(detail, origin, lines, set_paths)]
        raise ScenarioError(problems) from None


def dump_scenario(scenario: Scenario) -> str:
    """The scenario as TOML that reads back to the same scenario."""
    document = scenario.model_dump(by_alias=True, exclude_none=True)
    tables = {f"[{name}]": [table] for name, table in document.items() if isinstance(table, dict)}
    tables |= {f"[[{name}]]": list(rows) for name, rows in document.items() if isinstance(rows, tuple)}
    scalars = {key: value for key, value in document.items() if not isinstance(value, dict | tuple)}
    parts = ["\n".join([header, *_toml_lines(table)]) for header, listed in tables.items() for table in listed]
    return "\n\n".join(["\n".join(_toml_lines(scalars)), *parts]) + "\n"


def with_settings(scenario: Scenario, settings: Mapping[str, object]) -> Scenario:
    """The scenario with other values, such as `{"traffic.daily_peak": 2}`. Raises ScenarioError as a file would."""
    laid_over = [f"{key}={value if isinstance(value, str) else _toml_value(value)}" for key, value in settings.items()]
    return parse_scenario(dump_scenario(scenario), scenario.name, laid_over)


def _toml_lines(table: Mapping[str, object]) -> list[str]:
    return [f"{key} = {_toml_value(value)}" for key, value in table.items()]


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(list(value) if isinstance(value, tuple) else value)


def _toml_problem(origin: str, error: tomllib.TOMLDecodeError) -> str:
    match = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error))
    if match is None:
        return f"{origin}: not valid TOML: {error}"
    return f"{origin}:{match[2]}: not valid TOML: {match[1]} (column {match[3]})"


def _apply_setting(document: dict[str, Any], setting: str) -> tuple[str, ...]:
    key, equals, value = setting.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        raise UsageError(f"--set {setting!r}: expected key=value, such as traffic.messages=50bn/day")
    table: Any = document
    for part in path[:-1]:
        table = _below(table, part)
        if not isinstance(table, dict | list):
            raise UsageError(f"--set {setting!r}: {part} is not a table")
    if isinstance(table, list):
        raise UsageError(
            f"--set {setting!r}: expected a key of one of its {len(table)} tables, such as bursts.0.factor"
        )
    table[path[-1]] = _setting_value(value.strip())
    return path


def _below(table: Any, part: str) -> Any:
    if isinstance(table, list):
        return table[int(part)] if part.isdecimal() and int(part) < len(table) else None
    return table.setdefault(part, {})


def _setting_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _problems(
    detail: ErrorDetails, origin: str, lines: Sequence[str], set_paths: Sequence[tuple[str, ...]]
) -> list[str]:
    path = tuple(str(part) for part in detail["loc"] if part != "[key]")
    if path or detail["type"] != "value_error":
        return [f"{_place([path], origin, lines, set_paths)}: {_explain(detail, path)}"]
    # What is wrong between several keys names them; the first of them that somebody wrote has the place.
    faults = detail["msg"].removeprefix("Value error, ").splitlines()
    return [f"{_place(_keys_named(fault), origin, lines, set_paths)}: {fault}" for fault in faults]


def _keys_named(fault: str) -> list[tuple[str, ...]]:
    first = re.match(r"\[?([a-z_]+)\]? ", fault)
    keys = [*(first.groups() if first else ()), *re.findall(r"[a-z_]+(?:\.[a-z0-9_]+)+", fault)]
    return [tuple(key.split(".")) for key in keys]


def _place(
    paths: Sequence[tuple[str, ...]], origin: str, lines: Sequence[str], set_paths: Sequence[tuple[str, ...]]
) -> str:
    for path in paths:
        for set_path in set_paths:
            if path[: len(set_path)] == set_path:
                return f"--set {'.'.join(set_path)}"
    located = [_line_of(lines, path) for path in paths]
    exact = (line for line, is_key in located if is_key)
    line = next(exact, located[0][0] if located else 0)
    return f"{origin}:{line}" if line else origin


def _explain(detail: ErrorDetails, path: tuple[str, ...]) -> str:
    dotted = ".".join(path)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(path[-1], _keys_of(path[:-1]), n=1)
        return f"unknown key {dotted}" + (
            f"; did you mean {near[0]}?" if near else f"; known: {', '.join(_keys_of(path[:-1]))}"
        )
    if detail["loc"][-1:] == ("[key]",):
        return f"unknown key {dotted}: {message}"
    if detail["type"] == "missing":
        return f"{dotted} is missing"
    if not path or isinstance(detail["input"], Mapping):
        return f"{dotted}: {message}" if dotted else message
    return f"{dotted} = {detail['input']!r}: {message[0].lower() + message[1:]}"


def _keys_of(path: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Scenario
    for part in path:
        if part.isdecimal():
            continue
        annotation = next((f.annotation for key, f in model.model_fields.items() if (f.alias or key) == part), None)
        below = _model_in(annotation)
        if below is None:
            return []
        model = below
    return [field.alias or key for key, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `Model`, `Model | None` or `tuple[Model, ...]`."""
    for inner in (annotation, *get_args(annotation)):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return None


def _line_of(lines: Sequence[str], path: tuple[str, ...]) -> tuple[int, bool]:
    """The line (from 1) of a key and True, else of the table that it is in, or 0, and False."""
    table: tuple[str, ...] = ()
    rows: Counter[str] = Counter()
    best = 0
    for number, line in enumerate(lines, 1):
        if header := re.match(r"\s*(\[?)\[\s*([^\[\]]+?)\s*\]", line):
            table = tuple(part.strip().strip("\"'") for part in header[2].split("."))
            if header[1]:
                rows[header[2]] += 1
                table = (*table, str(rows[header[2]] - 1))
            if path[: len(table)] == table:
                best = number
        elif key := re.match(r"\s*([A-Za-z0-9_.\"'-]+)\s*=", line):
            here = (*table, *(part.strip("\"'") for part in key[1].split(".")))
            if here == path:
                return number, True
            if path[: len(here)] == here:
                best = number
    return best, False
