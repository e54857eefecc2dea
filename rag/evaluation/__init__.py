"""Batch evaluation: questions with gold answers in, a run and its metrics out."""
