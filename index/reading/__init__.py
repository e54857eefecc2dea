"""How does a file become articles? Files into lines, lines into articles, every character with its place."""
