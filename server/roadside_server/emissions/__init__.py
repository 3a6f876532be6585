"""From traffic to what it emits: exhaust and sound power."""
