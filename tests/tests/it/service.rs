//! The quickstart as a service: its metrics have the promised values, and its traces are in the database.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ragspan_store::{Reader, StoredRecord};
use serde_json::{Value, json};

use crate::quickstart::{CUP, EGGS, WATER, quickstart};

/// The service, which is killed if a test fails before it ends by itself.
pub(crate) struct Service {
    child: Child,
    address: String,
}

impl Service {
    /// Returns the address that it listens on.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn start(folder: &Path) -> Self {
        let mut child = quickstart(folder)
            .args(["--serve", "--port", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stderr = child.stderr.take().unwrap();
        BufReader::new(stderr).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        Self {
            address: address.to_owned(),
            child,
        }
    }

    fn send(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn query(&self, question: &str, user: &str) -> Value {
        let head = "POST /query HTTP/1.1";
        let body = json!({"query": question, "user_id": user}).to_string();
        let answer = self.send(head, &body);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    fn metrics(&self, accept: &str) -> String {
        self.send(&format!("GET /metrics HTTP/1.1\r\naccept: {accept}"), "")
    }

    /// Ends the service as a supervisor would, so that it delivers its pending records.
    #[cfg(unix)]
    fn terminate(mut self) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Sends two questions with answers, one without an answer, and an empty one.
fn ask_four(service: &Service) {
    for (question, user) in [(EGGS, "ada"), (WATER, "grace"), (CUP, "ada"), (" ", "ada")] {
        let answer = service.query(question, user);
        assert!(answer["trace_id"].is_string(), "{answer}");
    }
}

/// The expected values after the four requests: nested calls are not requests, and an error counts in its origin.
const COUNTED: [&str; 30] = [
    r#"rag_requests_total{layer="api",status="success"} 2"#,
    r#"rag_requests_total{layer="api",status="error"} 2"#,
    r#"rag_requests_total{layer="retrieval",status="success"} 2"#,
    r#"rag_requests_total{layer="retrieval",status="empty"} 1"#,
    r#"rag_requests_total{layer="retrieval",status="error"} 1"#,
    r#"rag_requests_total{layer="generation",status="success"} 2"#,
    r#"rag_requests_total{layer="evaluation",status="success"} 2"#,
    r#"rag_requests_total{layer="memory",status="success"} 6"#,
    r#"rag_requests_total{layer="ingestion",status="success"} 1"#,
    r#"rag_errors_total{error_type="no_context",layer="api"} 1"#,
    r#"rag_errors_total{error_type="empty_question",layer="retrieval"} 1"#,
    r#"rag_active_queries{layer="api"} 0"#,
    r#"rag_active_queries{layer="retrieval"} 0"#,
    r#"rag_active_queries{layer="ingestion"} 0"#,
    r#"rag_request_latency_ms_count{operation="answer",layer="api"} 4"#,
    r#"rag_request_latency_ms_count{operation="hybrid_search",layer="retrieval"} 4"#,
    r#"rag_request_latency_ms_count{operation="bm25",layer="retrieval"} 3"#,
    r#"rag_request_latency_ms_count{operation="vectors",layer="retrieval"} 3"#,
    r#"rag_request_latency_ms_count{operation="fuse",layer="retrieval"} 3"#,
    r#"rag_request_latency_ms_count{operation="ingest_document",layer="ingestion"} 13"#,
    r#"rag_token_usage_count{model="extractive",kind="input"} 2"#,
    r#"rag_token_usage_count{model="extractive",kind="output"} 2"#,
    r#"rag_time_to_first_item_ms_count{operation="generate",layer="generation"} 2"#,
    r#"rag_evaluation_score_count{metric="faithfulness"} 2"#,
    r#"rag_evaluation_score_sum{metric="faithfulness"} 2"#,
    "rag_hallucinated_claims_total 0",
    r#"ragspan_records_dropped_total{sink="sqlite",reason="queue_full"} 0"#,
    r#"ragspan_records_dropped_total{sink="sqlite",reason="sink_queue_full"} 0"#,
    r#"ragspan_records_dropped_total{sink="sqlite",reason="refused"} 0"#,
    r#"ragspan_records_dropped_total{sink="sqlite",reason="after_shutdown"} 0"#,
];

/// Returns the value of the series with this name and these labels.
fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series));
    let line = line.unwrap_or_else(|| panic!("no {series} in {metrics}"));
    line.trim().parse().unwrap()
}

#[test]
fn the_metrics_count_requests_errors_and_quality() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    ask_four(&service);
    let metrics = service.metrics("*/*");
    assert!(metrics.contains("text/plain; version=0.0.4"), "{metrics}");
    let missing: Vec<_> = COUNTED
        .iter()
        .filter(|line| !metrics.lines().any(|there| there == **line))
        .collect();
    assert!(missing.is_empty(), "{missing:#?} in {metrics}");
    assert!(value(&metrics, "rag_claims_total ") >= 2.0);
}

/// The maximum number of scrapes to wait for, more than the slowest worker needs to deliver everything.
const SCRAPES: usize = 10_000;

#[test]
fn every_emitted_record_is_delivered_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    ask_four(&service);
    let account = |_| {
        let metrics = service.metrics("*/*");
        let sink = |name| {
            value(
                &metrics,
                &format!("ragspan_records_{name}{{sink=\"sqlite\"}}"),
            )
        };
        let emitted = value(&metrics, "ragspan_records_emitted_total ");
        [emitted, sink("delivered_total"), sink("pending")]
    };
    let is_complete =
        |[emitted, delivered, pending]: &[f64; 3]| emitted == delivered && *pending == 0.0;
    let mut accounts = (0..SCRAPES).map(account);
    let [emitted, ..] = accounts
        .find(is_complete)
        .expect("all are delivered in the end");
    assert!(emitted > 60.0, "{emitted}");
}

#[test]
fn a_scraper_that_accepts_exemplars_gets_trace_ids() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    let answer = service.query(EGGS, "ada");
    let metrics = service.metrics("application/openmetrics-text; version=1.0.0");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    let bucket = "rag_request_latency_ms_bucket{operation=\"answer\"";
    let trace = answer["trace_id"].as_str().unwrap();
    let exemplar = format!(" # {{trace_id=\"{trace}\"");
    let mut buckets = metrics.lines().filter(|line| line.starts_with(bucket));
    assert!(
        buckets.any(|line| line.contains(&exemplar)),
        "{exemplar} in {metrics}"
    );
}

#[tokio::main(flavor = "current_thread")]
async fn trace(folder: &Path, id: &str) -> Vec<StoredRecord> {
    let mut reader = Reader::open(&folder.join("ragspan.db")).await.unwrap();
    let found = reader.resolve_trace(id).await.unwrap();
    assert_eq!(found.trace_id, id);
    reader.trace(id).await.unwrap()
}

#[cfg(unix)]
#[test]
fn the_database_has_the_trace_of_every_answer_and_error() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    let (answered, failed) = (service.query(EGGS, "ada"), service.query(CUP, "grace"));
    service.terminate();
    assert_eq!(answered["quality_tier"], "good");
    assert!(
        answered["response"]
            .as_str()
            .unwrap()
            .contains("two thousand eggs a day")
    );
    assert_eq!(failed["error"]["type"], "no_context");
    for (answer, user, message) in [
        (answered, "ada", "answer_complete"),
        (failed, "grace", "answer_failed"),
    ] {
        let records = trace(folder.path(), answer["trace_id"].as_str().unwrap());
        assert_eq!(records[0].message, message);
        assert!(records.iter().all(|it| it.user_id.as_deref() == Some(user)));
    }
}

#[test]
fn health_reports_the_delivery_stats() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    let answer = service.send("GET /health HTTP/1.1", "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let health: Value = serde_json::from_str(body).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["telemetry"]["sinks"][0]["sink"], "sqlite");
    assert_eq!(health["telemetry"]["sinks"][0]["dropped"], 0);
}
