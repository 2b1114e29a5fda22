# Ray with every stage and no Airflow, in two kinds:
#   cpu  the head, CPU workers and TensorBoard; torch without CUDA
#   gpu  training; torch with CUDA 13, flash-attn and Transformer Engine, which are compiled here for the cards in
#        ARCHITECTURES (allow an hour, and 60 GB of memory at MAX_JOBS=8)
#   docker build -f docker/ray.Dockerfile --target cpu -t smelt-ray --build-arg VERSION=$(git describe --always --dirty=+) .
ARG PYTHON=python:3.11.13-slim-bookworm
ARG CUDA=nvidia/cuda:13.0.1-devel-ubuntu24.04

FROM ${CUDA} AS cuda

FROM ${PYTHON} AS tools
COPY constraints.txt docker/ray.txt docker/ray-gpu.txt /tmp/
RUN pip install --no-cache-dir "uv==$(sed -n 's/^uv==//p' /tmp/constraints.txt)" && uv venv /opt/venv

FROM tools AS code
COPY . /opt/smelt
RUN python -m compileall -q /opt/smelt

FROM tools AS cpu-packages
RUN uv pip install --no-cache --compile-bytecode --python /opt/venv/bin/python --torch-backend cpu \
        --constraint /tmp/constraints.txt --requirement /tmp/ray.txt

FROM tools AS gpu-packages
# hadolint ignore=DL3008  # Debian keeps one version of a package in a release: a pin would break at its next update
RUN apt-get update && apt-get install --yes --no-install-recommends g++ make ninja-build && \
    rm -rf /var/lib/apt/lists/*
COPY --from=cuda /usr/local/cuda-13.0 /usr/local/cuda
# PyPI's torch brings the CUDA libraries that it was built with, so the image itself needs no toolkit
RUN uv pip install --no-cache --compile-bytecode --python /opt/venv/bin/python \
        --constraint /tmp/constraints.txt --requirement /tmp/ray.txt setuptools
ARG ARCHITECTURES="8.0;9.0;10.0"
ARG MAX_JOBS=8
ENV CUDA_HOME=/usr/local/cuda \
    PATH=/opt/venv/bin:/usr/local/cuda/bin:$PATH \
    TORCH_CUDA_ARCH_LIST=${ARCHITECTURES} \
    NVTE_FRAMEWORK=pytorch \
    MAX_JOBS=${MAX_JOBS}
# Transformer Engine's build is told where torch's packages have put cuDNN and NCCL
RUN site=/opt/venv/lib/python3.11/site-packages/nvidia && \
    export CPATH="$site/cudnn/include:$site/nccl/include" LIBRARY_PATH="$site/cudnn/lib:$site/nccl/lib" && \
    uv pip install --no-cache --no-deps --no-build-isolation --python /opt/venv/bin/python \
        --constraint /tmp/constraints.txt --requirement /tmp/ray-gpu.txt

FROM ${PYTHON} AS runtime
# training compiles its kernels when it begins: in C++ for a CPU, by Triton, which compiles their launchers, for a GPU
# hadolint ignore=DL3008  # Debian keeps one version of a package in a release: a pin would break at its next update
RUN apt-get update && apt-get install --yes --no-install-recommends g++ && \
    rm -rf /var/lib/apt/lists/*
# KubeRay starts Ray from a login shell, which forgets the image's PATH and reads profile.d
RUN useradd --uid 1000 --gid 0 --no-create-home --home-dir /var/lib/smelt ray && \
    mkdir -p /var/lib/smelt && chown ray:0 /var/lib/smelt && chmod g=u /var/lib/smelt && \
    echo "export PATH=/opt/venv/bin:\$PATH" > /etc/profile.d/smelt.sh
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/smelt \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RAY_USAGE_STATS_ENABLED=0 \
    SMELT_HOME=/var/lib/smelt
WORKDIR /var/lib/smelt
USER 1000
CMD ["ray", "--version"]

FROM runtime AS gpu
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=gpu-packages /opt/venv /opt/venv
COPY --from=code /opt/smelt /opt/smelt
ARG VERSION=""
ENV SMELT_VERSION=${VERSION}

FROM runtime AS cpu
COPY --from=cpu-packages /opt/venv /opt/venv
COPY --from=code /opt/smelt /opt/smelt
ARG VERSION=""
ENV SMELT_VERSION=${VERSION}
