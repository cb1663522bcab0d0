"""Semantic code search that knows what code does: corpus, judge, encoder, training, retrieval, evaluation, release."""
