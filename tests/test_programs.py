"""Pinned programs are installed once, into a folder that their pins name."""
