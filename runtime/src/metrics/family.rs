//! A family: the series of one metric, found by their label values and capped in number.

use std::collections::BTreeMap;
use std::iter::repeat;
use std::sync::{Arc, PoisonError, RwLock};

use crate::privacy::redact;
use crate::record::escape::plain;

/// The most series of one metric. Label values should never be user text; if they are by mistake, the memory of the
/// program and the database of the scraper stay bounded.
pub(super) const LIMIT: usize = 2_000;

/// The value of every label of the series for all values beyond the limit.
pub(super) const OTHER: &str = "__other__";

/// The label values of a series, in the order of the family's label names.
pub(super) type Values = Arc<[Box<str>]>;

/// The series of one metric.
#[derive(Debug)]
pub(super) struct Family<C> {
    width: usize,
    series: RwLock<BTreeMap<Values, Arc<C>>>,
}

impl<C> Family<C> {
    /// Creates a family without series, with this number of labels.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            series: RwLock::default(),
        }
    }

    /// Returns the series of these label values; missing ones are empty, surplus ones are dropped.
    pub(super) fn series(&self, values: &[&str], make: impl FnOnce() -> C) -> Arc<C> {
        let key: Values = values
            .iter()
            .chain(repeat(&""))
            .take(self.width)
            .map(|v| Box::from(*v))
            .collect();
        let found = self.read().get(&key).map(Arc::clone);
        found.unwrap_or_else(|| self.create(&key, make))
    }

    /// Redacts a label value that looks like a secret, so that all secrets of a kind share one series, and replaces
    /// control characters.
    fn create(&self, key: &Values, make: impl FnOnce() -> C) -> Arc<C> {
        let shown = key.iter().map(|value| plain(redact(value)).into());
        let key: Values = shown.collect();
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let full = series.len() >= LIMIT && !series.contains_key(&key);
        let key = if full { self.other() } else { key };
        Arc::clone(series.entry(key).or_insert_with(|| Arc::new(make())))
    }

    fn other(&self) -> Values {
        (0..self.width).map(|_| Box::from(OTHER)).collect()
    }

    /// Returns every series, sorted by label values.
    pub(super) fn all(&self) -> Vec<(Values, Arc<C>)> {
        self.read()
            .iter()
            .map(|(key, cell)| (Arc::clone(key), Arc::clone(cell)))
            .collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<Values, Arc<C>>> {
        self.series.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::cell::Counter;
    use super::*;

    fn add(family: &Family<Counter>, values: &[&str]) {
        family.series(values, Counter::default).add(1);
    }

    fn value(family: &Family<Counter>, values: &[&str]) -> u64 {
        family.series(values, Counter::default).value()
    }

    #[test]
    fn the_same_values_give_the_same_series() {
        let family = Family::new(2);
        add(&family, &["a", "b"]);
        add(&family, &["a", "b"]);
        add(&family, &["ab", ""]);
        assert_eq!(value(&family, &["a", "b"]), 2);
        assert_eq!(value(&family, &["ab"]), 1);
        assert_eq!(family.all().len(), 2);
    }

    #[test]
    fn surplus_values_are_dropped() {
        let family = Family::new(1);
        add(&family, &["a", "b"]);
        assert_eq!(value(&family, &["a"]), 1);
    }

    #[test]
    fn a_label_shows_no_secret() {
        let family = Family::new(1);
        add(&family, &["AKIAIOSFODNN7EXAMPLE"]);
        add(&family, &["AKIAIOSFODNN7EXAMPLF"]);
        assert_eq!(value(&family, &["[redacted:api_keys]"]), 2);
        assert_eq!(family.all().len(), 1);
    }

    #[test]
    fn beyond_the_limit_everything_is_other() {
        let family = Family::new(2);
        for number in 0..LIMIT + 50 {
            add(&family, &["layer", &number.to_string()]);
        }
        add(&family, &["layer", "0"]);
        assert_eq!(family.all().len(), LIMIT + 1);
        assert_eq!(value(&family, &[OTHER, OTHER]), 50);
        assert_eq!(value(&family, &["layer", "0"]), 2);
    }

    #[test]
    fn a_series_created_by_another_thread_is_returned_even_when_full() {
        let family = Family::new(1);
        (0..LIMIT).for_each(|number| add(&family, &[&number.to_string()]));
        let key: Values = Arc::new([Box::from("0")]);
        assert_eq!(family.create(&key, Counter::default).value(), 1);
    }

    #[test]
    fn a_poisoned_lock_is_recovered() {
        let family: Family<Counter> = Family::new(0);
        std::thread::scope(|scope| {
            let poisoner = scope.spawn(|| family.series(&[], || panic!("poisons the lock")));
            assert!(poisoner.join().is_err());
        });
        add(&family, &[]);
        assert_eq!(value(&family, &[]), 1);
    }
}
