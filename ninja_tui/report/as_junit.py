"""A report as JUnit's XML: a suite a file, a case an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO
from xml.etree.ElementTree import Element, SubElement, tostring

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.formatting import visible
from ninja_tui.report.records import FileRecord, NodeRecord

RAISED = frozenset({Status.ERROR, Status.TIMEOUT})
"""What JUnit calls an error; other answers that do not pass are failures."""


def write_junit(stream: TextIO, records: Iterable[FileRecord]) -> None:
    """Writes a suite for each file."""
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="ninja-tui">\n')
    for record in records:
        stream.write(tostring(_suite(record), encoding="unicode"))
        stream.write("\n")
    stream.write("</testsuites>\n")


def _suite(record: FileRecord) -> Element:
    path = visible(record.path)
    answers = [(lesson.lesson, node) for lesson in record.lessons for node in lesson.nodes]
    errors = sum(node.status in RAISED for _, node in answers) + (record.error is not None)
    failures = sum(node.status not in (*RAISED, Status.PASS) for _, node in answers)
    tests = len(answers) + (record.error is not None)
    suite = Element("testsuite", name=path, tests=str(tests), errors=str(errors), failures=str(failures), skipped="0")
    if record.error is not None:
        case = SubElement(suite, "testcase", classname=path, name="file", file=path)
        SubElement(case, "error", message=visible(record.error), type="unusable")
    for lesson, node in answers:
        suite.append(_case(path, visible(lesson), node))
    if record.notes:
        SubElement(suite, "system-out").text = visible("; ".join(record.notes))
    return suite


def _case(path: str, lesson: str, node: NodeRecord) -> Element:
    case = Element("testcase", classname=f"{path}.{lesson}", name=visible(node.gradient), file=path)
    if node.line is not None:
        case.set("line", str(node.line))
    told = [visible(sentence) for sentence in node.sentences]
    if node.status is not Status.PASS:
        kind = str(node.status if node.diagnosis is None else node.diagnosis.kind)
        tag = "error" if node.status in RAISED else "failure"
        problem = SubElement(case, tag, message=told[0] if told else str(node.status), type=kind)
        problem.text = "\n".join([*told, *(visible(each.code) for each in node.code)])
    elif node.warnings or told:
        SubElement(case, "system-out").text = "; ".join([*map(visible, node.warnings), *told])
    return case
