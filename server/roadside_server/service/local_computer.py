"""Computes in this process."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from roadside.v1 import region_service_pb2, scenario_pb2, scenario_service_pb2
from roadside_kernels.launch import gpu_available

from roadside_server.computation.estimate import estimate
from roadside_server.computation.evaluation import Cancelled
from roadside_server.computation.job import Job, TileResult, prepare
from roadside_server.computation.methods import Methods
from roadside_server.computation.tiles import View
from roadside_server.emissions.factors import named_factors
from roadside_server.errors import TooLargeError, Violation, require
from roadside_server.region.schema import Region
from roadside_server.results.outline import outline_of
from roadside_server.results.summary import Summarizer, Summary
from roadside_server.results.zarr_format import store_parts
from roadside_server.scenario.reading import read_scenario
from roadside_server.service.catalogue import Catalogue, RegionMemory
from roadside_server.service.computer import TILES_AHEAD, Facts
from roadside_server.service.contributions import contributions_message
from roadside_server.service.messages import region_message, road_messages
from roadside_server.service.overlap import Following
from roadside_server.service.pages import page_of
from roadside_server.service.stages import StageTimes
from roadside_server.service.warm_up import sum_up, warm_up
from roadside_server.settings import DeviceName, Settings, gpu_memory_budget

#: Characters of a title: lists of results hold a thousand of them.
MAX_TITLE = 500
#: A quarter of a mebibyte of roads, or about.
ROADS_OF_A_PAGE = 1000


class LocalPrepared:
    """A job in this process."""

    def __init__(self, job: Job, facts: Facts, summing: ThreadPoolExecutor) -> None:
        self.facts = facts
        self._job = job
        self._summarizer = Summarizer(job)
        self._summing = summing

    def results(
        self, view: View | None, cancelled: Cancelled, stages: StageTimes
    ) -> Iterator[TileResult]:
        """Tiles as they finish, each summed up while the next one is computed."""
        with Following(self._summing, TILES_AHEAD) as summing:
            for result in stages.timed("compute", self._job.results(view, cancelled)):
                stages.add("copy", result.copied)
                summing.add(self._summarizer.add, result)
                yield result

    def summary(self) -> Summary:
        """What the tiles amount to."""
        return self._summarizer.summary()


class LocalComputer:
    """Regions and jobs of one device.

    Raises
    ------
    RoadsideError
        There is no such device, or a region is missing, damaged or too large.
    """

    up = True

    def __init__(self, settings: Settings, device: DeviceName, budget: int) -> None:
        if device.kind == "gpu":
            require(gpu_available(), "device", f"{device}, but no CUDA device is found")
        self.device = device
        self.budget = budget  # bytes
        self._limits = settings.limits
        self._factors = named_factors(settings.factors)
        self._years = self._factors.years[0], self._factors.years[-1]
        self._methods = Methods(cnossos_edition=settings.cnossos_edition)
        on_gpu = gpu_memory_budget() if device.kind == "gpu" else None
        self._catalogue = Catalogue(settings.regions, budget, on_gpu)
        self._summing = ThreadPoolExecutor(1, f"roadside-sum-{device}")

    @property
    def names(self) -> Sequence[str]:
        """Names of all regions, in order."""
        return self._catalogue.names

    def listen(self, changed: Callable[[], None]) -> None:
        """It never changes."""

    def prepare(self, scenario: scenario_pb2.Scenario) -> LocalPrepared:
        """A scenario checked, and all done that is independent of the tiles."""
        limits = self._limits
        _within(len(scenario.measures), limits.measures, "scenario.measures", "measures")
        _within(len(scenario.title), MAX_TITLE, "scenario.title", "characters")
        site = self._catalogue.site(scenario.region, "scenario.region")
        region = site.region
        _within(region.receptors.size, limits.receptors, "scenario.region", "receptors")
        job = prepare(
            region,
            read_scenario(scenario, region, self._years),
            self.device.kind,
            factors=self._factors,
            methods=self._methods,
            site=site,
        )
        estimated = estimate(job)
        _within(estimated.pairs, limits.pairs, "scenario", "pairs of road piece and receptor")
        facts = Facts(outline_of(job), store_parts(job), estimated)
        return LocalPrepared(job, facts, self._summing)

    def contributions(
        self, request: scenario_service_pb2.ListContributionsRequest
    ) -> scenario_service_pb2.ListContributionsResponse:
        """Which roads are heard at chosen places."""
        site = self._catalogue.site(request.scenario.region, "scenario.region")
        scenario = read_scenario(request.scenario, site.region, self._years)
        return contributions_message(request, site, scenario, self._methods)

    def regions(self, names: Sequence[str]) -> list[region_service_pb2.Region]:
        """Regions of these names, those that cannot be read left out."""
        return [region_message(region) for region in self._catalogue.described(names)]

    def region(self, resource: str) -> region_service_pb2.Region:
        """The region of a resource name."""
        return region_message(self._catalogue.get(resource, "name"))

    def roads(
        self, request: region_service_pb2.ListRoadsRequest
    ) -> region_service_pb2.ListRoadsResponse:
        """A page of a region's roads, in the order of its table."""
        return _roads(self._catalogue.get(request.region, "region"), request)

    def memory(self) -> list[RegionMemory]:
        """What each region takes."""
        return self._catalogue.memory()

    def unload(self, resource: str) -> int:
        """Forget a region until it is next asked for; bytes that become free."""
        return self._catalogue.unload(resource, "name")

    def sum_up(self, resource: str, tolerance: float, cancelled: Cancelled) -> None:
        """Load a region and sum up its present traffic."""
        sum_up(self._catalogue.site(resource, "name"), self.device.kind, tolerance, cancelled)

    def warm_up(self, preload: float | None, cancelled: Cancelled) -> None:
        """Run every kernel once; with a tolerance, sum up all loaded regions too."""
        names = self._catalogue.loaded
        sites = [self._catalogue.site(f"regions/{name}", "region") for name in names]
        warm_up(sites, self.device.kind, preload, cancelled)

    def close(self) -> None:
        """End its thread."""
        self._summing.shutdown()


def _within(number: int, limit: int, field: str, what: str) -> None:
    """Refuse more than the server accepts."""
    if number > limit:
        violation = Violation(field, f"{number} {what}, this server accepts {limit}")
        raise TooLargeError(f"{field}: {violation.description}", (violation,))


def _roads(
    region: Region, request: region_service_pb2.ListRoadsRequest
) -> region_service_pb2.ListRoadsResponse:
    named = region.roads["name"] == request.street
    rows = named.to_numpy().nonzero()[0] if request.street else range(len(region.roads))
    asked = f"{request.region} {region.content_hash} {request.street}"
    page, token = page_of(rows, request, asked, ROADS_OF_A_PAGE)
    roads = road_messages(region.roads.iloc[list(page)])
    return region_service_pb2.ListRoadsResponse(roads=roads, next_page_token=token)
