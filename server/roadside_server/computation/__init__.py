"""One scenario from traffic to the values of every tile."""
