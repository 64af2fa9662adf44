"""Long changes, which continue after their requests: their steps, and their progress. An addition to the contract."""
