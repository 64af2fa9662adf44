"""Rules of the build service: graphs, orders, states and plans. Pure."""
