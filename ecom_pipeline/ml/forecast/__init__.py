"""Sales forecasts: what a shop will sell per day, with an interval, and the proof that it beats the simple way.

``forecast_shop`` in ``pipeline`` is the only entry the rest of the project needs. Models share the interface of
``base``; ``baselines`` and ``prophet`` implement it; ``backtest`` lets them forecast the past, ``metrics`` scores it,
``intervals`` turns the errors into bands. What does not belong here: reading tables, deciding what goes live,
purchase advice.
"""
