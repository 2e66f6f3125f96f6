//! The store on real files: what the tests of writing and of finding share.

mod asking;
mod finding;
mod retention;
mod writing;

use std::path::PathBuf;
use std::thread;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::*;

const TRACE: &str = "01a2073a-c418-7abc-8def-0123457f31d2";
const TWIN: &str = "01a2073a-c418-7abc-8def-ffffffffffff";
const SPAN: &str = "01a2073a-c418-7000-8000-0000000000aa";
const START: i64 = 0x01a2_073a_c418 * 1000;
const BOOT: [u8; 16] = [7; 16];

fn runtime() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

fn position() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("logs.db");
    (folder, path)
}

fn row(seq: u64) -> NewRow<'static> {
    NewRow {
        boot_id: &BOOT,
        seq,
        kind: RowKind::Span,
        start_us: Some(START),
        timestamp_us: START + 1500 + seq.cast_signed(),
        duration_us: Some(1500),
        timestamp: "2026-11-23T09:41:07.123456Z",
        level: "INFO",
        logger: "rag.retrieval",
        message: "search_complete",
        trace_id: Some(TRACE),
        span_id: Some(SPAN),
        parent_span_id: Some(TRACE),
        request_id: Some("req-1"),
        user_id: Some("ada"),
        session_id: Some("s"),
        tenant_id: Some("acme"),
        context: r#"{"operation":"search"}"#,
        metrics: r#"{"duration_ms":1.500}"#,
        error: None,
        stack_trace: None,
        environment: "test",
        version: "1.0.0",
        host: "here",
        typed: None,
    }
}

/// A database with these rows, and a reader on it.
async fn reader_on(rows: &[NewRow<'_>]) -> (TempDir, Reader) {
    let (folder, path) = position();
    let mut writer = Writer::open(&path).await.unwrap();
    writer.insert(rows).await.unwrap();
    writer.close().await.unwrap();
    (folder, Reader::open(&path).await.unwrap())
}
