"""junit.xml: one test case for every threshold and check of the judged world, as build servers read it.

pass → nothing    fail → failure with the convicting events    unknown → skipped with its reason, or error for a crash
not applicable → skipped: the history does not record what the check is about
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from reports.result import Result
from reports.text import interval, threshold_label
from reports.thresholds import ThresholdResult
from reports.world import Finding
from sim.units import show_duration
from sim.verdict import Outcome


def write_junit(result: Result, path: Path) -> None:
    """Write `junit.xml`."""
    tree = ET.ElementTree(junit_document(result))
    ET.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def junit_document(result: Result) -> ET.Element:
    """The `testsuites` element."""
    name = f"chatscale.{result.scenario.name}.{result.judged}"
    suite = ET.Element("testsuite", name=name)
    properties = ET.SubElement(suite, "properties")
    known = {"seed": result.seed, "outcome": result.outcome, "replay": result.replay, **_versions(result)}
    for key, value in known.items():
        ET.SubElement(properties, "property", name=key, value=str(value))
    for threshold in result.thresholds:
        _threshold_case(suite, name, threshold)
    for finding in result.world.findings:
        _check_case(suite, name, finding)
    for attribute, tag in {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        suite.set(attribute, str(len(list(suite.iter(tag)))))
    root = ET.Element("testsuites", name="chatscale")
    root.append(suite)
    return root


def _threshold_case(suite: ET.Element, name: str, found: ThresholdResult) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"{name}.threshold", name=threshold_label(found))
    actual = "not seen" if found.actual_s is None else f"{show_duration(found.actual_s)} {interval(found)}".strip()
    told = f"{actual}, limit {show_duration(found.limit_s)}" + (f"; {found.note}" if found.note else "")
    if found.outcome is Outcome.FAIL:
        ET.SubElement(case, "failure", message=told, type="threshold")
    elif found.outcome is Outcome.UNKNOWN:
        ET.SubElement(case, "skipped", message=f"unknown: {told}")
    else:
        ET.SubElement(case, "system-out").text = told


def _check_case(suite: ET.Element, name: str, found: Finding) -> None:
    verdict = found.verdict
    case = ET.SubElement(suite, "testcase", classname=f"{name}.check", name=verdict.check)
    evidence = "\n\n".join("\n".join(lines) for lines in found.evidence)
    if verdict.outcome is Outcome.FAIL:
        ET.SubElement(case, "failure", message=verdict.summary, type=verdict.check).text = evidence
    elif verdict.outcome is Outcome.UNKNOWN:
        tag = "error" if found.verdict.has_crashed else "skipped"
        ET.SubElement(case, tag, message=f"unknown: {verdict.summary}").text = evidence or None
    elif verdict.outcome is Outcome.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", message=f"not applicable: {verdict.summary}")
    else:
        ET.SubElement(case, "system-out").text = verdict.summary


def _versions(result: Result) -> dict[str, str]:
    versions = result.facts.get("versions", {})
    return {f"version.{key}": str(value) for key, value in versions.items()} if isinstance(versions, dict) else {}
