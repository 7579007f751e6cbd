"""Data sets: built in, by name; any file or folder, by path."""
