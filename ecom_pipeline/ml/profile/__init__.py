"""Who a shop's customers are and what they will do: behaviour, segments that the data suggest, propensity, value.

The entries are ``pipeline`` (components of behaviour), ``clusters`` (learned segments), ``outlook`` (who buys next) and
``worth`` (what buyers are worth). What does not belong here: segments by rule and interest tags, which are SQL, the
covariance of the features as they are, which the database computes, and reading or writing tables.
"""
