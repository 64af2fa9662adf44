"""HTTP: declarations of routes, the request pipeline, parsing, answers, errors and paging."""
