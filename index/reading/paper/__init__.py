"""The paper itself: what stands where on a printed sheet, and in which order it is read."""
