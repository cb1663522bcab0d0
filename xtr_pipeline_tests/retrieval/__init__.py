"""Tests of xtr_pipeline.retrieval."""
