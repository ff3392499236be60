"""An environment -> what a data scientist sets to reach its server, and whether that works."""
