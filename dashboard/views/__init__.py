"""One function a page: selection, load, figure, show, explain."""
