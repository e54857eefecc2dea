"""How is the reading model made? Base weights, examples, training, and the model folder that ships.

Run: ``python -m training.reader --help``; the recipe is told in ``training/README.md``.
"""
