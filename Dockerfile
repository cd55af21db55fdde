# An image of the kit: docker build --build-arg EXTRAS=text -t registry.example.com/kit:0.1.0 .
FROM python:3.12-slim AS build
# Extras, separated by commas; a recommender needs none.
ARG EXTRAS=""
WORKDIR /source
COPY . .
RUN python -m venv /opt/kit \
    && /opt/kit/bin/pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.12-slim
COPY --from=build /opt/kit /opt/kit
COPY nightly/nightly.sh /usr/local/bin/nightly
ENV PATH=/opt/kit/bin:$PATH
# Models, reports and answers are written to a volume.
WORKDIR /work
USER 1000:1000
ENTRYPOINT ["kit"]
CMD ["--help"]
