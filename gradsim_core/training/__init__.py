"""Training: the joint trial and all others, step by step, with what they leave."""
