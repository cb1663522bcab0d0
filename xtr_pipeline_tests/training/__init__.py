"""Tests of recipes, batches, losses and the trainer."""
