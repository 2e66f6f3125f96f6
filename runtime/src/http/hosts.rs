//! Decides which hosts are trusted: only they receive more of a request's context than the ids of its trace.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The trusted hosts.
#[derive(Debug, Clone, Default)]
pub(super) enum Hosts {
    /// The hosts that cannot be on the public internet.
    #[default]
    Private,
    /// The hosts of this list, in lower case. An entry that begins with `*.` matches all subdomains.
    Only(Arc<[Box<str>]>),
}

impl Hosts {
    pub(super) fn only(hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let hosts = hosts.into_iter().map(|host| {
            let host: String = host.into();
            Box::from(normalized(&host.to_ascii_lowercase()))
        });
        Self::Only(hosts.collect())
    }

    /// Returns whether a host of a URL is trusted. An IPv6 address may be in brackets.
    pub(super) fn contains(&self, host: &str) -> bool {
        let host = normalized(host).to_ascii_lowercase();
        match self {
            Self::Private => is_private(&host),
            Self::Only(hosts) => hosts.iter().any(|pattern| matches(pattern, &host)),
        }
    }
}

/// Returns a host without the brackets of an IPv6 address, and without the final dot of a full name.
fn normalized(host: &str) -> &str {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    address.unwrap_or_else(|| host.strip_suffix('.').unwrap_or(host))
}

fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        // The suffix keeps its dot, so that `*.internal` does not match `notinternal`.
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => pattern == host,
    }
}

fn is_private(host: &str) -> bool {
    const PRIVATE_SUFFIXES: [&str; 3] = [".localhost", ".internal", ".local"];
    match host.parse() {
        Ok(IpAddr::V4(ip)) => is_private_v4(ip),
        Ok(IpAddr::V6(ip)) => is_private_v6(ip),
        Err(_) if host.contains('.') => {
            PRIVATE_SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
        }
        // A name without a dot, such as `localhost` or the name of a container, is resolved only inside a network.
        Err(_) => is_name(host),
    }
}

/// Returns whether the host is a name: resolvers also read `134744072` and `0x08080808` as IPv4 addresses, in this case
/// as 8.8.8.8. A colon is part of an IPv6 address alone, and so of one that is malformed or has a zone.
fn is_name(host: &str) -> bool {
    let hex = host
        .strip_prefix("0x")
        .map(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_decimal = host.bytes().all(|byte| byte.is_ascii_digit());
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !host.is_empty() && host.bytes().all(is_of_name) && !is_decimal && hex != Some(true)
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
    fn without_a_list_private_hosts_are_trusted() {
        for trusted in [
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
            "0xsearch",
            "cafe",
            "search_2",
            "2search",
        ] {
            assert!(Hosts::default().contains(trusted), "{trusted}");
        }
        for external in [
            "api.openai.com",
            "internal.example.com",
            "notinternal.com",
            "8.8.8.8",
            "169.254.169.254",
            "[2001:db8::1]",
            "",
            ".",
            "134744072",
            "0x08080808",
            "0X08080808",
            "0x",
            "010.0.0.1.",
            "8.8.2056",
            "8.0x80808",
            "167772161",
            "[fe80::1%eth0]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::808:808]",
            "\u{ff18}",
            "search\u{3002}example",
            "%31",
            "search..internal.example",
            "8.local.example",
        ] {
            assert!(!Hosts::default().contains(external), "{external}");
        }
    }

    #[test]
    fn a_list_replaces_the_private_hosts() {
        let hosts = Hosts::only(["*.Example.com", "localhost", "[::1]"]);
        for trusted in ["a.example.com", "A.B.example.COM.", "localhost", "[::1]"] {
            assert!(hosts.contains(trusted), "{trusted}");
        }
        for external in [
            "example.com",
            ".example.com",
            "badexample.com",
            "search",
            "127.0.0.1",
        ] {
            assert!(!hosts.contains(external), "{external}");
        }
        assert!(Hosts::only(["*"]).contains("anything.at.all"));
        assert!(!Hosts::only([""; 0]).contains("localhost"));
    }
}
