"""Settings, URLs and the database engine: how the rooms are put together."""
