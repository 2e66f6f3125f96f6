//! Reads server-sent events from a stream of bytes that may be cut anywhere.

/// An event longer than this is none that a model sends.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// The server sent an event without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the server sent an event of more than {MAX_EVENT_BYTES} bytes, check that OPENAI_BASE_URL is a chat service"
)]
pub struct EventTooLong;

/// Puts the events together. Only their data counts here; names, ids and comments are skipped.
#[derive(Debug, Default)]
pub struct EventReader {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
}

impl EventReader {
    /// Takes the next bytes and gives the data of the events that they complete.
    ///
    /// # Errors
    /// [`EventTooLong`], after which the stream is of no use.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, EventTooLong> {
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if self.line.len() + self.data.len() > MAX_EVENT_BYTES {
                return Err(EventTooLong);
            }
            if piece.ends_with(b"\n") {
                events.extend(self.end_line());
            }
        }
        Ok(events)
    }

    /// The data of an event that the end of the stream cut off before its blank line.
    #[must_use]
    pub fn finish(mut self) -> Option<String> {
        self.end_line().or_else(|| self.end_event())
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return self.end_event();
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            self.add(value.strip_prefix(b" ").unwrap_or(value));
        }
        None
    }

    fn add(&mut self, value: &[u8]) {
        if self.has_data {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        self.has_data = true;
    }

    fn end_event(&mut self) -> Option<String> {
        let data = std::mem::take(&mut self.data);
        std::mem::take(&mut self.has_data).then(|| String::from_utf8_lossy(&data).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let mut reader = EventReader::default();
        let mut events = Vec::new();
        for piece in pieces {
            events.extend(reader.push(piece).unwrap());
        }
        events.extend(reader.finish());
        events
    }

    #[test]
    fn an_event_ends_with_a_blank_line() {
        assert_eq!(read(&[b"data: a\n\ndata:b\r\n\r\n"]), ["a", "b"]);
    }

    #[test]
    fn comments_and_other_fields_are_skipped() {
        assert_eq!(read(&[b": ping\nevent: x\nid: 1\ndata: a\n\n\n"]), ["a"]);
    }

    #[test]
    fn lines_of_data_belong_together() {
        assert_eq!(read(&[b"data: a\ndata\ndata: b\n\n"]), ["a\nb"]);
    }

    #[test]
    fn the_end_of_the_stream_ends_the_event() {
        assert_eq!(read(&[b"data: a\n"]), ["a"]);
        assert_eq!(read(&[b"data: a"]), ["a"]);
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut reader = EventReader::default();
        let flood = vec![b'x'; MAX_EVENT_BYTES];
        assert_eq!(reader.push(&flood), Ok(vec![]));
        assert_eq!(reader.push(b"x"), Err(EventTooLong));
    }

    proptest! {
        #[test]
        fn events_do_not_depend_on_where_the_stream_is_cut(
            data in prop::collection::vec("[a-zé \u{1F41D}]{1,12}", 0..6),
            cuts in prop::collection::vec(0usize..200, 0..8),
            crlf in any::<bool>(),
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let stream: String = data.iter().map(|d| format!("data: {d}{end}{end}")).collect();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|w| &stream.as_bytes()[w[0]..w[1]]).collect();
            prop_assert_eq!(read(&pieces), data);
        }
    }
}
