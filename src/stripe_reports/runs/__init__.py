"""Find, launch, follow and download report runs."""
