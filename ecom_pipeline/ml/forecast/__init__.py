"""Sales forecasts: what a shop will sell per day and week, with an interval, the proof that it beats the simple way, what to buy.

``forecast_shop`` in ``pipeline`` is the only entry the rest of the project needs: ``series`` says what is forecast,
``engine`` how, ``tables`` and ``summary`` what is told of it. Models share the interface of ``base``; ``smoothing``,
``boosting`` and ``prophet`` implement it; ``backtest`` lets them forecast the past, ``metrics`` scores it, ``combination``
weighs them, ``intervals`` turns the errors into bands and ``uncertainty`` into what ``purchase`` needs. What does not
belong here: reading and writing tables, and deciding what goes live.
"""
