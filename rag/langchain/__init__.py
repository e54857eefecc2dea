"""How does LangChain use our indexes? Its vector-store interface over each of them."""
