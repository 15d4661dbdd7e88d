"""Documentation that cannot go stale: what it shows is generated, parsed, run, or looked for."""
