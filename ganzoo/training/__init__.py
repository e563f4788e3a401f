"""A GAN is built, stepped, looped and sampled. Nothing here writes a file."""
