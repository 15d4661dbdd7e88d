"""Steps that learn: frames out of the warehouse, a pure function of ``ml``, its frames back through the gate.

One module per domain says what is read and what is written; ``step`` makes a step of it. What a model does belongs to ``ml``.
"""
