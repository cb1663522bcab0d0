"""Recipes, batches, losses and the trainer."""
