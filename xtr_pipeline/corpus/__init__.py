"""Source repositories become code units: the registry, fetching pinned sources, cutting files."""
