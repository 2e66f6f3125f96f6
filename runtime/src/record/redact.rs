//! Takes out of a record what looks like a secret, before any sink sees it.

use std::sync::{Arc, Weak};

use super::{Failure, Record};
use crate::context::RequestContext;
use crate::privacy::{self, Hits, Rules};
use crate::value::{Arena, Fields, Text};

/// The number of requests in the cache: records of a request usually come one after another.
const REMEMBERED: usize = 64;

/// Applies the rules to record after record.
#[derive(Debug)]
pub(crate) struct Redactor {
    rules: Arc<Rules>,
    seen: Vec<Seen>,
}

/// A request that was looked at. The weak pointer keeps its place in memory from being another's.
#[derive(Clone, Debug, Default)]
struct Seen {
    request: Weak<RequestContext>,
    /// The replacement; `None` if the value is shown unchanged.
    instead: Option<Arc<RequestContext>>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self {
            rules: privacy::rules(),
            seen: vec![Seen::default(); REMEMBERED],
        }
    }
}

impl Redactor {
    /// Redacts the secrets in these fields; returns the number of secrets.
    pub(crate) fn redact(&mut self, records: &mut [Box<Record>]) -> Hits {
        let rules = privacy::rules();
        if !Arc::ptr_eq(&rules, &self.rules) {
            *self = Self::default();
        }
        let mut hits = Hits::default();
        if !self.rules.is_off() {
            for record in records {
                self.record(record, &mut hits);
            }
        }
        hits
    }

    fn record(&mut self, record: &mut Record, hits: &mut Hits) {
        if self.rules.may_find(record.fields.text.whole()) {
            rewrite(record, &self.rules, hits);
        }
        if let Some(failure) = &mut record.failure {
            backtrace(failure, &self.rules, hits);
        }
        if let Some(request) = record.request.take() {
            record.request = Some(self.request(request, hits));
        }
    }

    /// The redacted fields of a request, which all its records share.
    fn request(&mut self, request: Arc<RequestContext>, hits: &mut Hits) -> Arc<RequestContext> {
        let at = Arc::as_ptr(&request);
        let slot = (at.addr() >> 6) % REMEMBERED;
        let Some(seen) = self.seen.get_mut(slot) else {
            return request;
        };
        if !std::ptr::eq(seen.request.as_ptr(), at) {
            *seen = Seen {
                instead: context(&request, &self.rules, hits),
                request: Arc::downgrade(&request),
            };
        }
        seen.instead.clone().unwrap_or(request)
    }
}

/// Writes every text of the record anew, without what the rules find in it.
#[cold]
fn rewrite(record: &mut Record, rules: &Rules, hits: &mut Hits) {
    let old = std::mem::take(&mut record.fields.text);
    let mut new = Arena::default();
    let mut renew = |text: &mut Text| {
        *text = new.push_for(&rules.redact(old.get(*text), hits), *text);
    };
    record.fields.texts_mut().for_each(&mut renew);
    record.message.iter_mut().for_each(&mut renew);
    record.log_target.iter_mut().for_each(&mut renew);
    if let Some(failure) = &mut record.failure {
        renew(&mut failure.message);
        failure.chain.iter_mut().for_each(&mut renew);
    }
    for document in &mut record.documents {
        renew(&mut document.id);
        document.source.iter_mut().for_each(&mut renew);
    }
    record.fields.text = new;
}

fn backtrace(failure: &mut Failure, rules: &Rules, hits: &mut Hits) {
    if let Some(trace) = &mut failure.backtrace {
        let redacted = rules.redact(trace, hits);
        if redacted != **trace {
            *trace = redacted.into();
        }
    }
}

/// The request without what the rules find in it; `None` if that is nothing.
fn context(
    request: &RequestContext,
    rules: &Rules,
    hits: &mut Hits,
) -> Option<Arc<RequestContext>> {
    let ids = request.ids();
    let mut texts = ids
        .into_iter()
        .flatten()
        .chain([request.fields.text.whole()]);
    if !texts.any(|text| rules.may_find(text)) {
        return None;
    }
    let mut instead = request.clone();
    for id in instead.ids_mut().into_iter().flatten() {
        *id = rules.redact(id, hits).into();
    }
    fields(&mut instead.fields, rules, hits);
    Some(Arc::new(instead))
}

fn fields(fields: &mut Fields, rules: &Rules, hits: &mut Hits) {
    let old = std::mem::take(&mut fields.text);
    let mut new = Arena::default();
    for text in fields.texts_mut() {
        *text = new.push_for(&rules.redact(old.get(*text), hits), *text);
    }
    fields.text = new;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Retrieved;
    use crate::value::Value;

    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
    const MARK: &str = "[redacted:api_keys]";

    fn full() -> Box<Record> {
        let mut record = Box::new(Record::default());
        let fields = &mut record.fields;
        fields.push_text("first", "abc");
        fields.push_text("field", &format!("key {KEY}"));
        fields.push("number", Value::U64(7));
        record.message = Some(fields.text.push(KEY));
        record.log_target = Some(fields.text.push(KEY));
        record.failure = Some(Failure {
            message: fields.text.push(&format!("é{KEY}")),
            chain: vec![fields.text.push("plain"), fields.text.push(KEY)],
            backtrace: Some(format!("0: main\n{KEY}").into()),
            ..Failure::default()
        });
        record.documents = vec![Retrieved {
            id: fields.text.push(KEY),
            score: None,
            rank: 1,
            source: Some(fields.text.push(KEY)),
        }];
        record
    }

    fn request(user: &str, text: &str) -> Arc<RequestContext> {
        let mut request = RequestContext {
            user_id: Some(user.into()),
            ..RequestContext::default()
        };
        request.fields.push_text("plan", text);
        Arc::new(request)
    }

    #[test]
    fn every_text_of_a_record_is_looked_at_and_the_rest_stays() {
        let mut records = [full()];
        let hits = Redactor::default().redact(&mut records);
        assert_eq!(hits.iter().collect::<Vec<_>>(), [("api_keys", 8)]);
        let [record] = records;
        let shown = format!("{record:?}");
        assert!(!shown.contains(KEY), "{shown}");
        let text = |text| record.fields.text.get(text);
        assert_eq!(record.fields.json("first"), Some("abc".into()));
        assert_eq!(
            record.fields.json("field"),
            Some(format!("key {MARK}").into())
        );
        assert_eq!(record.fields.json("number"), Some(7.into()));
        assert_eq!(record.message.map(text), Some(MARK));
        assert_eq!(record.event_target(), MARK);
        let failure = record.failure.as_ref().unwrap();
        assert_eq!(text(failure.message), format!("é{MARK}"));
        assert_eq!(text(failure.chain[0]), "plain");
        assert_eq!(
            failure.backtrace.as_deref(),
            Some("0: main\n[redacted:api_keys]")
        );
        assert_eq!(text(record.documents[0].id), MARK);
    }

    #[test]
    fn a_record_without_a_secret_is_left_as_it_is() {
        let mut record = Box::new(Record::default());
        record.fields.push_text("query", "what is a span?");
        let request = request("ada", "free");
        record.request = Some(Arc::clone(&request));
        let before = format!("{record:?}");
        let mut records = [record];
        assert_eq!(Redactor::default().redact(&mut records).iter().count(), 0);
        assert_eq!(format!("{:?}", records[0]), before);
        assert!(Arc::ptr_eq(records[0].request.as_ref().unwrap(), &request));
    }

    #[test]
    fn a_request_is_looked_at_once_and_all_its_records_share_what_is_shown() {
        let request = request("ada@example.com", KEY);
        let mut records = [full(), full(), full()];
        for record in &mut records {
            record.request = Some(Arc::clone(&request));
        }
        let mut redactor = Redactor::default();
        let hits = redactor.redact(&mut records);
        assert!(hits.iter().any(|hit| hit == ("emails", 1)), "{hits:?}");
        let shown = records[0].request.clone().unwrap();
        assert_eq!(shown.user_id.as_deref(), Some("[redacted:emails]"));
        assert_eq!(shown.fields.json("plan"), Some(MARK.into()));
        assert!(Arc::ptr_eq(&shown, records[2].request.as_ref().unwrap()));
        assert_eq!(
            request.user_id.as_deref(),
            Some("ada@example.com"),
            "its own stays"
        );
    }

    #[test]
    fn another_request_at_the_same_address_has_its_own_result() {
        let mut redactor = Redactor::default();
        for round in 0..1_000 {
            let user = if round % 2 == 0 {
                "ada"
            } else {
                "ada@example.com"
            };
            let mut record = Box::new(Record::default());
            record.request = Some(request(user, "free"));
            let mut records = [record];
            redactor.redact(&mut records);
            let shown = records[0].request.as_ref().unwrap().user_id.as_deref();
            let expected = if round % 2 == 0 {
                "ada"
            } else {
                "[redacted:emails]"
            };
            assert_eq!(shown, Some(expected));
        }
    }
}
