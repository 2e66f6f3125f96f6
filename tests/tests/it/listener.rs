//! The listener answers while clients are silent and while it renders, and shows what happened to the records of each sink.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::hostile::App;
use crate::programs::STARTUP;

/// Starts a service with a listener, and returns its address.
fn start(words: &[&str]) -> (App, String) {
    let mut app = App::start(&[words, &["metrics=127.0.0.1:0"]].concat());
    let shown = app.ask("address");
    let address = shown
        .strip_prefix("Some(")
        .and_then(|it| it.strip_suffix(')'));
    let address = address.unwrap_or_else(|| panic!("no address: {shown}"));
    (app, address.to_owned())
}

fn send(address: &str, path: &str) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    write!(client, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    client
}

/// Returns the body of the response.
fn get(address: &str, path: &str) -> String {
    let response = std::io::read_to_string(send(address, path)).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    response.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Clients that send nothing, until the drop.
struct SilentClients(Child);

impl SilentClients {
    /// Runs in a process of its own, whose limit on open files counts apart.
    fn open(address: &str, count: usize) -> Self {
        let mut child = Command::new(STARTUP)
            .args(["silent", address, &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "open\n");
        Self(child)
    }
}

impl Drop for SilentClients {
    fn drop(&mut self) {
        // It ends with its standard input, if it has not ended by itself.
        drop(self.0.stdin.take());
        let _reaped = self.0.wait();
    }
}

#[test]
fn a_thousand_silent_clients_keep_no_other_from_its_answers() {
    let (app, address) = start(&[]);
    let silent: Vec<_> = (0..4).map(|_| SilentClients::open(&address, 250)).collect();
    let health: Value = serde_json::from_str(&get(&address, "/health")).unwrap();
    assert_eq!(health["status"], "ok", "{health}");
    let metrics = get(&address, "/metrics");
    assert!(
        metrics.contains("ragspan_records_emitted_total 0"),
        "{metrics}"
    );
    drop(silent);
    app.end();
}

/// Returns whether health and deliveries came before the metrics that were asked for earlier.
fn is_served_while_rendering(app: &mut App, address: &str) -> bool {
    let mut scrape = send(address, "/metrics");
    for _ in 0..5 {
        get(address, "/health");
    }
    app.ask("add");
    assert_eq!(app.ask("flush"), "true");
    scrape.set_nonblocking(true).unwrap();
    let is_first = scrape
        .peek(&mut [0])
        .is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    scrape.set_nonblocking(false).unwrap();
    let mut metrics = String::new();
    scrape.read_to_string(&mut metrics).unwrap();
    assert_eq!(metrics.matches("\njobs{id=").count(), 100_000);
    is_first
}

#[test]
fn rendering_many_series_delays_neither_the_health_nor_deliveries() {
    let (mut app, address) = start(&[]);
    assert_eq!(app.ask("series"), "100000");
    // A rendering may be faster than this thread now and then, but not always.
    let is_served = (0..10).any(|_| is_served_while_rendering(&mut app, &address));
    assert!(is_served, "the metrics always came first");
    app.end();
}

/// Returns the value of a metric of a sink.
fn metric(metrics: &str, name: &str, sink: &str) -> f64 {
    let series = format!("{name}{{sink=\"{sink}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
    let line = line.unwrap_or_else(|| panic!("no {series} in {metrics}"));
    line.parse().unwrap()
}

#[test]
fn health_and_metrics_show_retries_reasons_and_the_age_of_what_is_pending() {
    let (mut app, address) = start(&["file=/dev/full"]);
    assert_eq!(app.ask("add"), "3");
    app.wait_for_health(|health| {
        let [stdout, file] = [0, 1].map(|sink| &health["sinks"][sink]);
        stdout["pending"] == 0 && file["retried"].as_u64() > Some(0)
    });
    let health: Value = serde_json::from_str(&get(&address, "/health")).unwrap();
    let metrics = get(&address, "/metrics");
    let [stdout, file] = [0, 1].map(|sink| &health["sinks"][sink]);
    let reasons = json!({"queue_full": 0, "sink_queue_full": 0, "refused": 0, "after_shutdown": 0});
    for sink in [stdout, file] {
        assert_eq!(sink["dropped_by_reason"], reasons);
        assert_eq!(
            sink["filtered_by_reason"],
            json!({"level": 0, "layer": 0, "sample": 0})
        );
    }
    assert_eq!(stdout["oldest_pending_seconds"], Value::Null);
    assert_eq!(stdout["retried"], 0);
    assert!(
        file["oldest_pending_seconds"].as_f64() > Some(0.0),
        "{file}"
    );
    assert!(
        health["warnings"][0]
            .as_str()
            .unwrap()
            .starts_with("file: ")
    );
    let value = |name, sink| metric(&metrics, name, sink);
    assert!(value("ragspan_delivery_retries_total", "file") >= 1.0);
    assert!(value("ragspan_oldest_pending_seconds", "file") > 0.0);
    assert!(value("ragspan_delivery_retries_total", "stdout") < 1.0);
    assert!(value("ragspan_oldest_pending_seconds", "stdout") <= 0.0);
    app.end();
}
