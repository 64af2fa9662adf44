"""Projects: packages that the service builds from plans in Git repositories (builds.md section 2)."""
