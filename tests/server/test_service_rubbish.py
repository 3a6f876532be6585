"""Requests that no client would send: damaged on the way, or made to harm."""

import random

import grpc
import pytest
from region_factory import small_region
from roadside_server.serve import EmbeddedServer
from service_calls import Calls, request

Code = grpc.StatusCode
MUTANTS = 400
RING = [{"x": x, "y": y} for x, y in [(104e3, 193e3), (104.6e3, 193e3), (104.6e3, 193.5e3)]]
MEASURES = [
    {"close": {}, "roads": {"polygon": {"ring": RING}}},
    {
        "set_volumes": {"volumes": [{"vehicle_class": 1, "vehicles_per_day": 100.0}]},
        "roads": {"classes": {"classes": ["residential"]}},
    },
    {"low_emission_zone": {"factors": [{"vehicle_class": 1, "quantity": 2, "factor": 0.5}]}},
    {"scale_volumes": {"factors": [{"factor": 2.0}]}},
    {"set_speed": {"speed": 30.0}},
    {"set_surface": {"surface": "NL01"}},
]
OPTIONS = {"keep_bits": 8, "codec": "CODEC_ZSTD", "year": 2020, "noise_range": 500.0}
#: At the end of a request: validate_only = true, whatever stood before.
ONLY_CHECK = b"\x18\x01"


@pytest.fixture(scope="module")
def calls():
    with EmbeddedServer([small_region()]) as server:
        calls = Calls(server.address)
        with calls.channel:
            yield calls


def mutant(content, chance):
    """The bytes of a request, some of them changed, lost or inserted."""
    content = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place, kind = chance.randrange(len(content)), chance.random()
        if kind < 0.6:
            content[place] = chance.randrange(256)
        elif kind < 0.8:
            del content[place : place + chance.randint(1, 4)]
        else:
            content[place:place] = chance.randbytes(chance.randint(1, 8))
    return bytes(content) + ONLY_CHECK


def outcome(calls, content):
    try:
        calls.raw("ScenarioService/RunScenario", content, stream=True)
    except grpc.RpcError as error:
        return error.code()
    return Code.OK


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*encountered in is_valid.*:RuntimeWarning")
def test_damaged_requests_are_refused_in_words_and_never_unknown_or_internal(calls):
    chance = random.Random(1)
    whole = [
        request("regions/small", measures=MEASURES[:n], options=OPTIONS).SerializeToString()
        for n in range(len(MEASURES) + 1)
    ]
    assert {outcome(calls, content + ONLY_CHECK) for content in whole} == {Code.OK}
    found = [outcome(calls, mutant(chance.choice(whole), chance)) for _ in range(MUTANTS)]
    assert set(found) <= {Code.OK, Code.INVALID_ARGUMENT, Code.NOT_FOUND}
    assert found.count(Code.INVALID_ARGUMENT) > MUTANTS / 2
    assert Code.OK in found


@pytest.mark.parametrize("depth", [50, 10_000])
def test_deep_nesting_is_an_invalid_argument(calls, depth):
    content = b""
    for _ in range(depth):
        length = len(content)
        size = bytearray()
        while length > 127:
            size.append(length & 127 | 128)
            length >>= 7
        content = b"\x0a" + bytes(size) + bytes([length]) + content
    assert outcome(calls, content) is Code.INVALID_ARGUMENT


def test_a_million_empty_measures_are_too_many(calls):
    scenario = b"\x12\x00" * 1_000_000
    content = b"\x0a" + b"\x80\x89\x7a" + scenario
    assert outcome(calls, content) is Code.RESOURCE_EXHAUSTED
