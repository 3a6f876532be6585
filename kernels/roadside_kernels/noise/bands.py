"""The octave bands of CNOSSOS-EU and their A-weighting."""

#: Nominal mid-band frequencies (Hz).
BANDS = (63, 125, 250, 500, 1000, 2000, 4000, 8000)

#: Exact mid-band frequencies (Hz), 1000 * 10^(0.3 n); ISO 266.
MID_BANDS = tuple(1000.0 * 10.0 ** (0.3 * n) for n in range(-4, 4))

#: A-weighting (dB) of the bands; Delegated Directive (EU) 2021/1226, 2.1.
A_WEIGHTING = (-26.2, -16.1, -8.6, -3.2, 0.0, 1.2, 1.0, -1.1)
