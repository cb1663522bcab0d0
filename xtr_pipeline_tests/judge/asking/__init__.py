"""Asking a judge over real HTTP on loopback."""
