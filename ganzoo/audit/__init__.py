"""A GAN at one moment in numbers, and rules that judge them."""
