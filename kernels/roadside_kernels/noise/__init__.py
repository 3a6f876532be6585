"""Road-traffic noise by CNOSSOS-EU: sound power in, energies at receptors out."""
