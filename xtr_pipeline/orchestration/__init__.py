"""The only package that knows Dagster: assets, checks, partitions, storage, resources, schedules."""
