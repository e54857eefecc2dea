"""How is Wenju used from a shell? The commands and how they print."""
