"""Query specs, metrics with bounds, significance, the gate, reports and plots."""
