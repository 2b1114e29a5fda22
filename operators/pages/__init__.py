"""Pages in Airflow's API server: runs, their stages, and the documents in the lake.

``/smelt/``                                     the runs, newest first
``/smelt/runs/<run>``                           a run: stages, gates, loss curve
``/smelt/runs/<run>/airflow``                   on to Airflow's page of the run
``/smelt/runs/<run>/<stage>/<kind>``            on to a task's Ray job, artifact, Data Docs, report or TensorBoard
``/smelt/data/<stage>/<fingerprint>``           documents before and after a stage
``/smelt/data/<stage>/<fingerprint>/<part>/<row>``   one document: its text before and after, signals, decisions
``/smelt/quarantine/<fingerprint>``             what ``ingest`` could not read
``/smelt/blocks/<fingerprint>``                 the segments of training blocks, in order
``/smelt/lake/<key>``                           an object: HTML, images and text shown, JSON indented, others downloaded

Everything is read from the lake when it is asked for: figures from manifests, documents from one row group of the
columns that are shown. The pages have no script and no form; a filter is a link. Airflow loads plugins into every
one of its processes, so what is heavy (pyarrow, jinja2) is imported when a page is first drawn.
"""
