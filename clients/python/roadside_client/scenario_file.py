"""Scenario files: the JSON form of ``roadside.v1.Scenario``, written in JSON or YAML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from roadside.v1.scenario_pb2 import Scenario


class ScenarioFileError(ValueError):
    """A scenario file that cannot be read; the message names file, line and field."""


def read_scenario_file(path: str | Path) -> Scenario:
    """The scenario in a file; fields in lower_snake_case or lowerCamelCase.

    Raises
    ------
    ScenarioFileError
        The file is not there, is neither YAML nor JSON, or has a field that a scenario has not.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: {getattr(error, 'strerror', None) or error}"
        raise ScenarioFileError(message) from error
    return read_scenario_text(text, str(path))


def read_scenario_text(text: str, source: str = "scenario") -> Scenario:
    """The scenario in a text; ``source`` names it in errors."""
    try:
        tree = yaml.compose(text, _ScenarioLoader)
    except yaml.YAMLError as error:
        raise ScenarioFileError(_place(source, _line(error)) + _yaml_problem(error)) from error
    lines: dict[str, int] = {}
    fields = _value(tree, "", lines, source)
    if not isinstance(fields, dict):
        message = f"{source}: a scenario has named fields, such as 'region: regions/helsinki'"
        raise ScenarioFileError(message)
    try:
        return json_format.ParseDict(fields, Scenario())
    except json_format.ParseError as error:
        raise _field_error(error, fields, lines, source) from error


def scenario_text(scenario: Scenario) -> str:
    """A scenario as YAML, which read_scenario_text reads back to the same scenario."""
    fields = json_format.MessageToDict(scenario, preserving_proto_field_name=True)
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)


class _ScenarioLoader(yaml.SafeLoader):
    """YAML whose words stay words: no dates, and no truth in 'yes', 'no', 'on' and 'off'."""


_ScenarioLoader.yaml_implicit_resolvers = {
    first: [
        (tag, rule)
        for tag, rule in rules
        if not tag.endswith(":timestamp") and (not tag.endswith(":bool") or first in "tTfF")
    ]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _value(node: yaml.Node | None, path: str, lines: dict[str, int], source: str) -> Any:
    """Value of a node of the file; notes the line of every field on the way."""
    if node is None:
        return None
    line = lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        items = enumerate(node.value)
        return [_value(item, f"{path}[{i}]", lines, source) for i, item in items]
    if isinstance(node, yaml.MappingNode):
        return _fields(node, path, lines, source)
    if node.tag.endswith(":null"):
        message = f"{_place(source, line)}{path.lstrip('.')}: empty; write {{}} for no settings"
        raise ScenarioFileError(message)
    return _ScenarioLoader("").construct_object(node)


def _fields(
    node: yaml.MappingNode, path: str, lines: dict[str, int], source: str
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in node.value:
        name = f"{path}.{key.value}"
        if key.value in fields:
            place = _place(source, key.start_mark.line + 1)
            raise ScenarioFileError(f"{place}{name.lstrip('.')}: given twice")
        fields[key.value] = _value(value, name, lines, source)
        lines[name] = key.start_mark.line + 1
    return fields


def _field_error(
    error: json_format.ParseError, fields: dict[str, Any], lines: dict[str, int], source: str
) -> ScenarioFileError:
    """The error of a field that Protobuf refused, with the line of the field or of its parent."""
    problem = str(error).split("\n", maxsplit=1)[0].rstrip(".")
    named = re.search(r' at "?Scenario((?:[.\[][\w\]]+)*)"?', problem)
    parents = re.findall(r"Failed to parse (\w+) field: ", problem)
    path = named.group(1) if named else _path(parents, fields)
    rule = re.sub(r"Failed to parse \w+ field: ", "", problem)
    rule = re.sub(r' at "?Scenario[\w.\[\]]*"?', "", rule).rstrip(".")
    unknown = re.search(r'has no field named "(\w+)"', rule)
    if unknown:
        path, rule = f"{path}.{unknown.group(1)}", "no such field" + _known(str(error))
    rule = re.sub(r"'(\w+)' object is not iterable", r"must have named fields, not '\1'", rule)
    rule = rule.replace(
        "expected string or bytes-like object, got", "must be a text in quotes, not"
    )
    line = next((lines[p] for p in _ancestors(path) if p in lines), None)
    return ScenarioFileError(f"{_place(source, line)}{path.lstrip('.') or 'scenario'}: {rule}")


def _known(problem: str) -> str:
    names = re.findall(r"'(\w+)'", problem.partition("Available Fields")[2])
    return f"; there are {', '.join(names)}" if names else "; it has none"


def _path(names: list[str], fields: dict[str, Any]) -> str:
    """Path of a refused field that Protobuf only named; tries the measures one by one."""
    if names[:1] != ["measures"]:
        return "".join(f".{name}" for name in names)
    refused = next((i for i, measure in enumerate(fields["measures"]) if _is_refused(measure)), 0)
    return "".join(f".{name}" for name in [f"measures[{refused}]", *names[1:]])


def _is_refused(measure: Any) -> bool:
    try:
        json_format.ParseDict({"measures": [measure]}, Scenario())
    except json_format.ParseError:
        return True
    return False


def _ancestors(path: str) -> list[str]:
    """A path and all that it lies in, innermost first."""
    cuts = [match.start() for match in re.finditer(r"[.\[]", path)]
    return [path, *(path[:cut] for cut in reversed(cuts))]


def _line(error: yaml.YAMLError) -> int | None:
    mark = getattr(error, "problem_mark", None)
    return None if mark is None else int(mark.line) + 1


def _yaml_problem(error: yaml.YAMLError) -> str:
    return f"neither YAML nor JSON: {getattr(error, 'problem', None) or error}"


def _place(source: str, line: int | None) -> str:
    return f"{source}: " if line is None else f"{source}, line {line}: "
