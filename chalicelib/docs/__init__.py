"""The API described by itself: an OpenAPI document and a page, made from the declared routes (design.md section 3)."""
