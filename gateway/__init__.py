"""The upload gateway: receives archives of any size from an unmodified hab and uploads them to the API in parts."""
