"""The writing half of Wenju: page files in, a searchable store out. It never imports ``rag``."""
