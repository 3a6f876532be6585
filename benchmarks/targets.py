"""What the benchmarks must show, beside what their files of results say: a table for the page."""

GIGABYTE = 1e9
NOT_MEASURED = "not measured"
#: Workloads whose interactive runs are compared with formal ones.
AIR = ("b1", "b2", "b3", "b4", "b6", "b7")
ALL = (*AIR, "b1n")
#: Receptors between which growth is judged, in millions, rounded.
FEW, MANY = 3, 30


def served(found):
    """The run that a workload is about."""
    return found.get("interactive") or found["formal"]


def mode(found):
    """Its name."""
    return "interactive" if "interactive" in found else "formal"


def share_of_sending(run):
    """Encoding, copying and sending over the seconds of a cold run."""
    stages = run["stages_cold"]
    return sum(stages[name] for name in ("copy", "encode", "send")) / run["cold"]["end"]["median"]


def loop_rate(read):
    found = read("pairs")
    return found and f"{found['pairs_per_second']:.3g} (one thread: {_one_thread(found)})"


def _one_thread(found):
    rate = found["one_thread_pairs_per_second"]
    return "none" if rate is None else f"{rate:.3g}"


def seconds_of(name, kind, time):
    """Median and least seconds of a workload."""

    def figure(read):
        found = read(name)
        times = found and served(found)[kind][time]
        return times and f"{times['median']:.2f} s (least {times['minimum']:.2f})"

    return figure


def formal_seconds(read):
    found = read("b1")
    if found is None:
        return None
    sample = found["formal_sample"]
    seconds = sample["estimated_seconds_of_all_tiles"]
    return f"{seconds:.0f} s, from {sample['tiles']} of {sample['of']} tiles"


def growth(read):
    """Seconds over receptors, of many over those of few."""
    found = read("b5")
    steps = [] if found is None else [s for s in found["steps"] if s["kind"] == "receptors"]
    millions = {round(step["receptors"] / 1e6): step for step in steps}
    if not {FEW, MANY} <= millions.keys():
        return None
    few, many = millions[FEW], millions[MANY]
    ratio = many["seconds"] / few["seconds"] / (many["receptors"] / few["receptors"])
    return f"linear {ratio - 1.0:+.0%}"


def memory(read):
    found = read("b1")
    if found is None:
        return None
    host, device = (found["memory"][name] for name in ("host_peak_bytes", "device_bytes"))
    told = f"host {host / GIGABYTE:.2f} GB"
    return told if device is None else f"{told}, device {device / GIGABYTE:.2f} GB"


def sending(read):
    found = read("b1")
    if found is None:
        return None
    run = served(found)
    over = run.get("overlap", {}).get("over_slowest")
    share = f"{share_of_sending(run):.1%}"
    return share if over is None else f"{share}, wall {over:.2f} times the slowest stage"


def over_numpy(read):
    found = read("pairs")
    return found and f"{found['speedup_over_numpy']:.0f} times"


def parity(read):
    """Largest errors of formal runs against double precision, over all workloads."""
    doubles = [found["parity"]["double"] for name in ALL if (found := read(name))]
    units = {
        "relative_error_of_sums": "relative in sums",
        "absolute_error_ug_m3": "µg/m³",
        "absolute_error_db": "dB",
    }
    told = []
    for key, unit in units.items():
        errors = [double[key] for double in doubles if key in double]
        if errors:
            told.append(f"{max(errors):.1e} {unit}")
    return ", ".join(told) or None


def within_tolerance(read):
    """Share of the allowed error that the worst array of each workload takes."""
    told = []
    for name in AIR:
        arrays = (read(name) or {"parity": {}})["parity"].get("interactive", {})
        shares = [off["of_allowed"] for off in arrays.values() if "of_allowed" in off]
        if shares:
            told.append(f"{name.upper()} {max(shares):.1%}")
    return ", ".join(told) and f"of what is allowed: {', '.join(told)}"


#: What, its target on two cores and on an H100, and the figure.
TARGETS = (
    ("SRM2 formal, pairs a second", "≥ 6e8", "≥ 2e11", loop_rate),
    ("B1 interactive, last tile", "≤ 10 s", "≤ 0.5 s", seconds_of("b1", "cold", "last")),
    ("B1 formal, last tile", "reported", "≤ 1.5 s", formal_seconds),
    ("B1 interactive, first tile", "≤ 0.5 s", "≤ 0.1 s", seconds_of("b1", "cold", "first")),
    ("B2 delta, last changed tile", "≤ 1 s", "≤ 0.1 s", seconds_of("b2", "warm", "last")),
    ("B4 interactive, last tile", "≤ 10 s", "≤ 0.5 s", seconds_of("b4", "cold", "last")),
    ("growth from 3e6 to 3e7 receptors", "≤ linear + 10 %", "≤ linear + 10 %", growth),
    ("memory for B1", "host ≤ 4 GB", "device ≤ 4 GB", memory),
    (
        "encode, copy and send, share of B1",
        "≤ 30 %",
        "wall ≤ 1.25 times the slowest stage",
        sending,
    ),
    ("speed-up over plain NumPy", "≥ 30 times", "≥ 5,000 times", over_numpy),
    (
        "parity with double precision, largest",
        "≤ 1e-4 relative in sums, 0.01 µg/m³, 0.01 dB",
        "the same",
        parity,
    ),
    ("interactive against formal, 99.9 %", "≤ 100 % of what is allowed", "", within_tolerance),
)


def target_table(read):
    """Every target beside its figure; ``read`` gives the results of a benchmark on a device."""
    rows = ["| what | target, 2 CPU cores | measured | target, H100 | H100 |", "|---" * 5 + "|"]
    for what, on_cpu, on_gpu, figure in TARGETS:
        figures = [figure(lambda name, d=device: read(name, d)) for device in ("cpu", "gpu")]
        cpu, gpu = (told or NOT_MEASURED for told in figures)
        rows.append(f"| {what} | {on_cpu} | {cpu} | {on_gpu or on_cpu} | {gpu} |")
    return rows
