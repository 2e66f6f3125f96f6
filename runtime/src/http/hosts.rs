//! Which hosts are one's own: those that may know what of a request travels beside the id of its trace.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The hosts that are one's own.
#[derive(Debug, Clone, Default)]
pub(super) enum Hosts {
    /// Those that cannot be on the open internet.
    #[default]
    Private,
    /// These, and those below one that begins with `*.`, in lower case.
    Only(Arc<[Box<str>]>),
}

impl Hosts {
    pub(super) fn only(hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let hosts = hosts.into_iter().map(|host| {
            let host: String = host.into();
            Box::from(plain(&host.to_ascii_lowercase()))
        });
        Self::Only(hosts.collect())
    }

    /// Whether this host is one's own. It is a URL's, and may stand in brackets.
    pub(super) fn has(&self, host: &str) -> bool {
        let host = plain(host).to_ascii_lowercase();
        match self {
            Self::Private => is_private(&host),
            Self::Only(hosts) => hosts.iter().any(|own| matches(own, &host)),
        }
    }
}

/// A host without the brackets of an address, and without the dot at the end of a full name.
fn plain(host: &str) -> &str {
    let inside = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    inside.unwrap_or_else(|| host.strip_suffix('.').unwrap_or(host))
}

fn matches(own: &str, host: &str) -> bool {
    match own.strip_prefix('*') {
        Some("") => true,
        // The dot stays, so that `*.internal` is not `notinternal`.
        Some(below) => host.len() > below.len() && host.ends_with(below),
        None => own == host,
    }
}

fn is_private(host: &str) -> bool {
    const OWN: [&str; 3] = [".localhost", ".internal", ".local"];
    match host.parse() {
        Ok(IpAddr::V4(ip)) => is_private_v4(ip),
        Ok(IpAddr::V6(ip)) => is_private_v6(ip),
        // A name without a dot is found only in a network's own list, as `localhost` and the names of containers.
        Err(_) if host.contains('.') => OWN.iter().any(|below| host.ends_with(below)),
        Err(_) => !host.is_empty(),
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    ip.is_loopback() || ip.is_private()
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    let mapped = ip.to_ipv4_mapped().is_some_and(is_private_v4);
    mapped || ip.is_loopback() || ip.is_unique_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_list_what_is_not_on_the_internet_is_ones_own() {
        for own in [
            "localhost",
            "LOCALHOST",
            "search",
            "search.svc.cluster.local",
            "search.internal.",
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "[::1]",
            "[fd00::1]",
            "[::ffff:10.0.0.1]",
        ] {
            assert!(Hosts::default().has(own), "{own}");
        }
        for strange in [
            "api.openai.com",
            "internal.example.com",
            "notinternal.com",
            "8.8.8.8",
            "169.254.169.254",
            "[2001:db8::1]",
            "",
        ] {
            assert!(!Hosts::default().has(strange), "{strange}");
        }
    }

    #[test]
    fn a_list_takes_the_place_of_that() {
        let hosts = Hosts::only(["*.Example.com", "localhost", "[::1]"]);
        for own in ["a.example.com", "A.B.example.COM.", "localhost", "[::1]"] {
            assert!(hosts.has(own), "{own}");
        }
        for strange in [
            "example.com",
            ".example.com",
            "badexample.com",
            "search",
            "127.0.0.1",
        ] {
            assert!(!hosts.has(strange), "{strange}");
        }
        assert!(Hosts::only(["*"]).has("anything.at.all"));
        assert!(!Hosts::only([""; 0]).has("localhost"));
    }
}
