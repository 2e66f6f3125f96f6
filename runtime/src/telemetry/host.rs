//! Checks the host that a request names, so that no web page reads a loopback listener through a name of its own.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::Request;
use hyper::header::HOST;

/// Returns true if every host that the request names is a loopback name or an IP literal, or if it names none. A page
/// whose own name resolves to a loopback address (DNS rebinding) has its browser send that name.
pub(super) fn is_local<B>(request: &Request<B>) -> bool {
    let headers = request.headers().get_all(HOST).iter();
    let mut named = headers.map(|value| value.to_str().unwrap_or_default());
    let target = request.uri().authority();
    named.all(is_local_host) && target.is_none_or(|target| is_local_host(target.as_str()))
}

/// Checks a host with or without a port.
fn is_local_host(host: &str) -> bool {
    if let Some((address, port)) = host.strip_prefix('[').and_then(|it| it.split_once(']')) {
        let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return has_port && address.parse::<Ipv6Addr>().is_ok();
    }
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    is_port(port) && (name.parse::<Ipv4Addr>().is_ok() || is_loopback_name(name))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let subdomain = name.strip_suffix(".localhost");
    name == "localhost" || subdomain.is_some_and(|subdomain| !subdomain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, hosts: &[&str]) -> Request<()> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn loopback_names_and_ip_literals_are_local_and_other_hosts_are_not() {
        for (host, is_expected) in [
            ("localhost", true),
            ("localhost:9464", true),
            ("LocalHost.:9464", true),
            ("a.b.localhost", true),
            ("127.0.0.1", true),
            ("127.0.0.1:9464", true),
            ("10.1.2.3:9464", true),
            ("[::1]", true),
            ("[::1]:9464", true),
            ("evil.example", false),
            ("evil.example:9464", false),
            ("localhost.evil.example", false),
            ("notlocalhost", false),
            (".localhost", false),
            ("127.0.0.1.evil.example", false),
            ("2130706433", false),
            ("[evil.example]", false),
            ("[::1]evil", false),
            ("[::1", false),
            ("::1", false),
            ("localhost:evil", false),
            ("evil@localhost", false),
            ("", false),
        ] {
            assert_eq!(is_local(&request("/", &[host])), is_expected, "{host:?}");
        }
    }

    #[test]
    fn all_named_hosts_count_and_none_is_local() {
        for (uri, hosts, is_expected) in [
            ("/", &[][..], true),
            ("/", &["localhost", "evil.example"], false),
            ("http://evil.example/", &["localhost"], false),
            ("http://localhost:1/", &["localhost"], true),
        ] {
            assert_eq!(
                is_local(&request(uri, hosts)),
                is_expected,
                "{uri} {hosts:?}"
            );
        }
    }
}
