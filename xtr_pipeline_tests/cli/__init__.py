"""Tests of the `xtr` command."""
