"""The parts of the site that are generated: see ``conf.py``."""
