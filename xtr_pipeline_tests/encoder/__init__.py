"""Tests of the encoder room."""
