"""Draws the plots of docs/benchmarks.md and fills in its tables from benchmarks/results.

python benchmarks/document.py
"""

import json
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from noise_targets import noise_table
from targets import mode, served, share_of_sending, target_table

HERE = Path(__file__).parent
RESULTS, DOCS = HERE / "results", HERE.parent / "docs"
PAGE = DOCS / "benchmarks.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
WORKLOADS = ("b1", "b1n", "b2", "b3", "b4", "b6", "b7")
STAGES = ("prepare", "queue", "compute", "copy", "encode", "send")


def read(name, device="cpu"):
    """Figures of a benchmark, or None."""
    path = RESULTS / f"{name}-{device}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def measured():
    """All workloads that there are figures of."""
    return [found for name in WORKLOADS if (found := read(name)) is not None]


def main_table(workloads):
    """Times and rates of every workload."""
    head = (
        "| workload | mode | first tile (s) | last tile (s), least / median / p95 | warm last tile "
        "(s), least / median | without transfer (s) | encode, copy, send (share) | formal pairs/s, "
        "sampled tiles | formal, all tiles (s, extrapolated) | host peak (GiB) | "
        "last tile of the run before (s), least |"
    )
    rows = [head, "|---" * 11 + "|"]
    for found in workloads:
        run, sample = served(found), found["formal_sample"]
        cold, warm = run["cold"], run["warm"]
        first = run[run["headline"]]["first"]["minimum"]
        rows.append(
            f"| {found['benchmark']} {found['title']} | {mode(found)} | {first:.2f} | "
            f"{' / '.join(seconds(cold['last']))} | "
            f"{' / '.join(seconds(warm['last'])[:2])} | {direct(run)} | "
            f"{share_of_sending(run):.0%} | {sample['pairs_per_second']:.2g} ({sample['tiles']} of "
            f"{sample['of']}) | {sample['estimated_seconds_of_all_tiles']:.0f} | "
            f"{found['memory']['host_peak_bytes'] / 2**30:.2f} | {last_before(found)} |"
        )
    return rows


def last_before(found):
    """What the headline was in the run that this one replaced."""
    told = found.get("previous")
    return f"{told['last_s']:.2f} ({told['commit']})" if told else ""


def direct(run):
    """Seconds without transfer; not where a delta was computed without its baseline."""
    alone = run["without_transfer"]
    comparable = run["headline"] == "cold" or alone.get("baseline_in_memory", False)
    return f"{alone['last']:.2f}" if comparable else ""


def seconds(spread):
    return [f"{spread[name]:.2f}" for name in ("minimum", "median", "p95")]


def exactness_table(workloads):
    """Interactive against formal and formal against double precision."""
    rows = [
        "| workload | array | interactive and formal differ by: mean | 99.9 % | largest | "
        "99.9 %, relative | share of what is allowed | formal and double precision differ by |",
        "|---" * 8 + "|",
    ]
    for found in workloads:
        double = found["parity"]["double"]
        exact = (
            f"{double['relative_error_of_sums']:.1e} (sums), "
            f"{double['absolute_error_ug_m3']:.1e} µg/m³"
            if "relative_error_of_sums" in double
            else f"{double['absolute_error_db']:.1e} dB"
        )
        arrays = found["parity"].get("interactive")
        if not arrays:
            rows.append(f"| {found['benchmark']} | lden |  |  |  |  |  | {exact} |")
            continue
        for name, off in arrays.items():
            allowed = f"{off['of_allowed']:.1%}" if "of_allowed" in off else ""
            rows.append(
                f"| {found['benchmark']} | {name} | {off['mean']:.1e} | {off['percentile']:.1e} | "
                f"{off['largest']:.1e} {off['unit'].replace('ug/m3', 'µg/m³')} | "
                f"{off['relative_percentile']:.3%} | {allowed} | {exact} |"
            )
    return rows


def stage_table(workloads):
    """Where the time goes."""
    rows = [f"| workload | {' | '.join(STAGES)} |", "|---" * (1 + len(STAGES)) + "|"]
    for found in workloads:
        stages = served(found)["stages"]
        cells = " | ".join(f"{stages[name]:.3f}" for name in STAGES)
        rows.append(f"| {found['benchmark']} | {cells} |")
    return rows


def loop_table():
    """The formal SRM2 loop."""
    found = read("pairs")
    if found is None:
        return []
    rows = [
        ("pairs a second, all cores", f"{found['pairs_per_second']:.3g}"),
        ("pairs a second, one thread", f"{found['one_thread_pairs_per_second']:.3g}"),
        ("pairs a second, plain NumPy", f"{found['numpy_pairs_per_second']:.3g}"),
        ("speed-up over NumPy", f"{found['speedup_over_numpy']:.0f} times"),
        ("error of sums against double precision", f"{found['relative_error_of_sums']:.1e}"),
        ("measured at", f"{found['date']}, commit {found['commit']}"),
        ("load average", found.get("load_average", "not recorded")),
        ("the run before it", before(found)),
    ]
    if "share_of_operations" in found:
        limit, share = found["measured_operations_per_second"], found["share_of_operations"]
        rows.append(("operations a second", f"{found['operations_per_second']:.3g}"))
        rows.append(("the cores in a loop of multiply-adds", f"{limit:.3g} ({share:.0%} of it)"))
    if "cache_bytes_per_second" in found:
        rows.append(("bytes of cache a second", f"{found['cache_bytes_per_second']:.3g}"))
        rows.append(("copying memory, bytes a second", f"{found['measured_bytes_per_second']:.3g}"))
    return ["| formal SRM2 loop | |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]


def before(found):
    """The figure that a run replaced."""
    told = found.get("previous")
    if told is None:
        return "none"
    return f"{told['pairs_per_second']:.3g} pairs a second, {told['date']}, {told['commit']}"


def sweep_table():
    """How cost grows."""
    found = read("b5")
    if found is None:
        return []
    rows = [
        "| growing | receptors | pieces | pairs | seconds | host peak (GiB) |",
        "|---" * 6 + "|",
    ]
    rows += [
        f"| {step['kind']} | {step['receptors']:,} | {step['pieces']:,} | {step['pairs']:.2g} | "
        f"{step['seconds']:.2f} | {step['host_peak_bytes'] / 2**30:.2f} |"
        for step in found["steps"]
    ]
    grown = found["growth_exponent"]
    told = ", ".join(f"{kind} {value:.2f}" for kind, value in grown.items() if value is not None)
    return [*rows, "", f"Exponent of growth between the last two steps (1: linear): {told}."]


def machine_line(workloads):
    loads = [found["machine"]["load_average"] for found in workloads]
    said = workloads[0]["machine"]
    commits = sorted({found["machine"]["commit"] for found in workloads})
    return (
        f"{said['cpu']}, {said['memory_gib']:.1f} GiB, no GPU; Python {said['python']}, Numba "
        f"{said['numba']}, NumPy {said['numpy']}; commits {', '.join(commits)}; one-minute load "
        f"after the runs {min(loads)} to {max(loads)}."
    )


def draw_seconds(workloads):
    """First and last tile of every workload."""
    figure, axes = plt.subplots(figsize=(7, 3.2))
    names = [found["benchmark"] for found in workloads]
    series = {
        "first tile": [served(f)[served(f)["headline"]]["first"]["median"] for f in workloads],
        "last tile": [served(f)[served(f)["headline"]]["last"]["median"] for f in workloads],
        "formal, all tiles (extrapolated)": [
            f["formal_sample"]["estimated_seconds_of_all_tiles"] for f in workloads
        ],
    }
    for i, (label, values) in enumerate(series.items()):
        places = [k + (i - 1) * 0.27 for k in range(len(names))]
        axes.bar(places, values, 0.25, label=label)
    axes.set_xticks(range(len(names)), names)
    axes.set_yscale("log")
    axes.set_ylabel("seconds (median)")
    axes.legend(fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False)
    save(figure, "benchmarks-seconds.png")


def draw_stages(workloads):
    """Stage times of every workload, one above the other."""
    figure, axes = plt.subplots(figsize=(7, 2.6))
    names = [found["benchmark"] for found in workloads]
    left = [0.0] * len(names)
    for stage in STAGES:
        total = [sum(served(f)["stages"][name] for name in STAGES) for f in workloads]
        values = [served(f)["stages"][stage] / t for f, t in zip(workloads, total, strict=True)]
        axes.barh(names, values, left=left, label=stage)
        left = [a + b for a, b in zip(left, values, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("share of the sum of the stages")
    axes.legend(fontsize=7, ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    save(figure, "benchmarks-stages.png")


def draw_sweep():
    """Seconds against receptors and against pieces."""
    found = read("b5")
    if found is None:
        return
    figure, panels = plt.subplots(1, 2, figsize=(7, 2.8), sharey=True)
    for axes, kind in zip(panels, ("receptors", "pieces"), strict=True):
        steps = [step for step in found["steps"] if step["kind"] == kind]
        if steps:
            axes.loglog([step[kind] for step in steps], [step["seconds"] for step in steps], "o-")
        axes.set_xlabel(f"{kind} ({'Ghent' if kind == 'receptors' else 'seven urban areas'})")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("seconds, interactive")
    save(figure, "benchmarks-growth.png")


def save(figure, name):
    figure.tight_layout()
    figure.savefig(DOCS / name, dpi=110, metadata={"Software": None})
    plt.close(figure)


def main():
    workloads = measured()
    draw_seconds(workloads)
    draw_stages(workloads)
    draw_sweep()
    parts = [
        [machine_line(workloads)],
        target_table(read),
        noise_table(RESULTS),
        loop_table(),
        main_table(workloads),
        stage_table(workloads),
        exactness_table(workloads),
        sweep_table(),
    ]
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    body = "\n\n".join("\n".join(part) for part in parts if part)
    PAGE.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
