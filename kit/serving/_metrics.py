"""What Prometheus is told."""

from collections import Counter as Counts
from threading import Lock

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from kit.serving._log import log_request

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# TensorFlow Serving's, in microseconds.
MICROSECONDS = tuple(10 * 1.8**power for power in range(33))
# As TensorFlow Serving calls them; it counts no other methods.
APIS = {"predict": "Predict", "classify": "Classify", "regress": "Regress"}
REQUEST_COUNT = ":tensorflow:serving:request_count"
ROWS = tuple(float(2**power) for power in range(11))


class Metrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "kit_serving_requests",
            "Requests by outcome.",
            ["model", "method", "protocol", "code"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "kit_serving_request_seconds",
            "Time of a request in the server.",
            ["model", "method", "protocol"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._rows = Histogram(
            "kit_serving_batch_rows",
            "Rows of a run of the model.",
            ["model", "signature"],
            buckets=ROWS,
            registry=self._registry,
        )
        self._version = Gauge(
            "kit_serving_loaded_version",
            "The version that answers.",
            ["model"],
            registry=self._registry,
        )
        self._failed_loads = Counter(
            "kit_serving_failed_loads",
            "Versions that did not load.",
            ["model"],
            registry=self._registry,
        )
        # Dashboards made for TensorFlow Serving read these.
        self._microseconds = Histogram(
            ":tensorflow:serving:request_latency",
            "Distribution of wall time (in microseconds) of a request.",
            ["model_name", "API", "entrypoint"],
            buckets=MICROSECONDS,
            registry=self._registry,
        )
        self._counts: Counts[tuple[str, str]] = Counts()
        self._lock = Lock()
        ProcessCollector(registry=self._registry)

    def answered(self, model: str, method: str, protocol: str, code: str, seconds: float) -> None:
        """Count a request.

        Args:
            model: a served model, "" for any other name: names that clients make up must not
                become labels.
            method: "predict", "status" and so on.
            protocol: "REST" or "gRPC".
            code: name of the gRPC code, for both protocols.
            seconds: how long it took.
        """
        self._requests.labels(model, method, protocol, code).inc()
        self._seconds.labels(model, method, protocol).observe(seconds)
        if api := APIS.get(method):
            self._microseconds.labels(model, api, protocol.upper()).observe(1e6 * seconds)
            with self._lock:
                self._counts[model, code] += 1
        log_request(model, method, protocol, code, seconds)

    def ran(self, model: str, signature: str, rows: int) -> None:
        """Count a run of a model."""
        self._rows.labels(model, signature).observe(rows)

    def serves(self, model: str, version: int | None) -> None:
        """Note which version of a model answers; None when none does."""
        if version is None:
            self._version.remove(model)
        else:
            self._version.labels(model).set(version)

    def load_failed(self, model: str) -> None:
        """Count a version that did not load."""
        self._failed_loads.labels(model).inc()

    def page(self) -> bytes:
        """All of it in Prometheus's text format."""
        with self._lock:
            counts = sorted(self._counts.items())
        # The library would add _total to the name.
        lines = [f"# TYPE {REQUEST_COUNT} counter"]
        for (model, code), count in counts:
            name = model.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
            lines.append(f'{REQUEST_COUNT}{{model_name="{name}",status="{code}"}} {count}')
        return generate_latest(self._registry) + "\n".join(lines).encode() + b"\n"
