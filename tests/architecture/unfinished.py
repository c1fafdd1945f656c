"""What is being built. Each set may only shrink; when all are empty, this file goes."""

PORTS: set[str] = set()
"""Ports that still lack their contract, their adapter or the proof that the two agree."""

WORDS = {"discrepancy", "explanation"}
"""Words of the glossary that no code uses yet."""

COMMANDS: set[str] = set()
"""Commands that the documents promise and the program does not have yet."""
