"""What Airflow needs to run a recipe: operators, triggers, links and a UI plugin.

They talk to Ray's Jobs API and to the lake, and never import a stage.
"""
