"""What all rooms stand on: errors and caches, units and frames, files that are read, measured numbers, the response."""
