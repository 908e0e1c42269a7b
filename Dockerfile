# The service with its embedded models, in two stages: the first installs, the second only runs.
FROM python:3.12-slim AS build
WORKDIR /build
RUN python -m venv /opt/mynah
COPY requirements/local.txt requirements/local.txt
RUN /opt/mynah/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements/local.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY adapters adapters
RUN /opt/mynah/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --create-home --uid 10001 mynah && install --directory --owner mynah --group mynah /data
COPY --from=build /opt/mynah /opt/mynah
ENV PATH=/opt/mynah/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MYNAH_DATA=/data \
    MYNAH_LOG_FORMAT=json \
    MYNAH_SLACK__HOST=0.0.0.0
USER mynah
WORKDIR /data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["mynah", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["mynah"]
CMD ["serve"]
