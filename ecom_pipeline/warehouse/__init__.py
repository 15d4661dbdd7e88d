"""DuckDB with manners: open, wait, stage, swap, describe, publish, roll back.

Here is everything that touches the working file or a release, and nothing that knows what a table means: tables arrive as
a :class:`~ecom_pipeline.contracts.Contract` and a SELECT or frame, and the judge that decides about them is handed in.
Two reports over them do name tables: ``summary`` of a run, and ``questions`` about two releases.
Dagster, the shop's mapping and the models stay outside.
"""
