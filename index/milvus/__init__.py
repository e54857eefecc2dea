"""How does a store live in Milvus? The same two retrievers, with the engine in place of files."""
