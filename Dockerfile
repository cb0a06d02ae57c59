# The image of mock-sei: the package in a virtual environment, on a base that has Python and nothing else.
# How to run it: docs/container.md.

FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY mock_sei mock_sei
COPY fixtures fixtures
# pip stays outside. Bytecode is compiled now, once: the root file system may be read-only later. It
# never looks at its source, so that no change of file times makes it stale.
RUN python -m venv --without-pip /opt/mock-sei \
    && python -m pip --python /opt/mock-sei/bin/python install \
        --no-cache-dir --no-compile --disable-pip-version-check '.[metrics,redis,saml,uvloop]' \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/mock-sei/lib

FROM python:3.13-slim
# A number, so that orchestrators can see that it is not root.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin mock-sei \
    && install --directory --owner 10001 --group 10001 --mode 0700 /certs
COPY --from=build /opt/mock-sei /opt/mock-sei
# MOCK_SEI_IMAGE is no setting: `serve` then prints lines that work on the host.
# Temporary files, keys among them, go to memory: engines mount /dev/shm even where all else is
# read-only, and Python takes /tmp where they do not.
ENV PATH=/opt/mock-sei/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    TMPDIR=/dev/shm \
    MOCK_SEI_HOST=0.0.0.0 \
    MOCK_SEI_CONTROL_HOST=0.0.0.0 \
    MOCK_SEI_ONE_WAY_PORT=443 \
    MOCK_SEI_TWO_WAY_PORT=444 \
    MOCK_SEI_CONTROL_PORT=8044 \
    MOCK_SEI_CERTS_DIR=/certs \
    MOCK_SEI_IMAGE=1
# Settings, fixtures and documents of one's own are mounted here: mock-sei.toml is found by itself.
WORKDIR /mock-sei
USER 10001:10001
VOLUME /certs
EXPOSE 443 444 8044
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["mock-sei", "healthcheck"]
ENTRYPOINT ["mock-sei"]
CMD ["serve"]
