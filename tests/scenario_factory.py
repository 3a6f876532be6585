"""Scenario messages from what their JSON would say."""

import math
from typing import Any

from google.protobuf import json_format
from roadside.v1 import scenario_pb2


def scenario_message(*measures: Any, **fields: Any) -> scenario_pb2.Scenario:
    """A scenario of the small region: ``scenario_message({"close": {}}, title="All closed")``."""
    document = {"region": "regions/small", "measures": list(measures)} | fields
    return json_format.ParseDict(_quoted(document), scenario_pb2.Scenario())


def _quoted(value: Any) -> Any:
    """NaN and infinity as Protobuf's JSON spells them."""
    match value:
        case dict():
            return {key: _quoted(part) for key, part in value.items()}
        case list():
            return [_quoted(part) for part in value]
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity"
    return value
