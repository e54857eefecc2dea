"""How is the built-in bilingual embedding model made? From public data to a sentence-transformers folder.

``python -m training all --help`` lists what the one command needs; ``README.md`` of this folder tells the recipe.
"""
