"""What to offer to whom: recommenders behind one interface, their evaluation in time, and the shop's lists.

``pipeline.recommend_shop`` is the entry. ``base`` is the interface every recommender keeps, ``interactions`` what a frame of
interactions must be and how much each one counts, ``metrics`` and ``evaluate`` how lists are judged, ``tuning`` how
parameters are chosen within a budget, ``weighing`` how much each part counts, ``similar`` the products like a product.

``serving.serve`` makes lists of candidates: ``known`` is what it knows of the shop, ``filling`` adds candidates where there
are too few (``cold`` for customers, ``content`` for products that nobody knows), ``rules`` says what a list may hold,
``placing`` gives places, ``reasons`` the evidence. ``again``, ``together`` and ``trending`` count what needs no model.

What does not belong here: the shop's tables, and what ``shop.yaml`` looks like.
"""
