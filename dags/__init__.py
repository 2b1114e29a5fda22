"""Airflow DAGs: wiring only, no work."""
