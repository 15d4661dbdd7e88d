"""What to offer to whom: recommenders behind one interface, their evaluation in time, and the shop's lists.

``pipeline.recommend_shop`` is the entry. ``base`` is the interface every recommender keeps, ``interactions`` what a frame of
interactions must be and how much each one counts, ``metrics`` and ``evaluate`` how lists are judged, ``tuning`` how
parameters are chosen within a budget, ``similar`` the products like a product.

What does not belong here: the shop's tables, and rules of business such as campaigns or brand pins.
"""
