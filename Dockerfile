# docker build -t ganzoo . && docker run --rm -v "$PWD/runs:/work/runs" ganzoo run --dataset digits
# With a GPU: docker run --gpus all ...; the torch of PyPI brings the libraries of CUDA.
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 ganzoo
COPY pyproject.toml README.md LICENSE /src/
COPY ganzoo /src/ganzoo
COPY configs /src/configs
RUN pip install --no-cache-dir /src && rm -r /src

RUN mkdir /work && chown ganzoo /work
USER ganzoo
WORKDIR /work
ENTRYPOINT ["ganzoo"]
CMD ["--help"]
