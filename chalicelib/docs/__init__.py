"""The description of the API: an OpenAPI document and a page, both generated from the declarations of the routes."""
