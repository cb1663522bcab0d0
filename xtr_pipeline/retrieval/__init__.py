"""BM25, MaxSim, fusion and the token index: queries in, ranked files out."""
