"""Sets of packages promoted or demoted together, all or nothing. Our own addition."""
