"""The benchmark's own arithmetic, and that its two sides do the same."""
