"""How are passages found again? BM25 over words, FAISS over vectors, and what makes both at a build."""
