//! Where a request really comes from, and whom to believe about it.

use std::{
    future::{Ready, ready},
    net::{IpAddr, SocketAddr},
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::{Payload, RequestHead},
    http::header::{FORWARDED, HeaderMap, HeaderName},
};

use crate::{network::Network, state::HttpState};

pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address, as an extractor; `None` where there is none, as behind a unix socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address(pub Option<IpAddr>);

impl Address {
    /// The address behind a request.
    pub fn of(request: &HttpRequest) -> Self {
        Self::behind(request.head(), HttpState::of(request))
    }

    /// The address behind a request with this head.
    pub fn behind(head: &RequestHead, state: &HttpState) -> Self {
        let peer = head.peer_addr.map(|peer| peer.ip());
        Self(client_address(peer, &head.headers, &state.settings.trusted_proxies))
    }
}

impl FromRequest for Address {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The peer, unless it is a trusted proxy: then the last address in the forwarding header that is not one, for everything
/// to the left of that was written by whoever sits there. What cannot be read ends the search at the last address known.
///
/// `X-Forwarded-For` and `Forwarded` (RFC 7239) may both be there, one from the proxy and one from the client. If they
/// disagree it is not known which, so neither counts.
pub fn client_address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if trusted.is_empty() || !is_trusted(peer) {
        return Some(peer);
    }
    let walk = |hops: Vec<Option<IpAddr>>| {
        let mut nearest = peer;
        for hop in hops.into_iter().rev() {
            let Some(hop) = hop else { break };
            nearest = hop;
            if !is_trusted(hop) {
                break;
            }
        }
        nearest
    };
    let legacy = elements(headers, &X_FORWARDED_FOR).map(|list| walk(list.iter().map(|hop| read_node(hop)).collect()));
    let standard = elements(headers, &FORWARDED).map(|list| walk(list.iter().map(|hop| forwarded_for(hop)).collect()));
    match (legacy, standard) {
        (Some(one), Some(other)) if one != other => Some(peer),
        (Some(found), _) | (None, Some(found)) => Some(found),
        (None, None) => Some(peer),
    }
}

/// The elements of a list header over all its lines; `None` when there is no such header.
fn elements(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    let mut list = Vec::new();
    let mut found = false;
    for line in headers.get_all(name) {
        found = true;
        let text = String::from_utf8_lossy(line.as_bytes());
        list.extend(text.split(',').map(|element| element.trim().to_owned()));
    }
    found.then_some(list)
}

/// `for=` of one element of `Forwarded` (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| read_node(value.trim().trim_matches('"')))?
    })
}

/// An address with or without a port, IPv6 with or without brackets.
fn read_node(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn seen(peer: &str, trusted: &[&str], sent: &[(&str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(name.parse().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client_address(Some(peer.parse().unwrap()), &headers, &trusted)
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_stranger_cannot_say_who_it_is() {
        assert_eq!(
            seen("203.0.113.9", &[], &[("x-forwarded-for", "10.1.1.1")]),
            "203.0.113.9"
        );
        assert_eq!(
            seen("203.0.113.9", &["10.0.0.0/8"], &[("x-forwarded-for", "198.51.100.1")]),
            "203.0.113.9"
        );
    }

    #[test]
    fn behind_trusted_proxies_the_rightmost_stranger_counts() {
        let trusted = ["10.0.0.0/8", "::1"];
        assert_eq!(
            seen(
                "10.0.0.1",
                &trusted,
                &[("x-forwarded-for", "1.2.3.4, 198.51.100.1, 10.2.2.2")]
            ),
            "198.51.100.1"
        );
        assert_eq!(
            seen(
                "::1",
                &trusted,
                &[("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "198.51.100.1:5000")]
            ),
            "198.51.100.1"
        );
        assert_eq!(
            seen("::ffff:10.0.0.1", &trusted, &[("x-forwarded-for", "2001:db8::7")]),
            "2001:db8::7"
        );
        assert_eq!(
            seen(
                "10.0.0.1",
                &trusted,
                &[("forwarded", "for=1.2.3.4, For=\"[2001:db8::7]:443\";proto=https")]
            ),
            "2001:db8::7"
        );
        assert_eq!(
            seen("10.0.0.1", &trusted, &[("x-forwarded-for", "10.3.3.3, 10.2.2.2")]),
            "10.3.3.3"
        );
    }

    #[test]
    fn garbage_ends_the_search_instead_of_being_stepped_over() {
        let trusted = ["10.0.0.0/8"];
        for garbage in ["unknown", "", "1.2.3.4, _hidden", "999.1.1.1", "1.2.3.4,"] {
            assert_eq!(
                seen("10.0.0.1", &trusted, &[("x-forwarded-for", garbage)]),
                "10.0.0.1",
                "{garbage}"
            );
        }
        assert_eq!(
            seen(
                "10.0.0.1",
                &trusted,
                &[("x-forwarded-for", "1.2.3.4, nonsense, 10.2.2.2")]
            ),
            "10.2.2.2"
        );
    }

    #[test]
    fn two_headers_that_disagree_count_for_nothing() {
        let sent = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=1.2.3.4")];
        assert_eq!(seen("10.0.0.1", &["10.0.0.1"], &sent), "10.0.0.1");
    }
}
