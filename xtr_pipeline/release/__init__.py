"""Promotion, model card and rollback."""
