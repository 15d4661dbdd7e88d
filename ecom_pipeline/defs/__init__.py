"""The only package that knows Dagster: assets, checks, resources, jobs, schedules, sensors.

Dagster decides when; what happens is in ``warehouse``, ``quality``, ``shop`` and ``ml``, which run without it. Every asset
comes out of :func:`ecom_pipeline.defs.tables.step`, so that no table can be written another way.
"""
