"""The `xtr` command."""
