"""What projects set for the integrations of their origin, such as the repository of their images (builds.md 2.8)."""
