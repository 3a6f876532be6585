"""The command line: ``roadside serve``, ``region``, ``run``, ``validate``."""
