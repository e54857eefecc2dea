"""Which passages answer a question? Retrieval, ranking, and the reading model's judgement."""
