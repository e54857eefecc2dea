"""How does a generation of a store lie on disk? Folders, records, arrays, and the catalogue over them."""
