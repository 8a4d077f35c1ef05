"""Forms, charts and tables: what needs altair or ipywidgets."""
