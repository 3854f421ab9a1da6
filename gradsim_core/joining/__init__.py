"""A language that joins a finished study later: what is kept for it, its gradients, its place."""
