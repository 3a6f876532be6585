"""What the benchmarks of noise among buildings must show, beside their files of results."""

import json

NOT_MEASURED = "not measured"
TOWN, CITY = "noise_town-40000", "noise_town-1000000"


def rates(read, name):
    """Rates of whole runs with all threads, without and with reflections."""
    runs = [run for run in read("noise_transfer-cpu")["runs"] if not run["pruned"]]
    threads = max(run["threads"] for run in runs)
    return {run["order"]: run[name] for run in runs if run["threads"] == threads}


def profile_rates(read):
    found = rates(read, "profiles_per_second")
    return f"{found[0]:.3g}, with reflections {found[1]:.3g}"


def receiver_rate(read):
    return f"{rates(read, 'receivers_per_second')[1]:.0f}"


def worst_profile(read):
    accuracy = read("noise_profiles-cpu")["accuracy"]
    return ", ".join(
        f"{name.replace('_', ' ')} {a['worst_db']:.1g} dB" for name, a in accuracy.items()
    )


def transfer(name):
    """Seconds, bytes and memory of a transfer."""

    def figure(read):
        found = read(name)
        return (
            f"{found['transfer_s']:.0f} s, {found['bytes_per_receptor']:,.0f} bytes a receptor, "
            f"peak {found['peak_bytes'] / 1e9:.1f} GB"
        )

    return figure


def scenario(name, kind):
    """Median seconds of a kind of scenario."""
    return lambda read: f"{read(name)['scenarios'][kind]:.2f} s"


#: What, its target on two cores, and the figure.
TARGETS = (
    ("profiles a second with their search, town", "≥ 5e5", profile_rates),
    ("receivers a second, first order, 500 m", "≥ 640", receiver_rate),
    ("single against double precision, 100,000 profiles", "≤ 0.02 dB", worst_profile),
    ("Prague, 40,000 receptors: transfer", "≤ 60 s", transfer(TOWN)),
    ("the same: traffic of all roads changes", "≤ 0.2 s", scenario(TOWN, "all_roads_30_s")),
    ("the same: a new barrier of 200 m", "", scenario(TOWN, "barrier_s")),
    ("Prague, 1,000,000 receptors: transfer", "stated, ≤ 8 GB", transfer(CITY)),
    ("the same: traffic of all roads changes", "≤ 2 s", scenario(CITY, "all_roads_30_s")),
    ("the same: one road is closed", "≤ 2 s", scenario(CITY, "one_road_closed_s")),
    ("the same: a new barrier of 200 m", "≤ 10 s", scenario(CITY, "barrier_s")),
)


def noise_table(folder):
    """Every target beside its figure, from the files of a folder."""

    def read(name):
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    rows = ["| noise among buildings | target, 2 CPU cores | measured |", "|---|---|---|"]
    for what, target, figure in TARGETS:
        try:
            told = figure(read)
        except FileNotFoundError:
            told = NOT_MEASURED
        rows.append(f"| {what} | {target} | {told} |")
    return rows
