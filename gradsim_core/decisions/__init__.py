"""Groups as they leave: decided, named, saved, exported, checked, and as a training script."""
