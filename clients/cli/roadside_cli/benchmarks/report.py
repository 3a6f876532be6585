"""Figures as tables for people, and as files to compare with later."""

import json
from pathlib import Path
from typing import Any

from rich.table import Table

BILLION, GIBIBYTE = 1e9, 2**30
#: Stages of a run, as the server's summary names them.
STAGES = ("prepare", "queue", "compute", "copy", "encode", "send")


def file_name(name: str, device: str) -> str:
    """Where the figures of a benchmark are kept."""
    return f"{name.lower()}-{device}.json"


def previous(folder: Path | None, name: str, device: str) -> dict[str, Any] | None:
    """The figures that a folder holds from before."""
    path = None if folder is None else folder / file_name(name, device)
    if path is None or not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def with_previous(figures: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """The figures with the headline of the run before them, if there was one."""
    if before is None:
        return figures | {"previous": None}
    found = before.get("machine", before)
    told = {"date": found.get("date"), "commit": found.get("commit"), **headline(before)}
    return figures | {"previous": told}


def headline(figures: dict[str, Any]) -> dict[str, Any]:
    """The few numbers by which runs are compared."""
    if "steps" in figures:
        return {"last_s": figures["steps"][-1]["seconds"]}
    if "pairs_per_second" in figures:
        return {"pairs_per_second": figures["pairs_per_second"]}
    served = _served(figures)
    times = served[served["headline"]]
    return {"first_s": times["first"]["minimum"], "last_s": times["last"]["minimum"]}


def write(figures: dict[str, Any], folder: Path, name: str) -> Path:
    """Keep the figures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(name, figures["device"])
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return path


def tables(figures: dict[str, Any]) -> list[Table]:
    """What a person wants to see of one benchmark."""
    if "steps" in figures:
        return [_sweep(figures)]
    if "pairs_per_second" in figures:
        return [_pairs(figures)]
    return [_times(figures), _facts(figures)]


def _times(figures: dict[str, Any]) -> Table:
    served = _served(figures)
    table = Table(
        title=f"{figures['benchmark']}: {figures['title']} ({figures['device']})", box=None
    )
    table.add_column("seconds to the")
    for kind in ("cold", "warm"):
        for name in ("least", "median", "p95"):
            table.add_column(f"{kind} {name}", justify="right")
    for name, shown in (("first", "first tile"), ("last", "last changed tile"), ("end", "summary")):
        spreads = (served[kind][name] for kind in ("cold", "warm"))
        values = [f"{s[part]:.3f}" for s in spreads for part in ("minimum", "median", "p95")]
        table.add_row(shown, *values)
    return table


def _facts(figures: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False)
    for name, value in _rows(figures):
        table.add_row(name, value)
    return table


def _rows(figures: dict[str, Any]) -> list[tuple[str, str]]:
    served, sample, region = _served(figures), figures["formal_sample"], figures["region"]
    stages, kernels = served["stages"], figures["kernels"]
    direct, before = served["without_transfer"], figures.get("previous")
    rows = [
        ("region", f"{region['receptors']:,} receptors, {region['pieces']:,} pieces of road"),
        ("stages (s)", ", ".join(f"{name} {stages.get(name, 0.0):.3f}" for name in STAGES)),
        ("overlap", _overlap(served["overlap"])),
        ("tiles", f"{served['tiles']}, {served['unchanged_tiles']} of them unchanged"),
        ("bytes received", f"{served['bytes_received']:,}"),
        ("without transfer", f"first {direct['first']:.3f} s, last {direct['last']:.3f} s"),
        (
            "formal",
            f"{sample['pairs_per_second'] / BILLION:.3f}e9 pairs/s on {sample['tiles']} of "
            f"{sample['of']} tiles; all: about {sample['estimated_seconds_of_all_tiles']:.1f} s",
        ),
        ("memory", _memory(figures["memory"])),
        (
            "SRM2 loop",
            f"{kernels['pairs_per_second'] / BILLION:.3f}e9 pairs/s, "
            f"{kernels['speedup_over_numpy']:.0f} times plain NumPy",
        ),
        *_parity_rows(figures["parity"]),
    ]
    if before:
        rows.append(("previous", f"last {before.get('last_s', 0.0):.3f} s at {before['commit']}"))
    return rows


def _overlap(found: dict[str, Any]) -> str:
    """How near a run comes to taking no longer than its slowest stage."""
    over = found["over_slowest"]
    return "unknown" if over is None else f"wall {over:.2f} times {found['slowest_stage']}"


def _memory(found: dict[str, Any]) -> str:
    host = f"host peak {found['host_peak_bytes'] / GIBIBYTE:.2f} GiB"
    on_gpu = found["device_bytes"]
    return host if on_gpu is None else f"{host}, on the GPU {on_gpu / GIBIBYTE:.2f} GiB"


def _parity_rows(parity: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    double = parity["double"]
    if "relative_error_of_sums" in double:
        error = double["relative_error_of_sums"]
        rows.append(("formal, double precision", f"sums differ by {error:.1e} at most"))
    else:
        error = double["absolute_error_db"]
        rows.append(("formal, double precision", f"Lden differs by {error:.1e} dB at most"))
    for name, found in parity.get("interactive", {}).items():
        error = f"{found['percentile']:.2g} {found['unit']}, {found['relative_percentile']:.2%}"
        rows.append((f"interactive, {name}", f"99.9 % within {error} of formal"))
    for name, found in (parity["cpu_gpu"] or {}).items():
        rows.append((f"GPU, {name}", f"within {found['largest']:.2g} {found['unit']} of the CPU"))
    return rows


def _pairs(figures: dict[str, Any]) -> Table:
    table = Table(title=f"formal SRM2 loop ({figures['device']})", box=None, show_header=False)
    one, share = figures["one_thread_pairs_per_second"], figures.get("share_of_operations")
    table.add_row("pairs a second", f"{figures['pairs_per_second'] / BILLION:.3f}e9")
    if one is not None:
        table.add_row("one thread", f"{one / BILLION:.3f}e9")
    table.add_row("over plain NumPy", f"{figures['speedup_over_numpy']:.0f} times")
    table.add_row("error of sums", f"{figures['relative_error_of_sums']:.1e}")
    if share is not None:
        table.add_row("share of the device's arithmetic", f"{share:.0%}")
    copied = figures.get("seconds_with_copies")
    if copied is not None:
        table.add_row("with copies there and back", f"{figures['pairs'] / copied / BILLION:.3f}e9")
    return table


def _sweep(figures: dict[str, Any]) -> Table:
    table = Table(title=f"B5: {figures['title']} ({figures['device']})", box=None)
    for name in ("growing", "receptors", "pieces", "first tile (s)", "last tile (s)", "host (GiB)"):
        table.add_column(name, justify="right")
    for step in figures["steps"]:
        table.add_row(
            step["kind"], f"{step['receptors']:,}", f"{step['pieces']:,}",
            f"{step['seconds_first']:.2f}", f"{step['seconds']:.2f}",
            f"{step['host_peak_bytes'] / GIBIBYTE:.2f}",
        )  # fmt: skip
    return table


def _served(figures: dict[str, Any]) -> dict[str, Any]:
    served: dict[str, Any] = figures.get("interactive") or figures["formal"]
    return served
