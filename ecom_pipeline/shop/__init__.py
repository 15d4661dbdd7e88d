"""What a shop brings: its ``shop.yaml``, its exports, and the way from them to the input contracts.

Belongs here: reading and checking ``shop.yaml``, reading sources into tables of text, the load ledger's rules, the SQL
of the ``input`` views, the proposals of ``ecom doctor``, sample shops. Everything a shop can do wrong is said here,
with file, place, value and expectation.
Does not belong here: cleaning, judging or storing tables (``tables``, ``quality``, ``warehouse``), orchestration
(``defs``), the environment (``settings``). Only ``contracts`` is imported.
"""
