"""Tests: the same tree as the package."""
