//! The row of a record: its texts, and the values that queries ask for.

use ragspan_core::Cost;
use ragspan_core::record::{SCORE_RECORDED, error_fingerprint, keys};
use ragspan_store::{NewRow, RowKind, TypedColumns};

use super::super::batch::BatchRecord;
use crate::context::Layer;
use crate::record::fields::{Destination, WrittenField};
use crate::record::{Failure, Kind, Record, rfc3339};
use crate::value::Value;

/// A user's metric that counts as the sum of the tokens where the record has no other.
const TOKENS: &str = "tokens";

/// The columns of a record that it does not hold as text.
pub(super) struct Texts {
    timestamp: [u8; 27],
    trace_id: Option<[u8; 36]>,
    span_id: Option<[u8; 36]>,
    parent_span_id: Option<[u8; 36]>,
    logger: String,
    message: String,
    request_id: Option<String>,
    session_id: Option<String>,
    stack_trace: Option<String>,
    error_span_id: Option<[u8; 36]>,
}

impl Texts {
    pub(super) fn of(item: &BatchRecord<'_>) -> Self {
        let record = item.record;
        let origin = record
            .failure
            .as_ref()
            .and_then(|failure| failure.origin_span_id);
        Self {
            timestamp: rfc3339(record.timestamp),
            trace_id: record.trace_id.map(|id| id.text()),
            span_id: record.span_id.map(|id| id.text()),
            parent_span_id: record.parent_span_id.map(|id| id.text()),
            logger: record.logger().into_owned(),
            message: record.message_text().into_owned(),
            request_id: record.request_id().map(Into::into),
            session_id: record.session_id().map(Into::into),
            stack_trace: record.stack_trace(),
            error_span_id: origin.map(|id| id.text()),
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

pub(super) fn signed(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}

pub(super) fn row<'a>(item: &BatchRecord<'a>, texts: &'a Texts) -> NewRow<'a> {
    let (record, line) = (item.record, item.line);
    let request = record.request.as_deref();
    let service = item.service();
    let is_span = record.kind != Kind::Event;
    NewRow {
        boot_id: item.boot_id(),
        seq: record.sequence,
        kind: if is_span {
            RowKind::Span
        } else {
            RowKind::Event
        },
        start_us: is_span.then(|| signed(record.start)),
        timestamp_us: signed(record.timestamp),
        duration_us: record.duration,
        timestamp: text(&texts.timestamp),
        level: record.level.as_str(),
        logger: &texts.logger,
        message: &texts.message,
        trace_id: texts.trace_id.as_ref().map(|id| text(id)),
        span_id: texts.span_id.as_ref().map(|id| text(id)),
        parent_span_id: texts.parent_span_id.as_ref().map(|id| text(id)),
        request_id: texts.request_id.as_deref(),
        user_id: request.and_then(|request| request.user_id.as_deref()),
        session_id: texts.session_id.as_deref(),
        tenant_id: request.and_then(|request| request.tenant_id.as_deref()),
        context: item.text(&line.context),
        metrics: item.text(&line.metrics),
        error: line.error.as_ref().map(|range| item.text(range)),
        stack_trace: texts.stack_trace.as_deref(),
        environment: &service.environment,
        version: service.version(),
        host: &service.host,
        typed: Some(typed(record, texts)),
    }
}

fn typed<'a>(record: &'a Record, texts: &'a Texts) -> TypedColumns<'a> {
    let is_span = record.kind != Kind::Event;
    let has_ended = record.kind == Kind::Span;
    let failure = record.failure.as_ref();
    let mut typed = TypedColumns {
        operation: is_span.then_some(record.operation),
        status: has_ended.then(|| record.outcome.status()),
        layer: record.layer.map(Layer::name),
        is_local_root: is_span && record.is_local_root,
        error_type: failure.map(|failure| failure.kind.label()),
        error_fingerprint: failure.map(|failure| fingerprint(record, failure)),
        error_span_id: texts.error_span_id.as_ref().map(|id| text(id)),
        ..TypedColumns::default()
    };
    for field in record.written_fields() {
        match field.destination {
            Destination::Context => context_column(&mut typed, &field, &texts.message),
            Destination::Metrics => metric_column(&mut typed, &field, &texts.message),
            Destination::Moved => {}
        }
    }
    typed
}

fn fingerprint(record: &Record, failure: &Failure) -> u64 {
    let root_cause = failure.chain.last().unwrap_or(&failure.message);
    error_fingerprint(failure.kind.label(), record.fields.text.get(*root_cause))
}

fn context_column<'a>(typed: &mut TypedColumns<'a>, field: &WrittenField<'a>, message: &str) {
    let Value::Text(text) = field.value else {
        return;
    };
    let text = Some(field.fields.text.get(text));
    if field.name == keys::MODEL.name {
        typed.model = text;
    } else if field.name == keys::METRIC.name && message == SCORE_RECORDED {
        typed.score_name = text;
    }
}

fn metric_column(typed: &mut TypedColumns<'_>, field: &WrittenField<'_>, message: &str) {
    let number = field.value.number().filter(|number| number.is_finite());
    let count = number.and_then(whole);
    if let Some(kind) = keys::TOKENS.iter().position(|key| key.name == field.name) {
        typed.tokens[kind] = count;
    } else if field.name == keys::TOTAL_TOKENS.name {
        typed.total_tokens = count;
    } else if field.name == TOKENS {
        typed.total_tokens = typed.total_tokens.or(count);
    } else if field.name == keys::LLM_CALLS.name {
        typed.llm_calls = count;
    } else if field.name == keys::COST_USD.name {
        typed.cost = number.and_then(Cost::from_dollars);
    } else if field.name == keys::SCORE.name && message == SCORE_RECORDED {
        typed.score = number;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and `as` saturates"
)]
fn whole(number: f64) -> Option<u64> {
    (number >= 0.0).then(|| number.round() as u64)
}
