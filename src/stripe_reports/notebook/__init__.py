"""Everything that needs a kernel: the form, progress bars, Tab completion."""
