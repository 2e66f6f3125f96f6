//! Reads the metrics of a service: one request over plain HTTP, bounded in time and size.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// The timeout of each step: connecting, sending, and each read of the response.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum size of a response; an exposition is far smaller.
const MAX_BYTES: u64 = 16 << 20;

/// The reason why the metrics were not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("not an http URL")]
    Url,
    #[error("no response: {0}")]
    NoResponse(#[from] io::Error),
    #[error("responded {0}")]
    Status(String),
}

impl HttpError {
    pub(super) const fn fix(&self) -> &'static str {
        match self {
            Self::Url => "write it as http://host:port/path; for https ask a proxy on this machine",
            Self::NoResponse(_) => {
                "start the service, or name the address of its start report with --metrics"
            }
            Self::Status(_) => "name the path of the metrics, such as /metrics",
        }
    }
}

/// Returns the number of ragspan's metric families that `url` serves.
pub(super) fn families(url: &str) -> Result<usize, HttpError> {
    let (host, path) = parts(url).ok_or(HttpError::Url)?;
    let response = get(host, path)?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    let status = head.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some("200") => Ok(count(body)),
        _ => Err(HttpError::Status(status.chars().take(60).collect())),
    }
}

/// Splits a URL into the host with its port, and the path.
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
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut response)?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}

/// Connects to `host`, at port 80 if it names none.
fn connect(host: &str) -> io::Result<TcpStream> {
    let addresses = host
        .to_socket_addrs()
        .or_else(|_| (host, 80).to_socket_addrs())?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
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

    /// Serves one response, and returns the URL.
    fn serving(response: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = [0; 1024];
            let _read = stream.read(&mut request).expect("a request");
            stream.write_all(response.as_bytes()).expect("it is sent");
        });
        url
    }

    #[test]
    fn ragspan_families_are_counted() {
        let url = serving(
            "HTTP/1.1 200 OK\r\n\r\n# TYPE rag_requests_total counter\nrag_requests_total 1\n\
             # TYPE other gauge\n# TYPE ragspan_records_emitted counter\n",
        );
        assert_eq!(families(&url).expect("a response"), 2);
    }

    #[test]
    fn a_status_other_than_200_is_reported() {
        let url = serving("HTTP/1.1 404 Not Found\r\n\r\n");
        let error = families(&url).expect_err("refused");
        assert!(error.to_string().contains("404"), "{error}");
        let error = families(&serving("")).expect_err("empty");
        assert!(matches!(error, HttpError::Status(_)), "{error}");
    }

    #[test]
    fn a_url_has_a_host_and_a_path() {
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
