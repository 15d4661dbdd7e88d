"""Where the next yuan of marketing goes: attribution, response to spend, the split of a budget, experiments, uplift.

``attribution``, ``budget`` (over ``response``) and ``readout`` (over ``experiment``) are the entries. What does not belong here: counting
what a channel cost and brought, which is SQL, and reading or writing tables.
"""
