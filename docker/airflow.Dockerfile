# Airflow with Smelt's DAGs, operators and plugin: no torch, no Ray, no stage's library.
#   docker build -f docker/airflow.Dockerfile -t smelt-airflow --build-arg VERSION=$(git describe --always --dirty=+) .
ARG PYTHON=python:3.11.13-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /opt/smelt
COPY constraints.txt docker/airflow.txt /tmp/
RUN pip install --no-cache-dir "uv==$(sed -n 's/^uv==//p' /tmp/constraints.txt)" && \
    uv venv /opt/venv && \
    uv pip install --no-cache --compile-bytecode --python /opt/venv/bin/python \
        --constraint /tmp/constraints.txt --requirement /tmp/airflow.txt
COPY pyproject.toml README.md ./
COPY smelt smelt
COPY operators operators
COPY dags dags
COPY recipes recipes
COPY experiments experiments
# in place, so that the plugin's entry point is found and DAGs find the recipes beside them
RUN uv pip install --no-cache --no-deps --python /opt/venv/bin/python \
        --build-constraint /tmp/constraints.txt --editable . && \
    python -m compileall -q .

FROM ${PYTHON}
# the official chart's user and group; group 0 may write, so any user id in it will do
RUN useradd --uid 50000 --gid 0 --no-create-home --home-dir /opt/airflow airflow && \
    mkdir -p /opt/airflow/logs /var/lib/smelt && \
    chown -R airflow:0 /opt/airflow /var/lib/smelt && chmod -R g=u /opt/airflow /var/lib/smelt
# the official chart's probes call it
RUN printf '#!/bin/sh\nexec "$@"\n' > /entrypoint && chmod 755 /entrypoint
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/smelt /opt/smelt
ARG VERSION=""
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/smelt/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    SMELT_HOME=/var/lib/smelt \
    SMELT_VERSION=${VERSION}
WORKDIR /opt/airflow
USER 50000
CMD ["airflow", "version"]
