"""One values file becomes a repository that Flux can reconcile."""
