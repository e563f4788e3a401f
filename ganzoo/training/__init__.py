"""Build, step, train and sample a GAN. Nothing here writes a file."""
