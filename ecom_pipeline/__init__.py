"""A shop's exports in, one audited release out, every night."""
