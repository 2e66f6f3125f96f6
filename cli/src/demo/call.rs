//! An invented call and what it becomes: records with ids, times and words as the runtime writes them.

use ragspan_store::{NewRow, RowKind, short_id};
use serde_json::{Map, Value, json};

use super::dice::Dice;

/// How an invented call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ending {
    #[default]
    Success,
    /// It took longer than so many milliseconds, which is too long.
    Slow(u32),
    Empty,
    Cancelled,
    Failed,
    /// It failed in a way that was to be expected: a WARNING.
    Refused,
    /// A call below failed, and this one with it.
    PassedOn,
    Panicked,
    /// A panic below unwound through it.
    Unwound,
}

/// An error: its type, its message, and what caused it.
pub(super) type Trouble = (&'static str, &'static str, &'static [&'static str]);

/// An invented call; times are in microseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub(super) layer: &'static str,
    pub(super) operation: &'static str,
    pub(super) site: &'static str,
    /// After its parent's start.
    pub(super) start: u64,
    pub(super) duration: u64,
    pub(super) ending: Ending,
    pub(super) trouble: Option<Trouble>,
    pub(super) context: Vec<(&'static str, Value)>,
    pub(super) metrics: Vec<(&'static str, Value)>,
    pub(super) below: Vec<Self>,
    /// What a library said meanwhile: after the start, level, target, message.
    pub(super) said: Vec<(u64, &'static str, &'static str, &'static str)>,
}

/// Who asked.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) user: &'static str,
    pub(super) tenant: &'static str,
    pub(super) session: String,
    /// In microseconds since the epoch.
    pub(super) start: u64,
    pub(super) root: Call,
}

/// A record that owns its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(super) boot: [u8; 16],
    pub(super) seq: u64,
    kind: RowKind,
    start: Option<u64>,
    pub(super) at: u64,
    duration: Option<u64>,
    timestamp: String,
    level: &'static str,
    logger: String,
    message: String,
    trace: String,
    span: String,
    pub(super) parent: Option<String>,
    request: String,
    user: &'static str,
    tenant: &'static str,
    session: String,
    context: String,
    metrics: String,
    error: Option<String>,
    stack: Option<String>,
    pub(super) failed: bool,
}

impl Row {
    /// Whether it is the record of a whole request.
    pub(super) fn is_root(&self) -> bool {
        self.parent.is_none() && self.duration.is_some()
    }

    /// The record as the store takes it.
    pub(crate) fn borrowed(&self) -> NewRow<'_> {
        NewRow {
            boot_id: &self.boot,
            seq: self.seq,
            kind: self.kind,
            start_us: self.start.map(u64::cast_signed),
            timestamp_us: self.at.cast_signed(),
            duration_us: self.duration,
            timestamp: &self.timestamp,
            level: self.level,
            logger: &self.logger,
            message: &self.message,
            trace_id: Some(&self.trace),
            span_id: Some(&self.span),
            parent_span_id: self.parent.as_deref(),
            request_id: Some(&self.request),
            user_id: Some(self.user),
            session_id: Some(&self.session),
            tenant_id: Some(self.tenant),
            context: &self.context,
            metrics: &self.metrics,
            error: self.error.as_deref(),
            stack_trace: self.stack.as_deref(),
            environment: "demo",
            version: "1.4.2",
            host: "rag-demo-1",
            typed: None,
        }
    }
}

/// The records of a request, in no order.
pub(super) fn records(request: &Request, dice: &mut Dice) -> Vec<Row> {
    let trace = dice.id(request.start);
    let mut teller = Teller {
        request,
        trace: trace.clone(),
        dice,
        rows: Vec::new(),
    };
    teller.tell(
        &request.root,
        &Place {
            id: trace,
            parent: None,
            start: request.start,
            path: Vec::new(),
        },
    );
    teller.rows
}

/// Where a call hangs.
struct Place {
    id: String,
    parent: Option<String>,
    start: u64,
    /// The calls from the root to it.
    path: Vec<String>,
}

struct Teller<'a> {
    request: &'a Request,
    trace: String,
    dice: &'a mut Dice,
    rows: Vec<Row>,
}

impl Teller<'_> {
    /// Gives the id of the call in which the trouble, if there is any, was born.
    fn tell(&mut self, call: &Call, place: &Place) -> Option<String> {
        let mut path = place.path.clone();
        path.push(format!("{} ({})", call.operation, call.site));
        let mut born = None;
        for below in &call.below {
            let start = place.start + below.start;
            let hung = Place {
                id: self.dice.id(start),
                parent: Some(place.id.clone()),
                start,
                path: path.clone(),
            };
            born = self.tell(below, &hung).or(born);
        }
        for (after, level, target, message) in &call.said {
            let event = self.event(place, place.start + after, level, target, message);
            self.rows.push(event);
        }
        let own = matches!(
            call.ending,
            Ending::Failed | Ending::Refused | Ending::Panicked
        );
        let ended = self.ended(call, place, born.as_deref(), &path);
        self.rows.push(ended);
        if own { Some(place.id.clone()) } else { born }
    }

    fn ended(&self, call: &Call, place: &Place, born: Option<&str>, path: &[String]) -> Row {
        let mut context: Map<_, _> = object(&call.context);
        context.insert("operation".into(), call.operation.into());
        context.insert("status".into(), call.ending.status().into());
        if let Ending::Slow(limit) = call.ending {
            context.insert("threshold_ms".into(), limit.into());
        }
        if matches!(call.ending, Ending::PassedOn | Ending::Unwound) {
            context.insert("error_span_id".into(), born.into());
        }
        let mut metrics: Map<_, _> = object(&call.metrics);
        metrics.insert("duration_ms".into(), millis(call.duration));
        Row {
            kind: RowKind::Span,
            start: Some(place.start),
            duration: Some(call.duration),
            level: call.ending.level(),
            logger: format!("rag.{}", call.layer),
            message: call.ending.message(call.operation),
            context: Value::Object(context).to_string(),
            metrics: Value::Object(metrics).to_string(),
            error: call.trouble.map(error),
            stack: call.trouble.map(|_| path.join("\n")),
            failed: matches!(call.ending.status(), "error" | "panic"),
            ..self.blank(place, place.start + call.duration)
        }
    }

    fn event(
        &self,
        place: &Place,
        at: u64,
        level: &'static str,
        target: &str,
        message: &str,
    ) -> Row {
        Row {
            level,
            logger: target.to_owned(),
            message: message.to_owned(),
            ..self.blank(place, at)
        }
    }

    /// What every record of a span has.
    fn blank(&self, place: &Place, at: u64) -> Row {
        Row {
            boot: [0; 16],
            seq: 0,
            kind: RowKind::Event,
            start: None,
            at,
            duration: None,
            timestamp: rfc3339(at),
            level: "INFO",
            logger: String::new(),
            message: String::new(),
            trace: self.trace.clone(),
            span: place.id.clone(),
            parent: place.parent.clone(),
            request: format!("req-{}", short_id(&self.trace)),
            user: self.request.user,
            tenant: self.request.tenant,
            session: self.request.session.clone(),
            context: "{}".to_owned(),
            metrics: "{}".to_owned(),
            error: None,
            stack: None,
            failed: false,
        }
    }
}

impl Ending {
    const fn status(self) -> &'static str {
        match self {
            Self::Success | Self::Slow(_) => "success",
            Self::Empty => "empty",
            Self::Cancelled => "cancelled",
            Self::Failed | Self::Refused | Self::PassedOn => "error",
            Self::Panicked | Self::Unwound => "panic",
        }
    }

    const fn level(self) -> &'static str {
        match self {
            Self::Success | Self::Cancelled | Self::PassedOn | Self::Unwound => "INFO",
            Self::Slow(_) | Self::Empty | Self::Refused => "WARNING",
            Self::Failed | Self::Panicked => "ERROR",
        }
    }

    fn message(self, operation: &str) -> String {
        let end = match self {
            Self::Slow(_) => return format!("slow_{operation}"),
            Self::Success => "complete",
            Self::Empty => "empty",
            Self::Cancelled => "cancelled",
            Self::Failed | Self::Refused | Self::PassedOn => "failed",
            Self::Panicked | Self::Unwound => "panicked",
        };
        format!("{operation}_{end}")
    }
}

fn object(pairs: &[(&'static str, Value)]) -> Map<String, Value> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn error((kind, message, chain): Trouble) -> String {
    json!({"type": kind, "message": message, "chain": chain}).to_string()
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 285 years")]
fn millis(micros: u64) -> Value {
    json!(micros as f64 / 1000.0)
}

fn rfc3339(micros: u64) -> String {
    jiff::Timestamp::from_microsecond(micros.cast_signed())
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string()
}
