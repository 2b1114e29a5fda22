"""Following a run from the terminal: what Airflow and the lake say of it, as a table or as lines."""
