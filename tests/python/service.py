"""A service that a vendor's client traces: `service.py otel|langsmith`.

It prints its port. `POST /` takes a list of addresses that the request is to pass through next: the service calls the first of
them with the rest, and answers with its own span, as the client recorded it, and with the answer of the next service.
"""

import json
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def call(hops, headers):
    """Returns the answer of the next service, or None if this is the last."""
    if not hops:
        return None
    body = json.dumps(hops[1:]).encode()
    headers = {**headers, "content-type": "application/json"}
    request = urllib.request.Request(hops[0], body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class OpenTelemetry:
    """Traces with opentelemetry-sdk and its default propagators."""

    def __init__(self):
        from opentelemetry import propagate, trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.propagate, self.exporter = propagate, InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        trace.set_tracer_provider(provider)
        self.tracer = trace.get_tracer("service")

    def handle(self, headers, hops):
        context = self.propagate.extract(headers)
        with self.tracer.start_as_current_span("handle", context=context) as span:
            outbound = {}
            self.propagate.inject(outbound)
            answer = call(hops, outbound)
        own = span.get_span_context().span_id
        exported = [span for span in self.exporter.get_finished_spans() if span.context.span_id == own]
        span = exported[0]
        return {
            "trace_id": f"{span.context.trace_id:032x}",
            "span_id": f"{span.context.span_id:016x}",
            "parent_id": span.parent and f"{span.parent.span_id:016x}",
            "next": answer,
        }


class LangSmith:
    """Traces with the LangSmith client, whose runs go to a server in this process instead of LangSmith."""

    def __init__(self):
        from langsmith import Client

        self.runs = {}
        api = serve(lambda handler: self.take(handler))
        self.client = Client(
            api_url=f"http://127.0.0.1:{api}", api_key="none", auto_batch_tracing=False, info={}
        )

    def take(self, handler):
        """Stores a run that the client sends at its start or its end."""
        run = handler.body()
        if handler.command == "POST" and isinstance(run, dict) and "id" in run:
            self.runs[run["id"]] = run
        handler.answer({})

    def handle(self, headers, hops):
        from langsmith import RunTree, get_current_run_tree, traceable
        from langsmith.run_helpers import tracing_context

        @traceable(name="handle", client=self.client)
        def handle():
            run = get_current_run_tree()
            return str(run.id), call(hops, run.to_headers())

        parent = RunTree.from_headers(headers, client=self.client)
        with tracing_context(enabled=True, parent=parent):
            own, answer = handle()
        self.client.flush()
        run = self.runs[own]
        return {
            "trace_id": run["trace_id"],
            "span_id": run["id"],
            "parent_id": run["parent_run_id"],
            "dotted_order": run["dotted_order"],
            "next": answer,
        }


def serve(respond):
    """Starts a server on a free port of this machine, and returns the port."""

    class Handler(BaseHTTPRequestHandler):
        def body(self):
            length = int(self.headers.get("content-length") or 0)
            return json.loads(self.rfile.read(length) or b"null")

        def answer(self, value):
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            respond(self)

        do_PATCH = do_GET = do_POST

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def main():
    tracer = {"otel": OpenTelemetry, "langsmith": LangSmith}[sys.argv[1]]()

    def respond(handler):
        headers = {name.lower(): value for name, value in handler.headers.items()}
        handler.answer(tracer.handle(headers, handler.body()))

    print(serve(respond), flush=True)
    # Runs until the parent process closes standard input.
    sys.stdin.read()


main()
