"""The science: estimators and pure functions, frames in, frames out.

What belongs here: anything that learns from a shop's feature tables or computes on them, split by domain (``profile``,
``recommend``, ``forecast``, ``support``, ``marketing``), and the card that says what was trained and how good it is.

What does not: Dagster, DuckDB, files, the environment and the wall clock. A caller hands over pandas frames, the date the
features are true for and a seed, and gets frames back; the same input gives the same output. Sibling domains do not import
each other. Libraries that take seconds to import (``lightfm``, ``prophet``, ``sklearn``) are imported inside the functions
that use them.
"""
