"""What a shop's customers have in common: covariance, correlation and principal components of their behaviour.

``profile_shop`` in ``pipeline`` is the only entry the rest of the project needs. ``covariance`` and ``pca`` are the
textbook formulas. What does not belong here: segments by rule and interest tags, which are SQL, and reading or
writing tables.
"""
