"""The values of `Cache-Control` in answers to GET (platform.md 1.7)."""

NO_CACHE = "private, no-cache, no-store"
SHARED = "public, max-age=0, s-maxage=5"
