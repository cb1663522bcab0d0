"""Queries and grades written by a language model, kept in an append-only ledger."""
