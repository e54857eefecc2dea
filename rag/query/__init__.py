"""What does a question ask? Its words, figures, numerals and parts."""
