//! Asks a service for its metrics: one request, plain HTTP, bounded in time and size.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// For each step: to connect, to send, and between two pieces of the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// An exposition is far smaller.
const MOST: u64 = 16 << 20;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("not an http URL")]
    Url,
    #[error("no answer: {0}")]
    Silent(#[from] io::Error),
    #[error("answered {0}")]
    Refused(String),
}

impl Error {
    pub(super) const fn cure(&self) -> &'static str {
        match self {
            Self::Url => "write it as http://host:port/path; for https ask a proxy on this machine",
            Self::Silent(_) => {
                "start the service, or name the address of its start report with --metrics"
            }
            Self::Refused(_) => "name the path of the metrics, such as /metrics",
        }
    }
}

/// How many families of ours `url` serves.
pub(super) fn families(url: &str) -> Result<usize, Error> {
    let (host, path) = parts(url).ok_or(Error::Url)?;
    let answer = get(host, path)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some("200") => Ok(count(body)),
        _ => Err(Error::Refused(status.chars().take(60).collect())),
    }
}

/// The host with its port, and the path.
fn parts(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(at)?;
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
    (!host.is_empty() && plain(url))
        .then_some((host, if path.is_empty() { "/metrics" } else { path }))
}

fn get(host: &str, path: &str) -> io::Result<String> {
    let mut stream = connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let question = format!(
        "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Without a port it is the usual one of HTTP.
fn connect(host: &str) -> io::Result<TcpStream> {
    let addresses = host
        .to_socket_addrs()
        .or_else(|_| (host, 80).to_socket_addrs())?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn count(body: &str) -> usize {
    body.lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter(|name| name.starts_with("rag_") || name.starts_with("ragspan_"))
        .count()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Serves one answer, and gives back its URL.
    fn serving(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut asked = [0; 1024];
            let _read = stream.read(&mut asked).expect("a request");
            stream.write_all(answer.as_bytes()).expect("it is taken");
        });
        url
    }

    #[test]
    fn families_of_ours_are_counted() {
        let url = serving(
            "HTTP/1.1 200 OK\r\n\r\n# TYPE rag_requests_total counter\nrag_requests_total 1\n\
             # TYPE other gauge\n# TYPE ragspan_records_emitted counter\n",
        );
        assert_eq!(families(&url).expect("an answer"), 2);
    }

    #[test]
    fn anything_but_success_is_said() {
        let url = serving("HTTP/1.1 404 Not Found\r\n\r\n");
        let error = families(&url).expect_err("refused");
        assert!(error.to_string().contains("404"), "{error}");
        let error = families(&serving("")).expect_err("empty");
        assert!(matches!(error, Error::Refused(_)), "{error}");
    }

    #[test]
    fn an_url_has_a_host_and_a_path() {
        assert_eq!(parts("http://h:1/m/x"), Some(("h:1", "/m/x")));
        assert_eq!(parts("http://h:1"), Some(("h:1", "/metrics")));
        for url in [
            "",
            "h:1",
            "https://h",
            "http://",
            "http:///m",
            "http://h/\r\nX: y",
        ] {
            assert_eq!(parts(url), None, "{url}");
        }
    }
}
