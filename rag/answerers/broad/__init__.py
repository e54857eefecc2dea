"""How are questions answered that no single sentence answers? One module per kind of question."""
