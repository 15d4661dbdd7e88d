"""What customers write: which intent, which mood, which answer of the shop's own FAQ.

What belongs here: everything that turns ``clean.messages`` and ``clean.faq`` into predictions, without the network and
without anybody else's training data: an intent model beside its baselines, abstention at a stated error rate, the match of a
message to an answer, and a mood for Chinese and English with the written sentences that it is measured on.
``support_shop`` in ``pipeline`` is the one entry.

What does not: text of messages in any output (it is personal data and stays in ``clean``), and the writing of answers.
"""
