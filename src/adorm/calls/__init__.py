"""Internal: the choke point: every request is attempted, paced, hedged, counted and observed
here."""
