//! Shows the progress of the ingestion as a bar on standard error, if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::ingest::Progress;

/// A bar that disappears when it is full. It is hidden if standard error is not a terminal.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar with a name before it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let bar = ProgressBar::new(0).with_message(name.to_owned());
        let style = ProgressStyle::with_template("ingesting {msg}  {bar:20} {pos}/{len} files");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }
}

impl Progress for Bar {
    fn begin(&self, documents: usize) {
        self.0.set_length(documents as u64);
    }

    fn advance(&self) {
        self.0.inc(1);
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_counts_to_its_end() {
        let bar = Bar::new("docs");
        bar.begin(2);
        bar.advance();
        bar.advance();
        assert_eq!((bar.0.position(), bar.0.length()), (2, Some(2)));
        bar.finish();
        assert!(bar.0.is_finished());
    }
}
