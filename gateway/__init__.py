"""The upload gateway: takes archives of any size from an unmodified hab and hands them on in parts."""
